"""Change a rung: what every step on the ladder does to an account, and whom it tells."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from core.application.desk import Desk
from core.application.propose import supersede
from core.application.tell_channels import enqueue
from core.domain.ids import ChatId, PortfolioId
from core.domain.ladder import LIVE_RUNGS, TradingMode
from core.domain.membership import Member
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.permissions import Act, may
from core.domain.portfolio import Account, Rung
from core.ports.store import AuditEvent, UnitOfWork


class RungCause(StrEnum):
    """Why an account is on another rung now."""

    CONFIRMED = "confirmed"
    ASKED = "asked"
    PAPER_MODE = "paper_mode"
    RESTORED = "restored"


async def change_rung(
    work: UnitOfWork,
    account: Account,
    rung: Rung,
    cause: RungCause,
    now: datetime,
    by: Member | None = None,
) -> None:
    """Put an account on a rung, inside the caller's unit of work.

    What was confirmed before does not stand any more. Proposals that were shown under the old rung are superseded: an
    approval is for orders as real as the message said. Everybody who may approve is told, but for who did it.
    """
    await work.ladder.set_rung(account.id, rung)
    await work.ladder.end_confirmation(account.id, now)
    await supersede(work, account.portfolio_id, now)
    data = f"{account.rung} → {rung} ({cause})"
    await work.log.record(
        AuditEvent(now, "rung_changed", by.id if by else None, account.portfolio_id, data=data)
    )
    notices = await _notices(work, account, rung, cause, now, by)
    await enqueue(work, notices, now)


async def _notices(
    work: UnitOfWork,
    account: Account,
    rung: Rung,
    cause: RungCause,
    now: datetime,
    by: Member | None,
) -> list[OutboxItem]:
    mark = f"rung:{account.id}:{rung}:{cause}:{now.isoformat()}"
    data = {"cause": cause.value, "before": account.rung.value, "rung": rung.value}
    data["account"] = f"{account.id}"
    if by is not None:
        data["member_name"] = by.name
    return [
        OutboxItem(
            MessageKind.RUNG_CHANGED,
            chat,
            f"{mark}:{chat}",
            account.portfolio_id,
            priority=Priority.DECISION,
            data=data,
        )
        for chat in await _to_be_told(work, account.portfolio_id, by)
    ]


async def _to_be_told(
    work: UnitOfWork, portfolio_id: PortfolioId, by: Member | None
) -> list[ChatId]:
    members = await work.people.memberships(portfolio_id)
    return [
        ChatId(m.member.user_id)
        for m in members
        if may(m.role, Act.APPROVE) and (by is None or m.member.id != by.id)
    ]


async def take_all_down(work: UnitOfWork, cause: RungCause, now: datetime) -> int:
    """Take every account on a live rung down to a dry run; returns how many were."""
    live = await work.ladder.accounts_on(LIVE_RUNGS)
    for account in live:
        await change_rung(work, account, Rung.DRY_RUN, cause, now)
    return len(live)


async def keep_the_ceiling(desk: Desk) -> int:
    """At a start: in an installation for paper no account stays on a live rung, so that live is confirmed anew."""
    if desk.mode is TradingMode.LIVE:
        return 0
    async with desk.store.read() as work:
        if not await work.ladder.accounts_on(LIVE_RUNGS):
            return 0
    async with desk.store.begin() as work:
        return await take_all_down(work, RungCause.PAPER_MODE, desk.clock.now())
