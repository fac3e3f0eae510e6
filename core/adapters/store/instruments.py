"""Instruments and their last closes in the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import exists, insert, select, update

from core.adapters.store.database import Database, Found
from core.adapters.store.tables import (
    CORPORATE_ACTIONS,
    INSTRUMENT_ALIASES,
    INSTRUMENTS,
    LAST_CLOSES,
    SUBSTITUTES,
    TARGET_LINES,
    TARGETS,
)
from core.domain.ids import InstrumentId, Symbol

USUAL_CURRENCY = "USD"
"""The currency of an instrument that is first heard of by its close alone."""

SPLIT = "split"
"""The kind of a corporate action by which one old share becomes several new ones, or several become one."""

FORMER = "former"
"""The source of an alias that was the instrument's own symbol once."""


class SqlInstruments:
    """The port ``Instruments`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ensure(self, symbols: Collection[Symbol], currency: str) -> None:
        """Make sure that each symbol has an instrument."""
        await self.ids(symbols, currency)

    async def ids(self, symbols: Collection[Symbol], currency: str) -> dict[Symbol, InstrumentId]:
        """The instruments of these symbols; one that is new is made, in the currency."""
        known = await self._known(symbols)
        missing = sorted(set(symbols) - set(known))
        if not missing:
            return known
        rows = [
            {"symbol": symbol, "name": "", "currency": currency, "retired_at": None}
            for symbol in missing
        ]
        await self._database.add_new(INSTRUMENTS, rows)
        return await self._known(symbols)

    async def _known(self, symbols: Collection[Symbol]) -> dict[Symbol, InstrumentId]:
        rows = await self._database.rows(
            select(INSTRUMENTS.c.symbol, INSTRUMENTS.c.id).where(
                self._database.among(INSTRUMENTS.c.symbol, symbols),
                INSTRUMENTS.c.retired_at.is_(None),
            )
        )
        return {Symbol(symbol): InstrumentId(number) for symbol, number in rows}

    async def rename(self, old: Symbol, new: Symbol, at: datetime) -> None:
        """Give an instrument another symbol, and keep the old one as an alias; targets that hold it hold it still.

        Another instrument that bears the new symbol gives it up. Each set of targets with the instrument gets a new
        version: what is known of a version never changes.
        """
        known = await self._known([old, new])
        if old not in known:
            return
        if new in known:
            await self._set(known[new], retired_at=at)
        await self._set(known[old], symbol=new)
        await self._database.put(
            INSTRUMENT_ALIASES,
            ("instrument_id", "source"),
            instrument_id=known[old],
            source=FORMER,
            alias=old,
        )
        await self._renew_targets(known[old], at)

    async def _set(self, instrument: InstrumentId, **values: Any) -> None:
        await self._database.write(
            update(INSTRUMENTS).where(INSTRUMENTS.c.id == instrument).values(**values)
        )

    async def _renew_targets(self, instrument: InstrumentId, at: datetime) -> None:
        """Copy the current targets that name an instrument into versions of their own."""
        for table in (TARGET_LINES, SUBSTITUTES):
            holding = select(table.c.targets_id).where(table.c.instrument_id == instrument)
            current = await self._database.rows(
                select(TARGETS).where(TARGETS.c.id.in_(holding), TARGETS.c.replaced_at.is_(None))
            )
            for row in current:
                await self._copy_version(row, at)

    async def _copy_version(self, row: Found, at: datetime) -> None:
        await self._database.write(
            update(TARGETS).where(TARGETS.c.id == row.id).values(replaced_at=at)
        )
        copied = await self._database.add_numbered(
            TARGETS,
            portfolio_id=row.portfolio_id,
            version=row.version + 1,
            set_by=row.set_by,
            set_at=at,
            replaced_at=None,
        )
        for table in (TARGET_LINES, SUBSTITUTES):
            lines = await self._database.rows(select(table).where(table.c.targets_id == row.id))
            columns = table.c.keys()
            rows = [
                {**dict(zip(columns, line, strict=True)), "targets_id": copied} for line in lines
            ]
            await self._database.write(insert(table), rows)

    async def last_closes(self, symbols: Collection[Symbol], since: date) -> dict[Symbol, Decimal]:
        """The last stored price of each symbol, where it is of that day or later, and no split came after it."""
        split_since = exists().where(
            CORPORATE_ACTIONS.c.instrument_id == LAST_CLOSES.c.instrument_id,
            CORPORATE_ACTIONS.c.kind == SPLIT,
            CORPORATE_ACTIONS.c.effective >= LAST_CLOSES.c.session,
        )
        rows = await self._database.rows(
            select(INSTRUMENTS.c.symbol, LAST_CLOSES.c.price)
            .join(LAST_CLOSES, LAST_CLOSES.c.instrument_id == INSTRUMENTS.c.id)
            .where(
                self._database.among(INSTRUMENTS.c.symbol, symbols),
                INSTRUMENTS.c.retired_at.is_(None),
                LAST_CLOSES.c.session >= since,
                ~split_since,
            )
        )
        return {Symbol(symbol): price for symbol, price in rows}

    async def record_closes(self, session: date, closes: Mapping[Symbol, Decimal]) -> None:
        """Remember the prices of a session (the latest of a session wins; an older session changes nothing)."""
        ids = await self.ids(closes.keys(), USUAL_CURRENCY)
        currencies = await self._currencies(closes.keys())
        rows = [
            {
                "instrument_id": ids[symbol],
                "session": session,
                "price": price,
                "currency": currencies[symbol],
            }
            for symbol, price in closes.items()
        ]
        statement = self._database.insert(LAST_CLOSES)
        new = statement.excluded
        await self._database.write(
            statement.on_conflict_do_update(
                index_elements=["instrument_id"],
                set_={"session": new.session, "price": new.price, "currency": new.currency},
                where=LAST_CLOSES.c.session <= new.session,
            ),
            rows,
        )

    async def _currencies(self, symbols: Collection[Symbol]) -> dict[Symbol, str]:
        rows = await self._database.rows(
            select(INSTRUMENTS.c.symbol, INSTRUMENTS.c.currency).where(
                self._database.among(INSTRUMENTS.c.symbol, symbols),
                INSTRUMENTS.c.retired_at.is_(None),
            )
        )
        return {Symbol(symbol): currency for symbol, currency in rows}
