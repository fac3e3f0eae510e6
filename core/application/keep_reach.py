"""Keep reach: whom messages reach, and who is told when somebody is out of reach, or back."""

from __future__ import annotations

from datetime import datetime

from core.application.hold_account import owners
from core.application.tell import refresh_copies
from core.application.tell_channels import enqueue
from core.domain.ids import ChatId, PortfolioId
from core.domain.membership import Member
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.proposal import ProposalState
from core.ports.store import AuditEvent, UnitOfWork


async def note_reach(
    work: UnitOfWork, member: Member, now: datetime, *, reachable: bool, tell: bool = True
) -> bool:
    """Remember whether messages reach a member; False where that was known.

    Each other owner of their portfolios is told once, however many of those there are; not of somebody who was
    never reached before (without ``tell``). Open proposals in groups name who must open a chat: they are edited.
    """
    present = await work.people.member(member.id)
    if present.is_reachable is reachable:
        return False
    await work.people.set_reachable(member.id, reachable=reachable)
    kind = "reachable" if reachable else "unreachable"
    await work.log.record(AuditEvent(now, kind, member.id))
    if tell:
        await enqueue(work, await _notices(work, member, now, reachable=reachable), now)
    await _edit_open(work, member, now)
    return True


async def _notices(
    work: UnitOfWork, member: Member, now: datetime, *, reachable: bool
) -> list[OutboxItem]:
    """One notice to each other owner, about the first portfolio that they share with the member."""
    shared: dict[ChatId, PortfolioId] = {}
    for portfolio in await work.portfolios.of_member(member.id):
        for chat in await owners(work, portfolio):
            shared.setdefault(chat, portfolio.id)
    shared.pop(ChatId(member.user_id), None)
    kind = MessageKind.REACHABLE if reachable else MessageKind.UNREACHABLE
    return [
        OutboxItem(
            kind,
            chat,
            f"{kind}:{member.id}:{now.isoformat()}:{chat}",
            portfolio_id,
            data={"member_name": member.name},
        )
        for chat, portfolio_id in shared.items()
    ]


async def _edit_open(work: UnitOfWork, member: Member, now: datetime) -> None:
    mine = [portfolio.id for portfolio in await work.portfolios.of_member(member.id)]
    for proposals in (await work.proposals.blocking(mine)).values():
        for proposal in proposals:
            if proposal.state is ProposalState.OPEN:
                await refresh_copies(work, proposal, now)
