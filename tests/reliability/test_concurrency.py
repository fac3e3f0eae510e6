"""Two processes, many taps: everything that counts happens once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from core.application.decide_proposal import reject_proposal
from core.application.decisions import Decided
from core.application.desk import Desk
from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.application.schedule_checks import schedule_checks
from core.application.sweep_checks import run_due_checks
from core.domain.membership import Member
from core.domain.outbox import MessageKind
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import ProposalNotOpen
from core.ports.broker import BrokerOrder, OrderRequest
from tests.application.acts import approved, decide, drifted, let_in, proposed, told, view
from tests.fakes.store import make_store
from tests.fakes.world import World, small_world
from tests.reliability.profile import by_profile

REPEATS = by_profile(quick=20, full=100, soak=1000)


@pytest.fixture(autouse=True)
def prompt_sqlite() -> None:
    """Leave the driver its thread: what races here is the real thing."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with small_world(tmp_path) as made:
        yield made


@pytest.fixture
async def second(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    """Another process on the same store and broker."""
    store = await make_store(tmp_path)
    yield replace(world.desk, store=store, holder="test:2")
    await store.aclose()


@pytest.mark.fault(4)
async def test_two_processes_at_once_execute_once(world: World, second: Desk) -> None:
    _, proposal = await approved(world)
    ended = await asyncio.gather(
        *(execute_approved(desk) for desk in (world.desk, second, replace(second, holder="3")))
    )
    assert sum(ended) == 1
    assert Counter(sent.client_order_id for sent in world.broker.submits).most_common(1)[0][1] == 1
    assert len(world.broker.submits) == 2
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE
    reports = [item for item in await told(world) if item.kind is MessageKind.REPORT]
    assert len(reports) == 1


async def test_one_process_that_executes_twice_at_once_doubles_nothing(world: World) -> None:
    """The worker's lock keeps this from happening; should it happen, the next round goes on."""
    _, proposal = await approved(world)
    await asyncio.gather(*(execute_approved(world.desk) for _ in range(4)))
    await execute_approved(world.desk)
    ids = Counter(order.client_order_id for order in world.broker.orders)
    assert sorted(ids.values()) == [1, 1]
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE


@pytest.mark.fault(4)
async def test_a_process_that_slept_past_its_lease_writes_nothing_more(
    world: World, second: Desk
) -> None:
    """The first hangs in its first order; the second takes over, finds the order, and finishes."""
    _, proposal = await approved(world)
    arrived, goes_on = hanging(world)
    first = asyncio.create_task(execute_approved(world.desk))
    await arrived.wait()
    assert await execute_approved(second) == 0
    world.clock.advance(timedelta(minutes=2))
    await reconcile(second)
    await execute_approved(second)
    goes_on.set()
    await first
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.DONE
    ids = Counter(order.client_order_id for order in world.broker.orders)
    assert set(ids.values()) == {1}
    assert len(ids) == 2
    assert world.broker.positions["AAA"] == 70 - proposal.revision.plan.sells[0].quantity  # type: ignore[index]


def hanging(world: World) -> tuple[asyncio.Event, asyncio.Event]:
    """Let the next order hang at the broker: it has arrived at the first event, and goes on after the second."""
    arrived, goes_on = asyncio.Event(), asyncio.Event()
    submit = world.broker.submit

    async def hang(request: OrderRequest) -> BrokerOrder:
        world.broker.submit = submit  # type: ignore[method-assign]
        arrived.set()
        await goes_on.wait()
        return await submit(request)

    world.broker.submit = hang  # type: ignore[method-assign]
    return arrived, goes_on


@pytest.mark.fault(2, 3)
async def test_fifty_taps_at_once_are_one_approval_and_one_execution(tmp_path: Path) -> None:
    for _ in range(REPEATS):
        with TemporaryDirectory(dir=tmp_path) as folder:
            async with small_world(Path(folder)) as world:
                await fifty_taps_are_one(world)


async def fifty_taps_are_one(world: World) -> None:
    anna, proposal = await proposed(world)
    results = await asyncio.gather(
        *(decide(world, anna, proposal) for _ in range(50)), return_exceptions=True
    )
    assert sum(isinstance(result, Decided) for result in results) == 1
    assert sum(isinstance(result, ProposalNotOpen) for result in results) == 49
    await asyncio.gather(
        *(execute_approved(replace(world.desk, holder=f"test:{n}")) for n in range(5))
    )
    assert len(world.broker.submits) == 2
    shown = await view(world, proposal)
    assert len(shown.proposal.approvals) == 1
    assert [order.attempt for order in shown.orders] == [1, 1]


@pytest.mark.fault(2, 3)
async def test_of_two_processes_that_take_the_same_tap_one_wins(world: World, second: Desk) -> None:
    anna, proposal = await proposed(world)
    other = replace(world, store=second.store)  # type: ignore[arg-type]
    results = await asyncio.gather(
        *(_tap(w, anna, proposal) for w in (world, other) for _ in range(5))
    )
    assert sorted(results) == ["ProposalNotOpen"] * 9 + ["approved"]


@pytest.mark.fault(3)
async def test_who_approves_and_who_rejects_at_once_hear_of_the_one_who_was_first(
    world: World, second: Desk
) -> None:
    anna, proposal = await proposed(world)
    ben = await let_in(world, proposal.portfolio_id)
    other = replace(world, store=second.store)  # type: ignore[arg-type]
    results = await asyncio.gather(
        decide(world, anna, proposal), reject(other, ben, proposal), return_exceptions=True
    )
    [won] = [result for result in results if isinstance(result, Decided)]
    [lost] = [result for result in results if isinstance(result, ProposalNotOpen)]
    assert len(won.proposal.decisions) == 1
    [decision] = won.proposal.decisions
    assert lost.decided_by == decision.member_name
    assert lost.state == won.proposal.state
    assert (await view(world, proposal)).proposal.decisions == won.proposal.decisions


async def reject(world: World, member: Member, proposal: Proposal) -> Decided:
    return await reject_proposal(
        world.store,
        world.market,
        world.clock,
        member=member,
        proposal_id=proposal.id,
        revision=1,
    )


@pytest.mark.fault(11)
async def test_a_fill_that_is_read_before_the_answer_comes_counts_once(
    world: World, second: Desk
) -> None:
    """The order is filled at the broker while its answer is on the way; another process reads the fill meanwhile."""
    _, proposal = await approved(world)
    filled, answers = answering_late(world)
    first = asyncio.create_task(execute_approved(world.desk))
    await filled.wait()
    world.clock.advance(timedelta(minutes=2))
    await reconcile(second)
    sale = (await view(world, proposal)).orders[0]
    assert len(sale.fills) == 1
    answers.set()
    await first
    await execute_approved(second)
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.DONE
    ours = [fill.execution_id for order in shown.orders for fill in order.fills]
    theirs = [fill.execution_id for order in world.broker.orders for fill in order.fills]
    assert sorted(ours) == sorted(theirs)
    assert len(ours) == len(set(ours)) == 2


def answering_late(world: World) -> tuple[asyncio.Event, asyncio.Event]:
    """Let the next order be filled at the first event, and its answer come after the second."""
    filled, answers = asyncio.Event(), asyncio.Event()
    submit = world.broker.submit

    async def answer_late(request: OrderRequest) -> BrokerOrder:
        world.broker.submit = submit  # type: ignore[method-assign]
        taken = await submit(request)
        filled.set()
        await answers.wait()
        return taken

    world.broker.submit = answer_late  # type: ignore[method-assign]
    return filled, answers


async def _tap(world: World, member: Member, proposal: Proposal) -> str:
    try:
        return str((await decide(world, member, proposal)).proposal.state)
    except ProposalNotOpen as refused:
        return type(refused).__name__


@pytest.mark.fault(68)
async def test_two_processes_do_a_due_check_once(world: World, second: Desk) -> None:
    await drifted(world)
    await schedule_checks(world.store, world.market)
    world.pass_time(timedelta(days=1))
    await asyncio.gather(
        *(
            run_due_checks(store, world.brokers, world.market, world.clock)
            for store in (world.store, second.store, world.store)
        )
    )
    assert [item.kind for item in await told(world)] == [MessageKind.PROPOSAL]


async def test_two_processes_schedule_a_check_once(world: World, second: Desk) -> None:
    await drifted(world)
    made = await asyncio.gather(
        *(schedule_checks(store, world.market) for store in (world.store, second.store))
    )
    assert sum(made) == 1
