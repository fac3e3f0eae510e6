"""Orders: what is sent to a broker for one leg of an approved proposal.

The diagram, held against the transition table by a test::

    A  intended → submitting            the call to the broker is about to be made
    B  intended → void                  the proposal ended before anything was sent
    C  submitting → submitted           the broker answered that it has the order
    D  submitting → rejected            the broker answered that it will not take it
    E  submitting → unknown             no answer, or one that cannot be read
    F  unknown → submitted              looked up by its client order id: the broker has it
    G  unknown → intended               looked up: the broker does not have it (ids unique for ever)
    H  unknown → frozen                 the broker cannot tell us: a person decides
    I  submitted → partially_filled
    J  submitted → filled | cancelled | expired | rejected
    K  partially_filled → filled | cancelled | expired
    L  frozen → submitted | void        a person, confirmed by the broker, decided
    M  submitting → intended            after a restart the look-up says that it never arrived
    N  submitted | partially_filled → frozen    the broker had it, and denies it: a person decides
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import AccountId, ClientOrderId, OrderId, ProposalId, Symbol
from core.domain.money import ZERO
from core.domain.plan import Side
from core.domain.refusals import IllegalMove


class OrderState(StrEnum):
    """Where an order is."""

    INTENDED = "intended"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    VOID = "void"
    UNKNOWN = "unknown"
    FROZEN = "frozen"


_S = OrderState
TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    _S.INTENDED: frozenset({_S.SUBMITTING, _S.VOID}),
    _S.SUBMITTING: frozenset({_S.SUBMITTED, _S.REJECTED, _S.UNKNOWN, _S.INTENDED}),
    _S.UNKNOWN: frozenset({_S.SUBMITTED, _S.INTENDED, _S.FROZEN}),
    _S.SUBMITTED: frozenset(
        {_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED, _S.FROZEN}
    ),
    _S.PARTIALLY_FILLED: frozenset({_S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.FROZEN}),
    _S.FROZEN: frozenset({_S.SUBMITTED, _S.VOID}),
    _S.FILLED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.VOID: frozenset(),
}

TERMINAL = frozenset(state for state, nexts in TRANSITIONS.items() if not nexts)
AT_BROKER = frozenset({_S.SUBMITTED, _S.PARTIALLY_FILLED})
IN_DOUBT = frozenset({_S.SUBMITTING, _S.UNKNOWN})

DENIAL_PATIENCE = timedelta(seconds=60)
"""So long a broker may deny an order that it had acknowledged, before a person is asked: brokers show orders late."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution, keyed by the broker's execution id; the price is per share, the commission in money."""

    execution_id: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """One leg's order: what was intended, what the broker calls it, and what was filled.

    ``limit_price`` None means a market order. ``detail`` is the broker's words where it refused. ``denied_at`` is when
    the broker, which had acknowledged it, first said that it does not have it; None again once it is found.
    """

    id: OrderId
    proposal_id: ProposalId
    account_id: AccountId
    leg: int
    attempt: int
    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    limit_price: Decimal | None
    state: OrderState = OrderState.INTENDED
    broker_order_id: str | None = None
    detail: str = ""
    fills: tuple[Fill, ...] = ()
    denied_at: datetime | None = None

    def is_denied_for_good(self, now: datetime) -> bool:
        """Whether a broker has denied what it had acknowledged for so long that a person must look."""
        return self.denied_at is not None and now - self.denied_at >= DENIAL_PATIENCE

    @property
    def filled_quantity(self) -> Decimal:
        """Shares executed so far."""
        return sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def signed_filled(self) -> Decimal:
        """The shares that were filled, below 0 for a sale."""
        return -self.filled_quantity if self.side is Side.SELL else self.filled_quantity

    @property
    def filled_value(self) -> Decimal:
        """Money of the executions, without commission."""
        return sum((fill.quantity * fill.price for fill in self.fills), ZERO)

    @property
    def average_price(self) -> Decimal | None:
        """The mean price of the executions, weighted by shares; None before the first."""
        return self.filled_value / self.filled_quantity if self.filled_quantity else None


def require_move(before: OrderState, after: OrderState) -> None:
    """Raise IllegalMove unless the diagram has the arrow."""
    if after not in TRANSITIONS[before]:
        raise IllegalMove("order", before, after)


def our_prefix(install: str) -> str:
    """How every client order id of this installation begins."""
    return f"rb-{install}-"


def client_order_id(install: str, proposal: int, leg: int, attempt: int) -> ClientOrderId:
    """Our name for an order; the same intent always has the same one, and no other installation has it."""
    return ClientOrderId(f"{our_prefix(install)}{proposal}-{leg}-{attempt}")


def collared_limit(side: Side, price: Decimal, collar_percent: Decimal) -> Decimal:
    """The worst price accepted: ``collar_percent`` beyond the quote, to the cent, never tighter than asked."""
    factor = collar_percent / Decimal(100)
    if side is Side.BUY:
        return (price * (1 + factor)).quantize(Decimal("0.01"), "ROUND_CEILING")
    return max((price * (1 - factor)).quantize(Decimal("0.01"), "ROUND_FLOOR"), Decimal("0.01"))
