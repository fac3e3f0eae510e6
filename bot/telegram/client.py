"""The bare client, for commands that only want to say or ask something once."""

from __future__ import annotations

from telegram import Bot

from bot.settings import Settings


def build_bot(settings: Settings) -> Bot:
    """Make a client for ``async with``; ValueError without a token."""
    if settings.telegram_bot_token is None:
        message = "TELEGRAM_BOT_TOKEN is not set"
        raise ValueError(message)
    origin = settings.telegram_api_base_url
    return Bot(
        settings.telegram_bot_token.get_secret_value(),
        base_url=f"{origin}/bot",
        base_file_url=f"{origin}/file/bot",
    )
