"""Rows of a database of our own: how they are asked for and written, and what every kept order says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import aiosqlite

from core.domain.ids import ClientOrderId, Symbol
from core.domain.money import ZERO
from core.domain.order import AT_BROKER, Fill, OrderState
from core.domain.plan import Side
from core.ports.broker import BrokerOrder

OPEN = "state IN ('submitted', 'partially_filled')"
"""The condition of rows of orders that are not at their end yet."""


class Rows:
    """Rows over one connection, inside one transaction."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._db = connection

    async def _all(self, query: str, values: tuple[Any, ...]) -> Iterable[Any]:
        return await self._db.execute_fetchall(query, values)

    async def _one(self, query: str, values: tuple[Any, ...]) -> Any:
        async with self._db.execute(query, values) as cursor:
            return await cursor.fetchone()

    async def _insert(self, statement: str, values: tuple[Any, ...]) -> int:
        async with self._db.execute(statement, values) as cursor:
            return int(cursor.lastrowid or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOrder:
    """An order as a house keeps it."""

    id: int
    account_id: int
    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    state: OrderState
    expires_at: datetime
    fills: tuple[Fill, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is not at its end yet."""
        return self.state in AT_BROKER

    @property
    def remaining(self) -> Decimal:
        """Shares not filled yet."""
        return self.quantity - sum((fill.quantity for fill in self.fills), ZERO)

    def named(self, prefix: str, detail: str = "") -> BrokerOrder:
        """The order in the port's words, under the house's own name for it."""
        return BrokerOrder(
            client_order_id=self.client_order_id,
            broker_order_id=f"{prefix}{self.id}",
            symbol=self.symbol,
            side=self.side,
            quantity=self.quantity,
            state=self.state,
            fills=self.fills,
            detail=detail,
        )


def text(number: Decimal) -> str:
    """A decimal as it is kept."""
    return f"{number:f}"
