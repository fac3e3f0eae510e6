"""Reports: what became of an approved plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import AccountId
from core.domain.money import ZERO
from core.domain.order import TERMINAL, Order, OrderState
from core.domain.plan import Side, Trade
from core.domain.proposal import ProposalState


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """Each order with its fills, the cost against the plan's estimate, and the drift that is left in points.

    ``cost`` is commission plus the distance of the fills from the quotes, in money. ``drift_after`` is None where
    prices or holdings could not be read afterwards.
    """

    orders: tuple[Order, ...]
    cost: Decimal
    planned_cost: Decimal
    drift_before: Decimal
    drift_after: Decimal | None

    @property
    def outcome(self) -> ProposalState:
        """What the proposal becomes: done, partial, failed, or frozen where a person must decide."""
        return outcome_of(self.orders)


class WhyEnded(StrEnum):
    """Why an approved plan came to its end at the re-check, before an order was sent."""

    NOT_NEEDED = "not_needed"
    NO_PLAN = "no_plan"
    MONEY_IS_THERE = "money_is_there"
    OVER_LIMIT = "over_limit"


class WhyNot(StrEnum):
    """Why an order was not filled in full; of one that was never sent it is kept as the order's detail."""

    # never sent
    APPROVAL_AGED = "approval_aged"
    PAUSED = "paused"
    HELD = "held"
    CLOSED = "closed"
    IN_DOUBT = "in_doubt"
    NO_CASH = "no_cash"
    UNSETTLED = "unsettled"
    SETTLES_LATER = "settles_later"
    PRICE_MOVED = "price_moved"
    SALE_MISSED = "sale_missed"
    HOLDINGS_CHANGED = "holdings_changed"
    APPROVER_GONE = "approver_gone"
    DRY_RUN = "dry_run"
    BARRED = "barred"
    OVER_LIMIT = "over_limit"
    # sent
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    OTHER = "other"


_WHY_SENT = {
    OrderState.REJECTED: WhyNot.REFUSED,
    OrderState.CANCELLED: WhyNot.CANCELLED,
    OrderState.EXPIRED: WhyNot.EXPIRED,
}


def why_not(order: Order) -> WhyNot:
    """Why an order that has ended was not filled in full."""
    if order.state is not OrderState.VOID:
        return _WHY_SENT.get(order.state, WhyNot.OTHER)
    return WhyNot(order.detail) if order.detail in set(WhyNot) else WhyNot.OTHER


@dataclass(frozen=True, slots=True)
class SoldNotBought:
    """Sales that were filled although purchases they were meant to pay for were not: the money is in cash.

    ``bought`` are the purchases of which something was filled, ``unbought`` those of which something was not.
    """

    sold: tuple[Order, ...]
    bought: tuple[Order, ...]
    unbought: tuple[Order, ...]

    @property
    def proceeds(self) -> Decimal:
        """What the sales brought, less commission."""
        return sum((order.filled_value - _commission(order) for order in self.sold), ZERO)

    @property
    def spent(self) -> Decimal:
        """What the purchases took that were made, commission included."""
        return sum((order.filled_value + _commission(order) for order in self.bought), ZERO)

    @property
    def goes_on_by_itself(self) -> bool:
        """Whether the purchases only wait until the money has settled, and are then planned without being asked for."""
        return self.reasons == (WhyNot.SETTLES_LATER,)

    @property
    def reasons(self) -> tuple[WhyNot, ...]:
        """Why the purchases were not made, each reason once."""
        return tuple(dict.fromkeys(why_not(order) for order in self.unbought))


def sold_not_bought(orders: tuple[Order, ...]) -> SoldNotBought | None:
    """What is to be decided after a plan that ended with money from its sales and without purchases; else None.

    The money of a sale pays for purchases in its own account only, so only accounts count that did both.
    """
    if outcome_of(orders) is not ProposalState.PARTIAL:
        return None
    cases = [case for case in map(_one_sided, by_account(orders).values()) if case is not None]
    if not cases:
        return None
    return SoldNotBought(
        tuple(order for case in cases for order in case.sold),
        tuple(order for case in cases for order in case.bought),
        tuple(order for case in cases for order in case.unbought),
    )


def sold_as_planned(trades: Sequence[Trade], orders: tuple[Order, ...]) -> bool:
    """Whether a plan whose purchases wait for its sales to settle has sold all that it was to sell.

    ``trades`` are the plan's, in the order of its legs.
    """
    case = sold_not_bought(orders)
    if case is None or not case.goes_on_by_itself:
        return False
    return all(
        order.filled_quantity >= trades[order.leg - 1].quantity
        for order in orders
        if order.side is Side.SELL
    )


def _one_sided(orders: tuple[Order, ...]) -> SoldNotBought | None:
    """An account that sold something, and did not buy everything."""
    sold = tuple(o for o in orders if o.side is Side.SELL and o.filled_quantity > ZERO)
    bought = tuple(o for o in orders if o.side is Side.BUY and o.filled_quantity > ZERO)
    unbought = tuple(o for o in orders if o.side is Side.BUY and o.state is not OrderState.FILLED)
    return SoldNotBought(sold, bought, unbought) if sold and unbought else None


def by_account(orders: Iterable[Order]) -> dict[AccountId, tuple[Order, ...]]:
    """The orders of each account, in their order."""
    found: dict[AccountId, tuple[Order, ...]] = {}
    for order in orders:
        found[order.account_id] = (*found.get(order.account_id, ()), order)
    return found


def _commission(order: Order) -> Decimal:
    return sum((fill.commission for fill in order.fills), ZERO)


def outcome_of(orders: tuple[Order, ...]) -> ProposalState:
    """Judge the orders together."""
    if any(order.state in {OrderState.FROZEN, OrderState.UNKNOWN} for order in orders):
        return ProposalState.FROZEN
    if any(order.state not in TERMINAL for order in orders):
        return ProposalState.EXECUTING
    if all(order.state is OrderState.FILLED for order in orders) or was_dry_run(orders):
        return ProposalState.DONE
    filled = any(order.filled_quantity > ZERO for order in orders)
    return ProposalState.PARTIAL if filled else ProposalState.FAILED


def was_dry_run(orders: tuple[Order, ...]) -> bool:
    """Whether everything was done but the sending: no order was sent, because it was a dry run."""
    unsent = {WhyNot.DRY_RUN, WhyNot.NO_CASH}
    is_unsent = all(o.state is OrderState.VOID and o.detail in unsent for o in orders)
    return is_unsent and any(order.detail == WhyNot.DRY_RUN for order in orders)


def execution_cost(orders: tuple[Order, ...], quoted: dict[int, Decimal]) -> Decimal:
    """Commission plus how much worse the fills were than the quotes; ``quoted`` is the price by leg."""
    cost = ZERO
    for order in orders:
        sign = 1 if order.side is Side.BUY else -1
        for fill in order.fills:
            cost += fill.commission + sign * (fill.price - quoted[order.leg]) * fill.quantity
    return cost
