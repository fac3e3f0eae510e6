"""The hint that new money would make sales needless."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core.application.add_money import money_instead
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import ZERO
from core.domain.policy import Direction, Policy
from core.domain.portfolio import Holdings
from core.domain.targets import TargetAllocation
from tests.bot.telegram.scenes import managed, many_lines, snapshot, view

D = Decimal


def test_says_how_much_to_add_and_what_to_buy_instead_of_selling() -> None:
    """
    cash 2,625.99 · VTI 112 @ 287.14 target 60 (66.6) · BND 184 @ 73.43 target 35 (28.0) · band 5
    -> 32,159.68 / 65 % − 48,296.79 = 1,179.64: add 1,180, buy 19 BND
    """
    hint = money_instead(view())
    assert hint is not None
    assert hint.amount == 1_180
    assert [(trade.symbol, trade.quantity) for trade in hint.buys] == [(Symbol("BND"), D(19))]


def test_every_line_would_be_inside_its_band() -> None:
    shown = view()
    hint = money_instead(shown)
    assert hint is not None
    report = shown.proposal.revision.plan.before
    total = report.total + hint.amount
    bought = {trade.symbol: trade.value for trade in hint.buys}
    for line in report.lines:
        if line.symbol != CASH:
            weight = (line.value + bought.get(line.symbol, ZERO)) / total * 100
            assert abs(weight - line.target) <= 5


def test_no_hint_where_nothing_is_sold() -> None:
    shot = snapshot(Holdings(D(20_000), {Symbol("VTI"): D(60), Symbol("BND"): D(100)}))
    shown = view(shot=shot)
    assert shown.proposal.revision.plan.buys
    assert not shown.proposal.revision.plan.sells
    assert money_instead(shown) is None


def test_no_hint_where_it_would_take_too_much() -> None:
    """VTI weighs 90 %: the money to dilute it to 65 % would be more than a quarter of everything."""
    shot = snapshot(Holdings(D(500), {Symbol("VTI"): D(150), Symbol("BND"): D(50)}))
    shown = view(shot=shot)
    assert shown.proposal.revision.plan.sells
    assert money_instead(shown) is None


def test_no_hint_where_policy_never_sells_or_buys() -> None:
    policy = Policy(direction=Direction.SELL_ONLY)
    assert money_instead(view(where=managed(policy=policy))) is None


def test_no_hint_for_a_large_portfolio_or_one_without_targets() -> None:
    where, shot = many_lines(30)
    assert money_instead(view(where=where, shot=shot)) is None
    assert money_instead(replace(view(), managed=managed(None))) is None


def test_no_hint_where_the_targets_need_prices_that_are_not_there() -> None:
    changed = managed(TargetAllocation.of({"VTI": 60, "GONE": 40}))
    assert money_instead(replace(view(), managed=changed)) is None
