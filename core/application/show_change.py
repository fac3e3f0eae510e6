"""Show: a change of a live portfolio with everything that a message about it says."""

from __future__ import annotations

from dataclasses import dataclass

from core.application.access import require_role
from core.domain.approval import StillNeeded, able, counted, roles_of, still_needed
from core.domain.change import PENDING, PendingChange
from core.domain.change_kinds import concerned
from core.domain.ids import ChangeId, MemberId, PortfolioId
from core.domain.membership import Member, Membership, Role
from core.domain.permissions import Act
from core.domain.portfolio import ManagedPortfolio
from core.domain.refusals import UnknownChange
from core.ports.store import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change, its portfolio and people; ``names`` are those of everybody who is or was a part of it."""

    change: PendingChange
    managed: ManagedPortfolio
    memberships: tuple[Membership, ...]
    names: dict[MemberId, str]

    @property
    def roles(self) -> dict[MemberId, Role]:
        """Each member's role now."""
        return roles_of(self.memberships)

    @property
    def agreed(self) -> tuple[MemberId, ...]:
        """Those whose agreement counts now."""
        return counted(self.change.givers, self.roles)

    @property
    def still(self) -> StillNeeded:
        """Who is still needed, and among whom they may be."""
        own = concerned(self.change.what)
        approvers = [each for each in able(self.memberships) if each not in own]
        return still_needed(self.change.need(self.managed.policy), self.agreed, approvers)


async def change_for(
    work: UnitOfWork, member: Member, change_id: ChangeId
) -> tuple[PendingChange, Role]:
    """Return a change that the member may see, with the role; others' changes do not exist for them."""
    change = await work.changes.get(change_id)
    role = await work.people.role(member.id, change.portfolio_id) if change else None
    if change is None or role is None:
        raise UnknownChange(change_id)
    return change, role


async def change_view(work: UnitOfWork, change_id: ChangeId) -> ChangeView:
    """Everything about a change, whoever looks; raises UnknownChange."""
    change = await work.changes.get(change_id)
    if change is None:
        raise UnknownChange(change_id)
    managed = await work.portfolios.get(change.portfolio_id)
    memberships = await work.people.memberships(change.portfolio_id)
    names = {each.member.id: each.member.name for each in memberships}
    for member_id in {change.asked_by, *concerned(change.what)} - set(names):
        names[member_id] = (await work.people.member(member_id)).name
    for answer in change.answers:
        names.setdefault(answer.member_id, answer.member_name)
    return ChangeView(change, managed, memberships, names)


async def show_change(store: Store, *, member: Member, change_id: ChangeId) -> ChangeView:
    """Return a change that the member may see; raises UnknownChange."""
    async with store.read() as work:
        await change_for(work, member, change_id)
        return await change_view(work, change_id)


async def list_changes(
    store: Store, *, member: Member, portfolio_id: PortfolioId
) -> tuple[ChangeView, ...]:
    """Return the changes of a portfolio that wait for agreement or for their time, the first first."""
    async with store.read() as work:
        await require_role(work, member, portfolio_id, Act.SEE_CHANGES)
        waiting = await work.changes.in_states(PENDING, portfolio_id)
        return tuple([await change_view(work, each.id) for each in waiting])
