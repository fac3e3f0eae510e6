"""Export: everything that is kept about a member, and of the portfolios in which that member has a role.

What only others own is left out: their addresses, their keys, the hashes of codes; of the others in a portfolio the
name and role are told, as the chat tells them. Keys and channels' addresses are sealed, and no export opens a seal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from core.domain.channel import Channel
from core.domain.ids import PortfolioId, ProposalId
from core.domain.ledger import LedgerLot, RealisedSale, TaxProfile
from core.domain.membership import Household, Member, Membership, Role
from core.domain.order import Order
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal
from core.domain.rules import Rule
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Change, CheckRecord, Store, UnitOfWork

PAGE = 100
"""How many proposals are read in one unit of work."""

MOST_PROPOSALS = 5_000
MOST_CHECKS = 10_000
MOST_EVENTS = 10_000
MOST_CHANGES = 1_000
"""The latest of each that one portfolio brings into an export: what is older is said to be left out."""

_EVER = date(1950, 1, 1)


@dataclass(frozen=True, slots=True)
class ExportedProposal:
    """A proposal with every order that it led to, of all attempts."""

    proposal: Proposal
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class ExportedPortfolio:
    """A portfolio as one of its members may see it; lists are oldest first. ``is_cut``: there is more than is here."""

    managed: ManagedPortfolio
    role: Role
    memberships: tuple[Membership, ...]
    rules: tuple[Rule, ...]
    lots: tuple[LedgerLot, ...]
    realised: tuple[RealisedSale, ...]
    changes: tuple[Change, ...]
    checks: tuple[CheckRecord, ...]
    proposals: tuple[ExportedProposal, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Export:
    """All of it, at one instant; ``events`` are what the member did, by portfolio."""

    at: datetime
    member: Member
    households: tuple[Household, ...]
    channels: tuple[Channel, ...]
    tax: TaxProfile | None
    portfolios: tuple[ExportedPortfolio, ...]
    events: Mapping[PortfolioId, tuple[AuditEvent, ...]]


async def gather_export(store: Store, clock: Clock, *, member: Member) -> Export:
    """Read everything that a member may take away, a portfolio and a page at a time."""
    now = clock.now()
    async with store.read() as work:
        households = await work.households.of_member(member.id)
        channels = await work.channels.of_member(member.id)
        profiles = await work.taxes.profiles([member.id])
        mine = await work.portfolios.of_member(member.id)
    portfolios, events = [], {}
    for portfolio in mine:
        found = await _portfolio(store, member, portfolio.id)
        if found is not None:
            portfolios.append(found)
            events[portfolio.id] = await _own_events(store, member, portfolio.id)
    await _log(store, member, now)
    return Export(
        now, member, households, channels, profiles.get(member.id), tuple(portfolios), events
    )


async def _portfolio(
    store: Store, member: Member, portfolio_id: PortfolioId
) -> ExportedPortfolio | None:
    """One portfolio; None where the role in it is gone meanwhile."""
    proposals, is_cut = await _proposals(store, portfolio_id)
    async with store.read() as work:
        role = await work.people.role(member.id, portfolio_id)
        if role is None:
            return None
        managed = await work.portfolios.get(portfolio_id)
        ids = [account.id for account in managed.accounts]
        checks = await work.checks.recent(portfolio_id, MOST_CHECKS)
        changes = await work.portfolios.changes(portfolio_id, MOST_CHANGES)
        return ExportedPortfolio(
            managed=managed,
            role=role,
            memberships=await work.people.memberships(portfolio_id),
            rules=await work.rules.of(portfolio_id),
            lots=tuple(each for each in await work.taxes.lots(ids, _EVER) if each.remaining),
            realised=await work.taxes.realised(ids, _EVER),
            changes=tuple(reversed(changes)),
            checks=tuple(reversed(checks)),
            proposals=proposals,
            is_cut=is_cut or len(checks) == MOST_CHECKS or len(changes) == MOST_CHANGES,
        )


async def _proposals(
    store: Store, portfolio_id: PortfolioId
) -> tuple[tuple[ExportedProposal, ...], bool]:
    """The latest proposals, oldest first, and whether there are more."""
    found: list[ExportedProposal] = []
    before: ProposalId | None = None
    while len(found) < MOST_PROPOSALS:
        async with store.read() as work:
            page = await work.proposals.recent(portfolio_id, PAGE, before)
            found += [await _with_orders(work, each) for each in page]
        if len(page) < PAGE:
            return tuple(reversed(found)), False
        before = page[-1].id
    return tuple(reversed(found)), True


async def _with_orders(work: UnitOfWork, proposal: Proposal) -> ExportedProposal:
    return ExportedProposal(proposal, await work.orders.of_proposal(proposal.id))


async def _own_events(
    store: Store, member: Member, portfolio_id: PortfolioId
) -> tuple[AuditEvent, ...]:
    async with store.read() as work:
        events = await work.log.events(portfolio_id, MOST_EVENTS)
    return tuple(each for each in reversed(events) if each.member_id == member.id)


async def _log(store: Store, member: Member, now: datetime) -> None:
    async with store.begin() as work:
        await work.log.record(AuditEvent(now, "exported", member.id))
