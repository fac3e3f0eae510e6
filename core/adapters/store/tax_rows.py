"""Rows of the household's own ledger: lots, sales, and what was told of a year."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core.adapters.store.database import Found, Question
from core.adapters.store.tables import INSTRUMENTS, LOTS, REALISED
from core.domain.ids import Symbol
from core.domain.ledger import LedgerLot, LotSource, RealisedSale
from core.domain.lots import Term
from core.domain.tax import ToldYear


def every_lot() -> Question:
    """Lots with their symbols, oldest entry first."""
    return (
        select(LOTS, INSTRUMENTS.c.symbol)
        .join(INSTRUMENTS, INSTRUMENTS.c.id == LOTS.c.instrument_id)
        .order_by(LOTS.c.id)
    )


def every_sale() -> Question:
    """Sales with their symbols, by day."""
    return (
        select(REALISED, INSTRUMENTS.c.symbol)
        .join(INSTRUMENTS, INSTRUMENTS.c.id == REALISED.c.instrument_id)
        .order_by(REALISED.c.sold, REALISED.c.id)
    )


def lot_row(lot: LedgerLot, instrument_id: int, currency: str) -> dict[str, Any]:
    """A lot as it is kept."""
    return {
        "account_id": lot.account_id,
        "instrument_id": instrument_id,
        "quantity": lot.quantity,
        "remaining": lot.remaining,
        "cost_per_share": lot.cost_per_share,
        "currency": currency,
        "acquired": lot.acquired,
        "source": lot.source.value,
        "name": lot.name,
        "execution": lot.execution,
        "fill_id": None,
        "corporate_action_id": None,
        "closed_at": None,
    }


def lot_of(row: Found) -> LedgerLot:
    """A lot from its row."""
    return LedgerLot(
        account_id=row.account_id,
        symbol=Symbol(row.symbol),
        quantity=row.quantity,
        remaining=row.remaining,
        cost_per_share=row.cost_per_share,
        acquired=row.acquired,
        name=row.name,
        source=LotSource(row.source),
        execution=row.execution,
        id=row.id,
    )


def sale_row(sale: RealisedSale, instrument_id: int) -> dict[str, Any]:
    """A sale as it is kept."""
    return {
        "account_id": sale.account_id,
        "owner_id": sale.owner_id,
        "instrument_id": instrument_id,
        "acquired": sale.acquired,
        "quantity": sale.quantity,
        "proceeds": sale.proceeds,
        "gain": sale.gain,
        "term": sale.term.value,
        "sold": sale.sold,
        "client_order_id": sale.execution.partition("/")[0],
        "execution": sale.execution,
        "part": sale.part,
        "lot_id": sale.lot_id,
    }


def sale_of(row: Found) -> RealisedSale:
    """A sale from its row."""
    return RealisedSale(
        account_id=row.account_id,
        owner_id=row.owner_id,
        symbol=Symbol(row.symbol),
        acquired=row.acquired,
        quantity=row.quantity,
        proceeds=row.proceeds,
        gain=row.gain,
        term=Term(row.term),
        sold=row.sold,
        execution=row.execution,
        part=row.part,
        lot_id=row.lot_id,
    )


def told_of(row: Found) -> ToldYear:
    """What a member told of a year, from its row."""
    is_told = row.carried_short is not None and row.carried_long is not None
    return ToldYear(
        row.year,
        (row.carried_short, row.carried_long) if is_told else None,
        (row.realised_short, row.realised_long),
    )
