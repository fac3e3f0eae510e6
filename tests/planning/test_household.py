"""One target over two accounts: nothing moves between them, and trades go where they cost least tax."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.lots import Lot
from core.domain.plan import Plan, PlanAccount, PlanRequest
from core.domain.policy import FILE_DEFAULTS, Objective
from core.domain.portfolio import Holdings, TaxTreatment
from core.domain.targets import TargetAllocation
from core.domain.tax import TaxOwner, TaxRulesName, TaxSituation
from core.planning import calculate

VTI, BND = Symbol("VTI"), Symbol("BND")
PRICES = {VTI: Decimal(100), BND: Decimal(50)}
TARGETS = TargetAllocation.of({"VTI": 60, "BND": 40})
US = TaxSituation(date(2024, 6, 3), {"": TaxOwner("", TaxRulesName.US)})

BROKER = PlanAccount(
    Holdings(Decimal(0), {VTI: Decimal(300), BND: Decimal(100)}),
    name="broker",
    lots=(
        Lot(VTI, Decimal(300), Decimal(40), date(2018, 3, 1)),
        Lot(BND, Decimal(100), Decimal(45), date(2018, 3, 1)),
    ),
)
IRA = PlanAccount(
    Holdings(Decimal(0), {VTI: Decimal(300), BND: Decimal(100)}),
    name="IRA",
    treatment=TaxTreatment.TAX_DEFERRED,
)


def plan(*accounts: PlanAccount, **policy: Any) -> Plan:
    rules = replace(FILE_DEFAULTS, **policy)
    return calculate(PlanRequest(accounts, PRICES, TARGETS, rules, force=True, tax=US))


def legs(found: Plan) -> Any:
    return {(t.account, str(t.side), str(t.symbol)): int(t.quantity) for t in found.trades}


def test_the_joint_plan_sells_in_the_retirement_account_and_pays_no_tax() -> None:
    """Alone, the taxable account must sell 90 VTI bought at 40 (tax 15 percent of 60 each)."""
    alone = [plan(BROKER), plan(IRA)]
    assert legs(alone[0]) == {("broker", "sell", "VTI"): 90, ("broker", "buy", "BND"): 180}
    assert sum((each.tax or Decimal(0) for each in alone), Decimal(0)) == 810

    together = plan(BROKER, IRA)
    assert legs(together) == {("IRA", "sell", "VTI"): 180, ("IRA", "buy", "BND"): 360}
    assert together.after.portfolio_drift == 0
    assert together.realised == ()


def test_where_the_retirement_account_is_too_small_the_rest_is_sold_where_it_is_taxed() -> None:
    small = replace(IRA, holdings=Holdings(Decimal(0), {VTI: Decimal(100)}))
    found = legs(plan(BROKER, small))
    assert found["IRA", "sell", "VTI"] == 100
    assert found["broker", "sell", "VTI"] == 30


def test_the_cheapest_plan_sells_what_is_taxed_least() -> None:
    """Both stocks have room in their bands to pay for the third; only one of them has gained."""
    a, b, c = Symbol("AAA"), Symbol("BBB"), Symbol("CCC")
    account = PlanAccount(
        Holdings(Decimal(0), {a: Decimal(44), b: Decimal(44), c: Decimal(12)}),
        lots=(
            Lot(a, Decimal(44), Decimal(20), date(2018, 3, 1)),
            Lot(b, Decimal(44), Decimal(110), date(2018, 3, 1)),
        ),
    )
    request = PlanRequest(
        (account,),
        dict.fromkeys((a, b, c), Decimal(100)),
        TargetAllocation.of({"AAA": 40, "BBB": 40, "CCC": 20}),
        replace(FILE_DEFAULTS, objective=Objective.CHEAPEST),
        tax=US,
    )
    found = calculate(request)
    assert {t.symbol for t in found.sells} == {b}
    assert found.certificate is not None
    assert found.certificate.is_optimal
    assert found.certificate.objective == 0
    without = calculate(replace(request, tax=TaxSituation()))
    assert without.certificate is not None


shares = st.integers(0, 60).map(Decimal)


@st.composite
def accounts(draw: st.DrawFn, name: str, treatment: TaxTreatment) -> PlanAccount:
    held = {VTI: draw(shares), BND: draw(shares)}
    cost = Decimal(draw(st.integers(20, 150)))
    lots = tuple(Lot(s, q, cost, date(2018, 3, 1)) for s, q in held.items() if q)
    cash = Decimal(draw(st.integers(1, 3000)))
    return PlanAccount(Holdings(cash, held), name=name, treatment=treatment, lots=lots)


@given(accounts("one", TaxTreatment.TAXABLE), accounts("two", TaxTreatment.TAX_FREE))
def test_no_account_is_overdrawn_or_short_and_tax_costs_no_more_than_a_hundredth_of_a_point(
    one: PlanAccount, two: PlanAccount
) -> None:
    found = plan(one, two)
    for account in (one, two):
        cash = account.cash
        for trade in found.trades:
            if trade.account != account.name:
                continue
            if trade.side == "sell":
                assert trade.quantity <= account.quantity(trade.symbol)
                cash += trade.value - trade.cost
            else:
                cash -= trade.value + trade.cost
        assert cash >= 0
    rules = replace(FILE_DEFAULTS)
    free = calculate(PlanRequest((one, two), PRICES, TARGETS, rules, force=True))
    assert found.after.tracking_error <= free.after.tracking_error + Decimal("0.011")
    assert (found.tax or 0) >= 0
