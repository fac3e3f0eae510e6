"""Orders: their states, their names, and the worst price that is accepted."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import order as orders
from core.domain.order import (
    AT_BROKER,
    IN_DOUBT,
    TERMINAL,
    TRANSITIONS,
    OrderState,
    client_order_id,
    collared_limit,
    require_move,
)
from core.domain.plan import Side
from core.domain.refusals import IllegalMove
from tests.domain.samples import diagram, fill, order

INSTALL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=8, max_size=8)
NUMBER = st.integers(1, 10**12)
SMALL = st.integers(1, 999)


def test_the_diagram_is_the_transition_table() -> None:
    table = {str(before): {str(after) for after in nexts} for before, nexts in TRANSITIONS.items()}
    assert {state: nexts for state, nexts in table.items() if nexts} == diagram(orders.__doc__)
    assert set(table) == set(map(str, OrderState))


@pytest.mark.parametrize("before", OrderState)
@pytest.mark.parametrize("after", OrderState)
def test_only_drawn_moves_are_made(before: OrderState, after: OrderState) -> None:
    if after in TRANSITIONS[before]:
        require_move(before, after)
    else:
        with pytest.raises(IllegalMove):
            require_move(before, after)


def test_what_may_be_at_the_broker_is_never_called_ended() -> None:
    assert not TERMINAL & (AT_BROKER | IN_DOUBT)
    assert OrderState.VOID in TERMINAL
    assert OrderState.VOID not in TRANSITIONS[OrderState.SUBMITTING]
    assert OrderState.VOID not in TRANSITIONS[OrderState.UNKNOWN]


@given(INSTALL, NUMBER, SMALL, SMALL)
def test_a_client_order_id_is_short_and_plain(
    install: str, proposal: int, leg: int, attempt: int
) -> None:
    made = client_order_id(install, proposal, leg, attempt)
    assert len(made) <= 48
    assert made.startswith("rb-")
    assert made.isascii()


@given(st.tuples(INSTALL, NUMBER, SMALL, SMALL), st.tuples(INSTALL, NUMBER, SMALL, SMALL))
def test_different_intents_have_different_ids(
    one: tuple[str, int, int, int], other: tuple[str, int, int, int]
) -> None:
    assert (client_order_id(*one) == client_order_id(*other)) == (one == other)


def test_legs_and_attempts_do_not_run_into_each_other() -> None:
    assert (
        len(
            {
                client_order_id("abcd1234", p, leg, a)
                for p, leg, a in [(1, 1, 11), (1, 11, 1), (11, 1, 1), (111, 1, 1)]
            }
        )
        == 4
    )


@pytest.mark.parametrize(
    ("side", "price", "collar", "limit"),
    [
        ("buy", "100", "0.5", "100.50"),
        ("sell", "100", "0.5", "99.50"),
        ("buy", "33.33", "0.5", "33.50"),
        ("sell", "33.33", "0.5", "33.16"),
        ("buy", "10", "0", "10.00"),
        ("sell", "10", "0", "10.00"),
        ("sell", "0.01", "5", "0.01"),
    ],
)
def test_the_limit_is_the_quote_and_the_collar_to_the_cent(
    side: str, price: str, collar: str, limit: str
) -> None:
    assert collared_limit(Side(side), Decimal(price), Decimal(collar)) == Decimal(limit)


@given(
    st.decimals("0.01", 100_000, places=4),
    st.decimals(0, 10, places=2),
)
def test_a_limit_is_never_tighter_than_asked(price: Decimal, collar: Decimal) -> None:
    cent = Decimal("0.01")
    buy = collared_limit(Side.BUY, price, collar)
    sell = collared_limit(Side.SELL, price, collar)
    worst_buy = price * (1 + collar / 100)
    worst_sell = price * (1 - collar / 100)
    assert worst_buy <= buy < worst_buy + cent
    assert worst_sell - cent < sell
    assert sell <= max(worst_sell, cent)
    assert sell > 0


def test_fills_are_weighted_by_shares() -> None:
    half = order(fills=(fill(2, 100), fill(6, 104, number=2)))
    assert half.filled_quantity == 8
    assert half.filled_value == 824
    assert half.average_price == 103


def test_an_order_without_fills_has_no_price() -> None:
    assert order().average_price is None
