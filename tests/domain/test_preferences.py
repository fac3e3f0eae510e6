"""What a member can set, and how it is typed."""

from __future__ import annotations

from datetime import time

import pytest

from core.domain.notices import Loudness, NoticeKind, QuietHours
from core.domain.preferences import (
    DEFAULTS,
    NumberFormat,
    Preferences,
    format_of_language,
    read_loudness,
    read_numbers,
    read_quiet,
    read_zone,
    zone_of,
)
from core.domain.refusals import BadPolicyValue


def test_everything_is_on_until_it_is_said_otherwise() -> None:
    assert {DEFAULTS.wish(kind) for kind in NoticeKind} == {Loudness.ON}
    changed = DEFAULTS.wishing(NoticeKind.ORDERS, Loudness.SILENT)
    assert changed.wish(NoticeKind.ORDERS) is Loudness.SILENT
    assert changed.wish(NoticeKind.DIGESTS) is Loudness.ON
    assert changed.wishing(NoticeKind.ORDERS, Loudness.ON) == DEFAULTS


def test_the_order_in_which_wishes_are_said_makes_no_difference() -> None:
    one = DEFAULTS.wishing(NoticeKind.ORDERS, Loudness.OFF).wishing(NoticeKind.DRIFT, Loudness.OFF)
    two = DEFAULTS.wishing(NoticeKind.DRIFT, Loudness.OFF).wishing(NoticeKind.ORDERS, Loudness.OFF)
    assert one == two


@pytest.mark.parametrize(
    ("typed", "quiet"),
    [
        ("22:00-07:00", QuietHours(time(22), time(7))),
        ("22-7", QuietHours(time(22), time(7))),
        ("22:30 – 6:45", QuietHours(time(22, 30), time(6, 45))),
        ("off", None),
    ],
)
def test_quiet_hours_as_typed(typed: str, quiet: QuietHours | None) -> None:
    assert read_quiet(typed) == quiet
    if quiet is not None:
        assert read_quiet(str(quiet)) == quiet


@pytest.mark.parametrize("typed", ["", "22", "22-24", "7-7", "22:60-7", "late", "22-7-8"])
def test_other_quiet_hours_are_refused(typed: str) -> None:
    with pytest.raises(BadPolicyValue, match="quiet"):
        read_quiet(typed)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("Los Angeles", "America/Los_Angeles"),
        ("utc", "UTC"),
        ("exchange", ""),
    ],
)
def test_time_zones_as_typed(typed: str, zone: str) -> None:
    assert read_zone(typed) == zone


@pytest.mark.parametrize("typed", ["", "Atlantis", "../../etc/passwd", "Europe/"])
def test_other_time_zones_are_refused(typed: str) -> None:
    with pytest.raises(BadPolicyValue, match="zone"):
        read_zone(typed)


def test_a_zone_that_is_not_known_any_more_counts_as_the_exchange_s() -> None:
    assert zone_of("Europe/Atlantis") is None
    assert Preferences(zone="Europe/Atlantis").time_zone.key == "America/New_York"


def test_words_that_are_no_choice_are_refused_with_the_choices() -> None:
    with pytest.raises(BadPolicyValue) as loud:
        read_loudness(NoticeKind.ORDERS, "loud")
    assert (loud.value.name, loud.value.expected) == ("orders", "on, silent or off")
    with pytest.raises(BadPolicyValue) as numbers:
        read_numbers("fr_FR")
    assert numbers.value.expected == "uk, us, de, fr or ch"


@pytest.mark.parametrize(
    ("tag", "numbers"),
    [
        (None, NumberFormat.UK),
        ("en", NumberFormat.UK),
        ("en-US", NumberFormat.US),
        ("de", NumberFormat.DE),
        ("de-CH", NumberFormat.CH),
        ("pt-br", NumberFormat.DE),
        ("fr", NumberFormat.FR),
        ("ja", NumberFormat.UK),
    ],
)
def test_the_language_of_the_app_says_how_numbers_are_written(
    tag: str | None, numbers: NumberFormat
) -> None:
    assert format_of_language(tag) is numbers
