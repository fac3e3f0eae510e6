"""A store without room, or held by somebody else: nothing is sent that was not written down, and all goes on later."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from core.application.desk import Desk
from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.domain.order import OrderState
from core.domain.proposal import Proposal, ProposalState
from core.ports.store import Store, UnitOfWork
from core.ports.store_errors import StoreBusy, StoreError, StoreFull
from tests.application.acts import approved, view
from tests.fakes.store import make_store
from tests.fakes.world import World, small_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with small_world(tmp_path) as made:
        yield made


@dataclass
class FullStore:
    """A store that keeps so many units of work, and has no room for another one until some is made."""

    inner: Store
    world: World
    room: int
    sent_before: int | None = None
    """How many orders had been sent when a unit of work was first refused."""

    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._begin()

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self.inner.read()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[UnitOfWork]:
        async with self.inner.begin() as work:
            yield work
            self.room -= 1
            if self.room < 0:
                if self.sent_before is None:
                    self.sent_before = len(self.world.broker.submits)
                raise StoreFull("scripted: no room")


@pytest.mark.slow
@pytest.mark.fault(60)
async def test_at_whatever_commit_the_room_ends_nothing_is_sent_afterwards(tmp_path: Path) -> None:
    for room in range(100):
        folder = tmp_path / str(room)
        folder.mkdir()
        async with small_world(folder) as world:
            if await carried_out_with(world, room):
                assert room > 10
                return
    pytest.fail("it never came to an end")


async def carried_out_with(world: World, room: int) -> bool:
    """Carry out a plan with room for so many commits; once more is made it is done, each order sent once."""
    _, proposal = await approved(world)
    store = FullStore(world.store, world, room)
    desk = replace(world.desk, store=store)
    await rounds(desk)
    await rounds(desk)
    if store.sent_before is not None:
        assert len(world.broker.submits) == store.sent_before
    await require_written_down(world, proposal)
    is_undisturbed = store.sent_before is None
    store.room = 1000
    for _ in range(3):
        await rounds(desk)
    await require_done_once(world, proposal)
    return is_undisturbed


async def rounds(desk: Desk) -> None:
    with suppress(StoreError):
        await reconcile(desk)
    with suppress(StoreError):
        await execute_approved(desk)


async def require_written_down(world: World, proposal: Proposal) -> None:
    """I2: every order at the broker was noted as being sent, in a commit before it."""
    noted = {
        order.client_order_id
        for order in (await view(world, proposal)).orders
        if order.state is not OrderState.INTENDED
    }
    assert {sent.client_order_id for sent in world.broker.submits} <= noted


async def require_done_once(world: World, proposal: Proposal) -> None:
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE
    assert len(world.broker.orders) == 2
    assert set(Counter(order.client_order_id for order in world.broker.orders).values()) == {1}


@pytest.mark.fault(59)
async def test_a_store_that_another_process_holds_sends_nothing_and_is_tried_again(
    world: World, tmp_path: Path
) -> None:
    _, proposal = await approved(world)
    store = await make_store(tmp_path, patience=0.05)
    desk = replace(world.desk, store=store)
    with closing(sqlite3.connect(tmp_path / "evenkeel.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with suppress(StoreBusy):
            assert await execute_approved(desk) == 0
        assert world.broker.submits == []
        other.execute("ROLLBACK")
    assert await execute_approved(desk) == 1
    await store.aclose()
    await require_done_once(world, proposal)
