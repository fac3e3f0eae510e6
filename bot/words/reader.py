"""The reader: on whose clock times are told, how numbers and dates are written, and in which words.

Set in one place for a turn and in one for a delivered message; what is made outside of both (the terminal, groups,
files) is on the exchange's clock, in the default format.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from core.domain.membership import Member
from core.domain.preferences import NumberFormat
from core.domain.session import NEW_YORK

_NO_BREAK = "\N{NO-BREAK SPACE}"
_MARKS = {
    NumberFormat.DE: str.maketrans({",": ".", ".": ","}),
    NumberFormat.FR: str.maketrans({",": _NO_BREAK, ".": ","}),
    NumberFormat.CH: str.maketrans({",": "’"}),
}
_DAYS_WITH_POINT = frozenset({NumberFormat.DE, NumberFormat.CH})


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads: their time zone, their format of numbers and dates, and whether in plain words."""

    zone: ZoneInfo = NEW_YORK
    numbers: NumberFormat = NumberFormat.UK
    is_plain: bool = False

    def number(self, digits: str) -> str:
        """A number that is written with commas between thousands and a decimal point, as this reader writes it."""
        marks = _MARKS.get(self.numbers)
        return digits if marks is None else digits.translate(marks)

    def day_of_month(self, day: int, month: str) -> str:
        """A day and its month in the reader's order: ``11 Mar``, ``Mar 11``, ``11. Mar``."""
        if self.numbers is NumberFormat.US:
            return f"{month} {day}"
        return f"{day}{'.' if self.numbers in _DAYS_WITH_POINT else ''} {month}"

    def date(self, day: int, month: str, year: int) -> str:
        """A date in the reader's order: ``11 Mar 2020``, ``Mar 11, 2020``."""
        comma = "," if self.numbers is NumberFormat.US else ""
        return f"{self.day_of_month(day, month)}{comma} {year}"


EVERYBODY = Reader()
"""Who reads where nobody is named, or several do: a group, a terminal, a file."""

_now_reading: ContextVar[Reader] = ContextVar("reader", default=EVERYBODY)


def reader() -> Reader:
    """Who reads the words that are being made."""
    return _now_reading.get()


@contextmanager
def reading_as(who: Reader) -> Iterator[None]:
    """Make words for somebody for as long as the block runs, tasks that it begins included."""
    token = _now_reading.set(who)
    try:
        yield
    finally:
        _now_reading.reset(token)


def reader_of(member: Member | None, *, is_private: bool = True) -> Reader:
    """The reader of a chat: its member where nobody else reads it."""
    if member is None or not is_private:
        return EVERYBODY
    preferences = member.preferences
    numbers = preferences.numbers or NumberFormat.UK
    return Reader(preferences.time_zone, numbers, preferences.is_plain)
