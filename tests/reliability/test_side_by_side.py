"""Accounts are carried on side by side: one that hangs or fails delays and touches nobody but itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.executions import Executions, holder_of_executions
from core.application.decide_proposal import intents
from core.application.desk import take_account
from core.application.execute_proposal import (
    execute_approved,
    execute_in_turn,
    waiting_proposals,
)
from core.application.reconcile import reconcile
from core.application.side_by_side import side_by_side
from core.domain.ids import AccountId, ProposalId, Symbol
from core.domain.membership import Member
from core.domain.order import OrderState
from core.domain.proposal import Cause, Proposal, ProposalState
from core.ports.broker import BrokerOrder, BrokerUnavailable, OrderRequest
from tests.application.acts import HALVES, approved, ask, decide, view
from tests.fakes.broker import FakeBroker, fake_broker
from tests.fakes.world import World, small_world


@dataclass
class Two:
    """Anna's two portfolios, each with an approved plan at a broker of its own."""

    world: World
    anna: Member
    first: Proposal
    second: Proposal
    other: FakeBroker

    async def state(self, proposal: Proposal) -> ProposalState:
        return (await self.world.proposal(proposal.id)).state


@pytest.fixture(autouse=True)
def prompt_sqlite() -> None:
    """Leave the driver its thread: what races here is the real thing."""


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    async with small_world(tmp_path) as world:
        anna, first = await approved(world)
        current = await world.portfolio(anna, HALVES, "Second")
        account = current.portfolio.accounts[0]
        other = fake_broker(100, {"AAA": 70, "BBB": 60}, {"AAA": 100, "BBB": 50})
        other = replace(
            other, account_id=account.broker_account_id, market_clock=world.market_clock
        )
        world.brokers.by_id[account.broker_account_id] = other
        result = await ask(world, anna, current.portfolio.portfolio.id)
        assert result.proposal is not None
        second = (await decide(world, anna, result.proposal)).proposal
        yield Two(world, anna, first, second, other)


@pytest.mark.fault(21)
async def test_a_broker_that_hangs_does_not_delay_another_account(two: Two) -> None:
    two.world.broker.hold = asyncio.Event()
    work = asyncio.create_task(execute_approved(two.world.desk))
    while await two.state(two.second) is not ProposalState.DONE:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    assert await two.state(two.first) is ProposalState.EXECUTING
    assert not work.done()
    two.world.broker.hold.set()
    two.world.broker.hold = None
    assert await work == 2
    assert await two.state(two.first) is ProposalState.DONE


async def test_what_fails_at_one_account_touches_no_other(two: Two) -> None:
    async def fail(_request: OrderRequest) -> BrokerOrder:
        message = "scripted: a fault of ours"
        raise RuntimeError(message)

    two.world.broker.submit = fail  # type: ignore[method-assign, assignment]
    assert await execute_approved(two.world.desk) == 1
    assert await two.state(two.second) is ProposalState.DONE
    assert await two.state(two.first) is ProposalState.EXECUTING


async def test_both_end_as_they_would_one_after_another(two: Two) -> None:
    assert await execute_approved(two.world.desk) == 2
    for proposal, broker in ((two.first, two.world.broker), (two.second, two.other)):
        shown = await view(two.world, proposal)
        assert shown.proposal.state is ProposalState.DONE
        ours = [order.client_order_id for order in shown.orders]
        assert [order.client_order_id for order in broker.orders] == ours


# --- one account, one after another --------------------------------------------------------------


async def another(world: World, proposal: Proposal) -> ProposalId:
    """A second approved proposal of the same portfolio, which nobody could make by hand."""
    approval = proposal.decisions[0]
    async with world.store.begin() as work:
        managed = await work.portfolios.get(proposal.portfolio_id)
        copy = await work.proposals.add(
            proposal.portfolio_id,
            cause=Cause.REQUESTED,
            revision=proposal.revision,
            created_at=proposal.created_at,
            expires_at=proposal.expires_at,
            check_id=None,
        )
        await work.proposals.add_decision(copy.id, approval)
        await work.orders.add(await intents(work, copy, managed.policy))
        await work.proposals.move(copy.id, ProposalState.OPEN, ProposalState.APPROVED)
    return copy.id


async def test_two_proposals_of_one_account_follow_one_another(two: Two) -> None:
    """The second finds other holdings than it was made from, and asks again instead of trading twice."""
    copy = await another(two.world, two.first)
    waiting = await waiting_proposals(two.world.desk)
    assert sorted(map(len, waiting.values())) == [1, 2]
    assert (two.first.id, copy) in waiting.values()
    assert await execute_approved(two.world.desk) == 2
    assert await two.state(two.first) is ProposalState.DONE
    assert (await two.world.proposal(copy)).state is not ProposalState.DONE
    assert len(two.world.broker.orders) == 2


# --- a process whose rounds go on ----------------------------------------------------------------


async def test_rounds_go_on_while_an_execution_hangs_and_nothing_is_begun_twice(two: Two) -> None:
    two.world.broker.hold = asyncio.Event()
    executions = Executions(two.world.desk, patience=0.2)
    ended = 0
    while await two.state(two.second) is not ProposalState.DONE:
        ended += await executions.carry_on()
    for _ in range(3):
        ended += await executions.carry_on()
    assert ended == 1
    assert len(two.world.broker.submits) == 1
    two.world.broker.hold.set()
    two.world.broker.hold = None
    while await two.state(two.first) is not ProposalState.DONE:
        ended += await executions.carry_on()
    assert ended + await executions.carry_on() == 2
    assert len(two.world.broker.submits) == 2
    await executions.stop()


async def test_rounds_keep_off_an_account_that_is_being_executed(two: Two) -> None:
    """A look at the account would give its lease back in the middle of an execution."""
    two.world.broker.hold = asyncio.Event()
    executions = Executions(two.world.desk, patience=0.2)
    while not two.world.broker.submits:
        await executions.carry_on()
    account_id = await account_of(two.world, two.first)
    assert await take_account(two.world.desk, account_id) is None
    async with two.world.store.read() as work:
        holder = await work.leases.holder(f"account:{account_id}", two.world.clock.now())
    assert holder == holder_of_executions(two.world.desk.holder)
    await executions.stop()
    assert await take_account(two.world.desk, account_id) is not None


async def test_a_process_that_stops_breaks_its_executions_off_and_another_goes_on(two: Two) -> None:
    two.world.broker.hold = asyncio.Event()
    executions = Executions(two.world.desk, patience=0.2)
    while not two.world.broker.submits:
        await executions.carry_on()
    await executions.stop()
    two.world.broker.hold = None
    for _ in range(3):
        await execute_approved(replace(two.world.desk, holder="test:2"))
    assert await two.state(two.first) is ProposalState.DONE
    assert len(two.world.broker.orders) == 2


async def account_of(world: World, proposal: Proposal) -> AccountId:
    async with world.store.read() as work:
        return (await work.portfolios.get(proposal.portfolio_id)).accounts[0].id


# --- reconciling ---------------------------------------------------------------------------------


async def test_a_broker_that_hangs_holds_up_no_other_account_s_look(two: Two) -> None:
    """Both sales were sent, and nobody knows what became of them."""
    for broker in (two.world.broker, two.other):
        broker.hold = asyncio.Event()
    work = asyncio.create_task(execute_approved(two.world.desk))
    while not (two.world.broker.submits and two.other.submits):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    two.other.hold = None
    two.world.clock.advance(timedelta(minutes=2))
    silent = asyncio.Event()

    async def hang(_id: object) -> None:
        await silent.wait()
        raise BrokerUnavailable("scripted")

    two.world.broker.find_order = hang  # type: ignore[method-assign, assignment]
    desk = replace(two.world.desk, holder="test:2")
    looking = asyncio.create_task(reconcile(desk))

    async def is_settled() -> bool:
        orders = (await view(two.world, two.second)).orders
        return all(order.state is not OrderState.SUBMITTING for order in orders)

    while not await is_settled():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    assert not looking.done()
    silent.set()
    assert await looking == 2


# --- the helper ----------------------------------------------------------------------------------


async def test_no_more_than_so_many_at_once() -> None:
    running: list[int] = []
    most = 0

    async def job(number: int) -> int:
        nonlocal most
        running.append(number)
        most = max(most, len(running))
        await asyncio.sleep(0)
        running.remove(number)
        return number

    results = await side_by_side([lambda n=n: job(n) for n in range(10)], at_once=3)  # type: ignore[misc]
    assert results == list(range(10))
    assert most == 3


async def test_an_account_without_proposals_ends_nothing(two: Two) -> None:
    assert await execute_in_turn(two.world.desk, ()) == 0
    assert Symbol("AAA") in two.other.positions
