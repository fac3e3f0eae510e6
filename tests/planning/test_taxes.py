"""Taxes in a plan: which lots are sold, what that realises, what is deferred, blocked or left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.domain.ids import Symbol
from core.domain.lots import Lot, LotMethod, Term
from core.domain.plan import Plan, PlanAccount, PlanRequest, ReasonCode, Trade
from core.domain.policy import FILE_DEFAULTS, Outside, WashRule
from core.domain.portfolio import Holdings, TaxTreatment
from core.domain.targets import TargetAllocation, TargetLine
from core.domain.tax import (
    Acquisition,
    Equivalents,
    LossSale,
    TaxOwner,
    TaxRulesName,
    TaxSituation,
    TaxYear,
)
from core.planning import calculate

A, B, C = Symbol("AAA"), Symbol("BBB"), Symbol("CCC")
TODAY = date(2024, 6, 3)
OLD, NEW = date(2020, 1, 6), date(2024, 1, 8)


def lot(symbol: Symbol, quantity: int, cost: str | None, acquired: date | None) -> Lot:
    return Lot(symbol, Decimal(quantity), None if cost is None else Decimal(cost), acquired)


def us(**changes: Any) -> TaxSituation:
    owner = TaxOwner("", TaxRulesName.US, changes.pop("year", TaxYear()))
    return TaxSituation(today=TODAY, owners={"": owner}, **changes)


def request(
    *lots: Lot,
    held: dict[Symbol, int] | None = None,
    targets: str = "AAA 50 BBB 50",
    tax: TaxSituation | None = None,
    treatment: TaxTreatment = TaxTreatment.TAXABLE,
    **policy: Any,
) -> PlanRequest:
    """Sixty AAA and forty BBB at 100 each with no cash, unless said otherwise."""
    words = targets.split()
    lines = [
        TargetLine(
            Symbol(names.split("|")[0]),
            Decimal(weight),
            None,
            tuple(map(Symbol, names.split("|")[1:])),
        )
        for names, weight in zip(words[::2], words[1::2], strict=True)
    ]
    positions = {s: Decimal(q) for s, q in (held or {A: 60, B: 40}).items()}
    account = PlanAccount(Holdings(Decimal(0), positions), treatment=treatment, lots=lots)
    return PlanRequest(
        (account,),
        {A: Decimal(100), B: Decimal(100), C: Decimal(100)},
        TargetAllocation(tuple(lines)),
        replace(FILE_DEFAULTS, **policy),
        force=True,
        tax=us() if tax is None else tax,
    )


def sold(plan: Plan) -> Any:
    """Shares, gain and term of each lot that is sold."""
    return [(part.quantity, part.gain, part.term) for trade in plan.sells for part in trade.lots]


def numbers(*values: Any) -> Any:
    return values


def traded(trades: tuple[Trade, ...]) -> Any:
    return [(trade.symbol, trade.quantity) for trade in trades]


def why(plan: Plan, symbol: Symbol) -> ReasonCode:
    return {skip.symbol: skip.reason.code for skip in plan.skipped}[symbol]


TWO_LOTS = (lot(A, 30, "40", OLD), lot(A, 30, "110", NEW))


def test_the_oldest_go_first_and_their_gain_is_taxed_as_long_term() -> None:
    """10 AAA bought at 40 in 2020: a gain of 600 at 15 percent."""
    plan = calculate(request(*TWO_LOTS))
    assert sold(plan) == [(10, 600, Term.LONG)]
    (realised,) = plan.realised
    assert numbers(realised.short_gain, realised.long_gain, realised.tax) == (0, 600, 90)
    assert plan.tax == 90


def test_min_tax_takes_the_loss() -> None:
    plan = calculate(request(*TWO_LOTS, lot_method=LotMethod.MIN_TAX))
    assert sold(plan) == [(10, -100, Term.SHORT)]
    assert plan.tax == 0


def test_a_loss_is_credited_against_gains_of_the_year_only() -> None:
    """A short loss of 100 against a short gain of 60: 24 percent of 60 less to pay."""
    tax = us(year=TaxYear(short=Decimal(60)))
    plan = calculate(request(*TWO_LOTS, lot_method=LotMethod.MIN_TAX, tax=tax))
    assert plan.tax == Decimal("-14.40")


def test_the_method_is_limited_to_what_the_broker_has() -> None:
    wanted = request(*TWO_LOTS, lot_method=LotMethod.MIN_TAX)
    (account,) = wanted.accounts
    only_fifo = replace(account, lot_methods=frozenset({LotMethod.FIFO}))
    said = calculate(replace(wanted, accounts=(only_fifo,))).notes
    assert ReasonCode.ONLY_FIFO in {note.code for note in said}
    assert ReasonCode.ONLY_FIFO not in {note.code for note in calculate(wanted).notes}
    assert sold(calculate(replace(wanted, accounts=(only_fifo,)))) == [(10, 600, Term.LONG)]


def test_the_lots_named_are_sold() -> None:
    lots = (replace(TWO_LOTS[0], name="first"), replace(TWO_LOTS[1], name="second"))
    wanted = request(*lots, lot_method=LotMethod.SPECIFIC)
    (account,) = wanted.accounts
    named = replace(account, lots_first=("second",))
    assert sold(calculate(replace(wanted, accounts=(named,)))) == [(10, -100, Term.SHORT)]


def test_the_default_shows_gains_and_no_tax() -> None:
    plan = calculate(request(*TWO_LOTS, tax=TaxSituation(today=TODAY)))
    (realised,) = plan.realised
    assert numbers(realised.long_gain, realised.tax) == (600, None)
    assert plan.tax is None
    assert plan.notes == ()


def test_where_nothing_is_known_of_lots_nothing_is_said_without_rules() -> None:
    plan = calculate(request(tax=TaxSituation(today=TODAY)))
    assert plan.realised == ()
    assert plan.sells[0].lots == ()


def test_an_unknown_basis_makes_the_tax_unknown_and_says_so() -> None:
    plan = calculate(request(lot(A, 4, "40", NEW)))
    (realised,) = plan.realised
    assert realised.tax is None
    assert realised.unknown == 1000  # of unknown date: sold first
    assert [note.code for note in plan.notes] == [ReasonCode.BASIS_UNKNOWN]


@pytest.mark.parametrize(("cost", "short", "long"), [("40", 600, 0), ("130", 0, -300)])
def test_a_gain_of_unknown_date_counts_as_short_term_and_a_loss_as_long_term(
    cost: str, short: int, long: int
) -> None:
    """Sell 10 A @ 100."""
    plan = calculate(request(Lot(A, Decimal(60), Decimal(cost))))
    (realised,) = plan.realised
    assert numbers(realised.short_gain, realised.long_gain) == (short, long)
    assert realised.tax is not None
    assert realised.undated == abs(short + long)
    assert [note.code for note in plan.notes] == [ReasonCode.TERM_UNKNOWN]


@pytest.mark.parametrize("treatment", [TaxTreatment.TAX_DEFERRED, TaxTreatment.TAX_FREE])
def test_retirement_accounts_carry_no_tax(treatment: TaxTreatment) -> None:
    plan = calculate(request(*TWO_LOTS, treatment=treatment))
    assert plan.sells
    assert plan.realised == ()


def test_costs_come_off_the_gain() -> None:
    plan = calculate(request(*TWO_LOTS, commission=Decimal(7), min_trade=Decimal(0)))
    assert plan.realised[0].long_gain == plan.sells[0].quantity * 60 - 7


# --- lots that turn long-term --------------------------------------------------------------------


SOON = date(2023, 6, 20)


def test_lots_that_turn_long_term_soon_wait_and_say_until_when() -> None:
    plan = calculate(request(lot(A, 60, "40", SOON), defer_days=30))
    assert not plan.trades
    reason = next(skip.reason for skip in plan.skipped if skip.symbol == A)
    assert (reason.code, reason.until) == (ReasonCode.DEFERRED, date(2024, 6, 21))


@pytest.mark.parametrize(
    ("changes", "quantity"),
    [
        ({"defer_days": 10}, 10),  # further off than the policy waits
        ({"defer_days": 30, "tax": TaxSituation(today=TODAY)}, 10),  # nothing is taxed
        ({"defer_days": 30, "treatment": TaxTreatment.TAX_FREE}, 10),
    ],
)
def test_only_what_would_be_taxed_less_soon_waits(changes: dict[str, Any], quantity: int) -> None:
    plan = calculate(request(lot(A, 60, "40", SOON), **changes))
    assert plan.sells[0].quantity == quantity


def test_losses_do_not_wait() -> None:
    plan = calculate(request(lot(A, 60, "140", SOON), defer_days=30))
    assert plan.sells[0].quantity == 10


def test_a_method_that_chooses_sells_around_the_lots_that_wait() -> None:
    lots = (lot(A, 52, "40", SOON), lot(A, 8, "30", NEW))
    fifo = calculate(request(*lots, defer_days=30))
    assert not fifo.trades  # the oldest must go first, and it waits
    hifo = calculate(request(*lots, defer_days=30, lot_method=LotMethod.HIFO))
    assert sold(hifo) == [(8, 560, Term.SHORT)]


# --- positions outside the targets ---------------------------------------------------------------


def test_what_has_no_target_is_sold_only_without_a_gain() -> None:
    held = {A: 50, B: 40, C: 10}
    lots = (lot(C, 4, "120", OLD), lot(C, 6, "80", OLD))
    plan = calculate(
        request(*lots, held=held, outside=Outside.SELL_WITHOUT_GAIN, lot_method=LotMethod.HIFO)
    )
    assert traded(plan.sells) == [(C, 4)]


def test_what_has_gained_or_might_have_is_kept() -> None:
    held = {A: 50, B: 40, C: 10}
    plan = calculate(request(held=held, outside=Outside.SELL_WITHOUT_GAIN))
    assert not [t for t in plan.sells if t.symbol == C]
    assert why(plan, C) is ReasonCode.HAS_GAINED


# --- wash sales ----------------------------------------------------------------------------------


def lost(symbol: Symbol, sold_on: date) -> LossSale:
    return LossSale(symbol, Decimal(20), sold_on, Decimal(500), "ira")


def test_a_purchase_that_would_wash_a_loss_is_blocked_with_its_date() -> None:
    tax = us(loss_sales=(lost(B, date(2024, 5, 20)),))
    plan = calculate(request(tax=tax))
    assert not plan.buys
    reason = next(skip.reason for skip in plan.skipped if skip.symbol == B)
    assert (reason.code, reason.until) == (ReasonCode.WASHES, date(2024, 6, 20))


def test_thirty_days_after_it_is_free() -> None:
    tax = us(loss_sales=(lost(B, date(2024, 5, 3)),))
    assert calculate(request(tax=tax)).buys


def test_substantially_identical_sets_count() -> None:
    tax = us(loss_sales=(lost(C, date(2024, 5, 20)),), equivalents=Equivalents.of((str(B), str(C))))
    assert not calculate(request(tax=tax)).buys


def test_a_policy_may_only_mark_it() -> None:
    """Ten of the twenty shares are replaced: half of the loss of 500."""
    tax = us(loss_sales=(lost(B, date(2024, 5, 20)),))
    plan = calculate(request(*TWO_LOTS, tax=tax, wash=WashRule.FLAG))
    assert plan.buys[0].quantity == 10
    (note,) = plan.notes
    assert numbers(note.code, note.symbol, note.values["amount"]) == (ReasonCode.WASHES, B, 250)
    assert note.until == date(2024, 6, 20)


@pytest.mark.parametrize("changes", [{"wash": WashRule.OFF}, {"tax": None}])
def test_without_a_rule_nothing_is_blocked(changes: dict[str, Any]) -> None:
    tax = us(loss_sales=(lost(B, date(2024, 5, 20)),))
    if "tax" in changes:
        changes = {}
        tax = replace(tax, owners={})
    plan = calculate(request(*TWO_LOTS, tax=tax, **changes))
    assert plan.buys
    assert plan.notes == ()


def test_a_substitute_is_bought_while_the_first_is_blocked() -> None:
    tax = us(loss_sales=(lost(B, date(2024, 5, 20)),))
    plan = calculate(request(tax=tax, targets="AAA 50 BBB|CCC 50"))
    assert traded(plan.buys) == [(C, 10)]


def test_a_loss_does_not_count_where_the_same_was_bought_lately() -> None:
    """10 shares sold at a loss of 10 each, 4 bought three weeks ago: 40 of the loss of 100 is washed."""
    tax = us(acquisitions=(Acquisition(A, Decimal(4), date(2024, 5, 13), "ira"),))
    plan = calculate(request(*TWO_LOTS, lot_method=LotMethod.MIN_TAX, tax=tax))
    (realised,) = plan.realised
    assert numbers(realised.short_gain, realised.washed) == (-60, 40)
    assert [note.code for note in plan.notes] == [ReasonCode.LOSS_WASHED]


# --- the gain budget -----------------------------------------------------------------------------


def test_sales_realise_no_more_than_the_years_budget() -> None:
    """Ten shares would gain 600; 250 is four shares."""
    plan = calculate(request(*TWO_LOTS, gain_budget=Decimal(250)))
    assert sold(plan) == [(4, 240, Term.LONG)]
    assert plan.certificate is not None
    assert plan.certificate.is_optimal


def test_a_lot_that_has_lost_makes_room_for_what_comes_after_it_in_order() -> None:
    """First in, first out: 5 shares gain 300, the 5 after them lose 100; a budget of 250 lets all ten go."""
    lots = (lot(A, 5, "40", OLD), lot(A, 5, "120", date(2020, 2, 6)), lot(A, 50, "100", NEW))
    plan = calculate(request(*lots, gain_budget=Decimal(250)))
    assert [part.gain for trade in plan.sells for part in trade.lots] == [300, -100]
    assert plan.certificate is not None
    assert plan.certificate.is_optimal


def test_plans_under_a_budget_are_the_nearest_of_all_that_keep_it() -> None:
    """Every choice of shares of two sales and a purchase, for many budgets."""
    lots = (lot(A, 30, "40", OLD), lot(A, 10, "110", NEW), lot(B, 30, "80", OLD))
    for budget in range(0, 900, 150):
        wanted = request(
            *lots,
            held={A: 40, B: 30, C: 0},
            targets="AAA 40 BBB 30 CCC 30",
            gain_budget=Decimal(budget),
        )
        plan = calculate(wanted)
        least = min(
            max(28 - 40 + a, 0) + max(21 - 30 + b, 0) + 21 - c
            for a in range(41)
            for b in range(31)
            for c in range(min(a + b, 21) + 1)
            if 60 * min(a, 30) - 10 * max(a - 30, 0) + 20 * b <= budget
        )
        assert plan.certificate is not None
        assert plan.certificate.is_optimal
        assert abs(float(plan.certificate.objective) - least / 70 * 100) < 1e-3


def test_what_the_year_has_realised_already_counts() -> None:
    tax = us(year=TaxYear(long=Decimal(900), short=Decimal(-700)))
    plan = calculate(request(*TWO_LOTS, gain_budget=Decimal(250), tax=tax))
    assert not plan.trades
    assert why(plan, A) is ReasonCode.GAIN_BUDGET


def test_losses_make_room_in_the_budget() -> None:
    """Selling all of CCC loses 300, so that ten AAA may gain 400."""
    held = {A: 60, B: 30, C: 10}
    lots = (lot(A, 60, "60", OLD), lot(C, 10, "130", OLD))
    plan = calculate(request(*lots, held=held, gain_budget=Decimal(100)))
    assert {trade.symbol for trade in plan.sells} == {A, C}
    assert plan.realised[0].long_gain == 100


def test_a_budget_that_is_not_reached_changes_nothing() -> None:
    free, bound = (
        calculate(request(*TWO_LOTS, gain_budget=budget)) for budget in (None, Decimal(600))
    )
    assert bound.trades == free.trades
    assert bound.certificate == free.certificate
