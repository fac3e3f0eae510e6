"""The page about two accounts says what its own file really gives."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.plan_file import read_json_request
from core.domain.money import ZERO
from core.domain.plan import Plan, PlanRequest, Side, Trade
from core.domain.portfolio import TaxTreatment
from core.planning import calculate

PAGE = (Path(__file__).parents[2] / "docs" / "household.md").read_text(encoding="utf-8")
REQUEST = read_json_request(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1].encode())  # type: ignore[index]


@pytest.fixture(scope="module")
def together() -> Plan:
    return calculate(REQUEST)


@pytest.fixture(scope="module")
def alone() -> list[Plan]:
    return [calculate(replace(REQUEST, accounts=(each,), force=True)) for each in REQUEST.accounts]


def drift_after(request: PlanRequest, trades: list[Trade]) -> Decimal:
    """Half of what all accounts together are away from the targets once these trades are made, in points."""
    held = dict(request.holdings.positions)
    for trade in trades:
        held[trade.symbol] += trade.quantity if trade.side is Side.BUY else -trade.quantity
    total = request.holdings.cash
    total += sum(q * request.prices[s] for s, q in request.holdings.positions.items())
    weights = {symbol: q * request.prices[symbol] / total * 100 for symbol, q in held.items()}
    spent = sum((t.cost for t in trades), ZERO) / total * 100
    cash = 100 - spent - sum(weights.values())
    off = sum(abs(weight - request.targets.weight(symbol)) for symbol, weight in weights.items())
    return (off + abs(cash)) / 2


def row(name: str) -> list[str]:
    """The two cells of a row of the page's table."""
    found = re.search(rf"^\| {name} \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
    assert found, f"the page has no row {name}"
    return [found[1], found[2]]


def legs(trades: list[Trade]) -> str:
    return ", ".join(f"{t.account} {t.side} {t.quantity:f} {t.symbol}" for t in trades)


def test_the_pages_numbers_are_the_plans(together: Plan, alone: list[Plan]) -> None:
    each = [list(together.trades), [trade for plan in alone for trade in plan.trades]]
    taxes = [plan.tax or ZERO for plan in alone]
    assert row("trades") == [legs(trades) for trades in each]
    assert row("tax") == ["$0.00", f"${sum(taxes, ZERO):.2f}"]
    assert row("drift afterwards") == [f"{drift_after(REQUEST, t):.2f} points" for t in each]
    assert row("trading cost") == [f"${sum((t.cost for t in ts), ZERO):.2f}" for ts in each]


def test_together_nothing_taxed_is_sold_and_the_drift_is_no_greater(
    together: Plan, alone: list[Plan]
) -> None:
    taxed = {a.name for a in REQUEST.accounts if a.treatment is TaxTreatment.TAXABLE}
    assert not [trade for trade in together.sells if trade.account in taxed]
    assert together.realised == ()
    apart = drift_after(REQUEST, [trade for plan in alone for trade in plan.trades])
    assert drift_after(REQUEST, list(together.trades)) <= apart + Decimal("0.01")
    assert together.certificate is not None
    assert together.certificate.is_optimal
