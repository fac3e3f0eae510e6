"""Tables of instruments: names, closes, what companies did, and the market's own clock."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, UniqueConstraint

from core.adapters.store.tables.base import (
    Base,
    above_zero,
    amount,
    instant,
    key,
    link,
    number,
    place,
    unique_where,
)


class InstrumentRow(Base, table=True):
    """What is traded; a symbol names one instrument at a time, and can be given again after a retirement."""

    __tablename__ = "instruments"
    __table_args__ = (
        unique_where("uq_instruments_symbol", "symbol", where="retired_at IS NULL"),
        CheckConstraint("symbol <> 'CASH'", name="not_cash"),
    )

    id: int | None = number()
    symbol: str
    name: str = ""
    currency: str
    retired_at: datetime | None = instant(null=True)


class InstrumentAliasRow(Base, table=True):
    """What a source of prices calls an instrument."""

    __tablename__ = "instrument_aliases"
    __table_args__ = (UniqueConstraint("source", "alias"),)

    instrument_id: int = link("instruments.id", primary=True)
    source: str = key()
    alias: str


class BrokerAssetRow(Base, table=True):
    """What a broker calls an instrument, and whether it trades parts of its shares."""

    __tablename__ = "broker_assets"
    __table_args__ = (UniqueConstraint("broker", "asset_id"),)

    instrument_id: int = link("instruments.id", primary=True)
    broker: str = key()
    asset_id: str
    is_fractionable: bool | None = None


class CorporateActionRow(Base, table=True):
    """A split, dividend, merger or new name; ``ratio`` is new shares per old one, ``cash`` is per share."""

    __tablename__ = "corporate_actions"
    __table_args__ = (UniqueConstraint("source", "source_key"),)

    id: int | None = number()
    instrument_id: int = link("instruments.id", index=True)
    kind: str
    effective: date
    ratio: Decimal | None = amount(null=True)
    cash: Decimal | None = amount(null=True)
    currency: str
    becomes_instrument_id: int | None = link("instruments.id", null=True)
    source: str
    source_key: str
    recorded_at: datetime = instant()


class LastCloseRow(Base, table=True):
    """The last stored close of an instrument, and the session it is of."""

    __tablename__ = "last_closes"
    __table_args__ = (above_zero("price"),)

    instrument_id: int = link("instruments.id", primary=True)
    session: date
    price: Decimal = amount()
    currency: str


class MarketClockRow(Base, table=True):
    """The replay's instant and how fast it plays; one row."""

    __tablename__ = "market_clock"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = place()
    instant: datetime = instant()
    sessions_per_minute: float
