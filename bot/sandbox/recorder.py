"""The bot's requests, kept as they came so that tests can hold them against the Bot API."""

from __future__ import annotations

from dataclasses import dataclass

from bot.sandbox.model import JsonObject


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One call: the method as written, its parameters (JSON ones decoded), and how it ended."""

    method: str
    params: JsonObject
    files: tuple[str, ...] = ()
    refusal: str | None = None
