"""Orders that the broker acknowledged and later denies, as a paper account does that was reset."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.application.resolve_frozen import check_again, say_at_broker, say_not_at_broker
from core.application.send_order import DENIED
from core.domain.membership import Member
from core.domain.order import DENIAL_PATIENCE, Order, OrderState
from core.domain.outbox import MessageKind
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import ClaimContradicted
from core.ports.broker import BrokerOrder, BrokerUnavailable, OrderRequest
from tests.application.acts import approved, told, view
from tests.fakes.broker import Mishap
from tests.fakes.world import World

pytestmark = pytest.mark.fault(32)

SOON = timedelta(seconds=5)


def impatient(world: World) -> None:
    """Orders get a second before what is open is cancelled."""
    world.desk = replace(world.desk, deadline=timedelta(seconds=1))


async def sale(world: World, proposal: Proposal) -> Order:
    return (await view(world, proposal)).orders[0]


async def denied(world: World, mishap: Mishap = Mishap.DENIED_LATER) -> tuple[Member, Proposal]:
    """An approved proposal, whose sale the broker took and denies from then on: looked at once."""
    anna, proposal = await approved(world)
    impatient(world)
    world.broker.mishaps = deque([mishap])
    await execute_approved(world.desk)
    return anna, proposal


async def frozen(world: World) -> tuple[Member, Proposal]:
    anna, proposal = await denied(world)
    world.pass_time(DENIAL_PATIENCE)
    await execute_approved(world.desk)
    assert (await sale(world, proposal)).state is OrderState.FROZEN
    return anna, proposal


async def test_an_order_that_is_denied_once_is_only_marked(world: World) -> None:
    """Brokers show orders late: nothing is concluded from the first denial."""
    _, proposal = await denied(world)
    order = await sale(world, proposal)
    assert order.state is OrderState.SUBMITTED
    assert order.denied_at is not None
    assert (await view(world, proposal)).proposal.state is ProposalState.EXECUTING


async def test_an_order_that_is_shown_again_is_followed_as_before(world: World) -> None:
    _, proposal = await denied(world)
    world.broker.deny_orders(is_denied=False)
    world.pass_time(SOON)
    await execute_approved(world.desk)
    order = await sale(world, proposal)
    assert order.state is OrderState.FILLED
    assert order.denied_at is None
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE


async def test_the_minute_begins_anew_when_the_order_was_shown_in_between(world: World) -> None:
    _, proposal = await approved(world)
    impatient(world)
    world.broker.mishaps = deque([Mishap.STUCK])
    world.broker.cancel = unheard  # type: ignore[method-assign, assignment]
    await execute_approved(world.desk)
    for _ in range(4):
        world.broker.deny_orders()
        world.pass_time(DENIAL_PATIENCE / 2)
        await execute_approved(world.desk)
        world.broker.deny_orders(is_denied=False)
        world.pass_time(SOON)
        await execute_approved(world.desk)
    assert (await sale(world, proposal)).state is OrderState.SUBMITTED


async def unheard(_client_order_id: object) -> None:
    raise BrokerUnavailable("502")


async def test_what_is_denied_for_a_minute_is_frozen_and_people_are_told(world: World) -> None:
    _, proposal = await frozen(world)
    shown = await view(world, proposal)
    assert shown.orders[0].detail == DENIED
    assert shown.orders[1].state is OrderState.VOID
    assert shown.proposal.state is ProposalState.FROZEN
    assert MessageKind.FROZEN in {item.kind for item in await told(world)}
    assert len(world.broker.submits) == 1


async def test_while_it_is_polled_the_minute_passes_too(world: World) -> None:
    """One run of the executor, whose deadline is as long as the broker's minute."""
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.DENIED_LATER])
    await execute_approved(world.desk)
    assert (await sale(world, proposal)).state is OrderState.FROZEN
    assert (await view(world, proposal)).proposal.state is ProposalState.FROZEN


async def test_a_cancellation_at_the_deadline_concludes_nothing_from_a_denial(
    world: World,
) -> None:
    _, proposal = await denied(world)
    assert world.broker.cancels, "the deadline was over"
    assert (await sale(world, proposal)).state is OrderState.SUBMITTED


async def test_after_a_restart_the_denial_is_noticed_while_reconciling(world: World) -> None:
    _, proposal = await denied(world)
    world.desk = replace(world.desk, holder="test:2")
    world.pass_time(DENIAL_PATIENCE)
    await reconcile(world.desk)
    assert (await sale(world, proposal)).state is OrderState.FROZEN
    await execute_approved(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.FROZEN


async def test_while_the_exchange_is_closed_the_denial_is_noticed_too(world: World) -> None:
    _, proposal = await denied(world)
    world.pass_time(timedelta(hours=8))
    await execute_approved(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.FROZEN


async def test_it_is_never_sent_again_by_itself(world: World) -> None:
    await frozen(world)
    for _ in range(5):
        await execute_approved(world.desk)
        await reconcile(world.desk)
        world.pass_time(timedelta(hours=1))
    assert len(world.broker.submits) == 1


async def test_silence_is_no_denial(world: World) -> None:
    _, proposal = await denied(world)
    world.broker.deny_orders(is_denied=False)
    world.broker.read_error = BrokerUnavailable("500")
    world.pass_time(DENIAL_PATIENCE * 2)
    await reconcile(world.desk)
    assert (await sale(world, proposal)).state is OrderState.SUBMITTED


async def test_asking_again_finds_it(world: World) -> None:
    anna, proposal = await frozen(world)
    world.broker.deny_orders(is_denied=False)
    found = await check_again(world.desk, member=anna, proposal_id=proposal.id)
    assert found.orders[0].state is OrderState.FILLED
    assert found.orders[0].denied_at is None


async def test_a_claim_that_it_is_there_is_refused(world: World) -> None:
    anna, proposal = await frozen(world)
    order = await sale(world, proposal)
    with pytest.raises(ClaimContradicted):
        await say_at_broker(world.desk, member=anna, proposal_id=proposal.id, order_id=order.id)
    assert (await sale(world, proposal)).state is OrderState.FROZEN


async def test_a_person_gives_it_up(world: World) -> None:
    anna, proposal = await frozen(world)
    order = await sale(world, proposal)
    await say_not_at_broker(world.desk, member=anna, proposal_id=proposal.id, order_id=order.id)
    given_up = await sale(world, proposal)
    assert given_up.state is OrderState.VOID
    assert given_up.detail == "Anna said that the broker does not have it"
    await execute_approved(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.FAILED
    assert len(world.broker.submits) == 1


async def test_the_fills_of_an_order_that_is_given_up_are_kept(world: World) -> None:
    """Half was filled before the account was reset."""
    anna, proposal = await approved(world)
    impatient(world)
    world.broker.mishaps = deque([Mishap.PARTIAL])
    submit = world.broker.submit

    async def then_denied(request: OrderRequest) -> BrokerOrder:
        placed = await submit(request)
        world.broker.deny_orders()
        return placed

    world.broker.submit = then_denied  # type: ignore[method-assign]
    await execute_approved(world.desk)
    world.pass_time(DENIAL_PATIENCE)
    await execute_approved(world.desk)
    order = await sale(world, proposal)
    assert order.state is OrderState.FROZEN
    await say_not_at_broker(world.desk, member=anna, proposal_id=proposal.id, order_id=order.id)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    half = (order.quantity / 2).quantize(Decimal("0.001"))
    assert shown.orders[0].state is OrderState.VOID
    assert shown.orders[0].filled_quantity == half
    assert shown.proposal.state is ProposalState.PARTIAL
