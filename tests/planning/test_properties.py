"""What holds for every plan, whatever the portfolio and the policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from hypothesis import given, reject
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import half_spread, purchase_cost, sale_proceeds
from core.domain.plan import Plan, PlanAccount, PlanRequest, ReasonCode, Side
from core.domain.policy import Direction, Fractional
from core.domain.portfolio import Holdings
from core.domain.refusals import CannotRaise
from core.domain.targets import TargetAllocation
from core.planning import calculate
from tests.planning.cases import with_account
from tests.planning.strategies import requests, several_accounts

CENT = Decimal("0.01")


def planned(request: PlanRequest) -> Plan:
    """The plan of a request whose money can be raised."""
    try:
        return calculate(request)
    except CannotRaise:
        reject()


T = TypeVar("T")


@given(requests())
def test_cash_is_never_overdrawn_nor_bought_below_its_floor(request: PlanRequest) -> None:
    plan = calculate(request)
    floor = request.policy.cash_reserve.of(plan.before.total)
    assert plan.after.cash >= 0
    if plan.buys:
        assert plan.after.cash >= floor
    assert plan.after.cash >= min(request.holdings.cash, floor)


@given(requests(), st.integers(1, 3000))
def test_an_overdraft_never_grows(request: PlanRequest, debt: int) -> None:
    worth = sum(request.holdings.positions[s] * request.prices[s] for s in request.targets.symbols)
    cash = -min(Decimal(debt), Decimal(worth) / 2).quantize(CENT)
    if worth + cash <= 0:
        return
    plan = calculate(with_account(request, holdings=Holdings(cash, request.holdings.positions)))
    assert plan.after.cash >= cash
    assert not plan.buys or plan.after.cash >= 0


@given(requests())
def test_nothing_is_sold_that_is_not_held(request: PlanRequest) -> None:
    for trade in calculate(request).sells:
        assert 0 < trade.quantity <= request.holdings.positions[trade.symbol]


@given(requests())
def test_no_cent_is_lost(request: PlanRequest) -> None:
    """Cash after = cash before + what sales bring − what purchases take, each rounded against us."""
    plan, policy = calculate(request), request.policy
    cash = request.holdings.cash
    for trade in plan.trades:
        half = half_spread(trade.price, policy.spread_bps)
        if trade.side is Side.SELL:
            cash += sale_proceeds(trade.quantity, trade.price - half) - policy.commission
        else:
            cash -= purchase_cost(trade.quantity, trade.price + half) + policy.commission
    assert plan.after.cash == cash
    assert cash == cash.quantize(CENT)
    assert plan.cost == sum((trade.cost for trade in plan.trades), Decimal(0))
    assert all(trade.cost >= 0 for trade in plan.trades)


@given(requests())
def test_weights_and_cost_add_up_to_the_whole(request: PlanRequest) -> None:
    plan = calculate(request)
    together = sum(plan.after.weights.values()) + plan.cost / plan.before.total * 100
    assert abs(together - 100) < Decimal("1e-20")


@given(requests(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(request: PlanRequest, chance: Random) -> None:
    def shuffled(items: Iterable[T]) -> list[T]:
        items = list(items)
        return chance.sample(items, len(items))

    positions = dict(shuffled(request.holdings.positions.items()))
    other = replace(
        with_account(request, holdings=Holdings(request.holdings.cash, positions)),
        prices=dict(shuffled(request.prices.items())),
        targets=TargetAllocation(tuple(shuffled(request.targets.lines))),
    )
    one, two = calculate(request), calculate(other)
    assert one.trades == two.trades
    assert one.skipped == two.skipped
    assert one.reason == two.reason
    assert one.after == two.after


@given(requests())
def test_a_plan_is_a_function_of_its_request(request: PlanRequest) -> None:
    assert calculate(request) == calculate(request)


@given(requests())
def test_a_plan_is_made_only_where_it_helps(request: PlanRequest) -> None:
    plan = calculate(request)
    before = sum(abs(line.weight - line.goal) for line in plan.before.lines) / 2
    if plan.trades:
        assert plan.needed
        assert plan.after.tracking_error < before
    if not plan.needed:
        assert not plan.trades


@given(requests())
def test_direction_and_exclusions_are_obeyed(request: PlanRequest) -> None:
    plan, policy = calculate(request), request.policy
    assert policy.direction is not Direction.BUY_ONLY or not plan.sells
    assert policy.direction is not Direction.SELL_ONLY or not plan.buys
    assert not policy.do_not_sell & {trade.symbol for trade in plan.sells}
    assert not policy.do_not_buy & {trade.symbol for trade in plan.buys}
    if plan.reason.code is ReasonCode.CASH_EXCESS:
        assert not plan.sells


@given(requests())
def test_shares_are_traded_in_their_steps(request: PlanRequest) -> None:
    plan = calculate(request)
    for trade in plan.trades:
        in_parts = request.policy.fractional is Fractional.ON or (
            request.policy.fractional is Fractional.AUTO
            and trade.symbol in request.accounts[0].fractionable
        )
        step = Decimal("0.001") if in_parts else Decimal(1)
        sells_out = trade.quantity == request.holdings.positions[trade.symbol]
        assert trade.quantity % step == 0 or (in_parts and sells_out)


@given(requests())
def test_small_trades_are_left_out(request: PlanRequest) -> None:
    for trade in calculate(request).trades:
        rest = request.holdings.positions[trade.symbol] - trade.quantity
        sells_out = trade.side is Side.SELL and rest < 1
        has_target = request.targets.weight(trade.symbol) > 0
        assert trade.value >= request.policy.min_trade or (sells_out and not has_target)


@given(requests())
def test_every_line_off_its_goal_is_traded_or_explained(request: PlanRequest) -> None:
    plan = calculate(request)
    named = {trade.symbol for trade in plan.trades} | {skip.symbol for skip in plan.skipped}
    off = {line.symbol for line in plan.before.lines if line.weight != line.goal} - {CASH}
    assert off <= named
    assert not {trade.symbol for trade in plan.trades} & {skip.symbol for skip in plan.skipped}


@given(requests())
def test_sales_come_first_and_symbols_in_order(request: PlanRequest) -> None:
    keys = [(trade.side is Side.BUY, trade.symbol) for trade in calculate(request).trades]
    assert keys == sorted(keys)


@given(requests(), st.floats(0, 1), st.integers(0, 5))
def test_caps_only_shrink(request: PlanRequest, part: float, dropped: int) -> None:
    first = calculate(request)
    caps = {
        trade.key: (trade.quantity * Decimal(part)).quantize(Decimal("0.001"))
        for index, trade in enumerate(first.trades)
        if index != dropped
    }
    second = calculate(replace(request, caps=caps))
    for trade in second.trades:
        assert trade.quantity <= caps[trade.key]


@given(requests())
def test_the_same_caps_change_nothing_by_being_there(request: PlanRequest) -> None:
    """The first plan is still permitted, and nothing more is: so it stays the least there is."""
    first = calculate(request)
    caps = {trade.key: trade.quantity for trade in first.trades}
    second = calculate(replace(request, caps=caps))
    if first.reason.code is ReasonCode.ON_TARGET or not are_proven(first, second):
        return
    assert _measure(second) <= _measure(first) + EVEN


@given(requests(), st.sampled_from(["do_not_buy", "do_not_sell", "min_trade", "commission"]))
def test_what_is_permitted_in_addition_never_makes_a_plan_worse(
    request: PlanRequest, name: str
) -> None:
    """A list emptied, the least trade or the commission set to 0: the old plan could still be made."""
    lifted: dict[str, Any] = {
        name: frozenset[Symbol]() if name.startswith("do_not") else Decimal(0)
    }
    freer = replace(request, policy=replace(request.policy, **lifted))
    first, second = calculate(request), calculate(freer)
    if are_proven(first, second):
        assert _measure(second) <= _measure(first) + EVEN


@given(requests())
def test_a_lifted_cap_never_makes_a_plan_worse(request: PlanRequest) -> None:
    first = calculate(request)
    caps = {trade.key: trade.quantity for trade in first.trades}
    halved = {key: (cap / 2).quantize(Decimal("0.001")) for key, cap in caps.items()}
    tight, loose = (calculate(replace(request, caps=each)) for each in (halved, caps))
    if are_proven(tight, loose):
        assert _measure(loose) <= _measure(tight) + EVEN


@given(requests())
def test_a_bound_is_never_above_what_is_attained(request: PlanRequest) -> None:
    quick, exact = calculate(request, exact=False), calculate(request)
    for plan in (quick, exact):
        if plan.certificate is not None:
            assert plan.certificate.bound <= plan.certificate.objective
            assert plan.certificate.objective >= plan.after.tracking_error
    if exact.certificate is not None:
        assert _measure(exact) <= _measure(quick) + Decimal("1e-6")


# --- several accounts ----------------------------------------------------------------------------


@given(several_accounts())
def test_no_account_is_overdrawn_nor_sells_what_it_has_not(request: PlanRequest) -> None:
    plan = planned(request)
    floor = request.policy.cash_reserve.of(plan.before.total)
    left = {account.name: account.cash for account in request.accounts}
    for trade in plan.trades:
        left[trade.account] += trade.value * (1 if trade.side is Side.SELL else -1) - trade.cost
    for account in request.accounts:
        bought = any(trade.account == account.name for trade in plan.buys)
        assert left[account.name] >= (Decimal(0) if bought else min(account.cash, Decimal(0)))
        for trade in plan.sells:
            assert trade.account != account.name or trade.quantity <= account.quantity(trade.symbol)
    assert sum(left.values()) == plan.after.cash == plan.after.cash.quantize(CENT)
    assert not plan.buys or plan.after.cash >= floor
    if request.withdraw and plan.trades:
        assert min(left.values()) >= 0
        is_kept = all(note.code is not ReasonCode.BELOW_RESERVE for note in plan.notes)
        assert plan.after.cash >= floor or not is_kept


@given(several_accounts())
def test_limits_on_turnover_and_cost_are_kept(request: PlanRequest) -> None:
    plan, policy = planned(request), request.policy
    if policy.turnover_limit is not None:
        assert plan.turnover <= policy.turnover_limit / 100 * plan.before.total + CENT
    if policy.cost_limit is not None:
        assert plan.cost <= policy.cost_limit
    assert all(trade.quantity % policy.min_lot == 0 for trade in plan.trades)


@given(several_accounts(), st.randoms(use_true_random=False))
def test_the_order_of_accounts_changes_nothing(request: PlanRequest, chance: Random) -> None:
    accounts = chance.sample(request.accounts, len(request.accounts))
    other = replace(request, accounts=tuple(accounts))
    one, two = planned(request), planned(other)
    if one.certificate is None or not one.certificate.timed_out:
        assert one.trades == two.trades
        assert one.after == two.after


@given(several_accounts(), st.randoms(use_true_random=False))
def test_the_order_of_lines_and_positions_changes_nothing_over_several_accounts(
    request: PlanRequest, chance: Random
) -> None:
    other = replace(
        request,
        accounts=tuple(
            replace(account, holdings=Holdings(account.holdings.cash, shuffled(account, chance)))
            for account in request.accounts
        ),
        prices=dict(chance.sample(list(request.prices.items()), len(request.prices))),
        targets=TargetAllocation(
            tuple(chance.sample(request.targets.lines, len(request.targets.lines)))
        ),
    )
    assert planned(request).trades == planned(other).trades


def shuffled(account: PlanAccount, chance: Random) -> dict[Symbol, Decimal]:
    positions = list(account.holdings.positions.items())
    return dict(chance.sample(positions, len(positions)))


@given(several_accounts())
def test_several_accounts_do_no_worse_where_more_is_permitted(
    request: PlanRequest,
) -> None:
    """What was forbidden to sell or to buy is permitted: the old plan could still be made."""
    freer = replace(
        request, policy=replace(request.policy, do_not_buy=frozenset(), do_not_sell=frozenset())
    )
    first, second = planned(request), planned(freer)
    if are_proven(first, second) and first.reason.code is second.reason.code:
        assert _measure(second) <= _measure(first) + EVEN


EVEN = Decimal("0.0002")
"""Two proofs, each to a ten-thousandth of a point."""


def are_proven(*plans: Plan) -> bool:
    """Whether all are solved for the same lines and sides, and proven."""
    return (
        all(plan.certificate is not None and plan.certificate.is_optimal for plan in plans)
        and len({plan.reason.code is ReasonCode.CASH_EXCESS for plan in plans}) == 1
        and len({tuple(line.goal for line in plan.before.lines) for plan in plans}) == 1
    )


def _measure(plan: Plan) -> Decimal:
    """What is made least: the shortfall, and a ten-thousandth of a point for each trade."""
    assert plan.certificate is not None
    return plan.certificate.objective + len(plan.trades) * Decimal("0.0001")
