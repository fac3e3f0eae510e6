"""Killed on the ladder: a dry run sends nothing whatever happens to it, and a live order never goes before its undo."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.application.desk import Desk
from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.application.sending_time import UNDO
from core.domain.order import OrderState
from core.domain.portfolio import Rung
from core.domain.proposal import Proposal, ProposalState
from core.domain.report import was_dry_run
from tests.application.acts import view
from tests.application.live_world import approve, drifted_on, live_world
from tests.fakes.store import make_store
from tests.fakes.world import World
from tests.reliability.crashing import (
    CrashingBrokers,
    CrashingPrices,
    CrashingStore,
    Fuse,
    Killed,
)
from tests.reliability.profile import by_profile

NEXT_PROCESS = timedelta(minutes=2)
"""So late the next process has the account: the lease of the one that was killed has lapsed by then."""


def breakable(world: World, fuse: Fuse) -> Desk:
    """The desk of a process that ends where the fuse burns through."""
    return replace(
        world.desk,
        store=CrashingStore(world.store, fuse),
        brokers=CrashingBrokers(world.brokers, fuse),
        market=replace(world.market, prices=CrashingPrices(world.prices, fuse)),
    )


async def carry_out(desk: Desk) -> None:
    """What a process does from its start on."""
    await reconcile(desk)
    for _ in range(4):
        await execute_approved(desk)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def life(folder: Path, rung: Rung, fuse: Fuse) -> tuple[World, Proposal]:
    """Approved; killed where the fuse says; started again, first in the time of the undo, then after it."""
    async with live_world(made(folder)) as world:
        anna, proposal = await drifted_on(world, rung)
        await approve(world, anna, proposal)
        if rung is not Rung.DRY_RUN:
            world.pass_time(UNDO - timedelta(seconds=1))
            await carry_out(world.desk)
            assert world.broker.submits == [], "before the undo was over"
            world.pass_time(timedelta(seconds=1))
        try:
            await carry_out(breakable(world, fuse))
        except Killed:
            world.pass_time(NEXT_PROCESS)
            store = await make_store(folder)
            try:
                await carry_out(replace(world.desk, store=store, holder="test:2"))
            finally:
                await store.aclose()
        shown = await view(world, proposal)
        assert shown.proposal.state is ProposalState.DONE, fuse.passed[-1:]
        if rung is Rung.DRY_RUN:
            assert world.broker.submits == []
            assert was_dry_run(shown.orders)
        else:
            sent = [order.client_order_id for order in world.broker.orders]
            assert len(sent) == len(set(sent)) == 2
            assert [order.state for order in shown.orders] == [OrderState.FILLED] * 2
        return world, proposal


@pytest.mark.fault(1, 76)
@pytest.mark.slow
@pytest.mark.parametrize("rung", [Rung.DRY_RUN, Rung.LIVE])
async def test_a_kill_at_any_point_sends_nothing_more_and_nothing_sooner(
    tmp_path: Path, rung: Rung
) -> None:
    whole = Fuse()
    await life(tmp_path / "undisturbed", rung, whole)
    assert len(whole.passed) > 20
    stride = by_profile(quick=13, full=1)
    for number in range(1, len(whole.passed) + 1, stride):
        await life(tmp_path / str(number), rung, Fuse(number))
