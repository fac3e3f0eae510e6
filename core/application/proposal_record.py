"""Record: what can be proven about a proposal: plan and hash, prices shown and found again, who, when, every order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from core.application.access import proposal_for
from core.application.market import Moment
from core.application.show_proposal import ProposalView, view_of
from core.domain.ids import ProposalId, Symbol
from core.domain.membership import Member
from core.domain.order import Order
from core.domain.portfolio import Snapshot
from core.domain.proposal import Proposal
from core.ports.store import AuditEvent, Store

RECHECKED = "rechecked"
"""The kind of audit event that keeps the prices which an approval was held against."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """One look before anything was sent: at which plan, when by the market's clock, and the price of each symbol."""

    plan_hash: str
    market_at: datetime
    prices: Mapping[Symbol, Decimal]


@dataclass(frozen=True, slots=True)
class ProposalRecord:
    """A proposal with every re-check of it, oldest first, and every order ever made for it, of all attempts."""

    view: ProposalView
    rechecks: tuple[Recheck, ...]
    orders: tuple[Order, ...]


async def proposal_record(
    store: Store, *, member: Member, proposal_id: ProposalId
) -> ProposalRecord:
    """Return the record of a proposal that the member may see; raises UnknownProposal."""
    async with store.read() as work:
        proposal, _ = await proposal_for(work, member, proposal_id)
        events = await work.log.of_proposal(proposal.portfolio_id, proposal_id)
        return ProposalRecord(
            await view_of(work, proposal_id),
            _rechecks(events),
            await work.orders.of_proposal(proposal_id),
        )


def recheck_event(
    proposal: Proposal, snapshot: Snapshot, moment: Moment, now: datetime
) -> AuditEvent:
    """What the audit log keeps of a re-check: the plan's hash, and the price found for everything it trades."""
    found = {t.symbol: f"{snapshot.prices[t.symbol]}" for t in proposal.revision.plan.trades}
    data = {
        "plan": proposal.revision.plan_hash,
        "market_at": moment.now.isoformat(),
        "prices": found,
    }
    return AuditEvent(
        now, RECHECKED, None, proposal.portfolio_id, proposal.id, json.dumps(data, sort_keys=True)
    )


def _rechecks(events: Sequence[AuditEvent]) -> tuple[Recheck, ...]:
    found = [_read(event.data) for event in events if event.kind == RECHECKED]
    return tuple(recheck for recheck in found if recheck is not None)


def _read(data: str) -> Recheck | None:
    """An event's data; None where another version wrote it in another way."""
    try:
        kept = json.loads(data)
        prices = {Symbol(symbol): Decimal(price) for symbol, price in kept["prices"].items()}
        return Recheck(kept["plan"], datetime.fromisoformat(kept["market_at"]), prices)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
        return None
