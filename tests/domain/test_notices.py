"""Kinds of message, how they come, and quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.notices import (
    ASKS,
    EDITS,
    KIND_OF,
    NEVER_OFF,
    Loudness,
    NoticeKind,
    QuietHours,
    Treatment,
    notice_kind,
    treat,
)
from core.domain.outbox import MessageKind

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(time(22), time(7))
LUNCH = QuietHours(time(12), time(13, 30))
NOW = datetime(2020, 3, 10, 23, tzinfo=UTC)
MORNING = NOW + timedelta(hours=7)
KINDS = pytest.mark.parametrize("kind", list(MessageKind))


def test_every_message_is_of_one_kind_and_every_kind_has_a_message() -> None:
    assert set(KIND_OF) == set(MessageKind)
    assert set(KIND_OF.values()) == set(NoticeKind)


def test_a_proposal_that_nobody_has_asked_for_is_a_drift_alert() -> None:
    assert notice_kind(MessageKind.PROPOSAL, is_by_schedule=True) is NoticeKind.DRIFT
    assert notice_kind(MessageKind.PROPOSAL) is NoticeKind.PROPOSALS
    assert notice_kind(MessageKind.REMINDER, is_by_schedule=True) is NoticeKind.APPROVALS
    assert notice_kind(MessageKind.DIGEST) is NoticeKind.DIGESTS


@KINDS
def test_what_is_off_comes_only_where_it_may_never_be(kind: MessageKind) -> None:
    found = treat(kind, Loudness.OFF, None, NOW)
    if kind in EDITS:
        assert found == Treatment(Loudness.ON)
    else:
        assert found == Treatment(Loudness.SILENT if kind in NEVER_OFF else Loudness.OFF)


@KINDS
def test_without_a_wish_everything_comes_aloud_outside_of_quiet_hours(kind: MessageKind) -> None:
    assert treat(kind, Loudness.ON, None, NOW) == Treatment(Loudness.ON)


@KINDS
def test_quiet_hours_make_no_sound(kind: MessageKind) -> None:
    found = treat(kind, Loudness.ON, MORNING, NOW)
    if kind in EDITS:
        assert found == Treatment(Loudness.ON)
    elif kind in NEVER_OFF:
        assert found == Treatment(Loudness.SILENT)
    else:
        assert found == Treatment(Loudness.ON, MORNING)


@pytest.mark.parametrize("kind", sorted(ASKS))
def test_whoever_is_needed_is_asked_silently_at_the_least(kind: MessageKind) -> None:
    assert treat(kind, Loudness.OFF, None, NOW, is_needed=True) == Treatment(Loudness.SILENT)
    waits = treat(kind, Loudness.OFF, MORNING, NOW, is_needed=True)
    assert waits == Treatment(Loudness.SILENT, MORNING)


def test_being_needed_makes_no_report_come() -> None:
    assert treat(MessageKind.DIGEST, Loudness.OFF, None, NOW, is_needed=True).loudness == "off"


@pytest.mark.parametrize(
    ("hours", "is_late"), [(-1, True), (6, True), (7.9, True), (8, False), (40, False)]
)
def test_what_would_end_before_or_soon_after_the_quiet_hours_comes_silently_at_once(
    hours: float, *, is_late: bool
) -> None:
    """quiet for 7 hours more, and one hour to decide"""
    found = treat(MessageKind.PROPOSAL, Loudness.ON, MORNING, NOW, ends_in=timedelta(hours=hours))
    assert found == (Treatment(Loudness.SILENT) if is_late else Treatment(Loudness.ON, MORNING))


@pytest.mark.parametrize(
    ("quiet", "local", "ends"),
    [
        (NIGHT, "2020-03-10T21:59", None),
        (NIGHT, "2020-03-10T22:00", "2020-03-11T07:00"),
        (NIGHT, "2020-03-11T06:59", "2020-03-11T07:00"),
        (NIGHT, "2020-03-11T07:00", None),
        (LUNCH, "2020-03-11T11:59", None),
        (LUNCH, "2020-03-11T12:00", "2020-03-11T13:30"),
        (LUNCH, "2020-03-11T13:30", None),
        # the night in which the clocks go forward has an hour less
        (NIGHT, "2020-03-28T23:00", "2020-03-29T07:00"),
    ],
)
def test_when_quiet_hours_end(quiet: QuietHours, local: str, ends: str | None) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=BERLIN).astimezone(UTC)
    found = quiet.until(now, BERLIN)
    expected = None if ends is None else datetime.fromisoformat(ends).replace(tzinfo=BERLIN)
    assert found == expected


@given(
    begins=st.times(),
    ends=st.times(),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_quiet_hours_end_within_a_day_at_their_end(
    begins: time, ends: time, now: datetime, zone: str
) -> None:
    if begins == ends:
        return
    quiet = QuietHours(begins, ends)
    until = quiet.until(now, ZoneInfo(zone))
    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        assert until.timetz().replace(tzinfo=None) == ends


def test_hours_without_an_end_are_refused() -> None:
    with pytest.raises(ValueError, match="different times"):
        QuietHours(time(7), time(7))
