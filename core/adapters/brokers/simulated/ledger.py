"""The rows of the simulated broker, read and written inside one transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.adapters.brokers.own_rows import OPEN, KeptOrder, Rows, text
from core.domain.ids import ClientOrderId, Symbol
from core.domain.money import ZERO
from core.domain.order import Fill, OrderState
from core.domain.packed import PackedAccount, PackedLines
from core.domain.plan import Side
from core.domain.portfolio import Holdings
from core.ports.broker import BrokerOrder, BrokerUnavailable, OrderRequest

_ORDER_COLUMNS = (
    "id, account_id, client_order_id, symbol, side, quantity, limit_price, state, detail, "
    "reserved, expires_at"
)

_WITHOUT_ORDERS = f"""
    SELECT id, cash FROM accounts
    WHERE id IN (SELECT value FROM json_each(?))
        AND id NOT IN (SELECT account_id FROM orders WHERE {OPEN})
"""  # noqa: S608
_PACKED = """
    SELECT coalesce(group_concat(account_id), ''), coalesce(group_concat(symbol), ''),
        coalesce(group_concat(quantity), '')
    FROM positions WHERE account_id IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow(KeptOrder):
    """An order as it is kept; ``reserved`` is the cash held back for what is not filled yet."""

    limit_price: Decimal | None
    detail: str
    reserved: Decimal

    def as_broker_order(self) -> BrokerOrder:
        """The order in the port's words."""
        return self.named("sim-order-", self.detail)


class Ledger(Rows):
    """Accounts, cash, positions, orders and fills over one connection."""

    # --- accounts and cash -----------------------------------------------------------------------

    async def open_account(self, currency: str, at: datetime) -> int:
        """Open an account without money."""
        return await self._insert(
            "INSERT INTO accounts (currency, cash, opened_at) VALUES (?, '0', ?)",
            (currency, at.isoformat()),
        )

    async def currency_and_cash(self, account_id: int) -> tuple[str, Decimal]:
        """An account's currency and its whole cash; raises BrokerUnavailable for an unknown one."""
        row = await self._one("SELECT currency, cash FROM accounts WHERE id = ?", (account_id,))
        if row is None:
            raise BrokerUnavailable("the simulated broker does not have this account")
        return row[0], Decimal(row[1])

    async def free_cash(self, account_id: int) -> Decimal:
        """Cash that no open purchase holds back."""
        _, cash = await self.currency_and_cash(account_id)
        rows = await self._all(
            f"SELECT reserved FROM orders WHERE account_id = ? AND {OPEN}",  # noqa: S608
            (account_id,),
        )
        return cash - sum((Decimal(reserved) for (reserved,) in rows), ZERO)

    async def has_movement(self, account_id: int, key: str) -> bool:
        """Whether money was moved under this key before."""
        query = "SELECT 1 FROM cash_movements WHERE account_id = ? AND key = ?"
        return await self._one(query, (account_id, key)) is not None

    async def move_cash(self, account_id: int, key: str, amount: Decimal, at: datetime) -> None:
        """Change the cash and write down why; a key is used once."""
        _, cash = await self.currency_and_cash(account_id)
        await self._db.execute(
            "INSERT INTO cash_movements (account_id, key, amount, at) VALUES (?, ?, ?, ?)",
            (account_id, key, text(amount), at.isoformat()),
        )
        await self._db.execute(
            "UPDATE accounts SET cash = ? WHERE id = ?", (text(cash + amount), account_id)
        )

    # --- positions -------------------------------------------------------------------------------

    async def position(self, account_id: int, symbol: Symbol) -> Decimal:
        """Shares held, those of open sales too."""
        query = "SELECT quantity FROM positions WHERE account_id = ? AND symbol = ?"
        row = await self._one(query, (account_id, symbol))
        return Decimal(row[0]) if row else ZERO

    async def free_shares(self, account_id: int, symbol: Symbol) -> Decimal:
        """Shares that no open sale has spoken for."""
        held = await self.position(account_id, symbol)
        selling = (
            order.remaining
            for order in await self.open_orders([account_id])
            if order.symbol == symbol and order.side is Side.SELL
        )
        return held - sum(selling, ZERO)

    async def change_position(self, account_id: int, symbol: Symbol, change: Decimal) -> None:
        """Add shares, or with a negative change take them away."""
        after = await self.position(account_id, symbol) + change
        if after:
            await self._db.execute(
                "INSERT INTO positions (account_id, symbol, quantity) VALUES (?, ?, ?) "
                "ON CONFLICT (account_id, symbol) DO UPDATE SET quantity = excluded.quantity",
                (account_id, symbol, text(after)),
            )
        else:
            await self._db.execute(
                "DELETE FROM positions WHERE account_id = ? AND symbol = ?", (account_id, symbol)
            )

    async def holdings(self, account_ids: Sequence[int]) -> dict[int, Holdings]:
        """Usable cash and positions of many accounts, in three queries; the unknown are missing."""
        ids = (json.dumps(list(account_ids)),)
        among = "IN (SELECT value FROM json_each(?))"
        cash = {
            account_id: Decimal(amount)
            for account_id, amount in await self._all(
                f"SELECT id, cash FROM accounts WHERE id {among}",  # noqa: S608
                ids,
            )
        }
        bound = dict.fromkeys(cash, ZERO)
        for account_id, reserved in await self._all(
            f"SELECT account_id, reserved FROM orders WHERE account_id {among} AND {OPEN}",  # noqa: S608
            ids,
        ):
            bound[account_id] += Decimal(reserved)
        positions: dict[int, dict[Symbol, Decimal]] = {account_id: {} for account_id in cash}
        for account_id, symbol, quantity in await self._all(
            f"SELECT account_id, symbol, quantity FROM positions WHERE account_id {among}",  # noqa: S608
            ids,
        ):
            positions[account_id][symbol] = Decimal(quantity)
        return {
            account_id: Holdings(
                amount - bound[account_id], positions[account_id], bound[account_id]
            )
            for account_id, amount in cash.items()
        }

    async def packed_holdings(
        self, account_ids: Collection[int]
    ) -> tuple[list[PackedAccount], PackedLines]:
        """Very many accounts and their positions; those with open orders and unknown ones are missing."""
        rows = await self._all(_WITHOUT_ORDERS, (json.dumps(list(account_ids)),))
        accounts = [PackedAccount(*row) for row in rows]
        row = await self._one(_PACKED, (json.dumps([each.number for each in accounts]),))
        return accounts, PackedLines(*row)

    # --- orders and fills ------------------------------------------------------------------------

    async def add_order(
        self,
        account_id: int,
        request: OrderRequest,
        *,
        reserved: Decimal,
        at: datetime,
        expires_at: datetime,
    ) -> OrderRow:
        """Take an order in; it is open until the session closes."""
        limit = request.limit_price
        order_id = await self._insert(
            "INSERT INTO orders (account_id, client_order_id, symbol, side, quantity, limit_price, "
            "state, reserved, submitted_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                account_id,
                request.client_order_id,
                request.symbol,
                request.side.value,
                text(request.quantity),
                None if limit is None else text(limit),
                OrderState.SUBMITTED.value,
                text(reserved),
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

    async def open_orders(self, account_ids: Collection[int]) -> list[OrderRow]:
        """Orders of these accounts that can still be filled, oldest first."""
        return await self._orders(
            f"{OPEN} AND account_id IN (SELECT value FROM json_each(?))",  # noqa: S608
            (json.dumps(list(account_ids)),),
        )

    async def update_order(
        self, order_id: int, state: OrderState, *, reserved: Decimal = ZERO, detail: str = ""
    ) -> None:
        """Change where an order is and what it holds back."""
        await self._db.execute(
            "UPDATE orders SET state = ?, reserved = ?, detail = ? WHERE id = ?",
            (state.value, text(reserved), detail, order_id),
        )

    async def add_fill(
        self, order: OrderRow, quantity: Decimal, price: Decimal, commission: Decimal, at: datetime
    ) -> Fill:
        """Write one execution down."""
        fill_id = await self._insert(
            "INSERT INTO fills (order_id, quantity, price, commission, at) VALUES (?, ?, ?, ?, ?)",
            (order.id, text(quantity), text(price), text(commission), at.isoformat()),
        )
        return Fill(_execution_id(fill_id), quantity, price, commission, at)

    async def _orders(self, where: str, values: tuple[Any, ...]) -> list[OrderRow]:
        rows = await self._all(
            f"SELECT {_ORDER_COLUMNS} FROM orders WHERE {where} ORDER BY id",  # noqa: S608
            values,
        )
        fills = await self._fills([row[0] for row in rows])
        return [_order_row(row, fills.get(row[0], ())) for row in rows]

    async def _fills(self, order_ids: list[int]) -> dict[int, tuple[Fill, ...]]:
        if not order_ids:
            return {}
        rows = await self._all(
            "SELECT order_id, id, quantity, price, commission, at FROM fills "
            "WHERE order_id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(order_ids),),
        )
        found: dict[int, tuple[Fill, ...]] = {}
        for order_id, fill_id, quantity, price, commission, at in rows:
            fill = Fill(
                _execution_id(fill_id),
                Decimal(quantity),
                Decimal(price),
                Decimal(commission),
                datetime.fromisoformat(at),
            )
            found[order_id] = (*found.get(order_id, ()), fill)
        return found


def _order_row(row: Any, fills: tuple[Fill, ...]) -> OrderRow:
    return OrderRow(
        id=row[0],
        account_id=row[1],
        client_order_id=ClientOrderId(row[2]),
        symbol=Symbol(row[3]),
        side=Side(row[4]),
        quantity=Decimal(row[5]),
        limit_price=None if row[6] is None else Decimal(row[6]),
        state=OrderState(row[7]),
        detail=row[8],
        reserved=Decimal(row[9]),
        expires_at=datetime.fromisoformat(row[10]),
        fills=fills,
    )


def _execution_id(fill_id: int) -> str:
    return f"sim-fill-{fill_id}"
