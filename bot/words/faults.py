"""Sentences for what keeps a command from doing its work at all."""

from __future__ import annotations

from bot.only_process import AnotherProcess
from bot.words.refusals import refusal_sentence
from core.domain.refusals import Refusal
from core.ports.store_errors import StoreError


def fault_sentence(error: Exception) -> str | None:
    """One sentence for a fault that a person can mend; None for anything else, which is a defect."""
    if isinstance(error, Refusal):
        return refusal_sentence(error)
    if isinstance(error, StoreError):
        return str(error)
    if isinstance(error, AnotherProcess):
        return "Another process already runs this bot: stop it first, or give this one its own DATA_DIR."
    return _telegram_sentence(error)


def _telegram_sentence(error: Exception) -> str | None:
    from telegram.error import InvalidToken, NetworkError

    if isinstance(error, InvalidToken):
        return "Telegram refuses TELEGRAM_BOT_TOKEN: copy it again from @BotFather."
    if isinstance(error, NetworkError):
        return "Telegram cannot be reached: check the network and TELEGRAM_API_BASE_URL."
    return None
