"""What was approved and cannot be carried out for now: people are told once, and until when it is tried."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.application.desk import LEASE, release_account, take_account
from core.application.execute_proposal import execute_approved
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.portfolio import Holdings
from core.domain.proposal import ProposalState
from core.domain.refusals import PriceSourceDown
from core.ports.broker import BrokerUnavailable
from tests.application.acts import approved, told, view
from tests.fakes.broker import Mishap
from tests.fakes.clock import MONDAY_ELEVEN
from tests.fakes.world import World

DOWN = BrokerUnavailable("scripted: the broker does not answer")
QUARTER = timedelta(minutes=15)
"""How long an approval is good."""


async def waits(world: World) -> list[OutboxItem]:
    return [item for item in await told(world) if item.kind is MessageKind.WAITING]


async def test_a_broker_that_is_down_is_told_once_and_nothing_is_sent(world: World) -> None:
    _, proposal = await approved(world)
    world.broker.read_error = DOWN
    for _ in range(3):
        await execute_approved(world.desk)
    (item,) = await waits(world)
    assert item.proposal_id == proposal.id
    assert dict(item.data) == {
        "code": "BrokerDown",
        "until": (MONDAY_ELEVEN + QUARTER).isoformat(),
        "account": "1",
    }
    assert world.broker.submits == []
    world.broker.read_error = None
    await execute_approved(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE
    assert len(await waits(world)) == 1


async def test_prices_that_do_not_come_are_told_as_such(world: World) -> None:
    await approved(world)
    world.prices.failure = PriceSourceDown("fake", "scripted")
    await execute_approved(world.desk)
    assert [item.data["code"] for item in await waits(world)] == ["PriceSourceDown"]


async def test_an_order_that_could_not_be_sent_is_told_apart_from_a_start_that_could_not_be_made(
    world: World,
) -> None:
    _, proposal = await approved(world)
    world.broker.read_error = DOWN
    await execute_approved(world.desk)
    world.broker.read_error = None
    world.broker.mishaps = deque([None, Mishap.UNAVAILABLE, Mishap.UNAVAILABLE])
    for _ in range(3):
        await execute_approved(world.desk)
    assert len({item.dedup_key for item in await waits(world)}) == len(await waits(world)) == 2
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE


async def test_an_order_that_never_arrived_goes_again_without_a_word(world: World) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.NEVER_ARRIVED])
    for _ in range(2):
        await execute_approved(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE
    assert await waits(world) == []


def slow(world: World, *, then: Callable[[], Awaitable[object]] | None = None) -> None:
    """What the account holds is answered only when its lease has lapsed."""
    holdings = world.broker.holdings

    async def slowly() -> Holdings:
        world.clock.advance(LEASE)
        if then is not None:
            await then()
        return await holdings()

    world.broker.holdings = slowly  # type: ignore[method-assign]


async def test_a_broker_slower_than_the_account_is_held_is_told_and_tried_again(
    world: World,
) -> None:
    _, proposal = await approved(world)
    holdings = world.broker.holdings
    slow(world)
    for _ in range(2):
        assert await execute_approved(world.desk) == 0
    assert [item.data["code"] for item in await waits(world)] == ["BrokerDown"]
    assert (await view(world, proposal)).proposal.state is ProposalState.APPROVED
    assert world.broker.submits == []
    world.broker.holdings = holdings  # type: ignore[method-assign]
    assert await execute_approved(world.desk) == 1
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE


@pytest.mark.parametrize("is_done", [False, True])
async def test_who_lost_the_account_to_another_process_meanwhile_says_nothing(
    world: World, is_done: bool
) -> None:
    _, proposal = await approved(world)
    account = (await view(world, proposal)).managed.accounts[0]
    other = replace(world.desk, holder="other:1")

    async def taken() -> None:
        grant = await take_account(other, account.id)
        assert grant is not None
        if is_done:
            await release_account(other, grant)

    slow(world, then=taken)
    assert await execute_approved(world.desk) == 0
    assert await waits(world) == []
    assert world.broker.submits == []
    assert (await take_account(world.desk, account.id) is None) == (not is_done)


async def test_it_is_not_tried_beyond_the_close(world: World) -> None:
    closes = datetime(2020, 3, 9, 20, 0, tzinfo=UTC)
    world.clock.set(closes - timedelta(minutes=5))
    world.market_clock.set(closes - timedelta(minutes=5))
    await approved(world)
    world.broker.read_error = DOWN
    await execute_approved(world.desk)
    assert [item.data["until"] for item in await waits(world)] == [closes.isoformat()]
