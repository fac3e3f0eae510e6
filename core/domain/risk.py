"""Risk: the last look before money moves. Only this module can make an ``ApprovedPlan``, and only that is executed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from core.domain.ids import AccountId, OrderId, Symbol
from core.domain.money import HUNDRED, ZERO
from core.domain.order import TERMINAL, Order, OrderState
from core.domain.plan import Plan, Trade
from core.domain.policy import Policy
from core.domain.portfolio import Account, HoldingChange, Rung, Snapshot, snapshot_changes
from core.domain.proposal import PriceMove, Proposal, ProposalState, Revision
from core.domain.quote import Quote, moved_percent
from core.domain.refusals import ProposalNotOpen, RiskLimit

APPROVAL_LIFETIME = timedelta(minutes=15)
"""How long a completed approval is good without being asked again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the installation, which chat cannot raise.

    Legs per plan; turnover in percent of the managed total, with what is raised to be taken out; money per order (None:
    no limit); the widest collar in percent of a price; and, on the rung ``live with caps``, money per order and per
    session of the exchange.
    """

    max_legs: int = 100
    max_turnover: Decimal = Decimal(200)
    max_order_value: Decimal | None = None
    max_collar: Decimal = Decimal(5)
    live_cap_order: Decimal = Decimal(500)
    live_cap_day: Decimal = Decimal(2000)

    def clamp(self, policy: Policy) -> Policy:
        """A policy that was set under wider limits, with no wider collar than these permit."""
        if policy.collar <= self.max_collar:
            return policy
        return replace(policy, collar=self.max_collar)

    def require_collar(self, policy: Policy) -> None:
        """Raise RiskLimit for a policy with a wider collar than these permit."""
        if policy.collar > self.max_collar:
            raise RiskLimit(
                "collar in percent", policy.collar, self.max_collar, setting="LIMIT_COLLAR"
            )

    def order_cap(self, rung: Rung) -> tuple[Decimal | None, str]:
        """The most money that one order may move on a rung (None: no limit), and the setting that says so."""
        general = self.max_order_value
        if rung is Rung.LIVE_CAPPED and (general is None or self.live_cap_order <= general):
            return self.live_cap_order, "LIVE_CAP_ORDER"
        return general, "LIMIT_ORDER_VALUE"


CODE_LIMITS = Limits()
"""What holds where the operator has said nothing."""

MOST_TOLERANCE = Decimal(20)
"""The widest tolerance that a policy may have, in percent: further from the approved price no order is limited."""


@dataclass(frozen=True, slots=True)
class Room:
    """What an account lets a plan do: how real it is, and the money that its orders of today have moved or may move."""

    rung: Rung = Rung.SIMULATED
    used: Decimal = ZERO


Rooms = Mapping[str, Room]
"""The room of each account, under the name that a plan's trades call it by."""


def rooms_of(
    accounts: Iterable[Account], used: Mapping[AccountId, Decimal] | None = None
) -> dict[str, Room]:
    """The rooms of accounts of which so much was used today; nothing where it is not said."""
    known = used or {}
    return {f"{each.id}": Room(each.rung, known.get(each.id, ZERO)) for each in accounts}


class _Seal:
    """A private token without which no ApprovedPlan is made."""


_SEAL = _Seal()


@dataclass(frozen=True, slots=True)
class ApprovedPlan:
    """A plan that enough members approved and that still holds: the only thing that can be executed.

    Made by ``approve_plan`` alone; constructing one elsewhere raises TypeError.
    """

    proposal: Proposal
    trades: tuple[Trade, ...]
    seal: _Seal

    def __post_init__(self) -> None:
        """Refuse to exist outside of risk."""
        if self.seal is not _SEAL:
            message = "an ApprovedPlan is made by core.domain.risk.approve_plan alone"
            raise TypeError(message)

    def require_covers(self, order: Order) -> None:
        """Raise RiskLimit unless an order is one of the approved legs, not enlarged."""
        if not 1 <= order.leg <= len(self.trades):
            raise RiskLimit("leg", Decimal(order.leg), Decimal(len(self.trades)))
        trade = self.trades[order.leg - 1]
        is_leg = (order.symbol, order.side, f"{order.account_id}") == (
            trade.symbol,
            trade.side,
            trade.account,
        )
        if not is_leg or order.quantity > trade.quantity or order.proposal_id != self.proposal.id:
            raise RiskLimit("shares", order.quantity, trade.quantity if is_leg else ZERO)


@dataclass(frozen=True, slots=True)
class Recheck:
    """What is different now from what was approved; empty where the approval still holds."""

    moves: tuple[PriceMove, ...] = ()
    changes: tuple[HoldingChange, ...] = ()
    approval_aged: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing stands against executing."""
        return not (self.moves or self.changes or self.approval_aged)


def recheck(
    proposal: Proposal,
    *,
    snapshot: Snapshot,
    policy: Policy,
    across_close: bool,
    market_now: datetime,
) -> Recheck:
    """Hold an approved proposal against what is true now: prices within tolerance, same holdings, fresh approval."""
    revision = proposal.revision
    return Recheck(
        moves=price_moves(revision.plan.trades, snapshot.quotes, policy, across_close=across_close),
        changes=snapshot_changes(revision.snapshot, snapshot),
        approval_aged=is_aged(proposal, market_now),
    )


def price_moves(
    trades: Iterable[Trade],
    quotes: Mapping[Symbol, Quote],
    policy: Policy,
    *,
    across_close: bool,
) -> tuple[PriceMove, ...]:
    """The approved trades whose price is further from the approved one now than the policy tolerates."""
    tolerance = policy.tolerance_across_close if across_close else policy.tolerance
    return tuple(
        PriceMove(trade.symbol, trade.price, quotes[trade.symbol].price)
        for trade in trades
        if moved_percent(quotes[trade.symbol].price, trade.price) > tolerance
    )


def is_aged(proposal: Proposal, market_now: datetime) -> bool:
    """Whether a completed approval, by the market's clock, no longer lets anything be sent."""
    until = good_until(proposal)
    return until is None or market_now > until


def good_until(proposal: Proposal) -> datetime | None:
    """Until when a completed approval is good without being asked again; None before it is given."""
    completed = max((decision.market_at for decision in proposal.approvals), default=None)
    if completed is None:
        return None
    return max(completed, proposal.scheduled_for or completed) + APPROVAL_LIFETIME


def require_within_limits(plan: Plan, limits: Limits, rooms: Rooms) -> None:
    """Raise RiskLimit when a plan breaks a limit of the installation; raises KeyError for an account without a room.

    On the rung with caps, the money of a day is limited account by account.
    """
    if len(plan.trades) > limits.max_legs:
        raise RiskLimit(
            "orders in one plan",
            Decimal(len(plan.trades)),
            Decimal(limits.max_legs),
            setting="LIMIT_ORDERS",
        )
    for leg, trade in enumerate(plan.trades, start=1):
        _require_leg_within(leg, trade, limits, rooms[trade.account].rung)
    total = plan.before.total + plan.raises
    turnover = plan.turnover / total * HUNDRED if total > ZERO else ZERO
    if turnover > limits.max_turnover:
        raise RiskLimit(
            "turnover in percent", turnover, limits.max_turnover, setting="LIMIT_TURNOVER"
        )
    for name, room in rooms.items():
        if room.rung is Rung.LIVE_CAPPED:
            _require_day_within(room.used + turnover_in(plan, name), limits)


def turnover_in(plan: Plan, account: str) -> Decimal:
    """The money that changes hands in one of a plan's accounts."""
    return sum((trade.value for trade in plan.trades if trade.account == account), ZERO)


def _require_leg_within(leg: int, trade: Trade, limits: Limits, rung: Rung) -> None:
    where = f"{leg}. {trade.side} {trade.symbol}"
    numbers = (trade.quantity, trade.price, trade.value)
    worth = trade.quantity * trade.price
    is_sound = all(number.is_finite() and number > ZERO for number in numbers)
    if not is_sound or trade.value != worth:
        raise RiskLimit("value of an order", trade.value, worth, leg=where)
    cap, setting = limits.order_cap(rung)
    if cap is not None and worth > cap:
        raise RiskLimit("money in one order", worth, cap, leg=where, setting=setting)


def _require_day_within(spent: Decimal, limits: Limits) -> None:
    if spent > limits.live_cap_day:
        raise RiskLimit("money in one day", spent, limits.live_cap_day, setting="LIVE_CAP_DAY")


def require_believable(revision: Revision, limits: Limits) -> None:
    """Raise RiskLimit when a leg's price is not the one that its snapshot has, but for the widest collar."""
    prices = revision.snapshot.prices
    for leg, trade in enumerate(revision.plan.trades, start=1):
        quoted = prices.get(trade.symbol, ZERO)
        _require_near(f"{leg}. {trade.side} {trade.symbol}", trade.price, quoted, limits.max_collar)


def _require_near(where: str, price: Decimal, quoted: Decimal, percent: Decimal) -> None:
    off = moved_percent(price, quoted) if quoted > ZERO else HUNDRED
    if off > percent:
        raise RiskLimit(
            "distance from the quote in percent", off, percent, leg=where, setting="LIMIT_COLLAR"
        )


def require_order_within(
    order: Order, trade: Trade, limits: Limits, rung: Rung, used: Decimal
) -> None:
    """Raise RiskLimit when an order that is about to be sent breaks a limit of the installation."""
    where = f"{order.leg}. {order.side} {order.symbol}"
    if order.limit_price is not None:
        widest = limits.max_collar + MOST_TOLERANCE
        _require_near(where, order.limit_price, trade.price, widest)
    worth = exposure(order, trade.price)
    cap, setting = limits.order_cap(rung)
    if cap is not None and worth > cap:
        raise RiskLimit("money in one order", worth, cap, leg=where, setting=setting)
    if rung is Rung.LIVE_CAPPED:
        _require_day_within(used + worth, limits)


def exposure(order: Order, price: Decimal = ZERO) -> Decimal:
    """The money that an order moves at most: at its limit, or at a higher price that is known."""
    return order.quantity * max(order.limit_price or ZERO, price)


def day_use(orders: Iterable[Order], planned: Mapping[OrderId, Decimal] | None = None) -> Decimal:
    """The money that orders have moved, or may still move while they are on their way or open.

    What is open counts at its limit, or at its ``planned`` price where that is higher: a sale's limit is only the least
    that it brings.
    """
    prices = planned or {}
    return sum((_may_move(order, prices.get(order.id, ZERO)) for order in orders), ZERO)


def _may_move(order: Order, price: Decimal) -> Decimal:
    if order.state in TERMINAL or order.state is OrderState.INTENDED:
        return order.filled_value
    still = max(order.quantity - order.filled_quantity, ZERO)
    return order.filled_value + still * max(order.limit_price or ZERO, price)


def approve_plan(
    proposal: Proposal,
    check: Recheck,
    limits: Limits,
    rooms: Rooms,
) -> ApprovedPlan:
    """Make the approved plan; raises when the approval is not complete, no longer holds, or breaks a limit."""
    if proposal.state is not ProposalState.APPROVED or not proposal.is_complete or not check.holds:
        raise ProposalNotOpen(proposal.id, proposal.state)
    require_believable(proposal.revision, limits)
    require_within_limits(proposal.revision.plan, limits, rooms)
    return ApprovedPlan(proposal, proposal.revision.plan.trades, _SEAL)


def resume_plan(proposal: Proposal) -> ApprovedPlan:
    """Make the approved plan again of a proposal whose execution had begun: it was approved and re-checked then."""
    if proposal.state is not ProposalState.EXECUTING or not proposal.is_complete:
        raise ProposalNotOpen(proposal.id, proposal.state)
    return ApprovedPlan(proposal, proposal.revision.plan.trades, _SEAL)
