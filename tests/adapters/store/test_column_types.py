"""Exact decimals and UTC instants survive the database, and nothing else gets in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite

from core.adapters.store.column_types import INSTANT_WIDTH, ExactDecimal, UtcDateTime

SQLITE: Dialect = sqlite.dialect()
POSTGRES: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
EARLIEST = datetime(1970, 1, 2)  # noqa: DTZ001 - the zone is drawn separately
LATEST = datetime(9999, 12, 30)  # noqa: DTZ001
instants = st.datetimes(EARLIEST, LATEST, timezones=zones)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_every_decimal_comes_back_digit_for_digit(value: Decimal) -> None:
    stored = ExactDecimal().process_bind_param(value, SQLITE)
    found = ExactDecimal().process_result_value(stored, SQLITE)
    assert isinstance(stored, str)
    assert found is not None
    assert found.as_tuple() == value.as_tuple()


@pytest.mark.parametrize("bad", [1.5, 1, "1.5", True])
def test_only_decimals_are_amounts(bad: Decimal) -> None:
    with pytest.raises(TypeError, match="must be a Decimal"):
        ExactDecimal().process_bind_param(bad, SQLITE)


@pytest.mark.fault(33)
@pytest.mark.parametrize("bad", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_amounts_are_finite(bad: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        ExactDecimal().process_bind_param(Decimal(bad), SQLITE)


@given(instants)
def test_every_instant_comes_back_in_utc(value: datetime) -> None:
    column = UtcDateTime()
    stored = column.process_bind_param(value, SQLITE)
    assert len(str(stored)) == INSTANT_WIDTH
    found = column.process_result_value(stored, SQLITE)
    assert found == value
    assert found is not None
    assert found.tzinfo is UTC
    assert column.process_bind_param(value, POSTGRES) == value


@given(instants, instants)
def test_instants_as_text_sort_as_instants(one: datetime, other: datetime) -> None:
    column = UtcDateTime()
    first = column.process_bind_param(one, SQLITE)
    second = column.process_bind_param(other, SQLITE)
    assert (str(first) < str(second)) == (one < other)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(datetime(2020, 3, 5, 16, 0), SQLITE)  # noqa: DTZ001


def test_nothing_stays_nothing() -> None:
    assert ExactDecimal().process_bind_param(None, SQLITE) is None
    assert ExactDecimal().process_result_value(None, SQLITE) is None
    assert UtcDateTime().process_bind_param(None, SQLITE) is None
    assert UtcDateTime().process_result_value(None, SQLITE) is None
