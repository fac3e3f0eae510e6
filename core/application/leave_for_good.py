"""Leave: what stops when a member goes, and the going itself: out of one portfolio, or with everything kept of them.

A portfolio whose last owner goes for good is closed. The trail of orders stays: what a former member decided is still
told, without the name.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.application.access import managed_for
from core.application.close_portfolio import Closed, close_within
from core.application.let_go_of_keys import Going, keys_going
from core.application.members import put_out
from core.domain.ids import PortfolioId
from core.domain.membership import Member, Membership, Role
from core.domain.permissions import Act
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal, ProposalState
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork

WAITING = (ProposalState.OPEN, ProposalState.SCHEDULED, ProposalState.APPROVED)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What going comes to for one portfolio: keys that go, proposals that wait, and whether it has no owner then.

    ``others`` are those who stay.
    """

    managed: ManagedPortfolio
    role: Role
    others: tuple[Membership, ...]
    keys: tuple[Going, ...]
    waiting: tuple[Proposal, ...]
    is_last_owner: bool


async def look_at_leaving(store: Store, *, member: Member, portfolio_id: PortfolioId) -> Leaving:
    """Say what stops when a member leaves a portfolio, before anything does."""
    async with store.read() as work:
        await managed_for(work, member, portfolio_id, Act.LEAVE)
        return await _leaving(work, member, portfolio_id)


async def look_at_removing(
    store: Store, *, member: Member, portfolio_id: PortfolioId, person: Member
) -> Leaving:
    """Say to an owner what stops when another member is taken out, before that is done."""
    async with store.read() as work:
        await managed_for(work, member, portfolio_id, Act.REMOVE_MEMBERS)
        return await _leaving(work, person, portfolio_id)


async def look_at_leaving_all(store: Store, *, member: Member) -> tuple[Leaving, ...]:
    """The same for every portfolio that a member is in."""
    async with store.read() as work:
        mine = await work.portfolios.of_member(member.id)
        return tuple([await _leaving(work, member, each.id) for each in mine])


async def _leaving(work: UnitOfWork, member: Member, portfolio_id: PortfolioId) -> Leaving:
    managed = await work.portfolios.get(portfolio_id)
    people = await work.people.memberships(portfolio_id)
    role = next((each.role for each in people if each.member.id == member.id), Role.VIEWER)
    owners = [each.member.id for each in people if each.role is Role.OWNER]
    return Leaving(
        managed,
        role,
        tuple(each for each in people if each.member.id != member.id),
        await keys_going(work, member.id, managed.accounts),
        await work.proposals.in_states(WAITING, portfolio_id),
        owners == [member.id],
    )


async def forget_member(store: Store, clock: Clock, *, member: Member) -> tuple[Closed, ...]:
    """Let a member go with everything that is kept of them; portfolios that they alone owned are closed.

    All of it or nothing, in one transaction. Raises OrdersUnderWay while a plan of such a portfolio is carried out.
    """
    now = clock.now()
    closed = []
    async with store.begin() as work:
        for portfolio in await work.portfolios.of_member(member.id):
            leaving = await _leaving(work, member, portfolio.id)
            if leaving.is_last_owner:
                closed.append(await close_within(work, member, portfolio.id, now))
                continue
            mine = Membership(portfolio.id, member, leaving.role)
            await put_out(work, mine, by=member, now=now)
        await work.people.forget(member.id)
        await work.log.record(AuditEvent(now, "forgotten", member.id))
    return tuple(closed)
