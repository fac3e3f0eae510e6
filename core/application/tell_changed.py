"""Tell of changes: what others did at the broker, and the proposals that it makes obsolete."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from core.application.propose import end_unsent
from core.application.tell import deciders
from core.application.tell_channels import enqueue
from core.domain.ids import AccountId, ProposalId, Symbol
from core.domain.look import HeldChange, changes_as_text
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.portfolio import ManagedAccount
from core.domain.proposal import Proposal, ProposalState
from core.ports.store import AuditEvent, UnitOfWork

MOST_TOLD = 20
"""So many changes are told one by one; of the others, how many they are."""

OBSOLETE = frozenset({ProposalState.OPEN, ProposalState.REJECTED})
"""What ends when it was made from other holdings. What is approved is asked about again by its own re-check."""


async def tell_changed(
    work: UnitOfWork,
    managed: ManagedAccount,
    changes: Sequence[HeldChange],
    held: Mapping[Symbol, Decimal],
    now: datetime,
) -> None:
    """Say once what changed without us; end what was proposed from other holdings than those that are ``held``."""
    portfolio = managed.portfolio
    ended = await _end_obsolete(work, managed, held, now)
    text = changes_as_text(changes[:MOST_TOLD])
    data = {
        "changes": text,
        "more": str(max(len(changes) - MOST_TOLD, 0)),
        "ended": " ".join(map(str, ended)),
        "account": f"{managed.account.id}",
    }
    mark = f"{MessageKind.HOLDINGS_CHANGED}:{managed.account.id}:{now.isoformat()}"
    items = [
        OutboxItem(MessageKind.HOLDINGS_CHANGED, chat, f"{mark}:{chat}", portfolio.id, data=data)
        for chat in await deciders(work, portfolio)
    ]
    await enqueue(work, items, now)
    await work.log.record(AuditEvent(now, "holdings_changed", None, portfolio.id, data=text[:500]))


async def _end_obsolete(
    work: UnitOfWork,
    managed: ManagedAccount,
    held: Mapping[Symbol, Decimal],
    now: datetime,
) -> tuple[ProposalId, ...]:
    waiting = await work.proposals.in_states(OBSOLETE, managed.portfolio.id)
    is_open = {proposal.id for proposal in waiting if proposal.state is ProposalState.OPEN}
    was_other = [p for p in waiting if _is_obsolete(p, managed.account.id, held)]
    ended = await end_unsent(work, was_other, now)
    return tuple(number for number in ended if number in is_open)


def _is_obsolete(proposal: Proposal, account_id: AccountId, held: Mapping[Symbol, Decimal]) -> bool:
    was = proposal.revision.snapshot.of(account_id).holdings.positions
    return {s: q for s, q in was.items() if q} != {s: q for s, q in held.items() if q}


async def tell_foreign(
    work: UnitOfWork,
    managed: ManagedAccount,
    foreign: Collection[Symbol],
    held: Collection[Symbol],
    now: datetime,
) -> None:
    """Say, at most once a day, which symbols are left alone because of somebody else's open order."""
    targets = managed.targets.symbols if managed.targets else ()
    symbols = sorted({*targets, *held} & set(foreign))
    if not symbols:
        return
    names = " ".join(symbols)
    mark = f"{MessageKind.FOREIGN_ORDERS}:{managed.account.id}:{now.date()}:{names}"
    items = [
        OutboxItem(
            MessageKind.FOREIGN_ORDERS,
            chat,
            f"{mark}:{chat}",
            managed.portfolio.id,
            data={"symbols": names, "account": f"{managed.account.id}"},
        )
        for chat in await deciders(work, managed.portfolio)
    ]
    if await enqueue(work, items, now):
        await work.log.record(
            AuditEvent(now, "foreign_orders", None, managed.portfolio.id, data=names[:500])
        )
