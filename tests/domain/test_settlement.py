"""What was bought with money that has not settled is not sold before it has."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.order import Fill, Order
from core.domain.settlement import (
    SessionTrades,
    held_until_settled,
    is_settlement_day,
    settles_in,
    trades_by_session,
)
from tests.domain.samples import order

FRIDAY, MONDAY, TUESDAY = date(2026, 10, 9), date(2026, 10, 12), date(2026, 10, 13)
"""Monday 12 October 2026 is Columbus Day: the exchange is open, and no trade settles."""


def bought(text: str, session: date, *, has_sold: bool = True) -> SessionTrades:
    return SessionTrades(session, frozenset(map(Symbol, text.split())), has_sold)


@pytest.mark.parametrize(
    ("day", "settles"),
    [
        (date(2026, 10, 12), False),
        (date(2025, 10, 13), False),
        (date(2026, 10, 5), True),
        (date(2026, 10, 19), True),
        (date(2026, 11, 11), False),
        (date(2026, 11, 10), True),
        (date(2020, 3, 10), True),
    ],
)
def test_nothing_settles_on_a_bank_holiday_although_the_exchange_is_open(
    day: date, settles: bool
) -> None:
    assert is_settlement_day(day) is settles


def test_money_settles_in_the_next_session_that_settles() -> None:
    assert settles_in(date(2020, 3, 9), [date(2020, 3, 9), date(2020, 3, 10)]) == date(2020, 3, 10)
    assert settles_in(FRIDAY, [FRIDAY, MONDAY, TUESDAY]) == TUESDAY
    assert settles_in(FRIDAY, [FRIDAY]) is None


@pytest.mark.fault(26)
@pytest.mark.parametrize(
    ("trades", "today", "held"),
    [
        ([bought("BND", FRIDAY)], FRIDAY, "BND"),
        ([bought("BND", FRIDAY, has_sold=False)], FRIDAY, ""),
        ([bought("BND", FRIDAY)], MONDAY, "BND"),
        ([bought("BND", FRIDAY)], TUESDAY, ""),
        ([bought("BND", FRIDAY), bought("VTI", MONDAY)], MONDAY, "BND VTI"),
        ([bought("", FRIDAY)], FRIDAY, ""),
        ([], FRIDAY, ""),
    ],
)
def test_what_was_bought_beside_a_sale_is_held_until_that_settles(
    trades: list[SessionTrades], today: date, held: str
) -> None:
    sessions = [FRIDAY, MONDAY, TUESDAY]
    assert held_until_settled(trades, sessions, today) == frozenset(map(Symbol, held.split()))


@given(
    st.lists(st.dates(date(2020, 1, 1), date(2030, 12, 31)), min_size=4, max_size=4, unique=True)
)
def test_nothing_is_held_for_longer_than_two_sessions(days: list[date]) -> None:
    """Two bank holidays never follow one another."""
    sessions = sorted(days)
    first = sessions[0]
    settling = [day for day in sessions[1:] if is_settlement_day(day)]
    if settling:
        assert held_until_settled([bought("A", first)], sessions, settling[0]) == frozenset()


def filled(side: str, symbol: str, at: datetime, leg: int) -> Order:
    fill = Fill(f"x-{leg}", Decimal(1), Decimal(50), Decimal(0), at)
    return order(side, 1, symbol, leg=leg, state="filled", fills=(fill,))


def test_executions_belong_to_the_exchange_s_date() -> None:
    """21:30 UTC on the 9th and 01:00 UTC on the 10th are both the 9th in New York."""
    late = datetime(2020, 3, 10, 1, 0, tzinfo=UTC)
    orders = [
        filled("sell", "AAA", datetime(2020, 3, 9, 21, 30, tzinfo=UTC), 1),
        filled("buy", "BBB", late, 2),
        order("buy", 1, "CCC", leg=3),
    ]
    assert trades_by_session(orders) == (bought("BBB", date(2020, 3, 9)),)
