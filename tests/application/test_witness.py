"""The broker's clock as a witness: nothing is sent while it contradicts ours, or says that the exchange is closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.telegram.views.waiting import waiting_notice
from core.application.execute_proposal import execute_approved
from core.domain.outbox import MessageKind
from core.domain.plan import Side
from core.domain.proposal import ProposalState
from core.domain.report import WhyNot
from core.ports.broker import BrokerOrder, BrokerUnavailable, OrderRequest
from tests.application.acts import approved, told, view
from tests.fakes.clock import FakeMarketClock
from tests.fakes.world import World


def witness(world: World, apart: timedelta) -> FakeMarketClock:
    """Let the broker's clock be apart from ours."""
    clock = FakeMarketClock(world.market_clock.instant + apart)
    world.broker.market_clock = clock
    return clock


async def sends_nothing(world: World) -> bool:
    before = len(world.broker.submits)
    ended = await execute_approved(world.desk)
    return ended == 0 and len(world.broker.submits) == before


@pytest.mark.fault(65)
@pytest.mark.parametrize(
    "apart",
    [
        timedelta(seconds=31),
        timedelta(seconds=-31),
        timedelta(hours=1),
        timedelta(hours=-1),
        timedelta(days=1),
        timedelta(days=-1),
    ],
)
async def test_no_order_is_sent_while_the_clocks_disagree_and_it_is_said_once(
    world: World, apart: timedelta
) -> None:
    _, proposal = await approved(world)
    witness(world, apart)
    for _ in range(3):
        assert await sends_nothing(world)
    assert (await world.proposal(proposal.id)).state is ProposalState.APPROVED
    (notice,) = [item for item in await told(world) if item.kind is MessageKind.WAITING]
    shown = await view(world, proposal)
    now = world.market_clock.instant
    words = waiting_notice(shown, shown.accounts[0], notice.data["code"], now, now).text
    assert "Nothing has been sent yet" in words
    assert "too far apart" in words
    world.broker.market_clock = world.market_clock
    assert await execute_approved(world.desk) == 1
    assert (await world.proposal(proposal.id)).state is ProposalState.DONE


async def test_half_a_minute_apart_is_near_enough(world: World) -> None:
    await approved(world)
    witness(world, timedelta(seconds=30))
    assert await execute_approved(world.desk) == 1


@pytest.mark.fault(65)
async def test_a_step_of_the_clock_between_the_sides_holds_the_purchases_back(world: World) -> None:
    """Our clock leaps an hour on after the sale; it is put right, and the purchase goes."""
    _, proposal = await approved(world)
    theirs = witness(world, timedelta(0))
    submit = world.broker.submit

    async def and_leap(request: OrderRequest) -> BrokerOrder:
        placed = await submit(request)
        if request.side is Side.SELL:
            world.market_clock.advance(timedelta(hours=1))
        return placed

    world.broker.submit = and_leap  # type: ignore[method-assign]
    assert await execute_approved(world.desk) == 0
    assert [sent.side for sent in world.broker.submits] == [Side.SELL]
    assert (await world.proposal(proposal.id)).state is ProposalState.EXECUTING
    world.market_clock.set(theirs.instant)
    assert await execute_approved(world.desk) == 1
    assert [sent.side for sent in world.broker.submits] == [Side.SELL, Side.BUY]


@pytest.mark.fault(67)
async def test_an_unscheduled_closure_sends_nothing(world: World) -> None:
    """By our calendar the exchange is open; the broker knows better."""
    _, proposal = await approved(world)
    world.broker.is_open = False
    assert await sends_nothing(world)
    (notice,) = [item for item in await told(world) if item.kind is MessageKind.WAITING]
    now = world.market_clock.instant
    shown = await view(world, proposal)
    words = waiting_notice(shown, shown.accounts[0], notice.data["code"], now, now).text
    assert "says that the exchange is closed" in words


@pytest.mark.fault(67)
async def test_a_closure_between_the_sides_stops_in_cash(world: World) -> None:
    _, proposal = await approved(world)
    submit = world.broker.submit

    async def and_close(request: OrderRequest) -> BrokerOrder:
        placed = await submit(request)
        world.broker.close_market()
        return placed

    world.broker.submit = and_close  # type: ignore[method-assign]
    assert await execute_approved(world.desk) == 1
    assert [sent.side for sent in world.broker.submits] == [Side.SELL]
    case = (await view(world, proposal)).sold_not_bought
    assert case is not None
    assert case.reasons == (WhyNot.CLOSED,)


async def test_a_witness_that_cannot_be_heard_sends_nothing(world: World) -> None:
    await approved(world)
    clock = world.broker.clock

    async def silent() -> object:
        raise BrokerUnavailable("scripted")

    world.broker.clock = silent  # type: ignore[method-assign, assignment]
    assert await sends_nothing(world)
    world.broker.clock = clock  # type: ignore[method-assign]
    assert await execute_approved(world.desk) == 1
