"""Conclude: a plan whose orders are at their end in every account is reported, with the drift that is left."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.application.desk import (
    Desk,
    Grant,
    require_alone,
)
from core.application.follow_harvest import remember_switches
from core.application.follow_settlement import look_after, schedule
from core.application.post import Post
from core.application.recheck_proposal import drift_left
from core.application.send_side import orders_of
from core.application.show_proposal import outcome_document
from core.application.take_snapshot import take_snapshot
from core.application.tell import refresh_copies, tell_deciders
from core.domain.earmark import brought
from core.domain.ids import ProposalId
from core.domain.money import ZERO
from core.domain.order import Order
from core.domain.outbox import MessageKind
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import Refusal
from core.domain.report import outcome_of, sold_as_planned
from core.ports.store import AuditEvent


async def conclude_proposal(
    desk: Desk, posts: Sequence[Post], managed: ManagedPortfolio, proposal: Proposal
) -> bool:
    """End a proposal whose orders are at their end in every account."""
    orders = await orders_of(desk, proposal.id)
    outcome = outcome_of(orders)
    if outcome is ProposalState.EXECUTING:
        return False
    look = look_after(desk.market, managed, orders)
    is_sold = sold_as_planned(proposal.revision.plan.trades, orders)
    for post in posts:
        await _fit_earmark(desk, post.grant, proposal.id, orders)
    drift = await _drift_now(desk, managed)
    document = outcome_document(drift, look.session if look is not None and is_sold else None)
    now = desk.clock.now()
    async with desk.store.begin() as work:
        for post in posts:
            await require_alone(work, desk, post.grant)
        if not await work.proposals.move(
            proposal.id, ProposalState.EXECUTING, outcome, outcome=document
        ):
            return False
        latest = await work.proposals.get(proposal.id)
        if latest is None:
            return False
        if look is not None:
            await schedule(work, look)
        await remember_switches(work, latest)
        await refresh_copies(work, latest, now)
        kind = MessageKind.FROZEN if outcome is ProposalState.FROZEN else MessageKind.REPORT
        await tell_deciders(work, managed.portfolio, latest, kind, str(outcome), now)
        await work.log.record(
            AuditEvent(now, f"ended_{outcome}", None, latest.portfolio_id, latest.id)
        )
    return True


async def _fit_earmark(
    desk: Desk, grant: Grant, proposal_id: ProposalId, orders: tuple[Order, ...]
) -> None:
    """No more is set aside than the sales have brought, as far as it is known by now."""
    async with desk.store.read() as work:
        earmark = await work.earmarks.of_proposal(proposal_id)
        proposal = await work.proposals.get(proposal_id)
    account_id = grant.account_id
    if earmark is None or proposal is None or earmark.account_id != account_id:
        return
    asked = proposal.revision.snapshot.of(account_id).set_aside
    there = min(asked, brought(proposal, account_id, orders))
    if there > ZERO and there != earmark.amount:
        async with desk.store.begin() as work:
            await work.leases.require(grant.name, desk.holder, grant.fence, desk.clock.now())
            await work.earmarks.resize(earmark.id, there)


async def _drift_now(desk: Desk, managed: ManagedPortfolio) -> Decimal | None:
    try:
        moment = await desk.market.moment()
        snapshot = await take_snapshot(desk.store, desk.brokers, desk.market, managed, moment)
    except Refusal:
        return None
    return drift_left(managed, snapshot)
