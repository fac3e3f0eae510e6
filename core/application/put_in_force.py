"""Put in force: a change of a live portfolio is made by the same function as one that may be made at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.application.access import require_role
from core.application.add_account import pay_in, put_account
from core.application.change_policy import put_policy, require_fitting
from core.application.climb_ladder import put_rung, require_same_account
from core.application.connect_account import put_connection
from core.application.desk import Desk
from core.application.keep_rules import turn_rule_on
from core.application.members import put_out, put_role
from core.application.set_targets import put_targets
from core.domain.approval import roles_of
from core.domain.change import ChangeState, PendingChange
from core.domain.change_kinds import (
    AccountAdded,
    AccountConnected,
    HandOver,
    PolicyChange,
    RoleChange,
    RuleTurnedOn,
    RungRaised,
    TargetsChange,
    still_holds,
)
from core.domain.ids import MemberId
from core.domain.membership import Member, Membership, Role
from core.domain.portfolio import ManagedAccount, ManagedPortfolio
from core.domain.refusals import ChangeOver, UnknownMember
from core.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Instants:
    """Now, by the wall and by the market."""

    wall: datetime
    market: datetime


async def look_before(desk: Desk, change: PendingChange) -> None:
    """Ask outside what a change needs to know, before it is made; raises BrokerDown or MayNotTrade."""
    if isinstance(change.what, RungRaised):
        async with desk.store.read() as work:
            managed = await work.portfolios.get(change.portfolio_id)
        await require_same_account(desk, managed.part(change.what.account_id).account)


async def put_in_force(
    work: UnitOfWork, desk: Desk, change: PendingChange, at: Instants
) -> ManagedAccount | None:
    """Make a change in the name of whoever asked for it, inside the caller's unit of work; returns an account it adds.

    Raises ChangeOver where what it changes is not what it was, NotAllowed or UnknownPortfolio where whoever asked may
    not any more, and whatever else stands against it now.
    """
    asker = await work.people.member(change.asked_by)
    await require_role(work, asker, change.portfolio_id, change.what.act)
    managed = await work.portfolios.get(change.portfolio_id)
    people = await work.people.memberships(change.portfolio_id)
    if not still_holds(change.what, managed, roles_of(people)):
        raise ChangeOver(change.id, ChangeState.OVERTAKEN)
    match what := change.what:
        case TargetsChange() | PolicyChange():
            await _put_settings(work, desk, managed, change, asker, at)
        case RuleTurnedOn():
            await turn_rule_on(work, change.portfolio_id, what.rule_id, by=asker, now=at.wall)
        case RoleChange() | HandOver():
            await _put_roles(work, what, people, asker, at.wall)
        case AccountAdded():
            return await put_account(work, change.portfolio_id, what, by=asker, now=at.wall)
        case AccountConnected():
            await put_connection(
                work, managed.portfolio, what, by=asker, now=at.wall, holder=desk.holder
            )
        case RungRaised():
            portfolio_id, typed_at = change.portfolio_id, change.drafted_at
            await put_rung(work, desk, portfolio_id, what, by=asker, now=at.wall, typed_at=typed_at)
    return None


async def finish(desk: Desk, change: PendingChange, added: ManagedAccount | None) -> None:
    """Do outside what a change leaves to be done once it is made."""
    if added is not None and isinstance(change.what, AccountAdded):
        await pay_in(desk.brokers, added, change.what.opening_cash)


async def _put_settings(
    work: UnitOfWork,
    desk: Desk,
    managed: ManagedPortfolio,
    change: PendingChange,
    asker: Member,
    at: Instants,
) -> None:
    match what := change.what:
        case TargetsChange():
            await put_targets(
                work, managed, what.after, by=asker, now=at.wall, market_now=at.market
            )
        case PolicyChange():
            policy = what.onto(managed.policy)
            if policy is None:
                raise ChangeOver(change.id, ChangeState.OVERTAKEN)
            require_fitting(managed, policy, desk.limits)
            await put_policy(work, managed, policy, by=asker, now=at.wall, market_now=at.market)


async def _put_roles(
    work: UnitOfWork,
    what: RoleChange | HandOver,
    people: tuple[Membership, ...],
    asker: Member,
    now: datetime,
) -> None:
    match what:
        case RoleChange(after=None):
            await put_out(work, _one(people, what.member_id), by=asker, now=now)
        case RoleChange(after=Role() as after):
            await put_role(work, _one(people, what.member_id), after, by=asker, now=now)
        case HandOver():
            taker, giver = _one(people, what.taker_id), _one(people, what.giver_id)
            await put_role(work, taker, Role.OWNER, by=asker, now=now)
            await put_role(work, giver, Role.APPROVER, by=asker, now=now)


def _one(people: tuple[Membership, ...], member_id: MemberId) -> Membership:
    for each in people:
        if each.member.id == member_id:
            return each
    raise UnknownMember(f"{member_id}")
