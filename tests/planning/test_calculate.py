from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.plan import LegKey, PlanAccount, PlanRequest, ReasonCode, Side
from core.domain.policy import Fractional, Policy, Trigger
from core.domain.portfolio import Holdings
from core.domain.refusals import NegativeTotal, PricesRefused
from core.domain.targets import TargetAllocation
from core.planning import calculate
from tests.planning.cases import Case, bought, read_case, trade_text, with_account


def reasons(case: Case, **changes: object) -> dict[str, ReasonCode]:
    plan = calculate(replace(case.request, **changes))  # type: ignore[arg-type]
    return {skip.symbol: skip.reason.code for skip in plan.skipped}


# --- when a plan is needed -----------------------------------------------------------------------


def test_sells_only_what_breaches(case: Case) -> None:
    """
    cash 200.00 · SPY 10 @ 500.00 target 60 · AGG 20 @ 100.00 target 40
    -> sell SPY 1 · buy AGG 7
    """
    plan = case.holds()
    assert plan.needed
    assert plan.reason.code is ReasonCode.BAND_BREACHED
    assert plan.reason.symbol == "AGG"
    assert plan.after.cash == 0
    assert plan.after.portfolio_drift == Decimal("2.5")


def test_leaves_alone_what_is_inside_its_band(case: Case) -> None:
    """
    cash 0 · SPY 62 @ 100 target 60 · AGG 38 @ 100 target 40
    -> nothing
    """
    plan = case.holds()
    assert not plan.needed
    assert plan.reason.code is ReasonCode.ON_TARGET
    assert plan.reason.values["drift"] == 2
    assert [skip.symbol for skip in plan.skipped] == ["AGG", "SPY"]


def test_force_plans_inside_the_bands(case: Case) -> None:
    """
    cash 0 · SPY 62 @ 100 target 60 · AGG 38 @ 100 target 40 · force
    -> sell SPY 2 · buy AGG 2
    """
    plan = case.holds()
    assert plan.needed
    assert plan.reason.code is ReasonCode.FORCED
    assert plan.after.tracking_error == 0


def test_a_date_plans_inside_the_bands_unless_bands_count_on_dates_only(case: Case) -> None:
    """
    cash 0 · SPY 62 @ 100 target 60 · AGG 38 @ 100 target 40
    -> sell SPY 2 · buy AGG 2
    """
    assert case.holds(date_due=True).reason.code is ReasonCode.DATE_DUE
    waiting = replace(case.request.policy, trigger=Trigger.BAND_ON_DATE)
    plan = calculate(replace(case.request, date_due=True, policy=waiting))
    assert not plan.trades
    assert not plan.needed


def test_force_at_the_goal_has_nothing_to_do(case: Case) -> None:
    """
    cash 0 · SPY 60 @ 100 target 60 · AGG 40 @ 100 target 40 · force
    -> nothing
    """
    plan = case.holds()
    assert not plan.needed
    assert plan.reason.code is ReasonCode.ON_TARGET
    assert plan.skipped == ()


def test_a_portfolio_band_is_a_reason_of_its_own(case: Case) -> None:
    """
    cash 0 · A 28 @ 100 target 25 · B 28 @ 100 target 25 · C 22 @ 100 target 25
    · D 22 @ 100 target 25 · policy portfolio 5
    -> sell A 3 · sell B 3 · buy C 3 · buy D 3
    """
    plan = case.holds()
    assert plan.reason.code is ReasonCode.PORTFOLIO_DRIFTED
    assert plan.reason.values == {"drift": Decimal(6), "band": Decimal(5)}


def test_too_much_cash_alone_buys_and_sells_nothing(case: Case) -> None:
    """
    cash 600 · A 27 @ 100 target 25 · B 23 @ 100 target 25 · C 22 @ 100 target 25
    · D 22 @ 100 target 25
    -> buy C 3 · buy D 3
    """
    plan = case.holds()
    assert plan.reason.code is ReasonCode.CASH_EXCESS
    assert plan.reason.symbol == "CASH"
    assert {skip.symbol: skip.reason.code for skip in plan.skipped} == {
        "A": ReasonCode.CASH_EXCESS,
        "B": ReasonCode.NO_CASH,
    }


def test_force_changes_nothing_where_too_much_cash_is_reason_enough(case: Case) -> None:
    """
    cash 600 · A 27 @ 100 target 25 · B 23 @ 100 target 25 · C 22 @ 100 target 25
    · D 22 @ 100 target 25 · force
    -> buy C 3 · buy D 3
    """
    case.holds()


def test_a_date_makes_the_whole_plan_even_with_too_much_cash(case: Case) -> None:
    """
    cash 600 · A 27 @ 100 target 25 · B 23 @ 100 target 25 · C 22 @ 100 target 25
    · D 22 @ 100 target 25
    -> sell A 2 · buy B 2 · buy C 3 · buy D 3
    """
    case.holds(date_due=True)


def test_a_line_that_one_share_cannot_help_is_not_breached(case: Case) -> None:
    """
    cash 0 · A 1 @ 30 target 20 · B 1 @ 70 target 80
    -> nothing
    """
    assert not case.holds().needed


# --- rounding and cash ---------------------------------------------------------------------------


def test_spends_what_rounding_leaves_over(case: Case) -> None:
    """
    cash 1000 · A 0 @ 300 target 50 · B 0 @ 100 target 50
    -> buy A 2 · buy B 4
    """
    assert case.holds().after.cash == 0


def test_buys_what_is_furthest_below_first_where_cash_is_short(case: Case) -> None:
    """
    cash 100 · A 10 @ 50 target 40 · B 8 @ 50 target 60 · policy direction buy_only
    -> buy B 2
    """
    assert case.holds().after.cash == 0


def test_parts_of_shares_reach_the_target(case: Case) -> None:
    """
    cash 1000 · A 0 @ 300 target 50 · B 0 @ 80 target 50 · policy fractional on
    -> buy A 1.667 · buy B 6.248
    """
    assert case.holds().after.cash >= 0


def test_only_what_the_broker_offers_in_parts_is_traded_in_parts() -> None:
    case = read_case("cash 1000 · A 0 @ 300 target 50 · B 0 @ 75 target 50 -> nothing")
    auto = replace(case.request.policy, fractional=Fractional.AUTO)
    plan = calculate(
        with_account(replace(case.request, policy=auto), fractionable=frozenset({Symbol("B")}))
    )
    assert bought(plan, "A") % 1 == 0
    assert bought(plan, "B") % 1 != 0
    assert plan.after.cash >= 0


def test_the_reserve_stays_in_cash(case: Case) -> None:
    """
    cash 1000 · A 0 @ 100 target 100 · policy reserve 150
    -> buy A 8
    """
    assert case.holds().after.cash == 200


def test_a_reserve_in_percent_is_of_the_managed_total(case: Case) -> None:
    """
    cash 1000 · A 0 @ 100 target 100 · policy reserve 10%
    -> buy A 9
    """
    assert case.holds().after.cash == 100


def test_the_reserve_is_part_of_the_cash_target_and_not_on_top(case: Case) -> None:
    """
    cash 1000 target 20 · A 0 @ 100 target 80 · policy reserve 10%
    -> buy A 8
    """
    case.holds()


def test_buys_nothing_where_cash_is_below_the_reserve(case: Case) -> None:
    """
    cash 100 · A 3 @ 100 target 60 · B 6 @ 100 target 40
    · policy reserve 200 direction buy_only
    -> nothing
    """
    plan = case.holds()
    assert plan.needed
    assert plan.reason.code is ReasonCode.NOTHING_HELPS
    assert {skip.symbol: skip.reason.code for skip in plan.skipped} == {
        "A": ReasonCode.NO_CASH,
        "B": ReasonCode.BUY_ONLY,
    }


def test_sales_fill_an_overdraft_before_anything_is_bought(case: Case) -> None:
    """
    cash -100 · A 4 @ 100 target 50 · B 7 @ 100 target 50
    -> sell B 2 · buy A 1
    """
    assert case.holds().after.cash == 0


def test_costs_are_paid_from_cash_to_the_cent(case: Case) -> None:
    """
    cash 1000 · A 0 @ 33.33 target 100 · policy spread 20 commission 1.25
    -> buy A 29
    """
    plan = case.holds()
    # 29 × 33.33 × 1.001 = 967.53657, up to the cent 967.54, and the commission
    assert plan.after.cash == Decimal(1000) - Decimal("967.54") - Decimal("1.25")
    assert (
        plan.cost
        == plan.trades[0].cost
        == Decimal("967.54") - 29 * Decimal("33.33") + Decimal("1.25")
    )
    assert plan.after.weights[Symbol("A")] + plan.after.weights[CASH] == 100 - plan.cost / 10


def test_a_sale_brings_less_by_half_the_spread_and_the_commission(case: Case) -> None:
    """
    cash 0 target 100 · A 3 @ 33.33 · policy spread 20 commission 1.25
    -> sell A 3
    """
    plan = case.holds()
    # 3 × 33.33 × 0.999 = 99.89001, down to the cent 99.89, less the commission
    assert plan.after.cash == Decimal("98.64")
    assert plan.trades[0].reason.code is ReasonCode.NO_TARGET


def test_a_commission_is_not_paid_for_less_than_it_brings(case: Case) -> None:
    """
    cash 12 · A 100 @ 1 target 90 · B 0 @ 5 target 10 · policy commission 20
    -> nothing
    """
    assert case.holds().reason.code is ReasonCode.NOTHING_HELPS


# --- what is left out ----------------------------------------------------------------------------


def test_trades_below_the_minimum_are_left_out(case: Case) -> None:
    """
    cash 0 · A 70 @ 10 target 60 · B 20 @ 10 target 30 · C 10 @ 10 target 10 · policy min 250
    -> nothing
    """
    plan = case.holds()
    codes = {skip.symbol: skip.reason.code for skip in plan.skipped}
    assert codes == {"A": ReasonCode.BELOW_MIN_TRADE, "B": ReasonCode.BELOW_MIN_TRADE}


def test_the_rest_of_a_line_without_target_is_sold_below_the_minimum(case: Case) -> None:
    """
    cash 30 · A 60 @ 10 target 60 · B 32 @ 10 target 40 · C 5 @ 10 · policy min 60
    -> sell C 5 · buy B 8
    """
    case.holds()


def test_a_rest_below_the_minimum_is_sold_to_fill_the_cash_target(case: Case) -> None:
    """
    cash 0 target 50 · A 50 @ 1 target 50 · C 50 @ 1 · policy min 100
    -> sell C 50
    """
    case.holds()


def test_the_last_part_of_a_share_goes_with_a_position_without_target(case: Case) -> None:
    """
    cash 0 target 100 · A 3.14159 @ 10 · policy fractional on
    -> sell A 3.14159
    """
    assert case.holds().after.weights[Symbol("A")] == 0


def test_whole_shares_leave_the_part_that_is_held(case: Case) -> None:
    """
    cash 0 target 100 · A 3.5 @ 10
    -> sell A 3
    """
    case.holds()


def test_positions_without_a_target_are_kept_and_not_counted(case: Case) -> None:
    """
    cash 0 · A 7 @ 100 target 50 · B 3 @ 100 target 50 · OUT 50 @ 10 · policy outside keep
    -> sell A 2 · buy B 2
    """
    plan = case.holds()
    assert plan.before.total == 1000
    assert {skip.symbol: skip.reason.code for skip in plan.skipped} == {
        "OUT": ReasonCode.KEPT_OUTSIDE
    }


def test_positions_without_a_target_are_sold_where_policy_says_so(case: Case) -> None:
    """
    cash 0 · A 5 @ 100 target 50 · B 3 @ 100 target 50 · OUT 20 @ 10
    -> sell OUT 20 · buy B 2
    """
    case.holds()


def test_buy_only_never_sells(case: Case) -> None:
    """
    cash 200 · A 8 @ 100 target 50 · B 2 @ 100 target 50 · policy direction buy_only
    -> buy B 2
    """
    plan = case.holds()
    assert {skip.symbol: skip.reason.code for skip in plan.skipped} == {"A": ReasonCode.BUY_ONLY}


def test_sell_only_raises_cash_and_never_buys(case: Case) -> None:
    """
    cash 0 target 20 · A 8 @ 100 target 50 · B 2 @ 100 target 30 · policy direction sell_only
    -> sell A 2
    """
    plan = case.holds()
    assert {skip.symbol: skip.reason.code for skip in plan.skipped} == {"B": ReasonCode.SELL_ONLY}


def test_sell_only_sells_nothing_into_cash_that_is_over_already(case: Case) -> None:
    """
    cash 300 · A 6 @ 100 target 50 · B 1 @ 100 target 50
    · policy direction sell_only commission 1 spread 50
    -> nothing
    """
    case.holds()


@pytest.mark.fault(26)
def test_what_was_bought_with_unsettled_money_is_not_sold() -> None:
    """cash 0 · A 6 @ 100 target 50, held · B 4 @ 100 target 50 -> nothing, and A says why."""
    request = PlanRequest(
        (
            PlanAccount(
                Holdings(Decimal(0), {Symbol("A"): Decimal(6), Symbol("B"): Decimal(4)}),
                held=frozenset({Symbol("A")}),
            ),
        ),
        {Symbol("A"): Decimal(100), Symbol("B"): Decimal(100)},
        TargetAllocation.of({"A": 50, "B": 50}),
        Policy(),
        force=True,
    )
    plan = calculate(request)
    assert plan.trades == ()
    assert {skip.symbol: skip.reason.code for skip in plan.skipped}[
        Symbol("A")
    ] is ReasonCode.UNSETTLED


def test_excluded_lines_are_not_traded(case: Case) -> None:
    """
    cash 0 · A 6 @ 100 target 20 · B 2 @ 100 target 40 · C 2 @ 100 target 40
    · policy nosell A nobuy B
    -> nothing
    """
    case.holds()
    assert reasons(case) == {
        "A": ReasonCode.DO_NOT_SELL,
        "B": ReasonCode.DO_NOT_BUY,
        "C": ReasonCode.NO_CASH,
    }


def test_an_account_too_small_for_a_share_says_so(case: Case) -> None:
    """
    cash 90 · A 0 @ 100 target 50 · B 0 @ 200 target 50
    -> nothing
    """
    plan = case.holds()
    assert plan.needed
    assert plan.reason.code is ReasonCode.NOTHING_HELPS
    codes = {skip.symbol: skip.reason.code for skip in plan.skipped}
    assert codes == {"A": ReasonCode.LESS_THAN_ONE_SHARE, "B": ReasonCode.LESS_THAN_ONE_SHARE}
    assert plan.skipped[0].reason.values["price"] == 100


def test_raising_cash_names_itself(case: Case) -> None:
    """
    cash 0 target 10 · A 45 @ 1 target 45 · B 55 @ 1 target 45 · force
    -> sell B 10
    """
    assert case.holds().trades[0].reason.code is ReasonCode.OVER_TARGET


# --- destination ---------------------------------------------------------------------------------


def test_destination_zero_stops_at_the_band_and_moves_nothing_else(case: Case) -> None:
    """
    cash 0 · A 60 @ 10 target 50 · B 25 @ 10 target 30 · C 15 @ 10 target 20
    · policy band 5 relative off destination 0
    -> sell A 5 · buy B 3 · buy C 2
    """
    plan = case.holds()
    assert plan.before.line(Symbol("A")).goal == 55


# --- limits of an edit ---------------------------------------------------------------------------


def test_caps_keep_a_plan_to_the_named_trades(case: Case) -> None:
    """
    cash 0 · A 80 @ 10 target 50 · B 10 @ 10 target 25 · C 10 @ 10 target 25
    -> sell A 19 · buy B 4 · buy C 15
    """
    sell_a, buy_b = LegKey(Symbol("A"), Side.SELL), LegKey(Symbol("B"), Side.BUY)
    caps = {sell_a: Decimal(20), buy_b: Decimal(4), LegKey(Symbol("C"), Side.BUY): Decimal(15)}
    case.holds(caps=caps)


def test_a_dropped_sale_resizes_the_purchases() -> None:
    case = read_case(
        "cash 50 · A 60 @ 10 target 40 · B 20 @ 10 target 20 · C 15 @ 10 target 40 -> nothing"
    )
    caps = {LegKey(Symbol("C"), Side.BUY): Decimal(25)}
    plan = calculate(replace(case.request, caps=caps))
    assert [trade_text(trade) for trade in plan.trades] == ["buy C 5"]
    assert reasons(case, caps=caps)["A"] is ReasonCode.CAPPED


def test_caps_plan_even_where_nothing_is_breached_any_more() -> None:
    case = read_case("cash 20 · A 59 @ 10 target 60 · B 39 @ 10 target 40 -> nothing")
    caps = {LegKey(Symbol("A"), Side.BUY): Decimal(1)}
    plan = calculate(replace(case.request, caps=caps))
    assert [trade_text(trade) for trade in plan.trades] == ["buy A 1"]


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.fault(33)
@pytest.mark.parametrize("price", ["NaN", "Infinity", "0", "-1"])
def test_a_price_that_is_none_is_refused(price: str) -> None:
    case = read_case("cash 0 · A 60 @ 1 target 100 -> nothing")
    with pytest.raises(PricesRefused):
        calculate(replace(case.request, prices={Symbol("A"): Decimal(price)}))


@pytest.mark.fault(42)
def test_a_missing_price_is_refused() -> None:
    case = read_case("cash 0 · A 60 @ 1 target 100 -> nothing")
    with pytest.raises(PricesRefused):
        calculate(replace(case.request, prices={}))


def test_nothing_held_is_refused() -> None:
    case = read_case("cash 0 · A 0 @ 1 target 100 -> nothing")
    with pytest.raises(NegativeTotal):
        calculate(case.request)


def test_only_cash_has_nothing_to_trade(case: Case) -> None:
    """
    cash 500 target 100 · force
    -> nothing
    """
    plan = case.holds()
    assert not plan.needed
    assert plan.after.cash == 500
