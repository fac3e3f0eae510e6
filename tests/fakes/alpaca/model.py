"""What the fake Alpaca remembers: assets, accounts, orders, activities."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

ZERO = Decimal(0)
SPACE = UUID("7d2f6c1e-0000-4000-8000-000000000000")

OPEN_STATUSES = frozenset(
    {
        "new",
        "partially_filled",
        "accepted",
        "pending_new",
        "pending_cancel",
        "accepted_for_bidding",
        "held",
        "suspended",
        "stopped",
        "calculated",
        "done_for_day",
        "pending_replace",
    }
)
MARKET_MARGIN = Decimal("1.02")
"""Market purchases are held against the cash at a price above the market's."""


def made_id(*parts: object) -> str:
    """A UUID that is the same in every run."""
    return str(uuid5(SPACE, ":".join(map(str, parts))))


class ApiError(Exception):
    """What the real service answers with a status other than 200."""

    def __init__(self, status: int, code: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"code": code, "message": message, **more}


@dataclass
class Asset:
    """One stock; `price` is its last trade, made at `traded_at` (None: this instant)."""

    symbol: str
    price: Decimal
    id: str
    name: str
    is_fractionable: bool = True
    is_tradable: bool = True
    is_active: bool = True
    traded_at: datetime | None = None
    half_spread: Decimal = Decimal("0.01")


@dataclass
class Fate:
    """What becomes of one order: `first_part` of it is filled at first (1: all of it).

    `is_stuck`: nothing more happens after that. `ends_as`: the status it gets instead of being filled.
    `events_late`: so many looks at the activities do not show its executions yet.
    `excess`: shares filled beyond what was ordered.
    """

    first_part: Decimal = Decimal(1)
    is_stuck: bool = False
    ends_as: str | None = None
    events_late: int = 0
    excess: Decimal = ZERO


@dataclass
class Order:
    """An order as the real service has it, and what will become of it."""

    id: str
    client_order_id: str
    asset: Asset
    side: str
    qty: Decimal | None
    notional: Decimal | None
    type: str
    time_in_force: str
    limit_price: Decimal | None
    status: str
    submitted_at: datetime
    expires_at: datetime
    fate: Fate = field(default_factory=Fate)
    filled_qty: Decimal = ZERO
    filled_value: Decimal = ZERO
    updated_at: datetime | None = None
    filled_at: datetime | None = None
    canceled_at: datetime | None = None
    expired_at: datetime | None = None
    failed_at: datetime | None = None
    replaced_by: str | None = None
    hidden_looks: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def target(self) -> Decimal:
        """Shares to be filled in all."""
        if self.qty is not None:
            return self.qty
        return ((self.notional or ZERO) / self.asset.price).quantize(Decimal("1e-9"))

    @property
    def remaining(self) -> Decimal:
        return max(self.target - self.filled_qty, ZERO)

    @property
    def held_cash(self) -> Decimal:
        """Cash that an open purchase holds back."""
        if not self.is_open or self.side != "buy":
            return ZERO
        return self.remaining * (self.limit_price or self.asset.price * MARKET_MARGIN)


@dataclass
class Account:
    """Money and shares; `multiplier` 1 is an account without margin, whose sales settle a day later.

    `violations` counts sales of what was bought with money that had not settled yet.
    """

    number: str
    key: str
    secret: str
    cash: Decimal = ZERO
    multiplier: int = 1
    currency: str = "USD"
    status: str = "ACTIVE"
    is_blocked: bool = False
    may_short: bool = False
    unsettled_is_usable: bool = True
    positions: dict[str, Decimal] = field(default_factory=dict)
    costs: dict[str, Decimal] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    activities: list[dict[str, Any]] = field(default_factory=list)
    hidden_activities: dict[str, int] = field(default_factory=dict)
    unsettled: list[tuple[date, Decimal]] = field(default_factory=list)
    on_credit: list[tuple[str, date]] = field(default_factory=list)
    violations: int = 0

    @property
    def id(self) -> str:
        return made_id("account", self.number)

    @property
    def held_cash(self) -> Decimal:
        return sum((order.held_cash for order in self.orders), ZERO)

    @property
    def settled_cash(self) -> Decimal:
        return self.cash - sum((amount for _, amount in self.unsettled), ZERO)

    @property
    def free_cash(self) -> Decimal:
        """Cash without margin for new purchases."""
        is_waiting = self.multiplier == 1 and not self.unsettled_is_usable
        return (self.settled_cash if is_waiting else self.cash) - self.held_cash

    @property
    def buying_power(self) -> Decimal:
        return max(self.free_cash, ZERO) * self.multiplier

    def held(self, asset: Asset) -> Decimal:
        return self.positions.get(asset.id, ZERO)

    def cost_of(self, asset: Asset) -> Decimal:
        """What a position has cost in all; its value where nobody said."""
        return self.costs.get(asset.id, self.held(asset) * asset.price)

    def on_sale(self, asset: Asset) -> Decimal:
        """Shares that open sales have spoken for."""
        return sum(
            (
                o.remaining
                for o in self.orders
                if o.is_open and o.side == "sell" and o.asset is asset
            ),
            ZERO,
        )
