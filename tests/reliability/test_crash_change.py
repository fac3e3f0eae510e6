"""Killed while a change of a live portfolio takes effect: it is made once or not at all, and everybody is told once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.application.ask_for_change import ask_for_change
from core.application.settle_changes import settle_changes
from core.domain.change import NOTICE, ChangeState
from core.domain.change_kinds import TargetsChange
from core.domain.outbox import MessageKind
from core.domain.portfolio import Rung
from core.domain.targets import TargetAllocation
from tests.application.acts import HALVES, drifted, let_in, told
from tests.application.live_world import live_world, stand_on
from tests.fakes.store import make_store
from tests.reliability.crashing import CrashingStore, Fuse, Killed

OTHER = TargetAllocation.of({"AAA": 80, "BBB": 20})


async def life(folder: Path, fuse: Fuse) -> None:
    """Asked for; a day later settled by a process that is killed where the fuse says, and by the next one."""
    async with live_world(folder) as world:
        anna, portfolio_id = await drifted(world)
        await let_in(world, portfolio_id)
        await stand_on(world, anna, Rung.LIVE_CAPPED)
        async with world.store.begin() as work:
            what = TargetsChange(TargetAllocation.of(HALVES), OTHER)
            now = world.clock.now()
            change = await work.changes.draft(portfolio_id, what, by=anna.id, at=now)
        await ask_for_change(world.store, world.clock, member=anna, change_id=change.id)
        world.pass_time(NOTICE)
        try:
            await settle_changes(replace(world.desk, store=CrashingStore(world.store, fuse)))
        except Killed:
            store = await make_store(folder)
            try:
                await settle_changes(replace(world.desk, store=store, holder="test:2"))
            finally:
                await store.aclose()
        async with world.store.read() as work:
            settled = await work.changes.get(change.id)
            managed = await work.portfolios.get(portfolio_id)
            events = await work.log.events(portfolio_id, 100)
        assert settled is not None
        assert settled.state is ChangeState.IN_FORCE
        assert managed.targets == OTHER
        assert [event.kind for event in events].count("targets_set") == 2, "at set-up, and now"
        news = [item.chat_id for item in await told(world) if item.kind is MessageKind.CHANGE_TOLD]
        assert len(news) == len(set(news)) == 2


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def test_a_kill_at_any_point_leaves_a_change_made_once(tmp_path: Path) -> None:
    whole = Fuse()
    await life(made(tmp_path / "undisturbed"), whole)
    assert whole.passed
    for number in range(1, len(whole.passed) + 1):
        await life(made(tmp_path / str(number)), Fuse(number))
