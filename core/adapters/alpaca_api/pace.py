"""The pace at which Alpaca may be asked: its own headers say it, and orders go first."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from enum import StrEnum

from core.adapters.alpaca_api.faults import NotSent
from core.ports.clock import Clock

RESERVE = 20
"""So many requests of a minute are kept for orders: with fewer left, reads are turned away."""
PATIENCE_SECONDS = 15.0
"""An order waits no longer for its turn: the account's lease must outlive the wait."""
LONGEST_SECONDS = 65.0
WITHOUT_HEADER_SECONDS = 5.0
TOO_MANY = 429


class Urgency(StrEnum):
    """Whether a request belongs to an order under way, or only looks at something."""

    ORDER = "order"
    READ = "read"


class Pace:
    """Remembers what the last answers said of the limit.

    ``heard`` is called from worker threads, ``turn`` on the event loop; both only set or read one
    number. Times are kept on the monotonic clock, so that a corrected wall clock closes nothing.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        patience: float = PATIENCE_SECONDS,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._patience = patience
        self._jitter = jitter
        self._closed_until = 0.0
        self._scarce_until = 0.0

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """Take note of an answer's headers, and of a 429, which may come without any."""
        now = self._clock.monotonic()
        until_reset = self._seconds_to_reset(headers)
        if status == TOO_MANY:
            known = until_reset if until_reset is not None else self._scarce_until - now
            wait = known if known > 0 else WITHOUT_HEADER_SECONDS
            self._closed_until = now + min(wait, LONGEST_SECONDS) + self._jitter()
            return
        remaining = _whole_number(headers.get("X-RateLimit-Remaining"))
        if remaining is not None and until_reset is not None:
            is_scarce = remaining <= RESERVE
            self._scarce_until = now + min(until_reset, LONGEST_SECONDS) if is_scarce else 0.0

    async def turn(self, urgency: Urgency) -> None:
        """Wait for leave to send; raises NotSent for a read now, or for an order after too long."""
        now = self._clock.monotonic()
        if urgency is Urgency.READ:
            wait = max(self._closed_until, self._scarce_until) - now
            if wait > 0:
                raise _turned_away(wait)
            return
        if (wait := self._closed_until - now) > 0:
            if wait > self._patience:
                raise _turned_away(wait)
            await self._clock.sleep(wait)

    def _seconds_to_reset(self, headers: Mapping[str, str]) -> float | None:
        reset = _whole_number(headers.get("X-RateLimit-Reset"))
        return None if reset is None else max(reset - self._clock.now().timestamp(), 0.0)


def _turned_away(wait: float) -> NotSent:
    return NotSent(
        f"Alpaca's limit of requests a minute is reached; it is free again in {wait:.0f} s"
    )


def _whole_number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
