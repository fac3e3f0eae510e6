"""What is known of an order after it was sent, and what is done where it cannot be known."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from decimal import Decimal

import pytest

from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.application.show_proposal import why_ended
from core.domain.ids import ClientOrderId, Symbol
from core.domain.order import OrderState
from core.domain.outbox import MessageKind
from core.domain.plan import Side
from core.domain.proposal import ProposalState
from core.domain.report import WhyEnded
from core.ports.broker import BrokerOrder, BrokerUnavailable, Dedup, OrderRequest
from tests.application.acts import approved, told, view
from tests.fakes.broker import Mishap
from tests.fakes.world import ANNA, World


def look_ups_fail(world: World) -> None:
    """From now on the broker does not say what it has of an order, until `look_ups_work`."""

    async def find_order(_client_order_id: ClientOrderId) -> BrokerOrder | None:
        raise BrokerUnavailable("500 on a read")

    world.broker.find_order = find_order  # type: ignore[method-assign, assignment]


def look_ups_work(world: World) -> None:
    del world.broker.find_order


@pytest.mark.fault(16)
async def test_another_order_under_our_id_is_never_taken_for_ours(world: World) -> None:
    _, proposal = await approved(world)
    first = (await view(world, proposal)).orders[0]
    stranger = OrderRequest(first.client_order_id, Symbol("AAA"), Side.SELL, Decimal(1), None)
    world.broker.hold = None
    await world.broker.submit(stranger)
    world.hold(100, AAA=70, BBB=60)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert shown.orders[0].state is OrderState.FROZEN
    assert shown.orders[0].fills == ()
    assert shown.orders[1].state is OrderState.VOID
    assert shown.proposal.state is ProposalState.FROZEN
    assert MessageKind.FROZEN in {item.kind for item in await told(world)}
    assert len(world.broker.orders) == 1


@pytest.mark.fault(15)
@pytest.mark.parametrize("dedup", [Dedup.NONE, Dedup.OPEN_ONLY, Dedup.WINDOW])
async def test_where_an_id_is_not_unique_for_ever_nothing_is_sent_again(
    world: World, dedup: Dedup
) -> None:
    world.broker.dedup = dedup
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.LATE])
    for _ in range(4):
        await execute_approved(world.desk)
        await reconcile(world.desk)
    assert len(world.broker.submits) == 1
    assert (await view(world, proposal)).proposal.state is ProposalState.FROZEN


@pytest.mark.fault(19)
async def test_a_broker_that_cannot_say_leaves_everything_open(world: World) -> None:
    """Nothing is concluded, nothing is bought; once it can say, execution goes on."""
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.LOST_ANSWER])
    look_ups_fail(world)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert shown.orders[0].state is OrderState.UNKNOWN
    assert shown.orders[1].state is OrderState.INTENDED
    assert shown.proposal.state is ProposalState.EXECUTING
    look_ups_work(world)
    await execute_approved(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE
    assert len(world.broker.orders) == 2


async def test_what_stays_unknown_is_frozen_and_thawed_when_the_broker_can_say(
    world: World,
) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.LOST_ANSWER])
    look_ups_fail(world)
    await execute_approved(world.desk)
    world.pass_time(timedelta(minutes=16))
    await execute_approved(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.FROZEN
    look_ups_work(world)
    await reconcile(world.desk)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert [order.state for order in shown.orders] == [OrderState.FILLED, OrderState.VOID]
    assert shown.proposal.state is ProposalState.PARTIAL


@pytest.mark.fault(19)
async def test_reconciling_draws_no_conclusion_from_silence(world: World) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.LOST_ANSWER])
    look_ups_fail(world)
    await execute_approved(world.desk)
    assert await reconcile(world.desk) == 1
    assert (await view(world, proposal)).orders[0].state is OrderState.UNKNOWN


async def test_reconciling_leaves_an_account_to_whoever_executes_for_it(world: World) -> None:
    from dataclasses import replace

    from core.application.desk import take_account

    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.LOST_ANSWER])
    look_ups_fail(world)
    await execute_approved(world.desk)
    async with world.store.read() as work:
        account = (await work.portfolios.get(proposal.portfolio_id)).accounts[0]
    await take_account(replace(world.desk, holder="other"), account.id)
    look_ups_work(world)
    await reconcile(world.desk)
    assert (await view(world, proposal)).orders[0].state is OrderState.UNKNOWN


@pytest.mark.parametrize("mishap", [Mishap.RESTING, Mishap.PARTIAL])
async def test_an_order_that_is_filled_later_is_waited_for(world: World, mishap: Mishap) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([mishap, mishap])
    assert await execute_approved(world.desk) == 1
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.DONE
    assert [o.filled_quantity for o in shown.orders] == [o.quantity for o in shown.orders]


@pytest.mark.fault(24)
async def test_a_cancellation_that_fails_leaves_the_order_to_the_next_round(
    world: World,
) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.STUCK])
    cancel = world.broker.cancel

    async def unheard(client_order_id: ClientOrderId) -> None:
        world.broker.cancels.append(client_order_id)
        raise BrokerUnavailable("502")

    world.broker.cancel = unheard  # type: ignore[method-assign]
    assert await execute_approved(world.desk) == 0
    assert (await view(world, proposal)).orders[0].state is OrderState.SUBMITTED
    world.broker.cancel = cancel  # type: ignore[method-assign]
    assert await execute_approved(world.desk) == 1
    assert (await view(world, proposal)).orders[0].state is OrderState.CANCELLED


@pytest.mark.fault(24)
async def test_fills_of_a_cancelled_order_are_kept(world: World) -> None:
    """The broker had filled half before the cancellation reached it."""
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.PARTIAL])
    world.broker._kept.clear()
    submit = world.broker.submit

    async def then_stuck(request: OrderRequest) -> BrokerOrder:
        placed = await submit(request)
        world.broker._kept[-1].is_stuck = True
        world.broker.submit = submit  # type: ignore[method-assign]
        return placed

    world.broker.submit = then_stuck  # type: ignore[method-assign]
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    sale = shown.orders[0]
    assert sale.state is OrderState.CANCELLED
    assert sale.filled_quantity == (sale.quantity / 2).quantize(Decimal("0.001"))
    assert shown.proposal.state is ProposalState.PARTIAL
    assert world.broker.positions[Symbol("AAA")] == 70 - sale.filled_quantity


async def test_where_nothing_is_left_to_do_the_approval_is_superseded(world: World) -> None:
    _, proposal = await approved(world)
    world.hold(0, AAA=50, BBB=100)
    await execute_approved(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.SUPERSEDED
    assert why_ended(await world.proposal(proposal.id)) is WhyEnded.NOT_NEEDED
    assert world.broker.submits == []
    reports = [item for item in await told(world) if item.kind is MessageKind.REPORT]
    assert [int(item.chat_id) for item in reports] == [int(ANNA)]


async def test_an_account_that_has_become_empty_ends_the_approval(world: World) -> None:
    _, proposal = await approved(world)
    world.hold(0)
    await execute_approved(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.SUPERSEDED
    assert why_ended(await world.proposal(proposal.id)) is WhyEnded.NO_PLAN
