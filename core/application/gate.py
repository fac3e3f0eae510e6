"""The gate: what this installation permits, held against an approval and against every order that is about to go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal

from core.application.desk import Desk, Grant
from core.application.market import Moment
from core.domain.approval import roles_of
from core.domain.ids import MemberId, OrderId
from core.domain.ladder import Facts, Ruling, TradingMode, Verdict, judge
from core.domain.membership import Role
from core.domain.money import ZERO
from core.domain.order import TERMINAL, Order
from core.domain.portfolio import Account, ManagedPortfolio, Rung
from core.domain.proposal import Proposal
from core.domain.refusals import BrokerDown, MayNotTrade, NotBuiltYet
from core.domain.risk import (
    ApprovedPlan,
    Limits,
    Room,
    day_use,
    require_believable,
    require_order_within,
    require_within_limits,
    rooms_of,
)
from core.domain.session import NEW_YORK
from core.ports.broker import Brokers, BrokerTraits, Dedup
from core.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Gate:
    """The operator's decisions as the core sees them: the ceiling for every account, and the limits on orders.

    Without a word from the operator, nothing of real money passes.
    """

    brokers: Brokers | None = None
    mode: TradingMode = TradingMode.PAPER
    limits: Limits = field(default_factory=Limits)


CLOSED = Gate()
"""The gate of an installation that has decided nothing: play money only, and the limits of the code."""

_UNKNOWN = BrokerTraits("", Dedup.NONE)
"""What is assumed of a broker that this installation does not have: nothing that would permit real money."""


def gate_of(desk: Desk) -> Gate:
    """The gate of a process that carries orders out."""
    return Gate(desk.brokers, desk.mode, desk.limits)


def traits_of(gate: Gate, account: Account) -> BrokerTraits:
    """What an account's broker declares; of one that this installation does not have, nothing."""
    try:
        return _UNKNOWN if gate.brokers is None else gate.brokers.of(account).traits
    except NotBuiltYet:
        return _UNKNOWN


async def ruling_of(
    work: UnitOfWork, gate: Gate, account: Account, *, said: str | None, now: datetime
) -> Ruling:
    """What may be done for an account now; ``said`` is the account id that its broker has just named."""
    traits = traits_of(gate, account)
    confirmation = await work.ladder.confirmation(account.id)
    confirmer = None
    if confirmation is not None:
        confirmer = await work.people.role(confirmation.member_id, account.portfolio_id)
    return judge(
        Facts(
            account=account,
            mode=gate.mode,
            is_live=traits.is_live,
            fills_by_hand=traits.fills_by_hand,
            said=said,
            confirmation=confirmation,
            confirmer=confirmer,
            now=now,
        )
    )


def require_passed(ruling: Ruling, account: Account) -> None:
    """Raise MayNotTrade where the ladder refuses."""
    if ruling.barrier is not None:
        raise MayNotTrade(ruling.barrier, account.rung)


async def require_approvable(
    work: UnitOfWork,
    gate: Gate,
    managed: ManagedPortfolio,
    proposal: Proposal,
    moment: Moment,
    now: datetime,
) -> None:
    """Raise MayNotTrade or RiskLimit where an approval could not be carried out anyway.

    The broker names its account when the orders are about to go; here the id that is stored stands for it.
    """
    plan = proposal.revision.plan
    for account_id in plan.traded_in:
        account = managed.part(account_id).account
        ruling = await ruling_of(work, gate, account, said=account.broker_account_id, now=now)
        require_passed(ruling, account)
    require_believable(proposal.revision, gate.limits)
    require_within_limits(plan, gate.limits, await rooms_today(work, managed, moment))


async def require_may_send(
    work: UnitOfWork,
    desk: Desk,
    grant: Grant,
    account: Account,
    approved: ApprovedPlan,
    order: Order,
    moment: Moment,
) -> None:
    """Raise MayNotTrade or RiskLimit where this order may not go; in the transaction that claims it.

    Raises BrokerDown while the broker has not named its account.
    """
    if grant.said is None:
        raise BrokerDown(account.broker, "it has not said which account this is")
    ruling = await ruling_of(work, gate_of(desk), account, said=grant.said, now=desk.clock.now())
    require_passed(ruling, account)
    if ruling.verdict is not Verdict.SEND:
        raise MayNotTrade("dry_run", account.rung)
    trade = approved.trades[order.leg - 1]
    used = await used_today(work, account, moment, but=order)
    require_order_within(order, trade, desk.limits, account.rung, used)


async def used_today(
    work: UnitOfWork, account: Account, moment: Moment, but: Order | None = None
) -> Decimal:
    """The money that an account's orders of today have moved or may still move; read only where a cap needs it."""
    if account.rung is not Rung.LIVE_CAPPED:
        return ZERO
    midnight = datetime.combine(moment.today, time(0), NEW_YORK)
    sent = await work.ladder.sent_since(account.id, midnight)
    others = [order for order in sent if but is None or order.id != but.id]
    return day_use(others, await _planned_prices(work, others))


async def rooms_today(
    work: UnitOfWork, managed: ManagedPortfolio, moment: Moment
) -> dict[str, Room]:
    """What each account of a portfolio lets a plan do today."""
    used = {each.id: await used_today(work, each, moment) for each in managed.accounts}
    return rooms_of(managed.accounts, used)


async def _planned_prices(work: UnitOfWork, orders: Sequence[Order]) -> dict[OrderId, Decimal]:
    """The price that each order which is not at its end was planned with."""
    found: dict[OrderId, Decimal] = {}
    open_ones = [order for order in orders if order.state not in TERMINAL]
    for proposal_id in {order.proposal_id for order in open_ones}:
        proposal = await work.proposals.get(proposal_id)
        trades = proposal.revision.plan.trades if proposal else ()
        for order in open_ones:
            if order.proposal_id == proposal_id and order.leg <= len(trades):
                found[order.id] = trades[order.leg - 1].price
    return found


async def approvers_remain(work: UnitOfWork, proposal: Proposal) -> bool:
    """Whether enough of those who approved a proposal may still do so."""
    return proposal.is_complete_by(await roles_in(work, proposal))


async def roles_in(work: UnitOfWork, proposal: Proposal) -> dict[MemberId, Role]:
    """The roles that the members have now in a proposal's portfolio."""
    return roles_of(await work.people.memberships(proposal.portfolio_id))
