"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words import numbers, times

D = Decimal
NOW = datetime(2026, 3, 10, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("3158.54", "USD", "$3,158.54"),
        ("-12", "USD", "−$12.00"),
        ("0.005", "USD", "$0.00"),
        ("0.015", "USD", "$0.02"),
        ("-0.001", "USD", "$0.00"),
        ("1234567.891", "EUR", "€1,234,567.89"),
        ("12", "CHF", "12.00 CHF"),
    ],
)
def test_money(amount: str, currency: str, text: str) -> None:
    assert numbers.money(D(amount), currency) == text


@pytest.mark.parametrize(
    ("drift", "is_breached", "text"),
    [
        ("6.59", True, "+6.6▲"),
        ("-7.02", True, "−7.0▼"),
        ("0.44", False, "+0.4 "),
        ("-0.04", False, "0.0 "),
        ("0", False, "0.0 "),
    ],
)
def test_drift_has_a_sign_and_an_arrow_only_beyond_its_band(
    drift: str, is_breached: bool, text: str
) -> None:
    assert numbers.drift_mark(D(drift), is_breached=is_breached) == text


@pytest.mark.parametrize(
    ("value", "text"), [("7.03", "7.0"), ("0.04", "under 0.1"), ("0", "0.0"), ("0.1", "0.1")]
)
def test_small_drift_is_never_said_to_be_nothing(value: str, text: str) -> None:
    assert numbers.small_drift(D(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("11", "11"), ("1250.000", "1,250"), ("0.347", "0.347"), ("100", "100"), ("1E+3", "1,000")],
)
def test_quantities(value: str, text: str) -> None:
    assert numbers.quantity(D(value)) == text


@given(st.decimals(-(10**12), 10**12, allow_nan=False, places=6))
def test_numbers_have_no_exponent_and_no_hyphen(value: Decimal) -> None:
    for text in (numbers.money(value), numbers.quantity(value), numbers.plain(value)):
        assert "E" not in text
        assert "-" not in text
        assert (value < 0) or "−" not in text


def test_small_words() -> None:
    assert numbers.percent(D("60.00")) == "60%"
    assert numbers.round_money(D("1180.4")) == "$1,180"
    assert numbers.count(1, "order") == "1 order"
    assert numbers.count(2, "order") == "2 orders"
    assert numbers.count(2, "entry", "entries") == "2 entries"
    assert numbers.listed([]) == ""
    assert numbers.listed(["a"]) == "a"
    assert numbers.listed(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (NOW - timedelta(minutes=3), "10:02 ET"),
        (datetime(2026, 3, 12, 20, 0, tzinfo=UTC), "Thu 16:00 ET"),
        (datetime(2026, 3, 16, 20, 0, tzinfo=UTC), "Mon 16:00 ET"),
        (datetime(2026, 3, 17, 20, 0, tzinfo=UTC), "Tue 17 Mar 16:00 ET"),
        (datetime(2026, 3, 9, 20, 0, tzinfo=UTC), "Mon 9 Mar 16:00 ET"),
        (datetime(2026, 3, 6, 21, 0, tzinfo=UTC), "Fri 6 Mar 16:00 ET"),
        (datetime(2025, 12, 31, 21, 0, tzinfo=UTC), "Wed 31 Dec 2025 16:00 ET"),
    ],
    ids=str,
)
def test_times_are_the_exchanges_with_a_date_where_it_is_not_today(
    instant: datetime, text: str
) -> None:
    """Seen at 10:05 in New York on Tuesday 10 March 2026; daylight saving time began on the 8th."""
    assert times.clock_time(instant, NOW) == text


def test_time_without_a_present_has_its_date() -> None:
    assert times.clock_time(NOW) == "Tue 10 Mar 10:05 ET"
    assert times.day(NOW) == "Tue 10 Mar 2026"
    late = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
    assert times.clock_time(late, NOW) == "22:00 ET"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (40, "40 s"), (180, "3 min"), (18_000, "5 h"), (345_600, "4 days")],
)
def test_ages(seconds: int, text: str) -> None:
    assert times.age(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("price", "words"),
    [("51.1", "51.10"), ("74.26", "74.26"), ("100", "100.00"), ("0.1234", "0.1234")],
)
def test_a_limit_has_its_cents_and_more_only_where_it_is_finer(price: str, words: str) -> None:
    assert numbers.share_price(Decimal(price)) == words
