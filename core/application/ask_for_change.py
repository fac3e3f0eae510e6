"""Ask: a change of a live portfolio that was made out is asked for; everybody hears of it, and its day begins."""

from __future__ import annotations

from datetime import datetime

from core.application.answer_change import keep_answer, move, restate, tell_change
from core.application.hold_back import hold_back
from core.application.one_time_codes import NO_PROOF, Proof, Subject, check_code
from core.application.show_change import ChangeView, change_for, change_view
from core.domain.approval import roles_of
from core.domain.change import (
    DRAFT_KEPT,
    NOTICE,
    AnswerKind,
    ChangeState,
    PendingChange,
)
from core.domain.change_kinds import What, concerned, still_holds
from core.domain.ids import ChangeId
from core.domain.membership import Member, Membership, Role
from core.domain.permissions import Act, may, require
from core.domain.portfolio import ManagedPortfolio
from core.domain.refusals import ChangeOver, NotTheAsker
from core.ports.clock import Clock
from core.ports.store import Store, UnitOfWork


async def ask_for_change(
    store: Store, clock: Clock, *, member: Member, change_id: ChangeId, proof: Proof = NO_PROOF
) -> ChangeView:
    """Ask for a change that one has made out; who may approve agrees thereby.

    Raises UnknownChange, NotAllowed, NotTheAsker, or ChangeOver for one that is asked for already, that is older than
    a day, or that would change what is not as it was any more; and of a member with one-time codes what an approval of
    real money raises.
    """
    now = clock.now()
    async with store.begin() as work:
        change, role = await change_for(work, member, change_id)
        if member.id != change.asked_by:
            raise NotTheAsker(change.id)
        await _require_askable(work, change, role, now)
        about = Subject(change.portfolio_id, change_id=change.id)
        refused = await check_code(work, proof, member=member, about=about, is_real=True, now=now)
        if refused is None:
            await _ask(work, change, member, role, now, agrees=True)
            return await change_view(work, change_id)
    raise refused


async def ask_instead(
    work: UnitOfWork, managed: ManagedPortfolio, what: What, asker: Membership, now: datetime
) -> bool:
    """Ask at once, in somebody's name, for what may not be made at once; False where it may."""
    held = await hold_back(work, managed, what, asker.member, now)
    if held is None:
        return False
    change, role = await change_for(work, asker.member, ChangeId(held.change))
    await ask_within(work, change, asker.member, role, now)
    return True


async def ask_within(
    work: UnitOfWork, change: PendingChange, member: Member, role: Role | None, now: datetime
) -> PendingChange:
    """Ask for a change in somebody's name, inside the caller's unit of work; raises as ``ask_for_change`` does.

    Who has one-time codes does not agree thereby: that takes a code.
    """
    await _require_askable(work, change, role, now)
    has_codes = await work.codes.of(member.id) is not None
    return await _ask(work, change, member, role, now, agrees=not has_codes)


async def _require_askable(
    work: UnitOfWork, change: PendingChange, role: Role | None, now: datetime
) -> None:
    require(role, Act.ASK_FOR_CHANGE)
    require(role, change.what.act)
    if change.state is not ChangeState.DRAFTED:
        raise ChangeOver(change.id, change.state)
    if now - change.drafted_at > DRAFT_KEPT:
        raise ChangeOver(change.id, ChangeState.LAPSED)
    managed = await work.portfolios.get(change.portfolio_id)
    roles = roles_of(await work.people.memberships(change.portfolio_id))
    if not still_holds(change.what, managed, roles):
        raise ChangeOver(change.id, ChangeState.OVERTAKEN)


async def _ask(
    work: UnitOfWork,
    change: PendingChange,
    member: Member,
    role: Role | None,
    now: datetime,
    *,
    agrees: bool,
) -> PendingChange:
    change = await move(
        work, change, ChangeState.ASKED, now, by=member, takes_effect_at=now + NOTICE
    )
    is_concerned = member.id in concerned(change.what)
    if agrees and may(role, Act.AGREE_TO_CHANGE) and not is_concerned:
        change = await keep_answer(work, change, member, AnswerKind.AGREE, now)
        change = await restate(work, change, now, by=member)
    await tell_change(work, change, now, is_new=True)
    return change
