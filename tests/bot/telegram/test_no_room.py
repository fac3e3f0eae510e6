"""A full disk under a running bot: it says so, sends nothing, and goes on once there is room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.runtime import Runtime
from core.domain.ids import ProposalId
from core.domain.proposal import ProposalState
from core.ports.store import Store, UnitOfWork
from core.ports.store_errors import StoreFull
from tests.bot.telegram.stage import ANNA, stage

NO_ROOM = "There is no room left where the store is kept. Nothing was changed; make room."


@dataclass
class FillingStore:
    """A store whose commits fail while the disk is full."""

    inner: Store
    is_full: bool = False

    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._begin()

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self.inner.read()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[UnitOfWork]:
        async with self.inner.begin() as work:
            yield work
            if self.is_full:
                raise StoreFull(NO_ROOM)


@pytest.mark.fault(60)
async def test_without_room_a_tap_is_answered_with_that_and_works_when_there_is_some(
    tmp_path: Path,
) -> None:
    stores: list[FillingStore] = []

    def fill(runtime: Runtime) -> Runtime:
        stores.append(FillingStore(runtime.store))
        return replace(runtime, store=stores[0])

    async with stage(tmp_path, adapt=fill) as bot:
        proposal = await bot.set_up()
        [store] = stores
        store.is_full = True
        told = await bot.tap(ANNA, proposal, "Approve", NO_ROOM)
        assert "Incident" not in told.text
        async with bot.runtime.store.read() as work:
            found = await work.proposals.get(ProposalId(1))
            assert found is not None
            assert found.state is ProposalState.OPEN
            assert await work.orders.of_proposal(ProposalId(1)) == ()
        store.is_full = False
        await bot.tap(ANNA, proposal, "Approve", "Done.", "Bought")
