"""One target over two accounts: nothing moves between them, and trades go where they cost least tax."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.lots import Lot
from core.domain.plan import Plan, PlanAccount, PlanRequest, ReasonCode, Side
from core.domain.policy import FILE_DEFAULTS, Location, Objective, WashRule
from core.domain.portfolio import Holdings, TaxTreatment
from core.domain.refusals import CannotRaise
from core.domain.targets import TargetAllocation, TargetLine
from core.domain.tax import Equivalents, TaxOwner, TaxRulesName, TaxSituation
from core.planning import calculate
from tests.planning.choices import small_request

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


# --- a loss in one account, a purchase in another ------------------------------------------------

ITOT = Symbol("ITOT")
LOSER = replace(
    BROKER,
    holdings=Holdings(Decimal(0), {VTI: Decimal(30), BND: Decimal(10)}),
    lots=(Lot(VTI, Decimal(30), Decimal(140), date(2023, 9, 1)),),
)
BUYER = replace(IRA, holdings=Holdings(Decimal(2000), {BND: Decimal(30)}))


def pair(wash: WashRule, *accounts: PlanAccount, same: Equivalents | None = None) -> Plan:
    """The broker must sell VTI at a loss for bonds, the IRA has cash for VTI: together they are on target at once."""
    tax = replace(US, equivalents=same or Equivalents())
    request = PlanRequest(
        accounts or (LOSER, BUYER),
        PRICES | {ITOT: Decimal(80)},
        TargetAllocation(
            (TargetLine(VTI, Decimal(40), None, (ITOT,)), TargetLine(BND, Decimal(60)))
        ),
        replace(FILE_DEFAULTS, wash=wash),
        force=True,
        tax=tax,
    )
    return calculate(request)


def sides(found: Plan) -> set[tuple[str, str]]:
    return {(str(trade.side), str(trade.symbol)) for trade in found.trades}


def test_a_loss_and_a_purchase_of_the_same_are_never_in_one_plan_where_the_policy_blocks_them() -> (
    None
):
    held = replace(LOSER, holdings=Holdings(Decimal(0), {VTI: Decimal(5)}), lots=LOSER.lots)
    held = replace(held, lots=(Lot(VTI, Decimal(5), Decimal(140), date(2023, 9, 1)),))
    buyer = replace(IRA, holdings=Holdings(Decimal(2000), {BND: Decimal(0)}), withdraw=Decimal(0))
    held = replace(held, withdraw=Decimal(200))
    marked, blocked = (pair(rule, held, buyer) for rule in (WashRule.FLAG, WashRule.BLOCK))
    assert {("sell", "VTI"), ("buy", "VTI")} <= sides(marked)
    assert marked.realised[0].washed == marked.realised[0].lost == 80  # two shares, 40 each
    assert marked.notes[0].values["lost"] == 80
    assert ("buy", "VTI") not in sides(blocked)
    assert ("sell", "VTI") in sides(blocked)
    assert blocked.realised[0].washed == 0
    assert blocked.after.cash >= 0


def test_another_fund_that_counts_as_the_same_is_kept_apart_too() -> None:
    held = replace(LOSER, withdraw=Decimal(200), holdings=Holdings(Decimal(0), {ITOT: Decimal(5)}))
    held = replace(held, lots=(Lot(ITOT, Decimal(5), Decimal(140), date(2023, 9, 1)),))
    buyer = replace(IRA, holdings=Holdings(Decimal(2000), {}))
    apart = pair(WashRule.BLOCK, held, buyer, same=Equivalents.of(("VTI", "ITOT")))
    other = pair(WashRule.BLOCK, held, buyer)
    assert ("buy", "VTI") not in sides(apart)
    assert {("sell", "ITOT"), ("buy", "VTI")} <= sides(other)


@given(st.integers(0, 100_000))
def test_no_plan_has_a_loss_and_a_purchase_of_the_same(seed: int) -> None:
    """Whatever accounts hold and owe: nothing the plan itself buys washes its losses, and nothing is overdrawn."""
    chance = Random(seed)
    request = small_request(chance, 2, 2, substitutes=chance.random() < 0.5)
    prices = sorted(request.prices)
    same = Equivalents((frozenset(prices[::2]),)) if chance.random() < 0.5 else Equivalents()
    accounts = tuple(
        replace(
            account,
            treatment=chance.choice([TaxTreatment.TAXABLE, TaxTreatment.TAX_DEFERRED]),
            lots=tuple(
                Lot(s, q, request.prices[s] * chance.choice([1, 2]) / 1, date(2023, 9, 1))
                for s, q in account.holdings.positions.items()
                if q
            ),
        )
        for account in request.accounts
    )
    tax = replace(US, equivalents=same)
    try:
        found = calculate(replace(request, accounts=accounts, tax=tax))
    except CannotRaise:
        return
    assert all(each.washed == 0 for each in found.realised)
    left = {account.name: account.cash for account in accounts}
    for trade in found.trades:
        left[trade.account] += trade.value * (1 if trade.side is Side.SELL else -1) - trade.cost
    for account in accounts:
        assert left[account.name] >= min(account.cash, Decimal(0))


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


# --- where asset classes are kept ----------------------------------------------------------------

KEPT = TargetAllocation(
    (TargetLine(VTI, Decimal(60), "stocks"), TargetLine(BND, Decimal(40), "bonds"))
)
BONDS_IN_IRA = (Location("bonds", (TaxTreatment.TAX_DEFERRED,)),)


def placed(*accounts: PlanAccount, locations: tuple[Location, ...] = BONDS_IN_IRA) -> Plan:
    rules = replace(FILE_DEFAULTS, locations=locations)
    return calculate(PlanRequest(accounts, PRICES, KEPT, rules, force=True, tax=US))


def with_cash(account: PlanAccount, cash: int, **held: int) -> PlanAccount:
    positions = {Symbol(name): Decimal(count) for name, count in held.items()}
    return replace(account, holdings=Holdings(Decimal(cash), positions), lots=())


@pytest.mark.parametrize(
    ("treatment", "bonds_in"),
    [(TaxTreatment.TAX_DEFERRED, "IRA"), (TaxTreatment.TAXABLE, "broker")],
)
def test_new_money_buys_each_class_where_it_is_kept(treatment: TaxTreatment, bonds_in: str) -> None:
    """Both accounts have money for either fund, and need one trade each whichever they buy."""
    both = with_cash(BROKER, 3000), with_cash(IRA, 3000, VTI=6, BND=12)
    found = placed(*both, locations=(Location("bonds", (treatment,)),))
    anywhere = placed(*both, locations=())
    bonds = [trade for trade in found.buys if trade.symbol == BND]
    assert sum(trade.quantity for trade in bonds) == 46
    most = max(bonds, key=lambda trade: trade.quantity)
    assert most.account == bonds_in
    assert most.reason.code is ReasonCode.KEPT_HERE
    assert found.after.tracking_error == anywhere.after.tracking_error


def test_nothing_is_traded_only_to_be_kept_elsewhere() -> None:
    found = placed(with_cash(BROKER, 0, VTI=0, BND=80), with_cash(IRA, 0, VTI=60))
    assert found.trades == ()


@given(accounts("one", TaxTreatment.TAXABLE), accounts("two", TaxTreatment.TAX_DEFERRED))
def test_a_location_costs_no_trade_no_tax_and_no_more_than_a_hundredth_of_a_point(
    one: PlanAccount, two: PlanAccount
) -> None:
    here, anywhere = placed(one, two), placed(one, two, locations=())
    assert len(here.trades) <= len(anywhere.trades)
    assert (here.tax or 0) <= (anywhere.tax or 0) + Decimal("0.02")
    near = Decimal("0.0101")
    assert here.after.tracking_error <= anywhere.after.tracking_error + near
    cash = {account.name: account.cash for account in (one, two)}
    for trade in here.trades:
        cash[trade.account] += trade.value * (1 if trade.side is Side.SELL else -1) - trade.cost
    assert min(cash.values()) >= 0
