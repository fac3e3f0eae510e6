"""What a broker does not trade now: left out of the plan with its reason, or refused on the way without harm."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import pytest

from core.application.check_result import Outcome
from core.application.execute_proposal import execute_approved
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.domain.ids import Symbol
from core.domain.order import OrderState
from core.domain.plan import ReasonCode
from core.domain.proposal import ProposalState
from core.domain.report import WhyNot
from tests.application.acts import approved, ask, drifted, view
from tests.fakes.broker import Mishap
from tests.fakes.world import World

AAA, BBB, CCC = Symbol("AAA"), Symbol("BBB"), Symbol("CCC")
THIRDS = {"AAA": 30, "BBB": 40, "CCC": 30}


@pytest.mark.fault(27)
@pytest.mark.parametrize("halted", [AAA, BBB])
async def test_what_is_halted_is_skipped_before_anybody_approves(
    world: World, halted: Symbol
) -> None:
    """AAA would be sold, BBB and CCC bought; one of them does not trade."""
    world.broker.halted = {halted}
    anna, portfolio_id = await drifted(world, THIRDS)
    result = await ask(world, anna, portfolio_id, force=True)
    assert result.plan is not None
    assert halted not in {trade.symbol for trade in result.plan.trades}
    reasons = {skip.symbol: skip.reason.code for skip in result.plan.skipped}
    assert reasons[halted] is ReasonCode.NOT_TRADABLE


@pytest.mark.fault(27)
async def test_what_the_broker_does_not_know_is_skipped_as_well(world: World) -> None:
    """There is a price for CCC, but it is not listed at the broker."""
    anna, portfolio_id = await drifted(world, THIRDS)
    del world.broker.prices[CCC]
    result = await ask(world, anna, portfolio_id)
    assert result.outcome is Outcome.PROPOSED
    assert result.plan is not None
    assert CCC not in {trade.symbol for trade in result.plan.trades}


async def test_a_scheduled_check_skips_it_too(world: World) -> None:
    _, portfolio_id = await drifted(world, THIRDS)
    await schedule_checks(world.store, world.market)
    world.broker.halted = {BBB}
    world.pass_time(timedelta(days=1))
    await run_due_work(world.desk)
    async with world.store.read() as work:
        (proposal,) = await work.proposals.recent(portfolio_id, 1)
    assert {trade.symbol for trade in proposal.revision.plan.trades} == {AAA, CCC}
    assert proposal.revision.snapshot.accounts[0].untradable == {BBB}


@pytest.mark.fault(27)
async def test_a_halt_after_the_approval_costs_that_leg_only(world: World) -> None:
    _, proposal = await approved(world, THIRDS)
    world.broker.halted = {BBB}
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.PARTIAL
    states = {order.symbol: order.state for order in shown.orders}
    assert states == {
        AAA: OrderState.FILLED,
        BBB: OrderState.REJECTED,
        CCC: OrderState.FILLED,
    }
    assert shown.sold_not_bought is not None
    assert shown.sold_not_bought.reasons == (WhyNot.REFUSED,)


@pytest.mark.fault(27)
async def test_an_order_that_meets_a_halt_ends_at_the_deadline_or_the_close(world: World) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([None, Mishap.STUCK])
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert [order.state for order in shown.orders] == [OrderState.FILLED, OrderState.CANCELLED]
    assert shown.proposal.state is ProposalState.PARTIAL
