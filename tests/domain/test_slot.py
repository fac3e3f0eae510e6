"""Slots: how a time of the trading day is read, named and ordered."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.slot import (
    FARTHEST,
    Edge,
    FromEdge,
    Slot,
    read_slot,
    slot_name,
    typical_minute,
)

CLOCK = st.builds(time, st.integers(10, 15), st.integers(0, 59))
EDGES = st.builds(FromEdge, st.sampled_from(Edge), st.integers(0, FARTHEST))


@pytest.mark.parametrize(
    ("text", "slot", "name"),
    [
        ("9:45", time(9, 45), "09:45"),
        (" 11:00 ", time(11, 0), "11:00"),
        ("open+15m", FromEdge(Edge.OPEN, 15), "open+15m"),
        ("OPEN+15", FromEdge(Edge.OPEN, 15), "open+15m"),
        ("close-30m", FromEdge(Edge.CLOSE, 30), "close-30m"),
        ("close", FromEdge(Edge.CLOSE, 0), "close-0m"),
        ("open", FromEdge(Edge.OPEN, 0), "open+0m"),
    ],
)
def test_a_slot_is_read_and_named(text: str, slot: Slot, name: str) -> None:
    assert (read_slot(text), slot_name(slot)) == (slot, name)


@pytest.mark.parametrize(
    "text",
    [
        *("", "noon", "open + 15", "09:29", "16:00", "24:00", "11:0", "11:00:00"),
        *("open-15m", "close+15m", "open+", "open+390m", "open+1.5m", "close--5m", "open+9999m"),
        *("1\uff11:00", "open+\u0665m"),
    ],
)
def test_what_is_no_slot_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text of it is nobody's business
        read_slot(text)


@given(CLOCK | EDGES)
def test_a_name_is_read_back(slot: Slot) -> None:
    assert read_slot(slot_name(slot)) == slot


def test_slots_are_ordered_as_they_fall_due_on_a_whole_day() -> None:
    names = ["close-30m", "11:00", "open+15m", "9:31"]
    ordered = sorted(map(read_slot, names), key=typical_minute)
    assert [slot_name(slot) for slot in ordered] == ["09:31", "open+15m", "11:00", "close-30m"]
