"""Orders and fills in the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update

from core.adapters.store.database import Database, Found, Question
from core.adapters.store.instruments import SqlInstruments
from core.adapters.store.tables import ACCOUNTS, FILLS, INSTRUMENTS, ORDERS, PROPOSALS
from core.domain.ids import AccountId, ClientOrderId, OrderId, PortfolioId, ProposalId, Symbol
from core.domain.money import ZERO
from core.domain.order import AT_BROKER, Fill, Order, OrderState, require_move
from core.domain.plan import Side


class SqlOrders:
    """The port ``Orders`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._instruments = SqlInstruments(database)

    async def add(self, orders: Sequence[Order]) -> None:
        """Store intents (their ``id`` is ignored and given by the store)."""
        currencies = await self._currencies({order.account_id for order in orders})
        symbols: defaultdict[str, set[Symbol]] = defaultdict(set)
        for order in orders:
            symbols[currencies[order.account_id]].add(order.symbol)
        ids = {}
        for currency, wanted in symbols.items():
            ids.update(await self._instruments.ids(wanted, currency))
        rows = [_row_of(order, ids[order.symbol], currencies[order.account_id]) for order in orders]
        await self._database.write(insert(ORDERS), rows)

    async def of_proposal(self, proposal_id: ProposalId) -> tuple[Order, ...]:
        """A proposal's orders by leg and attempt, with fills."""
        return await self._load(
            _orders()
            .where(ORDERS.c.proposal_id == proposal_id)
            .order_by(ORDERS.c.leg, ORDERS.c.attempt)
        )

    async def get(self, order_id: OrderId) -> Order | None:
        """One order."""
        found = await self.many([order_id])
        return found[0] if found else None

    async def many(self, order_ids: Collection[OrderId]) -> tuple[Order, ...]:
        """The orders with these ids, by id."""
        is_one = self._database.among(ORDERS.c.id, order_ids)
        return await self._load(_orders().where(is_one).order_by(ORDERS.c.id))

    async def move(
        self,
        order_id: OrderId,
        before: OrderState,
        after: OrderState,
        *,
        broker_order_id: str | None = None,
        detail: str | None = None,
    ) -> bool:
        """Change the state if it is still ``before``; returns whether it was. Raises IllegalMove."""
        require_move(before, after)
        values: dict[str, Any] = {"state": after.value}
        if broker_order_id is not None:
            values["broker_order_id"] = broker_order_id
        if detail is not None:
            values["detail"] = detail
        row = await self._database.row(
            update(ORDERS)
            .where(ORDERS.c.id == order_id, ORDERS.c.state == before.value)
            .values(**values)
            .returning(ORDERS.c.client_order_id, ORDERS.c.proposal_id)
        )
        if row is not None:
            self._database.deeds.note(
                f"order: {before} to {after}", order=row.client_order_id, proposal=row.proposal_id
            )
        return row is not None

    async def deny(self, order_id: OrderId, at: datetime) -> bool:
        """Remember when a broker first denied an order that it had acknowledged; False where that is known."""
        at_broker = sorted(state.value for state in AT_BROKER)
        touched = await self._database.write(
            update(ORDERS)
            .where(
                ORDERS.c.id == order_id,
                ORDERS.c.denied_at.is_(None),
                ORDERS.c.state.in_(at_broker),
            )
            .values(denied_at=at)
        )
        return touched == 1

    async def clear_denial(self, order_id: OrderId) -> None:
        """The broker has the order after all."""
        await self._database.write(
            update(ORDERS)
            .where(ORDERS.c.id == order_id, ORDERS.c.denied_at.is_not(None))
            .values(denied_at=None)
        )

    async def prepare(
        self, order_id: OrderId, *, quantity: Decimal, limit_price: Decimal | None
    ) -> bool:
        """Lower the quantity and set the limit of an order that is still only intended.

        Returns whether it was; raises ValueError where the order would grow or vanish.
        """
        intended = (ORDERS.c.id == order_id, ORDERS.c.state == OrderState.INTENDED.value)
        before = await self._database.value(select(ORDERS.c.quantity).where(*intended))
        if before is None:
            return False
        if not ZERO < quantity <= before:
            raise ValueError(f"order {order_id} is for {before} and cannot become {quantity}")
        touched = await self._database.write(
            update(ORDERS).where(*intended).values(quantity=quantity, limit_price=limit_price)
        )
        return touched == 1

    async def add_fills(self, order_id: OrderId, fills: Sequence[Fill]) -> int:
        """Record executions, each once by the broker's id; returns how many were new."""
        currency = await self._database.value(
            select(ORDERS.c.currency).where(ORDERS.c.id == order_id)
        )
        if currency is None:
            raise KeyError(order_id)
        return await self._database.add_new(
            FILLS,
            [
                {
                    "order_id": order_id,
                    "execution_id": fill.execution_id,
                    "quantity": fill.quantity,
                    "price": fill.price,
                    "commission": fill.commission,
                    "currency": currency,
                    "at": fill.at,
                }
                for fill in fills
            ],
        )

    async def known(self, ids: Collection[ClientOrderId]) -> frozenset[ClientOrderId]:
        """Those of these names that are names of our orders."""
        rows = await self._database.rows(
            select(ORDERS.c.client_order_id).where(
                self._database.among(ORDERS.c.client_order_id, ids)
            )
        )
        return frozenset(ClientOrderId(name) for (name,) in rows)

    async def of_account(
        self, account_id: AccountId, states: Collection[OrderState]
    ) -> tuple[Order, ...]:
        """An account's orders in any of these states, oldest first."""
        words = sorted(state.value for state in states)
        mine = (ORDERS.c.account_id == account_id, ORDERS.c.state.in_(words))
        return await self._load(_orders().where(*mine).order_by(ORDERS.c.id))

    async def last_of_account(self, account_id: AccountId, state: OrderState) -> Order | None:
        """The latest order of an account that is in this state."""
        mine = (ORDERS.c.account_id == account_id, ORDERS.c.state == state.value)
        found = await self._load(_orders().where(*mine).order_by(ORDERS.c.id.desc()).limit(1))
        return found[0] if found else None

    async def fills_since(
        self, account_id: AccountId, number: int
    ) -> tuple[dict[Symbol, Decimal], int]:
        """What the executions after this number have changed, in net shares by symbol, and the newest one's number."""
        rows = await self._database.rows(
            select(FILLS.c.id, FILLS.c.quantity, ORDERS.c.side, INSTRUMENTS.c.symbol)
            .join(ORDERS, ORDERS.c.id == FILLS.c.order_id)
            .join(INSTRUMENTS, INSTRUMENTS.c.id == ORDERS.c.instrument_id)
            .where(ORDERS.c.account_id == account_id, FILLS.c.id > number)
        )
        net: defaultdict[Symbol, Decimal] = defaultdict(lambda: ZERO)
        for row in rows:
            net[Symbol(row.symbol)] += row.quantity if row.side == Side.BUY else -row.quantity
        return dict(net), max((row.id for row in rows), default=number)

    async def in_states(self, states: Collection[OrderState]) -> tuple[Order, ...]:
        """Orders in any of these states, oldest first."""
        words = [state.value for state in states]
        return await self._load(_orders().where(ORDERS.c.state.in_(words)).order_by(ORDERS.c.id))

    async def recent(self, portfolio_id: PortfolioId, limit: int) -> tuple[Order, ...]:
        """The latest orders of a portfolio, newest first."""
        return await self._load(
            _orders()
            .join(PROPOSALS, PROPOSALS.c.id == ORDERS.c.proposal_id)
            .where(PROPOSALS.c.portfolio_id == portfolio_id)
            .order_by(ORDERS.c.id.desc())
            .limit(limit)
        )

    async def _currencies(self, account_ids: Collection[int]) -> dict[int, str]:
        rows = await self._database.rows(
            select(ACCOUNTS.c.id, ACCOUNTS.c.currency).where(
                self._database.among(ACCOUNTS.c.id, account_ids)
            )
        )
        return {row.id: row.currency for row in rows}

    async def _load(self, statement: Question) -> tuple[Order, ...]:
        rows = await self._database.rows(statement)
        if not rows:
            return ()
        fills = await self._fills([row.id for row in rows])
        return tuple(_order_of(row, tuple(fills[row.id])) for row in rows)

    async def _fills(self, order_ids: Collection[int]) -> defaultdict[int, list[Fill]]:
        rows = await self._database.rows(
            select(FILLS)
            .where(self._database.among(FILLS.c.order_id, order_ids))
            .order_by(FILLS.c.at, FILLS.c.id)
        )
        grouped: defaultdict[int, list[Fill]] = defaultdict(list)
        for row in rows:
            grouped[row.order_id].append(
                Fill(row.execution_id, row.quantity, row.price, row.commission, row.at)
            )
        return grouped


def _orders() -> Question:
    return select(ORDERS, INSTRUMENTS.c.symbol).join(
        INSTRUMENTS, INSTRUMENTS.c.id == ORDERS.c.instrument_id
    )


def _row_of(order: Order, instrument_id: int, currency: str) -> dict[str, Any]:
    return {
        "proposal_id": order.proposal_id,
        "account_id": order.account_id,
        "leg": order.leg,
        "attempt": order.attempt,
        "client_order_id": order.client_order_id,
        "instrument_id": instrument_id,
        "side": order.side.value,
        "quantity": order.quantity,
        "limit_price": order.limit_price,
        "currency": currency,
        "state": order.state.value,
        "broker_order_id": order.broker_order_id,
        "detail": order.detail,
        "denied_at": order.denied_at,
    }


def _order_of(row: Found, fills: tuple[Fill, ...]) -> Order:
    return Order(
        id=row.id,
        proposal_id=row.proposal_id,
        account_id=row.account_id,
        leg=row.leg,
        attempt=row.attempt,
        client_order_id=row.client_order_id,
        symbol=Symbol(row.symbol),
        side=Side(row.side),
        quantity=row.quantity,
        limit_price=row.limit_price,
        state=OrderState(row.state),
        broker_order_id=row.broker_order_id,
        detail=row.detail,
        fills=fills,
        denied_at=row.denied_at,
    )
