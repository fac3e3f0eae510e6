"""The lines of checklists and the answers that people gave, read and written inside one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import aiosqlite

from core.adapters.brokers.manual.ledger import Ledger
from core.adapters.brokers.manual.rows import ORDER_COLUMNS, OrderRow, fill_row, order_row
from core.adapters.brokers.own_rows import OPEN, Rows, text
from core.domain.ids import ClientOrderId
from core.domain.lots import Lot
from core.domain.money import ZERO, purchase_cost, sale_proceeds
from core.domain.order import Fill, OrderState
from core.domain.plan import Side
from core.domain.session import NEW_YORK
from core.ports.broker import OrderRequest


class Checklist(Rows):
    """Orders and fills over one connection."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self._ledger = Ledger(connection)

    async def add(
        self,
        account_id: int,
        request: OrderRequest,
        *,
        expected_price: Decimal,
        at: datetime,
        expires_at: datetime,
    ) -> OrderRow:
        """Take an order in; it waits for an answer until its time is over."""
        order_id = await self._insert(
            "INSERT INTO orders (account_id, client_order_id, symbol, side, quantity, "
            "expected_price, state, handed_over_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                account_id,
                request.client_order_id,
                request.symbol,
                request.side.value,
                text(request.quantity),
                text(expected_price),
                OrderState.SUBMITTED.value,
                at.isoformat(),
                expires_at.isoformat(),
            ),
        )
        (order,) = await self._orders("id = ?", (order_id,))
        return order

    async def order(self, account_id: int, client_order_id: ClientOrderId) -> OrderRow | None:
        """An account's order by our id."""
        found = await self._orders(
            "account_id = ? AND client_order_id = ?", (account_id, client_order_id)
        )
        return found[0] if found else None

    async def open_orders(self, account_id: int) -> list[OrderRow]:
        """An account's orders without a whole answer, oldest first."""
        return await self._orders(f"{OPEN} AND account_id = ?", (account_id,))

    async def planned_cash(self, account_id: int) -> Decimal:
        """What the open orders together will bring, or with a minus sign cost."""
        orders = await self.open_orders(account_id)
        return sum((order.expected_cash for order in orders), ZERO)

    async def expire(self, account_id: int, now: datetime) -> None:
        """End every order whose time is over."""
        for order in await self.open_orders(account_id):
            if now >= order.expires_at:
                await self.end(order, OrderState.EXPIRED)

    async def end(self, order: OrderRow, state: OrderState) -> None:
        """Change where an order is."""
        await self._db.execute("UPDATE orders SET state = ? WHERE id = ?", (state.value, order.id))

    async def has_answer(self, order: OrderRow, key: str) -> bool:
        """Whether this answer was taken down before."""
        query = "SELECT 1 FROM fills WHERE order_id = ? AND key = ?"
        return bool(list(await self._db.execute_fetchall(query, (order.id, key))))

    async def fill(
        self,
        order: OrderRow,
        quantity: Decimal,
        price: Decimal,
        key: str,
        at: datetime,
        lots: Sequence[Lot] = (),
    ) -> None:
        """Write an answer down, and what it changes: shares and cash."""
        fill_id = await self._insert(
            "INSERT INTO fills (order_id, key, quantity, price, at) VALUES (?, ?, ?, ?, ?)",
            (order.id, key, text(quantity), text(price), at.isoformat()),
        )
        account_id, symbol = order.account_id, order.symbol
        if order.side is Side.BUY:
            amount = -purchase_cost(quantity, price)
            day = at.astimezone(NEW_YORK).date()
            await self._ledger.add_lot(account_id, Lot(symbol, quantity, price, day))
        else:
            amount = sale_proceeds(quantity, price)
            await self._ledger.take_lots(account_id, symbol, quantity, lots)
        await self._ledger.move_cash(account_id, f"fill-{fill_id}", amount, at)
        is_done = quantity == order.remaining
        await self.end(order, OrderState.FILLED if is_done else OrderState.PARTIALLY_FILLED)

    async def _orders(self, where: str, values: tuple[Any, ...]) -> list[OrderRow]:
        rows = list(
            await self._all(
                f"SELECT {ORDER_COLUMNS} FROM orders WHERE {where} ORDER BY id",  # noqa: S608
                values,
            )
        )
        fills = await self._fills(row[0] for row in rows)
        return [order_row(row, fills.get(row[0], ())) for row in rows]

    async def _fills(self, order_ids: Iterable[int]) -> dict[int, tuple[Fill, ...]]:
        rows = await self._all(
            "SELECT order_id, id, quantity, price, at FROM fills "
            "WHERE order_id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(list(order_ids)),),
        )
        found: dict[int, tuple[Fill, ...]] = {}
        for order_id, *columns in rows:
            found[order_id] = (*found.get(order_id, ()), fill_row(*columns))
        return found
