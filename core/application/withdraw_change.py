"""Withdraw: whoever asked for a change of a live portfolio, or only made it out, drops it."""

from __future__ import annotations

from core.application.answer_change import keep_answer, move, tell_change
from core.application.show_change import ChangeView, change_for, change_view
from core.domain.change import AnswerKind, ChangeState, require_may_withdraw
from core.domain.ids import ChangeId
from core.domain.membership import Member
from core.ports.clock import Clock
from core.ports.store import Store


async def withdraw_change(
    store: Store, clock: Clock, *, member: Member, change_id: ChangeId
) -> ChangeView:
    """Drop a change of one's own; everybody who was told of it hears that too.

    Raises UnknownChange, NotAllowed, ChangeOver or NotTheAsker.
    """
    now = clock.now()
    async with store.begin() as work:
        change, role = await change_for(work, member, change_id)
        require_may_withdraw(change, member.id, role)
        was_asked = change.state is not ChangeState.DRAFTED
        change = await keep_answer(work, change, member, AnswerKind.WITHDRAW, now)
        change = await move(work, change, ChangeState.WITHDRAWN, now, by=member)
        if was_asked:
            await tell_change(work, change, now)
        return await change_view(work, change_id)
