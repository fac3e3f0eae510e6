"""Incidents: every error has a number, which is in the log, in what a person is told, and in what the operator gets.

The operator gets each kind of error at most once a minute, and how many more there were of it.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

PAUSE_SECONDS = 60.0
MOST_KINDS = 200
"""So many kinds are told apart within a minute; what comes beyond is one kind."""

_MESSAGE_LIMIT = 300
_OURS = Path(__file__).parent.parent

Listener = Callable[["Report"], None]


def new_incident() -> str:
    """A number for an error: six digits and letters, such as ``3F2A9C``."""
    return secrets.token_hex(3).upper()


@dataclass(frozen=True, slots=True)
class Report:
    """An error: its number, what sort it is (the same for all alike), and what is said of it.

    ``more`` is how many of its kind were held back since the last one that was told; ``is_count`` says that this
    report is for that number alone.
    """

    incident: str
    kind: str
    words: str
    more: int = 0
    is_count: bool = False


@dataclass(slots=True)
class _Kind:
    told_at: float
    held_back: int = 0
    last: Report | None = None


@dataclass(slots=True)
class Once:
    """Lets each kind of error through once a minute, by a clock that only grows, and counts the others."""

    monotonic: Callable[[], float]
    _kinds: dict[str, _Kind] = field(default_factory=dict)

    def let_through(self, report: Report) -> Report | None:
        """The report, if its kind was not told within the last minute; None where it is only counted."""
        self._forget()
        kind = report.kind if report.kind in self._kinds or self._has_room() else "many others"
        known = self._kinds.get(kind)
        if known is not None and not self._is_over(known):
            known.held_back += 1
            known.last = report
            return None
        more = known.held_back if known is not None else 0
        self._kinds[kind] = _Kind(self.monotonic())
        return Report(report.incident, kind, report.words, more)

    def counts_due(self) -> list[Report]:
        """For each kind whose minute is over: how many were held back in it."""
        due = []
        for name, kind in self._kinds.items():
            if kind.last is not None and self._is_over(kind):
                last = kind.last
                due.append(Report(last.incident, name, last.words, kind.held_back, is_count=True))
                kind.told_at, kind.held_back, kind.last = self.monotonic(), 0, None
        return due

    def _is_over(self, kind: _Kind) -> bool:
        return self.monotonic() - kind.told_at >= PAUSE_SECONDS

    def _has_room(self) -> bool:
        return len(self._kinds) < MOST_KINDS

    def _forget(self) -> None:
        over = [n for n, kind in self._kinds.items() if kind.last is None and self._is_over(kind)]
        for name in over:
            del self._kinds[name]


class IncidentFilter(logging.Filter):
    """Gives every error in the log its number, and lets listeners hear of it, before secrets are struck out of it."""

    def __init__(self) -> None:
        super().__init__()
        self.listeners: list[Listener] = []

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        if record.levelno >= logging.ERROR:
            if not hasattr(record, "incident"):
                record.incident = new_incident()
            if self.listeners:
                report = report_of(record)
                for listener in self.listeners:
                    with suppress(Exception):  # whoever listens must not cost the line
                        listener(report)
        return True


@contextmanager
def hearing_errors(listener: Listener) -> Iterator[None]:
    """Let somebody hear of every error of this process while the block runs."""
    filters = [
        each
        for handler in logging.getLogger().handlers
        for each in handler.filters
        if isinstance(each, IncidentFilter)
    ]
    for each in filters:
        each.listeners.append(listener)
    try:
        yield
    finally:
        for each in filters:
            each.listeners.remove(listener)


def report_of(record: logging.LogRecord) -> Report:
    """What is said of an error: our own words for it, its class and its place, never its text: that is in the log."""
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):
        message = str(record.msg)
    kind, words = (
        f"{record.name}|{record.msg}",
        message.splitlines()[0][:_MESSAGE_LIMIT] if message else "",
    )
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        where = _place_of(error)
        kind += f"|{type(error).__name__}|{where}"
        words += f"\n{type(error).__name__}{where}"
    return Report(str(getattr(record, "incident", "")), kind, words)


def _place_of(error: BaseException) -> str:
    """The innermost line of ours that an error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        file = Path(frame.filename)
        if file.is_relative_to(_OURS) and ".venv" not in file.parts:
            return f" at {file.relative_to(_OURS)}:{frame.lineno} in {frame.name}"
    return ""
