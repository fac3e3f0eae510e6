"""Reports: what became of an approved plan."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.domain.money import ZERO
from core.domain.order import TERMINAL, Order, OrderState
from core.domain.plan import Side
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


def outcome_of(orders: tuple[Order, ...]) -> ProposalState:
    """Judge the orders together."""
    if any(order.state in {OrderState.FROZEN, OrderState.UNKNOWN} for order in orders):
        return ProposalState.FROZEN
    if any(order.state not in TERMINAL for order in orders):
        return ProposalState.EXECUTING
    if all(order.state is OrderState.FILLED for order in orders):
        return ProposalState.DONE
    filled = any(order.filled_quantity > ZERO for order in orders)
    return ProposalState.PARTIAL if filled else ProposalState.FAILED


def execution_cost(orders: tuple[Order, ...], quoted: dict[int, Decimal]) -> Decimal:
    """Commission plus how much worse the fills were than the quotes; ``quoted`` is the price by leg."""
    cost = ZERO
    for order in orders:
        sign = 1 if order.side is Side.BUY else -1
        for fill in order.fills:
            cost += fill.commission + sign * (fill.price - quoted[order.leg]) * fill.quantity
    return cost
