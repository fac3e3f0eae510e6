"""Carrying out what was approved, when the broker, the clock or somebody else interferes."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.application.execute_proposal import execute_approved
from core.application.pause import pause, resume
from core.application.run_due_work import run_due_work
from core.domain.ids import Symbol
from core.domain.order import OrderState
from core.domain.outbox import MessageKind
from core.domain.plan import Side
from core.domain.proposal import ProposalState
from core.domain.risk import Limits
from tests.application.acts import approved, decide, edit, proposed, shown_in, told, view
from tests.fakes.broker import Mishap
from tests.fakes.world import World

AAA, BBB = Symbol("AAA"), Symbol("BBB")
EIGHT_HOURS = timedelta(hours=8)


@pytest.mark.fault(13)
async def test_a_sale_that_never_arrived_goes_again_before_anything_is_bought(
    world: World,
) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.NEVER_ARRIVED])
    await execute_approved(world.desk)
    assert [sent.side for sent in world.broker.submits] == [Side.SELL]
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.DONE
    assert [o.quantity for o in shown.orders] == [t.quantity for t in proposal.revision.plan.trades]


async def test_a_broker_that_cannot_be_reached_is_tried_again_sales_first(world: World) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.UNAVAILABLE, Mishap.UNAVAILABLE])
    for _ in range(3):
        await execute_approved(world.desk)
    assert [sent.side for sent in world.broker.submits] == [Side.SELL] * 3 + [Side.BUY]
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE


async def test_a_broker_that_stays_away_ends_the_approval_not_the_bot(world: World) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.UNAVAILABLE] * 20)
    await execute_approved(world.desk)
    world.pass_time(timedelta(minutes=16))
    await execute_approved(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.FAILED
    assert len(world.broker.submits) == 1


@pytest.mark.fault(14)
async def test_a_purchase_that_appears_late_is_adopted_as_it_was(world: World) -> None:
    """The money it took is gone by then: sized again, it would seem that there is none."""
    _, proposal = await approved(world)
    world.broker.mishaps = deque([None, Mishap.LATE])
    for _ in range(4):
        await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.DONE
    assert [order.state for order in shown.orders] == [OrderState.FILLED, OrderState.FILLED]
    assert world.broker.positions[BBB] == 60 + shown.orders[1].filled_quantity
    assert shown.orders[1].detail == ""


async def test_legs_of_an_earlier_revision_do_not_spoil_the_end(world: World) -> None:
    """Three legs were approved; the price moved, and the new revision has two."""
    anna, proposal = await approved(world, {"AAA": 50, "BBB": 44, "CCC": 6})
    assert len(proposal.revision.plan.trades) == 3
    world.hold(100, AAA=70, BBB=60, CCC=64)
    await execute_approved(world.desk)
    again = await world.proposal(proposal.id)
    assert len(again.revision.plan.trades) == 2
    await decide(world, anna, again, again.revision.number)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.DONE
    assert [order.leg for order in shown.orders] == [1, 2]


@pytest.mark.fault(23)
async def test_what_was_under_way_at_the_close_is_followed_to_its_end(world: World) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.STUCK])
    desk = replace(world.desk, deadline=timedelta(0))
    world.broker.cancel = _no_cancel  # type: ignore[method-assign, assignment]
    await execute_approved(desk)
    assert (await world.proposal(proposal.id)).state is ProposalState.EXECUTING
    world.pass_time(EIGHT_HOURS)
    world.broker.close_market()
    sent = len(world.broker.submits)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert shown.orders[0].state is OrderState.EXPIRED
    assert shown.proposal.state in {ProposalState.PARTIAL, ProposalState.FAILED}
    assert len(world.broker.submits) == sent


async def _no_cancel(_client_order_id: object) -> None:
    return None


async def test_nothing_is_sent_after_the_close_even_under_a_fresh_approval(world: World) -> None:
    _, proposal = await proposed(world)
    world.pass_time(timedelta(hours=4, minutes=58))
    anna = await world.person()
    await decide(world, anna, proposal)
    world.broker.mishaps = deque([Mishap.UNAVAILABLE])
    await execute_approved(world.desk)
    world.pass_time(timedelta(minutes=3))
    await execute_approved(world.desk)
    assert len(world.broker.submits) == 1
    assert (await world.proposal(proposal.id)).state is ProposalState.FAILED


async def test_an_approval_that_ages_during_the_sales_stops_in_cash(world: World) -> None:
    _, proposal = await approved(world)
    world.pass_time(timedelta(minutes=14, seconds=30))
    world.broker.mishaps = deque([Mishap.STUCK])
    world.market_clock.instant += timedelta(seconds=20)
    desk = replace(world.desk, clock=_Slow(world))
    await execute_approved(desk)
    assert [sent.side for sent in world.broker.submits] == [Side.SELL]
    assert (await world.proposal(proposal.id)).state is ProposalState.FAILED


class _Slow:
    """A clock by whose waiting the market's time passes too."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.now = world.clock.now
        self.monotonic = world.clock.monotonic

    async def sleep(self, seconds: float) -> None:
        self._world.pass_time(timedelta(seconds=seconds))


@pytest.mark.fault(77)
async def test_a_plan_beyond_the_limits_is_cancelled_and_not_tried_for_ever(
    world: World,
) -> None:
    _, proposal = await approved(world)
    await execute_approved(replace(world.desk, limits=Limits(max_legs=1)))
    assert (await world.proposal(proposal.id)).state is ProposalState.CANCELLED
    assert world.broker.submits == []


async def test_an_approval_that_was_not_carried_out_ends_with_its_proposal(world: World) -> None:
    _, proposal = await proposed(world)
    world.market_clock.set(proposal.expires_at - timedelta(seconds=1))
    anna = await world.person()
    await decide(world, anna, proposal)
    world.market_clock.set(proposal.expires_at)
    assert (await run_due_work(world.desk)).expired == 1
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.EXPIRED
    assert {order.state for order in shown.orders} == {OrderState.VOID}


# --- the kill switch -----------------------------------------------------------------------------


@pytest.mark.fault(78)
async def test_the_kill_switch_works_within_one_order(world: World) -> None:
    anna, proposal = await approved(world, {"AAA": 40, "BBB": 25, "CCC": 35})
    submit = world.broker.submit

    async def and_pause(request: object) -> object:
        answer = await submit(request)  # type: ignore[arg-type]
        await pause(world.store, world.clock, member=anna, portfolio_id=proposal.portfolio_id)
        return answer

    world.broker.submit = and_pause  # type: ignore[method-assign, assignment]
    await execute_approved(world.desk)
    assert len(world.broker.submits) == 1
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.PARTIAL
    states = [order.state for order in shown.orders]
    assert states == [OrderState.FILLED, OrderState.VOID, OrderState.VOID]
    world.broker.submit = submit  # type: ignore[method-assign]
    await resume(world.store, world.clock, member=anna, portfolio_id=proposal.portfolio_id)
    await execute_approved(world.desk)
    assert len(world.broker.submits) == 1


async def test_approved_while_paused_waits_and_is_held_against_the_market_again(
    world: World,
) -> None:
    anna, proposal = await approved(world)
    await pause(world.store, world.clock, member=anna, portfolio_id=proposal.portfolio_id)
    assert await execute_approved(world.desk) == 0
    assert world.broker.submits == []
    await resume(world.store, world.clock, member=anna, portfolio_id=proposal.portfolio_id)
    world.price(AAA=103)
    await execute_approved(world.desk)
    assert world.broker.submits == []
    assert (await world.proposal(proposal.id)).state is ProposalState.OPEN


# --- what is asked again -------------------------------------------------------------------------


async def test_a_dropped_leg_stays_dropped_when_prices_move(world: World) -> None:
    anna, proposal = await proposed(world, {"AAA": 40, "BBB": 25, "CCC": 35})
    assert [t.symbol for t in proposal.revision.plan.trades] == ["AAA", "BBB", "CCC"]
    edited = await edit(world, anna, proposal, 2, 0)
    assert [t.symbol for t in edited.revision.plan.trades] == ["AAA", "CCC"]
    await decide(world, anna, proposal, 2)
    world.price(AAA=102)
    await execute_approved(world.desk)
    again = await world.proposal(proposal.id)
    assert again.revision.number == 3
    assert [t.symbol for t in again.revision.plan.trades] == ["AAA", "CCC"]


async def test_planning_in_full_undoes_the_dropping(world: World) -> None:
    from core.application.edit_proposal import plan_in_full

    anna, proposal = await proposed(world)
    await edit(world, anna, proposal, 1, 0)
    whole = await plan_in_full(
        world.store, world.market, world.clock, member=anna, proposal_id=proposal.id, revision=2
    )
    assert {t.symbol for t in whole.revision.plan.trades} == {"AAA", "BBB"}
    assert whole.revision.dropped == frozenset()


async def test_a_second_approval_in_open_hours_is_not_called_scheduled(world: World) -> None:
    anna, proposal = await proposed(world)
    world.pass_time(EIGHT_HOURS)
    first = await decide(world, anna, proposal)
    assert first.scheduled_for is not None
    world.market_clock.set(first.scheduled_for)
    world.price(AAA=120)
    await execute_approved(world.desk)
    again = await decide(world, anna, proposal, 2)
    assert again.proposal.state is ProposalState.APPROVED
    assert again.scheduled_for is None


async def test_a_position_that_is_no_longer_managed_needs_a_price_to_be_sold(world: World) -> None:
    """Sold under `outside sell`; the policy changes to `keep`, and the price is gone when it is sent."""
    from core.domain.policy import Outside
    from tests.application.acts import ask, set_policy

    anna = await world.person()
    current = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    portfolio_id = current.portfolio.portfolio.id
    await set_policy(world, anna, portfolio_id, outside=Outside.SELL)
    world.hold(0, AAA=50, BBB=100, CCC=300)
    result = await ask(world, anna, portfolio_id)
    assert result.proposal is not None
    await decide(world, anna, result.proposal)
    await set_policy(world, anna, portfolio_id, outside=Outside.KEEP)
    world.prices.set_fault("CCC")
    assert await execute_approved(world.desk) == 0
    assert world.broker.submits == []
    assert (await world.proposal(result.proposal.id)).state is ProposalState.APPROVED


async def test_the_deciders_are_told_how_it_ended(world: World) -> None:
    await approved(world)
    await execute_approved(world.desk)
    assert [item.kind for item in await told(world)] == ["proposal", "report"]


async def test_an_order_that_rests_at_the_broker_is_not_shown_as_unsent(world: World) -> None:
    """The sale rests: the messages of before it was sent are edited while it does, and once."""
    _, proposal = await approved(world)
    await shown_in(world, proposal, 1001)
    world.broker.mishaps = deque([Mishap.STUCK])
    seen: list[tuple[str, int]] = []

    async def watch(seconds: float) -> None:
        state = (await view(world, proposal)).orders[0].state
        seen.append((state, sum(item.kind is MessageKind.REFRESH for item in await told(world))))
        world.pass_time(timedelta(seconds=seconds))

    world.clock.sleep = watch  # type: ignore[method-assign]
    await execute_approved(world.desk)
    resting = [edits for state, edits in seen if state == OrderState.SUBMITTED]
    assert len(resting) > 1
    assert set(resting) == {2}


@pytest.mark.parametrize("cash", [0, 50])
async def test_purchases_are_sized_by_the_cash_that_is_there(world: World, cash: int) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.REFUSED])
    world.broker.cash = Decimal(100 + cash)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert shown.orders[0].state is OrderState.REJECTED
    reserve = Decimal("0.005") * (70 * 100 + 60 * 50 + 100 + cash)
    assert shown.orders[1].filled_value <= 100 + cash - reserve
    assert world.broker.cash >= reserve


# --- the lease -----------------------------------------------------------------------------------


async def test_a_slow_broker_does_not_cost_the_lease_as_long_as_orders_go_out(
    world: World,
) -> None:
    """Three orders of half a minute each, under a lease of three quarters."""
    _, proposal = await approved(world, {"AAA": 40, "BBB": 25, "CCC": 35})
    submit = world.broker.submit

    async def slowly(request: object) -> object:
        world.pass_time(timedelta(seconds=30))
        return await submit(request)  # type: ignore[arg-type]

    world.broker.submit = slowly  # type: ignore[method-assign, assignment]
    assert await execute_approved(world.desk) == 1
    assert (await world.proposal(proposal.id)).state is ProposalState.DONE


async def test_an_account_that_another_process_holds_is_left_alone(world: World) -> None:
    from core.application.desk import take_account

    _, proposal = await approved(world)
    async with world.store.read() as work:
        account = (await work.portfolios.get(proposal.portfolio_id)).accounts[0]
    assert await take_account(replace(world.desk, holder="other:1"), account.id) is not None
    assert await execute_approved(world.desk) == 0
    assert world.broker.submits == []
    world.clock.advance(timedelta(seconds=46))
    assert await execute_approved(world.desk) == 1
