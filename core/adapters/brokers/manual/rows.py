"""Rows of a hand-kept account's orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.adapters.brokers.own_rows import KeptOrder
from core.domain.ids import ClientOrderId, Symbol
from core.domain.money import ZERO, purchase_cost, sale_proceeds
from core.domain.order import Fill, OrderState
from core.domain.plan import Side
from core.ports.broker import BrokerOrder

ORDER_COLUMNS = (
    "id, account_id, client_order_id, symbol, side, quantity, expected_price, state, expires_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow(KeptOrder):
    """A line of a checklist as it is kept; ``expected_price`` is what each share is thought to cost or bring."""

    expected_price: Decimal

    @property
    def expected_cash(self) -> Decimal:
        """What the rest will bring, or with a minus sign cost."""
        if self.side is Side.BUY:
            return -purchase_cost(self.remaining, self.expected_price)
        return sale_proceeds(self.remaining, self.expected_price)

    def as_broker_order(self) -> BrokerOrder:
        """The order in the port's words."""
        return self.named("hand-order-")


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
