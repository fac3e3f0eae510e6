"""Portfolios, policies and prices as chance makes them, small enough to be looked at."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from random import Random

from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.plan import PlanAccount, PlanRequest
from core.domain.policy import (
    FILE_DEFAULTS,
    Band,
    Direction,
    Fractional,
    Outside,
    Policy,
    Reserve,
    Trigger,
)
from core.domain.portfolio import Holdings
from core.domain.targets import TargetAllocation, TargetLine
from tests.planning.choices import small_request

SYMBOLS = tuple(Symbol(name) for name in ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF"))


def cents(least: str, most: str) -> st.SearchStrategy[Decimal]:
    """Amounts of money in whole cents."""
    return st.decimals(Decimal(least), Decimal(most), places=2, allow_nan=False)


@st.composite
def allocations(draw: st.DrawFn, symbols: tuple[Symbol, ...]) -> TargetAllocation:
    """Weights in tenths of a percent that sum to 100, CASH among them."""
    cuts = sorted(
        draw(st.lists(st.integers(0, 1000), min_size=len(symbols), max_size=len(symbols)))
    )
    edges = [0, *cuts, 1000]
    weights = [Decimal(b - a) / 10 for a, b in pairwise(edges)]
    lines = zip((*symbols, CASH), weights, strict=True)
    return TargetAllocation(tuple(TargetLine(symbol, weight) for symbol, weight in lines))


@st.composite
def policies(draw: st.DrawFn, symbols: tuple[Symbol, ...]) -> Policy:
    """Policies with every setting that planning obeys."""
    some = st.frozensets(st.sampled_from(symbols), max_size=1)
    return replace(
        FILE_DEFAULTS,
        band=Band(
            draw(st.sampled_from([None, Decimal(1), Decimal(5)])),
            draw(st.sampled_from([None, Decimal(25)])),
        ),
        portfolio_band=draw(st.sampled_from([None, Decimal(3)])),
        destination=draw(st.sampled_from([Decimal(1), Decimal("0.5"), Decimal(0)])),
        direction=draw(st.sampled_from(Direction)),
        fractional=draw(st.sampled_from(Fractional)),
        min_trade=draw(st.sampled_from([Decimal(0), Decimal(25), Decimal(300)])),
        cash_reserve=draw(
            st.sampled_from(
                [Reserve(), Reserve(Decimal(2), is_percent=True), Reserve(Decimal(150))]
            )
        ),
        commission=draw(st.sampled_from([Decimal(0), Decimal(1), Decimal("7.77")])),
        spread_bps=draw(st.sampled_from([Decimal(0), Decimal(3), Decimal(55)])),
        outside=draw(st.sampled_from(Outside)),
        do_not_sell=draw(some),
        do_not_buy=draw(some),
        trigger=draw(st.sampled_from(Trigger)),
    )


@st.composite
def requests(draw: st.DrawFn, most_lines: int = 5) -> PlanRequest:
    """Requests with up to one position outside the targets, worth something together."""
    symbols = SYMBOLS[: draw(st.integers(1, most_lines))]
    named = symbols[:-1] if len(symbols) > 1 and draw(st.booleans()) else symbols
    quantities = st.decimals(0, 40, places=draw(st.sampled_from([0, 0, 3, 5])), allow_nan=False)
    return PlanRequest(
        accounts=(
            PlanAccount(
                Holdings(
                    cash=draw(cents("0.01", "4000")) + draw(st.sampled_from([0, 0, 5000])),
                    positions={symbol: draw(quantities) for symbol in symbols},
                ),
                fractionable=draw(st.frozensets(st.sampled_from(symbols))),
            ),
        ),
        prices={symbol: draw(cents("0.50", "400")) for symbol in symbols},
        targets=draw(allocations(named)),
        policy=draw(policies(symbols)),
        force=draw(st.booleans()),
        date_due=draw(st.booleans()),
    )


@st.composite
def several_accounts(draw: st.DrawFn) -> PlanRequest:
    """Requests over two or three accounts, with substitutes, lots, limits and withdrawals now and then."""
    chance = Random(draw(st.integers(0, 100_000)))
    lines, accounts = draw(st.sampled_from([(1, 2), (2, 2), (2, 3), (3, 2)]))
    return small_request(chance, lines, accounts, substitutes=draw(st.booleans()))
