"""Edit: drop or shrink legs, or plan purchases only; each makes a new revision from the same frozen snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from core.application.access import proposal_for
from core.application.market import Market
from core.application.plan_again import PAIRED_CAUSES, plan_again
from core.application.plan_within import plan_within
from core.application.take_snapshot import plan_request
from core.application.tell import refresh_copies, tell_deciders
from core.application.widen_bands import with_bands
from core.domain.approval import need_for
from core.domain.ids import AccountId, ProposalId
from core.domain.lots import Lot, LotMethod
from core.domain.membership import Member
from core.domain.outbox import MessageKind
from core.domain.permissions import Act
from core.domain.plan import LegKey, Plan, PlanRequest, Side, Trade
from core.domain.policy import Direction
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import (
    Proposal,
    Revision,
    RevisionCause,
    caps_after_edit,
    require_decidable,
)
from core.domain.refusals import (
    LotsNotChosen,
    NothingLeft,
    NothingToBuyWith,
    OldRevision,
    UnknownLeg,
    UnknownLot,
)
from core.domain.risk import CODE_LIMITS, Limits, rooms_of
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork

Caps = dict[LegKey, Decimal]


async def edit_leg(  # noqa: PLR0913 - all that an edit names
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
    leg: int,
    quantity: Decimal,
    limits: Limits = CODE_LIMITS,
) -> Proposal:
    """Shrink one leg (0 drops it) and plan the rest again, never larger than before.

    Raises what a decision raises, and UnknownLeg, CannotEnlarge or NothingLeft.
    """
    moment = await market.moment()
    async with store.begin() as work:
        proposal, managed = await _editable(work, member, proposal_id, revision, moment.now)
        caps = caps_after_edit(proposal, leg, quantity)
        plan = _plan(managed, proposal, limits, caps=caps)
        gone = _legs(proposal.revision.plan) - _legs(plan)
        return await _revise(
            work,
            clock,
            member,
            managed,
            proposal,
            plan,
            RevisionCause.EDITED,
            dropped=proposal.revision.dropped | gone,
        )


async def choose_lot(  # noqa: PLR0913 - all that a choice names
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
    leg: int,
    place: int,
    limits: Limits = CODE_LIMITS,
) -> Proposal:
    """Let a sale take a lot (its ``place`` among ``lots_to_choose``) after those chosen before, or no longer first.

    Raises what an edit raises, UnknownLot, and LotsNotChosen where there are none to choose among.
    """
    moment = await market.moment()
    async with store.begin() as work:
        proposal, managed = await _editable(work, member, proposal_id, revision, moment.now)
        if not 1 <= leg <= len(proposal.revision.plan.trades):
            raise UnknownLeg(proposal_id, leg)
        trade = proposal.revision.plan.trades[leg - 1]
        lots = lots_to_choose(proposal, trade)
        if not lots:
            raise LotsNotChosen(trade.symbol)
        if not 0 <= place < len(lots):
            raise UnknownLot(trade.symbol, str(place), tuple(lot.name for lot in lots))
        account, name = AccountId(int(trade.account)), lots[place].name
        every = proposal.revision.snapshot.chosen
        before = every[account]
        first = tuple(each for each in before if each != name)
        chosen = _with_lots(
            proposal, every | {account: first if name in before else (*before, name)}
        )
        caps = {each.key: each.quantity for each in proposal.revision.plan.trades}
        plan = _plan(managed, chosen, limits, caps=caps)
        return await _revise(
            work,
            clock,
            member,
            managed,
            chosen,
            plan,
            RevisionCause.EDITED,
            dropped=proposal.revision.dropped,
        )


def lots_to_choose(proposal: Proposal, trade: Trade) -> tuple[Lot, ...]:
    """The lots that a person may choose among for a sale, oldest first.

    None where the broker sells none by name, or where the plan is about certain lots.
    """
    taxes = proposal.revision.snapshot.of(AccountId(int(trade.account))).taxes
    is_fixed = trade.side is Side.BUY or proposal.cause in PAIRED_CAUSES
    if is_fixed or LotMethod.SPECIFIC not in taxes.lot_methods:
        return ()
    named = [lot for lot in taxes.lots if lot.symbol == trade.symbol and lot.name]
    return tuple(sorted(named, key=lambda lot: (lot.acquired or date.min, lot.name)))


def _with_lots(proposal: Proposal, chosen: Mapping[AccountId, tuple[str, ...]]) -> Proposal:
    revision = proposal.revision
    snapshot = revision.snapshot.choosing(chosen)
    return replace(proposal, revision=replace(revision, snapshot=snapshot))


async def plan_buys_only(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
    limits: Limits = CODE_LIMITS,
) -> Proposal:
    """Plan again with purchases only, from the cash that is there; raises NothingToBuyWith where none would help."""
    return await _redirect(
        store,
        market,
        clock,
        member,
        proposal_id,
        revision,
        Direction.BUY_ONLY,
        RevisionCause.BUY_ONLY,
        limits,
    )


async def plan_in_full(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
    limits: Limits = CODE_LIMITS,
) -> Proposal:
    """Plan again as policy says, undoing every edit."""
    return await _redirect(
        store, market, clock, member, proposal_id, revision, None, RevisionCause.FULL, limits
    )


async def _redirect(  # noqa: PLR0913, PLR0917
    store: Store,
    market: Market,
    clock: Clock,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
    direction: Direction | None,
    cause: RevisionCause,
    limits: Limits,
) -> Proposal:
    moment = await market.moment()
    async with store.begin() as work:
        proposal, managed = await _editable(work, member, proposal_id, revision, moment.now)
        proposal = _with_lots(proposal, {})
        plan = _plan(managed, proposal, limits, direction=direction)
        return await _revise(work, clock, member, managed, proposal, plan, cause)


async def _editable(
    work: UnitOfWork, member: Member, proposal_id: ProposalId, revision: int, market_now: datetime
) -> tuple[Proposal, ManagedPortfolio]:
    proposal, role = await proposal_for(work, member, proposal_id)
    require_decidable(proposal, role=role, revision=revision, market_now=market_now, act=Act.EDIT)
    return proposal, await work.portfolios.get(proposal.portfolio_id)


def _legs(plan: Plan) -> frozenset[LegKey]:
    return frozenset(trade.key for trade in plan.trades)


def _plan(
    managed: ManagedPortfolio,
    proposal: Proposal,
    limits: Limits,
    *,
    caps: Caps | None = None,
    direction: Direction | None = None,
) -> Plan:
    revision = proposal.revision
    managed = with_bands(managed, revision.widening)
    request = plan_request(managed, revision.snapshot, direction=direction, force=True)
    again = plan_again(proposal, caps)
    rooms = rooms_of(managed.accounts)
    plan = plan_within(_capped(request, again.caps), rooms, limits, again.planner)
    if not plan.trades:
        raise NothingToBuyWith if direction is Direction.BUY_ONLY else NothingLeft
    return plan


def _capped(request: PlanRequest, caps: Caps | None) -> PlanRequest:
    return request if caps is None else replace(request, caps=caps)


async def _revise(
    work: UnitOfWork,
    clock: Clock,
    member: Member,
    managed: ManagedPortfolio,
    proposal: Proposal,
    plan: Plan,
    cause: RevisionCause,
    *,
    dropped: frozenset[LegKey] = frozenset(),
) -> Proposal:
    old = proposal.revision
    now = clock.now()
    need = need_for(managed, plan, [*old.need.authors, member.id])
    revision = Revision(
        old.number + 1,
        plan,
        old.snapshot,
        cause,
        now,
        member.id,
        dropped=dropped,
        need=need,
        widening=old.widening,
    )
    if not await work.proposals.add_revision(proposal.id, revision, after=old.number):
        raise OldRevision(proposal.id, old.number, old.number + 1)
    if proposal.approvals:
        data = {
            "member_name": member.name,
            "old_revision": str(old.number),
            "new_revision": str(revision.number),
        }
        await tell_deciders(
            work,
            managed.portfolio,
            proposal,
            MessageKind.APPROVAL_LAPSED,
            f"r{revision.number}",
            now,
            data=data,
        )
    revised = replace(proposal, revision=revision)
    await refresh_copies(work, revised, now)
    await work.log.record(
        AuditEvent(
            now,
            f"revised_{cause}",
            member.id,
            proposal.portfolio_id,
            proposal.id,
            revision.plan_hash,
        )
    )
    return revised
