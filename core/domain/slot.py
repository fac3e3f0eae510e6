"""Slots: when on a trading day a portfolio is looked at, by the clock or counted from the open or the close."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import TypeAlias

OPENS, CLOSES = time(9, 30), time(16, 0)
"""The hours of a whole day at the exchange."""

FARTHEST = 389
"""A whole day has 390 minutes: so far from its open at most, and from its close at most so far back."""


class Edge(StrEnum):
    """What a slot is counted from that moves with a session's hours."""

    OPEN = "open"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class FromEdge:
    """So many minutes after the open, or before the close."""

    edge: Edge
    minutes: int


Slot: TypeAlias = time | FromEdge
"""A time of day at the exchange, or one that is counted from the open or the close."""

ELEVEN: Slot = time(11, 0)


def slot_name(slot: Slot) -> str:
    """The name under which a slot is stored and shown: ``11:00``, ``open+15m``, ``close-30m``."""
    if isinstance(slot, time):
        return slot.strftime("%H:%M")
    sign = "+" if slot.edge is Edge.OPEN else "-"
    return f"{slot.edge}{sign}{slot.minutes}m"


def read_slot(text: str) -> Slot:
    """Read ``9:30``, ``11:00``, ``open+15m`` or ``close-30m``; raises ValueError for anything that is no such time."""
    bare = text.strip().lower()
    for edge, sign in ((Edge.OPEN, "+"), (Edge.CLOSE, "-")):
        if bare == edge:
            return FromEdge(edge, 0)
        if bare.startswith(f"{edge}{sign}"):
            return FromEdge(edge, _minutes(bare[len(edge) + 1 :]))
    return _time(bare)


def is_scheduled(name: str) -> bool:
    """Whether a check's slot is a time of the trading day; other checks are named for what they look after."""
    try:
        read_slot(name)
    except ValueError:
        return False
    return True


def typical_minute(slot: Slot) -> int:
    """At which minute after midnight a slot falls due on a whole day: by this they are ordered where none is given."""
    if isinstance(slot, time):
        return slot.hour * 60 + slot.minute
    if slot.edge is Edge.OPEN:
        return OPENS.hour * 60 + OPENS.minute + slot.minutes
    return CLOSES.hour * 60 + CLOSES.minute - slot.minutes


def _minutes(text: str) -> int:
    bare = text.strip().removesuffix("m").strip()
    if not (bare.isascii() and bare.isdigit()) or len(bare) > 3 or int(bare) > FARTHEST:  # noqa: PLR2004
        raise ValueError(text)
    return int(bare)


def _time(text: str) -> time:
    hours, colon, minutes = text.partition(":")
    is_plain = (hours + minutes).isascii() and (hours + minutes).isdigit()
    if not colon or not is_plain or len(hours) > 2 or len(minutes) != 2:  # noqa: PLR2004
        raise ValueError(text)
    found = time(int(hours), int(minutes))
    if not OPENS <= found < CLOSES:
        raise ValueError(text)
    return found
