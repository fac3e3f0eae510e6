"""Hold back: a change that loosens or redirects a live portfolio is made out instead of made, to be asked for.

Every use case that changes a portfolio asks here, in the transaction that would change it. What it gets back it raises
once that transaction is over: the draft is kept, and nothing is changed.
"""

from __future__ import annotations

from datetime import datetime

from core.domain.approval import able, still_needed
from core.domain.change import NOTICE, STILL_LIVE, PendingChange
from core.domain.change_kinds import What, concerned
from core.domain.ids import PortfolioId
from core.domain.membership import Member, Membership
from core.domain.policy import Policy
from core.domain.portfolio import ManagedPortfolio
from core.domain.refusals import NeedsAgreement
from core.ports.store import UnitOfWork


async def is_guarded(work: UnitOfWork, portfolio_id: PortfolioId, now: datetime) -> bool:
    """Whether a portfolio trades real money, or did until a short time ago: nobody steps down to change it alone."""
    return await work.ladder.is_live_since(portfolio_id, now - STILL_LIVE)


async def hold_back(
    work: UnitOfWork, managed: ManagedPortfolio, what: What, member: Member, now: datetime
) -> NeedsAgreement | None:
    """Make the change out where it may not be made at once, and say what it takes; None where it may."""
    if not what.loosens or not await is_guarded(work, managed.portfolio.id, now):
        return None
    change = await work.changes.draft(managed.portfolio.id, what, by=member.id, at=now)
    people = await work.people.memberships(managed.portfolio.id)
    return _what_it_takes(change, managed.policy, people, now)


def _what_it_takes(
    change: PendingChange, policy: Policy, people: tuple[Membership, ...], now: datetime
) -> NeedsAgreement:
    approvers = [each for each in able(people) if each not in concerned(change.what)]
    givers = [each for each in approvers if each == change.asked_by]
    still = still_needed(change.need(policy), givers, approvers)
    names = {each.member.id: each.member.name for each in people}
    return NeedsAgreement(
        change.id, still.number, tuple(names[each] for each in still.among), now + NOTICE
    )
