"""Agree: somebody who may approve is for a change of a live portfolio, or takes that back before it is in force."""

from __future__ import annotations

from datetime import datetime

from core.application.answer_change import keep_answer, restate, tell_change
from core.application.one_time_codes import NO_PROOF, Proof, Subject, check_code
from core.application.show_change import ChangeView, change_for, change_view
from core.domain.change import (
    AnswerKind,
    PendingChange,
    require_may_agree,
    require_may_take_back,
)
from core.domain.ids import ChangeId
from core.domain.membership import Member
from core.ports.clock import Clock
from core.ports.store import Store, UnitOfWork


async def agree_to_change(
    store: Store, clock: Clock, *, member: Member, change_id: ChangeId, proof: Proof = NO_PROOF
) -> ChangeView:
    """Agree; with the last agreement needed everybody is told.

    Raises UnknownChange, NotAllowed, ChangeOver, OwnRights or AlreadyAgreed; and of a member with one-time codes what
    an approval of real money raises.
    """
    now = clock.now()
    async with store.begin() as work:
        change, role = await change_for(work, member, change_id)
        require_may_agree(change, member.id, role)
        about = Subject(change.portfolio_id, change_id=change.id)
        refused = await check_code(work, proof, member=member, about=about, is_real=True, now=now)
        if refused is None:
            return await _say(work, change, member, AnswerKind.AGREE, now)
    raise refused


async def take_agreement_back(
    store: Store, clock: Clock, *, member: Member, change_id: ChangeId
) -> ChangeView:
    """Take one's agreement back; where too few are left, everybody is told that more are needed again.

    Raises UnknownChange, NotAllowed, ChangeOver or NotAgreed.
    """
    async with store.begin() as work:
        change, role = await change_for(work, member, change_id)
        require_may_take_back(change, member.id, role)
        return await _say(work, change, member, AnswerKind.TAKE_BACK, clock.now())


async def _say(
    work: UnitOfWork, change: PendingChange, member: Member, kind: AnswerKind, now: datetime
) -> ChangeView:
    before = change.state
    change = await keep_answer(work, change, member, kind, now)
    change = await restate(work, change, now, by=member)
    if change.state is not before:
        await tell_change(work, change, now)
    return await change_view(work, change.id)
