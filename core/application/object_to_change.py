"""Object: one person who may approve is against a change of a live portfolio, which ends it."""

from __future__ import annotations

from core.application.answer_change import keep_answer, move, tell_change
from core.application.show_change import ChangeView, change_for, change_view
from core.domain.change import AnswerKind, ChangeState, require_may_object
from core.domain.ids import ChangeId
from core.domain.membership import Member
from core.ports.clock import Clock
from core.ports.store import Store


async def object_to_change(
    store: Store, clock: Clock, *, member: Member, change_id: ChangeId
) -> ChangeView:
    """End a change by an objection, and tell everybody whose it is.

    Raises UnknownChange, NotAllowed, ChangeOver or OwnRights.
    """
    now = clock.now()
    async with store.begin() as work:
        change, role = await change_for(work, member, change_id)
        require_may_object(change, member.id, role)
        change = await keep_answer(work, change, member, AnswerKind.OBJECT, now)
        change = await move(work, change, ChangeState.OBJECTED, now, by=member)
        await tell_change(work, change, now)
        return await change_view(work, change_id)
