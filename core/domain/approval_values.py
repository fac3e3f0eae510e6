"""The values of the approval rule's policy fields: spans of time, and members."""

from __future__ import annotations

import re

from core.domain.ids import MemberId
from core.domain.policy_values import ValueKind, is_off
from core.domain.refusals import BadPolicyValue

MOST_VETO = 24 * 60
"""The longest that orders wait for an objection, in minutes."""

MOST_REMIND = 3 * 24 * 60
"""The longest until whoever has not answered is reminded, in minutes."""

_MINUTES_OF_AN_HOUR = 60
_MOST_MEMBERS = 10
_SPAN = re.compile(r"(?=.)(?:(\d{1,3})h)?(?:(\d{1,4})m)?|(\d{1,5})", re.ASCII)
_NUMBER = re.compile(r"[1-9]\d{0,9}", re.ASCII)


def minutes(most: int) -> ValueKind:
    """A span of time in minutes, such as 90, 90m, 1h or 1h30m; ``off`` is 0."""
    expected = f"minutes from 0 to {most}, such as 30m, 1h or 1h30m, or off"

    def read(name: str, text: str) -> int:
        bare = text.strip().lower()
        match = _SPAN.fullmatch("0" if is_off(bare) else bare)
        if match is None:
            raise BadPolicyValue(name, text.strip()[:40], expected)
        hours, rest, alone = (int(part or 0) for part in match.groups())
        found = hours * _MINUTES_OF_AN_HOUR + rest + alone
        if found > most:
            raise BadPolicyValue(name, text.strip()[:40], expected)
        return found

    return ValueKind(expected, "minutes", read, show_minutes)


def show_minutes(value: int) -> str:
    """A span of minutes as ``minutes`` reads it: ``1h30m``, ``45m``, ``off``."""
    hours, rest = divmod(value, _MINUTES_OF_AN_HOUR)
    return (f"{hours}h" if hours else "") + (f"{rest}m" if rest else "") or "off"


def members() -> ValueKind:
    """Some members by number, in the order in which they are named; ``none`` is nobody."""
    expected = f"up to {_MOST_MEMBERS} members by number, separated by commas, or none"

    def read(name: str, text: str) -> tuple[MemberId, ...]:
        if is_off(text) or not text.strip():
            return ()
        parts = [part.strip() for part in text.split(",")]
        if len(parts) > _MOST_MEMBERS or not all(_NUMBER.fullmatch(part) for part in parts):
            raise BadPolicyValue(name, text.strip()[:40], expected)
        return tuple(dict.fromkeys(MemberId(int(part)) for part in parts))

    return ValueKind(expected, "", read, lambda value: ",".join(map(str, value)) or "none")
