"""Agree: somebody who may approve is for a change of a live portfolio, or takes that back before it is in force."""

from __future__ import annotations

from collections.abc import Callable

from core.application.answer_change import keep_answer, restate, tell_change
from core.application.show_change import ChangeView, change_for, change_view
from core.domain.change import (
    AnswerKind,
    PendingChange,
    require_may_agree,
    require_may_take_back,
)
from core.domain.ids import ChangeId, MemberId
from core.domain.membership import Member, Role
from core.ports.clock import Clock
from core.ports.store import Store


async def agree_to_change(
    store: Store, clock: Clock, *, member: Member, change_id: ChangeId
) -> ChangeView:
    """Agree; with the last agreement needed everybody is told.

    Raises UnknownChange, NotAllowed, ChangeOver, OwnRights or AlreadyAgreed.
    """
    return await _say(store, clock, member, change_id, AnswerKind.AGREE, require_may_agree)


async def take_agreement_back(
    store: Store, clock: Clock, *, member: Member, change_id: ChangeId
) -> ChangeView:
    """Take one's agreement back; where too few are left, everybody is told that more are needed again.

    Raises UnknownChange, NotAllowed, ChangeOver or NotAgreed.
    """
    return await _say(store, clock, member, change_id, AnswerKind.TAKE_BACK, require_may_take_back)


async def _say(
    store: Store,
    clock: Clock,
    member: Member,
    change_id: ChangeId,
    kind: AnswerKind,
    require_may: Callable[[PendingChange, MemberId, Role | None], None],
) -> ChangeView:
    now = clock.now()
    async with store.begin() as work:
        change, role = await change_for(work, member, change_id)
        require_may(change, member.id, role)
        before = change.state
        change = await keep_answer(work, change, member, kind, now)
        change = await restate(work, change, now, by=member)
        if change.state is not before:
            await tell_change(work, change, now)
        return await change_view(work, change_id)
