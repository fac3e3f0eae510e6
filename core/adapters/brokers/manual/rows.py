"""Rows of a hand-kept account's orders, and how numbers are kept: decimals as text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.domain.ids import ClientOrderId, Symbol
from core.domain.money import ZERO, purchase_cost, sale_proceeds
from core.domain.order import AT_BROKER, Fill, OrderState
from core.domain.plan import Side
from core.ports.broker import BrokerOrder

ORDER_COLUMNS = (
    "id, account_id, client_order_id, symbol, side, quantity, expected_price, state, expires_at"
)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A line of a checklist as it is kept; ``expected_price`` is what each share is thought to cost or bring."""

    id: int
    account_id: int
    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    expected_price: Decimal
    state: OrderState
    expires_at: datetime
    fills: tuple[Fill, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer."""
        return self.state in AT_BROKER

    @property
    def remaining(self) -> Decimal:
        """Shares without an answer."""
        return self.quantity - sum((fill.quantity for fill in self.fills), ZERO)

    @property
    def expected_cash(self) -> Decimal:
        """What the rest will bring, or with a minus sign cost."""
        if self.side is Side.BUY:
            return -purchase_cost(self.remaining, self.expected_price)
        return sale_proceeds(self.remaining, self.expected_price)

    def as_broker_order(self) -> BrokerOrder:
        """The order in the port's words."""
        return BrokerOrder(
            client_order_id=self.client_order_id,
            broker_order_id=f"hand-order-{self.id}",
            symbol=self.symbol,
            side=self.side,
            quantity=self.quantity,
            state=self.state,
            fills=self.fills,
        )


def order_row(row: Any, fills: tuple[Fill, ...]) -> OrderRow:
    """Read an order from its columns."""
    return OrderRow(
        id=row[0],
        account_id=row[1],
        client_order_id=ClientOrderId(row[2]),
        symbol=Symbol(row[3]),
        side=Side(row[4]),
        quantity=Decimal(row[5]),
        expected_price=Decimal(row[6]),
        state=OrderState(row[7]),
        expires_at=datetime.fromisoformat(row[8]),
        fills=fills,
    )


def fill_row(fill_id: int, quantity: str, price: str, at: str) -> Fill:
    """Read a fill from its columns; a person's word has no commission of its own."""
    return Fill(
        f"hand-fill-{fill_id}", Decimal(quantity), Decimal(price), ZERO, datetime.fromisoformat(at)
    )


def text(number: Decimal) -> str:
    """A decimal as it is kept."""
    return f"{number:f}"
