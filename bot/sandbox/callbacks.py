"""Taps on inline buttons that wait for the bot's answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.api_errors import BadRequest

ANSWER_WITHIN = timedelta(seconds=15)
"""Telegram does not document it; others measured about this."""
LONGEST_ANSWER = 200


@dataclass(frozen=True, slots=True)
class Tap:
    """A member's tap on a button."""

    query_id: str
    user_id: int
    chat_id: int
    message_id: int
    data: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What the bot answered to a tap: a passing note, an alert, or nothing (empty text)."""

    tap: Tap
    text: str
    show_alert: bool


class Callbacks:
    """The taps not answered yet, and the answers given."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._open: dict[str, Tap] = {}
        self.answers: list[CallbackAnswer] = []

    def open(self, user_id: int, chat_id: int, message_id: int, data: str) -> Tap:
        """Note a tap."""
        query_id = str(secrets.randbits(62) + (1 << 62))
        tap = Tap(query_id, user_id, chat_id, message_id, data, self._now())
        self._open[query_id] = tap
        return tap

    def answer(self, query_id: str, text: str, *, show_alert: bool) -> CallbackAnswer:
        """Answer a tap, once and in time; BadRequest otherwise."""
        if len(text) > LONGEST_ANSWER:
            raise BadRequest("MESSAGE_TOO_LONG")
        tap = self._open.pop(query_id, None)
        if tap is None or self._now() - tap.at > ANSWER_WITHIN:
            raise BadRequest("query is too old and response timeout expired or query ID is invalid")
        answer = CallbackAnswer(tap, text, show_alert)
        self.answers.append(answer)
        return answer
