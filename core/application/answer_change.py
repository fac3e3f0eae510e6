"""Answer: what every answer to a change of a live portfolio does: it is kept, the change moves, and people are told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from core.application.tell_channels import enqueue
from core.domain.approval import roles_of
from core.domain.change import ENDS, Answer, AnswerKind, ChangeState, PendingChange, require_move
from core.domain.change_kinds import AccountConnected, concerned
from core.domain.ids import ChangeId, ChatId, MemberId
from core.domain.membership import Member
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.refusals import ChangeOver, UnknownChange
from core.ports.store import AuditEvent, UnitOfWork


async def reload(work: UnitOfWork, change_id: ChangeId) -> PendingChange:
    """A change as it is now; raises UnknownChange."""
    change = await work.changes.get(change_id)
    if change is None:
        raise UnknownChange(change_id)
    return change


async def move(
    work: UnitOfWork,
    change: PendingChange,
    after: ChangeState,
    now: datetime,
    *,
    by: Member | None = None,
    takes_effect_at: datetime | None = None,
) -> PendingChange:
    """Move a change on, and leave a line in the log; raises ChangeOver where somebody was quicker.

    Keys that were kept for a change which comes to nothing are forgotten.
    """
    require_move(change.state, after)
    if not await work.changes.move(change.id, change.state, after, takes_effect_at=takes_effect_at):
        raise ChangeOver(change.id, (await reload(work, change.id)).state)
    if after in ENDS and isinstance(change.what, AccountConnected):
        await work.credentials.remove(change.what.credential_id)
    await _note(work, change, f"change_{after}", now, by)
    return await reload(work, change.id)


async def keep_answer(
    work: UnitOfWork, change: PendingChange, member: Member, kind: AnswerKind, now: datetime
) -> PendingChange:
    """Keep what a member said, and leave a line in the log."""
    await work.changes.answer(change.id, Answer(member.id, member.name, kind, now))
    await _note(work, change, f"change_answer_{kind}", now, member)
    return await reload(work, change.id)


async def restate(
    work: UnitOfWork, change: PendingChange, now: datetime, *, by: Member | None = None
) -> PendingChange:
    """Let a change be agreed to, or wait for agreement again, by who agrees and may decide now; tell what is new."""
    managed = await work.portfolios.get(change.portfolio_id)
    roles = roles_of(await work.people.memberships(change.portfolio_id))
    is_agreed = change.is_agreed(managed.policy, roles)
    if is_agreed is (change.state is ChangeState.AGREED):
        return change
    after = ChangeState.AGREED if is_agreed else ChangeState.ASKED
    return await move(work, change, after, now, by=by)


async def tell_change(
    work: UnitOfWork, change: PendingChange, now: datetime, *, is_new: bool = False
) -> None:
    """Tell everybody in the portfolio, and whoever it takes out of it, each in private, where a change stands now."""
    kind = MessageKind.CHANGE_ASKED if is_new else MessageKind.CHANGE_TOLD
    mark = f"{kind}:{change.id}:{change.state}:{len(change.answers)}"
    await enqueue(work, _items(change, kind, mark, await _chats(work, change)), now)


async def remind_of_change(
    work: UnitOfWork, change: PendingChange, among: Collection[MemberId], now: datetime
) -> None:
    """Ask those once more who are still needed for a change."""
    people = [await work.people.member(each) for each in among]
    chats = [ChatId(each.user_id) for each in people]
    mark = f"{MessageKind.CHANGE_ASKED}:{change.id}:again"
    await enqueue(work, _items(change, MessageKind.CHANGE_ASKED, mark, chats), now)


def _items(
    change: PendingChange, kind: MessageKind, mark: str, chats: Collection[ChatId]
) -> list[OutboxItem]:
    is_question = kind is MessageKind.CHANGE_ASKED
    return [
        OutboxItem(
            kind,
            chat,
            f"{mark}:{chat}",
            change.portfolio_id,
            priority=Priority.DECISION if is_question else Priority.REPORT,
            data={"change": str(change.id), "state": change.state.value},
        )
        for chat in chats
    ]


async def end_overtaken(work: UnitOfWork, change: PendingChange, now: datetime) -> None:
    """End a change that waits, because things are not as they were when it was asked for; everybody hears of it."""
    await tell_change(work, await move(work, change, ChangeState.OVERTAKEN, now), now)


async def _chats(work: UnitOfWork, change: PendingChange) -> list[ChatId]:
    members = [each.member for each in await work.people.memberships(change.portfolio_id)]
    known = {each.id for each in members}
    members += [await work.people.member(each) for each in concerned(change.what) - known]
    return [ChatId(each.user_id) for each in members]


async def _note(
    work: UnitOfWork, change: PendingChange, kind: str, now: datetime, by: Member | None
) -> None:
    who = None if by is None else by.id
    await work.log.record(AuditEvent(now, kind, who, change.portfolio_id, data=f"{change.id}"))
