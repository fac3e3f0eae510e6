"""Show: a proposal with everything that a message about it says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from core.application.access import proposal_for
from core.domain.earmark import Earmark
from core.domain.ids import AccountId, MemberId, ProposalId
from core.domain.membership import Member, Membership, Role
from core.domain.order import Order
from core.domain.portfolio import Account, ManagedPortfolio
from core.domain.proposal import Cause, Proposal, ProposalState
from core.domain.refusals import UnknownProposal
from core.domain.report import (
    ExecutionReport,
    SoldNotBought,
    WhyEnded,
    execution_cost,
    sold_not_bought,
)
from core.ports.store import Store, UnitOfWork

REPORTED = frozenset(
    {ProposalState.DONE, ProposalState.PARTIAL, ProposalState.FAILED, ProposalState.FROZEN}
)


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal, its portfolio and people, its orders of the current attempt, and once it ended, the report."""

    managed: ManagedPortfolio
    proposal: Proposal
    orders: tuple[Order, ...]
    report: ExecutionReport | None
    memberships: tuple[Membership, ...]
    earmark: Earmark | None = None

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts in which it trades."""
        return tuple(self.account(each) for each in self.proposal.revision.plan.traded_in)

    def account(self, account_id: AccountId) -> Account:
        """One of the portfolio's accounts, such as that of an order."""
        return self.managed.part(account_id).account

    def role_of(self, member_id: MemberId) -> Role | None:
        """Somebody's role in its portfolio; None for who has none, or none any more."""
        return next((m.role for m in self.memberships if m.member.id == member_id), None)

    @property
    def sold_not_bought(self) -> SoldNotBought | None:
        """What is certain after a plan that sold and did not buy; None for every other."""
        return None if self.report is None else sold_not_bought(self.orders)


async def show_proposal(store: Store, *, member: Member, proposal_id: ProposalId) -> ProposalView:
    """Return a proposal that the member may see; raises UnknownProposal."""
    async with store.read() as work:
        await proposal_for(work, member, proposal_id)
        return await view_of(work, proposal_id)


async def load_view(store: Store, proposal_id: ProposalId) -> ProposalView:
    """Return a proposal for a message that is about to be sent to people already chosen."""
    async with store.read() as work:
        return await view_of(work, proposal_id)


async def view_of(work: UnitOfWork, proposal_id: ProposalId) -> ProposalView:
    """Gather the view inside a unit of work."""
    proposal = await work.proposals.get(proposal_id)
    if proposal is None:
        raise UnknownProposal(proposal_id)
    orders = await orders_under(work, proposal)
    return ProposalView(
        managed=await work.portfolios.get(proposal.portfolio_id),
        proposal=proposal,
        orders=orders,
        report=_report(proposal, orders),
        memberships=await work.people.memberships(proposal.portfolio_id),
        earmark=await work.earmarks.of_proposal(proposal_id)
        if proposal.cause is Cause.WITHDRAWAL
        else None,
    )


async def current_orders(work: UnitOfWork, proposal_id: ProposalId) -> tuple[Order, ...]:
    """The last attempt of each leg of a proposal's current revision; raises UnknownProposal."""
    proposal = await work.proposals.get(proposal_id)
    if proposal is None:
        raise UnknownProposal(proposal_id)
    return await orders_under(work, proposal)


async def orders_under(work: UnitOfWork, proposal: Proposal) -> tuple[Order, ...]:
    """The same of a proposal at hand; legs that only an earlier revision had do not count."""
    legs = len(proposal.revision.plan.trades)
    latest: dict[int, Order] = {}
    for order in await work.orders.of_proposal(proposal.id):
        if order.leg <= legs and (
            order.leg not in latest or order.attempt > latest[order.leg].attempt
        ):
            latest[order.leg] = order
    return tuple(latest[leg] for leg in sorted(latest))


def _report(proposal: Proposal, orders: tuple[Order, ...]) -> ExecutionReport | None:
    if proposal.state not in REPORTED:
        return None
    plan = proposal.revision.plan
    quoted = {leg: trade.price for leg, trade in enumerate(plan.trades, start=1)}
    return ExecutionReport(
        orders=orders,
        cost=execution_cost(orders, quoted),
        planned_cost=plan.cost,
        drift_before=plan.before.portfolio_drift,
        drift_after=_drift_after(proposal.outcome),
    )


def outcome_document(drift_after: Decimal | None, buys_on: date | None = None) -> str:
    """What is stored with a proposal that has ended."""
    drift = None if drift_after is None else f"{drift_after:.6f}"
    later = {} if buys_on is None else {"buys_on": buys_on.isoformat()}
    return json.dumps({"drift_after": drift, **later})


def ended_document(why: WhyEnded) -> str:
    """What is stored with a proposal that has ended at its re-check."""
    return json.dumps({"ended": why})


def why_ended(proposal: Proposal) -> WhyEnded | None:
    """Why a proposal ended at its re-check; None for every other."""
    stored = _kept(proposal.outcome, "ended")
    return WhyEnded(stored) if stored in set(WhyEnded) else None


def buys_on(proposal: Proposal) -> date | None:
    """The day on which the purchases of a plan are planned that has sold all it was to sell; None for every other."""
    stored = _kept(proposal.outcome, "buys_on")
    try:
        return None if stored is None else date.fromisoformat(stored)
    except ValueError:
        return None


def _drift_after(outcome: str) -> Decimal | None:
    stored = _kept(outcome, "drift_after")
    try:
        return None if stored is None else Decimal(stored)
    except InvalidOperation:
        return None


def _kept(outcome: str, name: str) -> str | None:
    """One value of what is stored with a proposal; None where it is not there, or cannot be read."""
    try:
        stored = json.loads(outcome or "{}").get(name)
    except (ValueError, AttributeError):
        return None
    return stored if isinstance(stored, str) else None
