"""Instruments and their last closes in the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from core.adapters.store.database import Database
from core.adapters.store.tables import INSTRUMENTS, LAST_CLOSES
from core.domain.ids import InstrumentId, Symbol

USUAL_CURRENCY = "USD"
"""The currency of an instrument that is first heard of by its close alone."""


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

    async def last_closes(self, symbols: Collection[Symbol], since: date) -> dict[Symbol, Decimal]:
        """The last stored price of each symbol, where it is of that day or later."""
        rows = await self._database.rows(
            select(INSTRUMENTS.c.symbol, LAST_CLOSES.c.price)
            .join(LAST_CLOSES, LAST_CLOSES.c.instrument_id == INSTRUMENTS.c.id)
            .where(
                self._database.among(INSTRUMENTS.c.symbol, symbols),
                INSTRUMENTS.c.retired_at.is_(None),
                LAST_CLOSES.c.session >= since,
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
