"""How the simulated broker fills, and what it will not take: functions of an order and a quote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from core.domain.ids import Symbol
from core.domain.money import ZERO, half_spread
from core.domain.plan import Side
from core.ports.broker import OrderRefused, OrderRequest

SHARE_STEP = Decimal("0.001")
WHOLE_SHARE = Decimal(1)
MOST = Decimal(10) ** 12
"""No order and no amount is larger: beyond it decimals would be rounded."""


@dataclass(frozen=True, slots=True)
class FillRules:
    """What trading costs and how completely it happens.

    ``spread_bps``: the full spread in basis points; a purchase pays half of it above the quote, a
    sale gets half of it less. ``commission``: money per order, taken with its first execution.
    ``max_fill_quantity``: the most shares filled at submission; the rest follows at the next look.
    ``refusals``: symbols whose orders are always refused, with the code.
    """

    spread_bps: Decimal = Decimal(2)
    commission: Decimal = ZERO
    fractional: bool = True
    max_fill_quantity: Decimal | None = None
    refusals: Mapping[Symbol, str] = field(default_factory=dict)

    @property
    def share_step(self) -> Decimal:
        """The smallest tradable part of a share."""
        return SHARE_STEP if self.fractional else WHOLE_SHARE

    def require_acceptable(self, request: OrderRequest) -> None:
        """Refuse what no account could have filled; raises OrderRefused."""
        if request.symbol in self.refusals:
            raise OrderRefused(self.refusals[request.symbol], f"{request.symbol} is refused here")
        quantity, limit = request.quantity, request.limit_price
        if not quantity.is_finite() or quantity < min(self.share_step, SHARE_STEP):
            raise OrderRefused("too_small", f"{quantity} shares; at least {self.share_step}")
        if quantity > MOST:
            raise OrderRefused("other", f"{quantity} shares; at most {MOST}")
        if quantity % self.share_step != ZERO:
            raise OrderRefused("not_fractionable", f"{quantity} shares; steps of {self.share_step}")
        if limit is not None and not (limit.is_finite() and ZERO < limit <= MOST):
            raise OrderRefused("other", f"limit price {limit}; a price above zero")

    def fill_price(self, side: Side, quote: Decimal, limit: Decimal | None) -> Decimal | None:
        """The price per share at which an order is filled now; None while its limit forbids it."""
        half = half_spread(quote, self.spread_bps)
        price = quote + half if side is Side.BUY else quote - half
        if limit is None:
            return price
        is_within = price <= limit if side is Side.BUY else price >= limit
        return price if is_within else None

    def first_part(self, quantity: Decimal) -> Decimal:
        """How much of an order is filled at submission."""
        return quantity if self.max_fill_quantity is None else min(quantity, self.max_fill_quantity)
