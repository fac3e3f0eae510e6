"""Follow a harvest: its substitutes are to be switched back after 30 days, unless somebody says that they stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from core.application.decide_proposal import reject_within
from core.application.decisions import Decided
from core.application.market import Market
from core.domain.harvest import Switch, SwitchState, pairs_of
from core.domain.ids import ProposalId
from core.domain.membership import Member
from core.domain.money import ZERO
from core.domain.order import Order
from core.domain.plan import Trade
from core.domain.proposal import Cause, DecisionKind, Proposal
from core.domain.settlement import exchange_date
from core.domain.tax.wash import WINDOW
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork

_DAY = timedelta(days=1)


async def remember_switches(work: UnitOfWork, proposal: Proposal) -> int:
    """Note what a harvest that was carried out leaves to be switched back, in the caller's unit of work; once."""
    if proposal.cause is not Cause.HARVEST:
        return 0
    orders = await work.orders.of_proposal(proposal.id)
    switches = switches_after(proposal, orders)
    return await work.harvests.add(switches) if switches else 0


def switches_after(proposal: Proposal, orders: Sequence[Order]) -> tuple[Switch, ...]:
    """A switch for each pair that was sold, at least in part; looked for from the 31st day.

    Its substitute may be bought later, once money has settled or somebody has tried again; where it never is, the
    first look finds nothing to switch.
    """
    trades = proposal.revision.plan.trades
    switches = []
    for pair in pairs_of(proposal.revision.plan):
        sales = _filled(trades, pair.sale, orders)
        if not sales:
            continue
        last = max(exchange_date(fill.at) for order in sales for fill in order.fills)
        switches.append(
            Switch(
                portfolio_id=proposal.portfolio_id,
                account_id=sales[0].account_id,
                proposal_id=proposal.id,
                sold=pair.sale.symbol,
                bought=pair.purchase.symbol,
                sold_on=last,
                saves=pair.sale.reason.values.get("saved", ZERO),
                look_from=last + WINDOW + _DAY,
            )
        )
    return tuple(switches)


def _filled(trades: Sequence[Trade], trade: Trade, orders: Sequence[Order]) -> list[Order]:
    """The orders of a leg that were filled at least in part."""
    leg = trades.index(trade) + 1
    return [order for order in orders if order.leg == leg and order.fills]


def in_step(proposal: Proposal, orders: Sequence[Order], order: Order, step: Decimal) -> Decimal:
    """The shares of a purchase that its sale has paid for, rounded down; all of them where it is none of a pair."""
    trades = proposal.revision.plan.trades
    for pair in pairs_of(proposal.revision.plan):
        if trades.index(pair.purchase) + 1 == order.leg:
            sold = sum((each.filled_quantity for each in _filled(trades, pair.sale, orders)), ZERO)
            part = min(order.quantity, pair.purchase.quantity * sold / pair.sale.quantity)
            return order.quantity if part == order.quantity else part // step * step
    return order.quantity


async def stay(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
) -> Decided:
    """Keep the substitutes of a proposal that would switch them back: it is rejected, and not offered again.

    Reopened before it expires, it is offered as before. Raises as a rejection.
    """
    moment = await market.moment()
    async with store.begin() as work:
        decided = await reject_within(
            work,
            clock,
            moment,
            member=member,
            proposal_id=proposal_id,
            revision=revision,
            kind=DecisionKind.STAY,
        )
        offered = await work.harvests.offered_by(proposal_id)
        pairs = {(each.account_id, each.sold, each.bought) for each in offered}
        waiting = await work.harvests.waiting([decided.proposal.portfolio_id])
        same = [s for s in waiting if (s.account_id, s.sold, s.bought) in pairs]
        for each in same:
            await work.harvests.look_again([each.id], each.look_from, proposal_id)
        await work.harvests.settle([each.id for each in same], SwitchState.STAYED)
        await work.log.record(
            AuditEvent(
                clock.now(),
                "switch_stayed",
                member.id,
                decided.proposal.portfolio_id,
                proposal_id,
                data=" ".join(sorted(f"{sold}>{bought}" for _, sold, bought in pairs)),
            )
        )
    return decided
