"""Plans within limits: what is proposed on the first live rung is what its caps let through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.application.change_policy import change_policy
from core.application.check_drift import request_rebalance
from core.application.check_result import Outcome
from core.application.edit_proposal import plan_buys_only, plan_in_full
from core.application.execute_proposal import execute_approved
from core.application.plan_within import plan_within
from core.application.schedule_checks import schedule_checks
from core.application.sweep_checks import run_due_checks
from core.domain.ids import Symbol
from core.domain.plan import Plan, PlanAccount, PlanRequest, ReasonCode, Side
from core.domain.policy import Policy
from core.domain.portfolio import Holdings, Rung
from core.domain.refusals import RiskLimit
from core.domain.risk import Limits, Room
from core.domain.targets import TargetAllocation
from tests.application.acts import ask, drifted, set_policy
from tests.application.live_world import approve, live_world, stand_on
from tests.fakes.world import World

CAPS = Limits()
"""$500 an order and $2,000 a day."""

PRICES = {Symbol("AAA"): Decimal(100), Symbol("BBB"): Decimal(50), Symbol("CCC"): Decimal(10)}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with live_world(tmp_path, CAPS) as made:
        yield made


def request_of(cash: int = 100, fractions: bool = False, **held: int) -> PlanRequest:
    return PlanRequest(
        accounts=(
            PlanAccount(
                Holdings(Decimal(cash), {Symbol(s): Decimal(q) for s, q in held.items()}),
                fractionable=frozenset(PRICES) if fractions else frozenset(),
            ),
        ),
        prices=PRICES,
        targets=TargetAllocation.of({"AAA": 40, "BBB": 30, "CCC": 30}),
        policy=Policy(),
        force=True,
    )


def rooms(rung: Rung, used: Decimal = Decimal(0)) -> dict[str, Room]:
    """The room of the only account, which a request of this file leaves without a name."""
    return {"": Room(rung, used)}


def worths(plan: Plan) -> list[Decimal]:
    return [trade.value for trade in plan.trades]


@pytest.mark.fault(77)
def test_legs_shrink_to_the_cap_with_room_for_what_prices_may_do() -> None:
    """AAA 70 @ 100 · BBB 60 @ 50: 500 / 1.035 is 483.09, which is 4 AAA and 9 BBB"""
    plan = plan_within(request_of(AAA=70, BBB=60), rooms(Rung.LIVE_CAPPED), CAPS)
    bought = {(t.symbol, t.side): t.quantity for t in plan.trades}
    assert bought[Symbol("AAA"), Side.SELL] == 4
    assert all(worth <= Decimal("483.10") for worth in worths(plan))
    assert plan.reason.code is ReasonCode.BAND_BREACHED


def test_other_rungs_are_left_alone() -> None:
    request = request_of(AAA=70, BBB=60)
    for rung in (Rung.SIMULATED, Rung.BROKER_PAPER, Rung.DRY_RUN, Rung.LIVE):
        assert max(worths(plan_within(request, rooms(rung), CAPS))) > 500


def test_a_general_cap_on_orders_holds_on_every_rung() -> None:
    limits = Limits(max_order_value=Decimal(1000))
    for rung in Rung:
        assert max(worths(plan_within(request_of(AAA=70, BBB=60), rooms(rung), limits))) <= 1000


def test_where_one_share_is_more_than_the_cap_nothing_is_traded() -> None:
    plan = plan_within(
        request_of(AAA=70, BBB=60),
        rooms(Rung.LIVE_CAPPED),
        replace(CAPS, live_cap_order=Decimal(9)),
    )
    assert plan.trades == ()
    assert plan.needed
    assert {skip.reason.code for skip in plan.skipped} & {ReasonCode.CAPPED}


@pytest.mark.fault(77)
@given(
    st.integers(0, 5000),
    st.integers(0, 100),
    st.integers(0, 100),
    st.integers(0, 500),
    st.decimals(20, 900, places=2),
    st.decimals(900, 3000, places=2),
    st.booleans(),
)
def test_no_plan_on_the_first_live_rung_is_beyond_its_caps(
    cash: int,
    aaa: int,
    bbb: int,
    ccc: int,
    cap: Decimal,
    day: Decimal,
    fractions: bool,
) -> None:
    limits = Limits(live_cap_order=cap, live_cap_day=day)
    held = {"AAA": aaa + 1, "BBB": bbb, "CCC": ccc}
    request = request_of(cash, fractions, **held)
    plan = plan_within(request, rooms(Rung.LIVE_CAPPED), limits)
    assert all(worth * Decimal("1.035") <= cap for worth in worths(plan))
    assert plan.turnover * Decimal("1.035") <= day
    free = plan_within(request, rooms(Rung.LIVE), limits)
    most = {(t.symbol, t.side): t.quantity for t in free.trades}
    assert all(t.quantity <= most[t.symbol, t.side] for t in plan.trades)


# --- on every way to a proposal ------------------------------------------------------------------


async def test_what_is_proposed_capped_can_be_approved_and_sent(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await stand_on(world, anna, Rung.LIVE_CAPPED)
    result = await ask(world, anna, portfolio_id)
    assert result.proposal is not None
    assert max(worths(result.proposal.revision.plan)) <= 500
    await approve(world, anna, result.proposal)
    world.pass_time(timedelta(seconds=11))
    assert await execute_approved(world.desk) == 1
    assert len(world.broker.submits) == 2


async def test_scheduled_checks_and_edits_keep_the_caps_too(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    world.hold(3000, AAA=70, BBB=60)
    await stand_on(world, anna, Rung.LIVE_CAPPED)
    await schedule_checks(world.store, world.market)
    world.pass_time(timedelta(days=1))
    swept = await run_due_checks(
        world.store, world.brokers, world.market, world.clock, world.desk.limits
    )
    assert swept.counts == {Outcome.PROPOSED: 1}
    async with world.store.read() as work:
        (proposal,) = await work.proposals.recent(portfolio_id, 9)
    assert max(worths(proposal.revision.plan)) <= 500
    for number, again in enumerate((plan_buys_only, plan_in_full), start=1):
        revised = await again(
            world.store,
            world.market,
            world.clock,
            member=anna,
            proposal_id=proposal.id,
            revision=number,
            limits=world.desk.limits,
        )
        assert max(worths(revised.revision.plan)) <= 500


@pytest.mark.fault(77)
async def test_a_plan_beyond_a_limit_is_not_proposed_but_said(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await stand_on(world, anna, Rung.LIVE)
    result = await request_rebalance(
        world.store,
        world.brokers,
        world.market,
        world.clock,
        member=anna,
        portfolio_id=portfolio_id,
        request_key="1",
        limits=Limits(max_legs=1),
    )
    assert result.outcome is Outcome.REFUSED
    assert isinstance(result.refusal, RiskLimit)
    assert result.refusal.setting == "LIMIT_ORDERS"


@pytest.mark.fault(77)
async def test_chat_cannot_set_a_wider_collar_than_the_installations(world: World) -> None:
    anna, portfolio_id = await drifted(world)

    async def set_collar(text: str) -> Policy:
        return await change_policy(
            world.store,
            world.market,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            pairs=[("collar", text)],
            limits=Limits(max_collar=Decimal(2)),
        )

    assert (await set_collar("2")).collar == 2
    with pytest.raises(RiskLimit) as refused:
        await set_collar("2.01")
    assert (refused.value.allowed, refused.value.setting) == (Decimal(2), "LIMIT_COLLAR")


@pytest.mark.fault(77)
async def test_asked_again_on_the_same_day_a_plan_is_made_for_what_is_left_of_it(
    world: World,
) -> None:
    world.desk = replace(world.desk, limits=Limits(live_cap_day=Decimal(1150)))
    anna, portfolio_id = await drifted(world)
    await stand_on(world, anna, Rung.LIVE_CAPPED)
    for key in ("1", "2", "3", "4"):
        result = await ask(world, anna, portfolio_id, key, force=True)
        if result.proposal is None:
            break
        await approve(world, anna, result.proposal)
        world.pass_time(timedelta(seconds=11))
        assert await execute_approved(world.desk) == 1
    fills = [fill for order in world.broker.orders for fill in order.fills]
    assert 900 < sum(fill.quantity * fill.price for fill in fills) <= 1150


async def test_a_scheduled_check_plans_for_what_is_left_of_the_day_too(world: World) -> None:
    world.desk = replace(world.desk, limits=Limits(live_cap_day=Decimal(1500)))
    anna, portfolio_id = await drifted(world)
    await set_policy(world, anna, portfolio_id, cool_down=0)
    await stand_on(world, anna, Rung.LIVE_CAPPED)
    await schedule_checks(world.store, world.market)
    world.pass_time(timedelta(days=1, minutes=-1))
    first = await ask(world, anna, portfolio_id, force=True)
    assert first.proposal is not None
    await approve(world, anna, first.proposal)
    world.pass_time(timedelta(seconds=11))
    assert await execute_approved(world.desk) == 1
    spent = sum(fill.quantity * fill.price for order in world.broker.orders for fill in order.fills)
    world.pass_time(timedelta(minutes=1))
    await run_due_checks(world.store, world.brokers, world.market, world.clock, world.desk.limits)
    async with world.store.read() as work:
        latest = (await work.proposals.recent(portfolio_id, 1))[0]
    assert latest.id != first.proposal.id
    assert spent > 750
    assert spent + latest.revision.plan.turnover <= 1500


def test_of_a_day_that_is_used_up_nothing_is_left_to_plan_with() -> None:
    with pytest.raises(RiskLimit) as refused:
        plan_within(request_of(AAA=70, BBB=60), rooms(Rung.LIVE_CAPPED, Decimal(2000)), CAPS)
    assert refused.value.setting == "LIVE_CAP_DAY"
    plan = plan_within(request_of(AAA=70, BBB=60), rooms(Rung.LIVE_CAPPED, Decimal(1700)), CAPS)
    assert 0 < plan.turnover <= 300
