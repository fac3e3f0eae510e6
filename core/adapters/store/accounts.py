"""Holds on accounts, and what was last seen there, in the store."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, select, update

from core.adapters.store.database import Database, Found
from core.adapters.store.portfolios import portfolio_of
from core.adapters.store.tables import ACCOUNT_HOLDS, ACCOUNT_SNAPSHOTS, ACCOUNTS, PORTFOLIOS
from core.domain.hold import Hold, HoldReason
from core.domain.ids import AccountId, MemberId, PortfolioId, Symbol
from core.domain.look import Held, Look
from core.domain.portfolio import Portfolio

LOOKS_KEPT = 5

HOLD_STANDS = ACCOUNT_HOLDS.c.lifted_at.is_(None)


class SqlHolds:
    """The port ``Holds`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def place(self, hold: Hold) -> bool:
        """Place a hold; where one of its reason stands already, only its detail changes. Returns whether it is new."""
        known = await self._database.write(
            update(ACCOUNT_HOLDS)
            .where(*_of(hold.account_id, hold.reason), HOLD_STANDS)
            .values(detail=hold.detail)
        )
        if known:
            return False
        row = {
            "account_id": hold.account_id,
            "reason": hold.reason.value,
            "detail": hold.detail,
            "since": hold.since,
            "lifted_at": None,
            "lifted_by": None,
        }
        await self._database.write(insert(ACCOUNT_HOLDS), [row])
        return True

    async def standing(self, account_id: AccountId) -> tuple[Hold, ...]:
        """The holds that stand on an account, oldest first."""
        rows = await self._database.rows(
            select(ACCOUNT_HOLDS)
            .where(ACCOUNT_HOLDS.c.account_id == account_id, HOLD_STANDS)
            .order_by(ACCOUNT_HOLDS.c.id)
        )
        return tuple(map(_hold_of, rows))

    async def standing_in(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, tuple[Hold, ...]]:
        """The same for the accounts of many portfolios; portfolios without one are missing."""
        rows = await self._database.rows(
            select(ACCOUNT_HOLDS, ACCOUNTS.c.portfolio_id)
            .join(ACCOUNTS, ACCOUNTS.c.id == ACCOUNT_HOLDS.c.account_id)
            .where(self._database.among(ACCOUNTS.c.portfolio_id, portfolio_ids), HOLD_STANDS)
            .order_by(ACCOUNT_HOLDS.c.id)
        )
        found: dict[PortfolioId, tuple[Hold, ...]] = {}
        for row in rows:
            found[row.portfolio_id] = (*found.get(row.portfolio_id, ()), _hold_of(row))
        return found

    async def every_standing(self) -> tuple[Hold, ...]:
        """All holds that stand, by account."""
        rows = await self._database.rows(
            select(ACCOUNT_HOLDS)
            .where(HOLD_STANDS)
            .order_by(ACCOUNT_HOLDS.c.account_id, ACCOUNT_HOLDS.c.id)
        )
        return tuple(map(_hold_of, rows))

    async def portfolios_of(self, account_ids: Collection[AccountId]) -> dict[AccountId, Portfolio]:
        """The portfolio that each account belongs to."""
        rows = await self._database.rows(
            select(PORTFOLIOS, ACCOUNTS.c.id.label("account_id"))
            .join(ACCOUNTS, ACCOUNTS.c.portfolio_id == PORTFOLIOS.c.id)
            .where(self._database.among(ACCOUNTS.c.id, account_ids))
        )
        return {AccountId(row.account_id): portfolio_of(row) for row in rows}

    async def lift(
        self, account_id: AccountId, reason: HoldReason, at: datetime, by: MemberId | None
    ) -> bool:
        """Lift a hold; False where none of that reason stands."""
        touched = await self._database.write(
            update(ACCOUNT_HOLDS)
            .where(*_of(account_id, reason), HOLD_STANDS)
            .values(lifted_at=at, lifted_by=by)
        )
        return touched > 0

    async def lifted(self, account_id: AccountId, reason: HoldReason) -> tuple[Hold, ...]:
        """The holds of a reason that people have looked at and lifted, oldest first."""
        rows = await self._database.rows(
            select(ACCOUNT_HOLDS)
            .where(*_of(account_id, reason), ACCOUNT_HOLDS.c.lifted_by.is_not(None))
            .order_by(ACCOUNT_HOLDS.c.id)
        )
        return tuple(map(_hold_of, rows))


class SqlLooks:
    """The port ``Looks`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, account_id: AccountId) -> Look | None:
        """The latest look at an account."""
        row = await self._database.row(
            select(ACCOUNT_SNAPSHOTS)
            .where(ACCOUNT_SNAPSHOTS.c.account_id == account_id)
            .order_by(ACCOUNT_SNAPSHOTS.c.id.desc())
            .limit(1)
        )
        return None if row is None else _look_of(row)

    async def add(self, look: Look) -> None:
        """Remember a look, and forget the oldest ones."""
        ours = ACCOUNT_SNAPSHOTS.c.account_id == look.account_id
        same = (ours, ACCOUNT_SNAPSHOTS.c.taken_at == look.taken_at)
        await self._database.write(delete(ACCOUNT_SNAPSHOTS).where(*same))
        await self._database.write(insert(ACCOUNT_SNAPSHOTS), [_row_of(look)])
        kept = (
            select(ACCOUNT_SNAPSHOTS.c.id)
            .where(ours)
            .order_by(ACCOUNT_SNAPSHOTS.c.id.desc())
            .limit(LOOKS_KEPT)
        )
        await self._database.write(
            delete(ACCOUNT_SNAPSHOTS).where(ours, ACCOUNT_SNAPSHOTS.c.id.not_in(kept))
        )

    async def forget(self, account_id: AccountId) -> None:
        """Forget all looks at an account: another one stands behind it now."""
        await self._database.write(
            delete(ACCOUNT_SNAPSHOTS).where(ACCOUNT_SNAPSHOTS.c.account_id == account_id)
        )


def _of(account_id: AccountId, reason: HoldReason) -> tuple[Any, ...]:
    return ACCOUNT_HOLDS.c.account_id == account_id, ACCOUNT_HOLDS.c.reason == reason.value


def _hold_of(row: Found) -> Hold:
    return Hold(row.account_id, HoldReason(row.reason), row.detail, row.since)


def _row_of(look: Look) -> dict[str, Any]:
    positions = {
        symbol: [_plain(held.quantity), held.asset_id, _plain(held.price)]
        for symbol, held in sorted(look.positions.items())
    }
    document = {"positions": positions, "fills_seen": look.fills_seen}
    return {
        "account_id": look.account_id,
        "taken_at": look.taken_at,
        "cash": look.cash,
        "equity": None,
        "currency": look.currency,
        "fingerprint": look.fingerprint,
        "document": json.dumps(document, separators=(",", ":")),
    }


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _look_of(row: Found) -> Look:
    document = json.loads(row.document)
    return Look(
        account_id=row.account_id,
        taken_at=row.taken_at,
        cash=row.cash,
        currency=row.currency,
        positions=_positions(document["positions"]),
        fills_seen=document["fills_seen"],
    )


def _positions(document: Mapping[str, list[str | None]]) -> dict[Symbol, Held]:
    return {
        Symbol(symbol): Held(
            Decimal(quantity or 0), asset_id or "", None if price is None else Decimal(price)
        )
        for symbol, (quantity, asset_id, price) in document.items()
    }
