"""Preferences: which messages a member wants, when, and how times and numbers are shown to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, time
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from core.domain.notices import Loudness, NoticeKind, QuietHours
from core.domain.refusals import BadPolicyValue
from core.domain.session import NEW_YORK

_Word = TypeVar("_Word", bound=StrEnum)

EXCHANGE = "exchange"
"""What is typed for the exchange's own time zone."""

_QUIET = re.compile(r"(\d{1,2})(?::([0-5]\d))?\s*[-–]\s*(\d{1,2})(?::([0-5]\d))?", re.ASCII)
_LAST_HOUR = 23


class NumberFormat(StrEnum):
    """How numbers and dates are shown, by the country that writes so; what is typed keeps its decimal point."""

    UK = "uk"
    """1,234.56 and 11 Mar."""
    US = "us"
    """1,234.56 and Mar 11."""
    DE = "de"
    """1.234,56 and 11. Mar."""
    FR = "fr"
    """1 234,56 and 11 Mar."""
    CH = "ch"
    """1’234.56 and 11. Mar."""


_BY_LANGUAGE = {
    NumberFormat.DE: ("de", "nl", "es", "it", "pt", "da", "id", "tr", "el", "hr", "sl", "ro"),
    NumberFormat.FR: ("fr", "pl", "cs", "sk", "sv", "nb", "no", "fi", "uk", "ru", "hu", "bg"),
}
_BY_TAG = {
    "en-us": NumberFormat.US,
    "de-ch": NumberFormat.CH,
    "de-li": NumberFormat.CH,
    "es-mx": NumberFormat.UK,
}


def format_of_language(tag: str | None) -> NumberFormat:
    """How numbers are written where a language (an IETF tag such as ``de`` or ``pt-br``) is spoken."""
    name = (tag or "").strip().lower().replace("_", "-")
    if name in _BY_TAG:
        return _BY_TAG[name]
    language = name.partition("-")[0]
    found = (form for form, languages in _BY_LANGUAGE.items() if language in languages)
    return next(found, NumberFormat.UK)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a member has set; ``zone`` is empty for the exchange's time, ``numbers`` None for the default format.

    ``wishes`` holds the kinds of message that are not simply on. ``is_plain``: messages come in plain words.
    """

    wishes: tuple[tuple[NoticeKind, Loudness], ...] = ()
    quiet: QuietHours | None = None
    zone: str = ""
    numbers: NumberFormat | None = None
    is_plain: bool = False

    def wish(self, kind: NoticeKind) -> Loudness:
        """How a kind of message shall come."""
        return dict(self.wishes).get(kind, Loudness.ON)

    def wishing(self, kind: NoticeKind, loudness: Loudness) -> Preferences:
        """Return the preferences with this said of one kind."""
        others = {each: how for each, how in self.wishes if each is not kind}
        if loudness is not Loudness.ON:
            others[kind] = loudness
        return replace(
            self, wishes=tuple((each, others[each]) for each in NoticeKind if each in others)
        )

    @property
    def time_zone(self) -> ZoneInfo:
        """The member's time zone: the one that was set, else the exchange's."""
        return zone_of(self.zone) or NEW_YORK

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the quiet hours end that this instant lies in; None outside of them."""
        return None if self.quiet is None else self.quiet.until(now, self.time_zone)


DEFAULTS = Preferences()
"""What holds for a member who has set nothing."""


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo | None:
    """A time zone by its name; None for none, and for one that this computer does not know (any more)."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """Every zone by what may be typed for it: its name, or its city alone (the first, where two zones have it)."""
    names = sorted(name for name in available_timezones() if "/" in name or name == "UTC")
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.rpartition("/")[2].lower(), name)
    return found | {name.lower(): name for name in names}


def read_zone(text: str) -> str:
    """Read a time zone, such as ``Europe/Berlin`` or ``berlin``; empty for the exchange's. Raises BadPolicyValue."""
    typed = "_".join(text.split()).lower()
    if typed == EXCHANGE:
        return ""
    name = _zones().get(typed)
    if name is None:
        raise BadPolicyValue(
            "zone", text.strip()[:40], "a time zone such as Europe/Berlin, or exchange"
        )
    return name


def read_quiet(text: str) -> QuietHours | None:
    """Read quiet hours, such as ``22:00-07:00``; None for ``off``. Raises BadPolicyValue."""
    typed = text.strip()
    if typed.lower() == "off":
        return None
    match = _QUIET.fullmatch(typed)
    expected = "two different times such as 22:00-07:00, or off"
    if match is None or max(int(match[1]), int(match[3])) > _LAST_HOUR:
        raise BadPolicyValue("quiet", typed[:40], expected)
    begins, ends = (time(int(match[at]), int(match[at + 1] or 0)) for at in (1, 3))
    if begins == ends:
        raise BadPolicyValue("quiet", typed[:40], expected)
    return QuietHours(begins, ends)


def read_numbers(text: str) -> NumberFormat:
    """Read a number format by its country; raises BadPolicyValue."""
    return _one_of("format", text, NumberFormat)


def read_switch(name: str, text: str) -> bool:
    """Read ``on`` or ``off``; raises BadPolicyValue."""
    typed = text.strip().lower()
    if typed not in {"on", "off"}:
        raise BadPolicyValue(name, text.strip()[:40], "on or off")
    return typed == "on"


def read_loudness(kind: NoticeKind, text: str) -> Loudness:
    """Read how a kind of message shall come; raises BadPolicyValue."""
    return _one_of(kind.value, text, Loudness)


def _one_of(name: str, text: str, words: type[_Word]) -> _Word:
    try:
        return words(text.strip().lower())
    except ValueError:
        *firsts, last = (word.value for word in words)
        raise BadPolicyValue(name, text.strip()[:40], f"{', '.join(firsts)} or {last}") from None
