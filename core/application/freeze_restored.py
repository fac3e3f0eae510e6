"""Restored: a store put back from a backup does not know what came after it, so everything stops first."""

from __future__ import annotations

from core.application.answer_change import end_overtaken
from core.application.change_rung import RungCause, take_all_down
from core.application.stop_all import stop_all
from core.domain.change import PENDING
from core.domain.outbox import MessageKind
from core.ports.clock import Clock
from core.ports.store import Store


async def freeze_restored(store: Store, clock: Clock) -> int:
    """Pause every portfolio of a restored store, whosever it is, and tell its owners, once; returns how many there are.

    Nothing that was confirmed before stands any more: live accounts are dry runs until an owner confirms anew. Changes
    that waited are over: what was said to them after the backup is not known.
    """
    async with store.begin() as work:
        restored_at = await work.people.restored_at()
        if restored_at is None:
            return 0
        portfolios = await work.portfolios.every()
        await stop_all(
            work,
            portfolios,
            clock.now(),
            kind=MessageKind.RESTORED,
            event="paused_after_restore",
            mark=restored_at.isoformat(),
        )
        await take_all_down(work, RungCause.RESTORED, clock.now())
        for change in await work.changes.in_states(PENDING):
            await end_overtaken(work, change, clock.now())
        await work.people.acknowledge_restore()
    return len(portfolios)
