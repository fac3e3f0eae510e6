"""Trouble on order: what a real Telegram does on a bad day, scripted by a test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.api_errors import ApiError

ANY = "*"
"""In place of a method's name: every method but getUpdates."""


@dataclass(slots=True)
class _Failure:
    method: str
    error: ApiError
    left: int


class Faults:
    """Scripted faults; `interrupt` wakes waiting polls when an outage begins."""

    def __init__(self, interrupt: Callable[[], None] = lambda: None) -> None:
        self._interrupt = interrupt
        self._failures: list[_Failure] = []
        self._drops: Counter[str] = Counter()
        self.outage_status: int | None = None
        self.redeliveries = 0
        self.reversals = 0

    def fail_next(
        self,
        method: str,
        error_code: int,
        description: str,
        retry_after: int | None = None,
        times: int = 1,
    ) -> None:
        """Refuse the next calls of a method without doing anything; `retry_after` in seconds."""
        error = ApiError(error_code, description, retry_after)
        self._failures.append(_Failure(method.lower(), error, times))

    def drop_answer(self, method: str, times: int = 1) -> None:
        """Do what the next calls of a method ask, then close the connection unanswered."""
        self._drops[method.lower()] += times

    def outage(self, on: bool, status: int = 0) -> None:  # noqa: FBT001 - reads as a switch
        """Close every connection unanswered, or answer a proxy's HTML page with `status`."""
        self.outage_status = status if on else None
        if on:
            self._interrupt()

    def redeliver_updates(self, times: int = 1) -> None:
        """Forget the next confirmations, so that their updates are delivered once more."""
        self.redeliveries += times

    def reverse_updates(self, times: int = 1) -> None:
        """Deliver the next batches of updates the last first."""
        self.reversals += times

    def clear(self) -> None:
        """End all trouble."""
        self._failures.clear()
        self._drops.clear()
        self.outage_status = None
        self.redeliveries = self.reversals = 0

    def take_failure(self, method: str) -> ApiError | None:
        """The refusal that this call must get, if any."""
        for failure in self._failures:
            if _matches(failure.method, method):
                failure.left -= 1
                if failure.left <= 0:
                    self._failures.remove(failure)
                return failure.error
        return None

    def take_drop(self, method: str) -> bool:
        """Whether this call's answer must be dropped."""
        for name in (method, ANY):
            if self._drops[name] > 0 and _matches(name, method):
                self._drops[name] -= 1
                return True
        return False


def _matches(scripted: str, method: str) -> bool:
    return scripted == method or (scripted == ANY and method != "getupdates")
