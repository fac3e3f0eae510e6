"""Settle: changes of live portfolios whose day is over take effect, once each, or end; forgotten drafts lapse.

Who is still needed for one hears of it once more before its day is over.

Everything is asked again then, in the transaction that makes the change: who may decide now and agrees, whether whoever
asked still may, and whether what is changed is what it was. Killed before that transaction is over, nothing was done.
"""

from __future__ import annotations

import logging
from datetime import datetime

from core.application.answer_change import (
    end_overtaken,
    move,
    reload,
    remind_of_change,
    restate,
    tell_change,
)
from core.application.desk import Desk
from core.application.put_in_force import Instants, finish, look_before, put_in_force
from core.application.show_change import change_view
from core.domain.change import (
    DRAFT_KEPT,
    NOTICE,
    PENDING,
    REMIND_BEFORE,
    ChangeState,
    PendingChange,
)
from core.domain.ids import ChangeId
from core.domain.portfolio import ManagedAccount
from core.domain.refusals import BrokerDown, OrdersUnderWay, Refusal
from core.ports.store import UnitOfWork
from core.ports.store_errors import StoreError

PASSING = (BrokerDown, OrdersUnderWay)
"""What stands against a change for a while: it is tried again, for a day at the most."""

log = logging.getLogger(__name__)


async def settle_changes(desk: Desk) -> int:
    """Settle everything that is due by the wall's clock, and return how many changes came to their end."""
    now = desk.clock.now()
    async with desk.store.read() as work:
        due = await work.changes.due(now)
        late = await work.changes.to_remind(now + REMIND_BEFORE)
        forgotten = await work.changes.drafted_before(now - DRAFT_KEPT)
    if forgotten:
        await _forget(desk, forgotten, now)
    settled = 0
    for change_id in due:
        try:
            settled += await _settle(desk, change_id, now)
        except StoreError:
            raise
        except Exception:
            log.exception("change %s could not be settled", change_id)
    if late:
        await _remind(desk, late, now)
    return settled


async def _remind(desk: Desk, late: tuple[ChangeId, ...], now: datetime) -> None:
    async with desk.store.begin() as work:
        for change_id in late:
            view = await change_view(work, change_id)
            is_waiting = view.change.state is ChangeState.ASKED
            if is_waiting and await work.changes.reminded(change_id, now):
                await remind_of_change(work, view.change, view.still.among, now)


async def _forget(desk: Desk, drafts: tuple[ChangeId, ...], now: datetime) -> None:
    async with desk.store.begin() as work:
        for change_id in drafts:
            draft = await reload(work, change_id)
            if draft.state is ChangeState.DRAFTED:
                await move(work, draft, ChangeState.LAPSED, now)


async def _settle(desk: Desk, change_id: ChangeId, now: datetime) -> bool:
    """Put a change in force, or end it; False where it has to be tried again, or somebody else has settled it."""
    at = Instants(now, await desk.market.clock.now())
    async with desk.store.read() as work:
        change = await reload(work, change_id)
    try:
        await look_before(desk, change)
        return await _put(desk, change_id, at)
    except PASSING as refusal:
        since = change.takes_effect_at or now
        if now - since <= NOTICE:
            log.warning("change %s waits: %s", change_id, refusal)
            return False
        return await _overtake(desk, change_id, refusal, now)
    except Refusal as refusal:
        return await _overtake(desk, change_id, refusal, now)


async def _put(desk: Desk, change_id: ChangeId, at: Instants) -> bool:
    added: ManagedAccount | None = None
    async with desk.store.begin() as work:
        change = await _still_due(work, change_id, at.wall)
        if change is None:
            return False
        if change.state is ChangeState.AGREED:
            change = await move(work, change, ChangeState.IN_FORCE, at.wall)
            added = await put_in_force(work, desk, change, at)
        else:
            change = await move(work, change, ChangeState.LAPSED, at.wall)
        await tell_change(work, change, at.wall)
    await finish(desk, change, added)
    return True


async def _still_due(work: UnitOfWork, change_id: ChangeId, now: datetime) -> PendingChange | None:
    """The change as those agree to it who may decide now; None where somebody else has settled it."""
    change = await reload(work, change_id)
    if change.state not in PENDING or not change.is_due(now):
        return None
    return await restate(work, change, now)


async def _overtake(desk: Desk, change_id: ChangeId, refusal: Refusal, now: datetime) -> bool:
    """End a change that cannot be made (any more)."""
    async with desk.store.begin() as work:
        change = await reload(work, change_id)
        if change.state not in PENDING:
            return False
        log.info("change %s cannot be made: %s", change_id, refusal)
        await end_overtaken(work, change, now)
    return True
