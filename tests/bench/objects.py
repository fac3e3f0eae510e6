"""The rows that a sweep reads, loaded as SQLModel objects: what columns are held against."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import MetaData
from sqlmodel import Field, Session, SQLModel, create_engine, select

from core.adapters.store.tables.portfolios import (
    AccountRow,
    PolicyRow,
    PortfolioRow,
    TargetLineRow,
    TargetsRow,
)
from core.adapters.store.tables.proposals import DueCheckRow
from tests.bench.many import BROKER, STORE


class _Base(SQLModel):
    """A row of the simulated broker's book."""

    metadata = MetaData()


class BookAccount(_Base, table=True):
    """An account of the simulated broker."""

    __tablename__ = "accounts"

    id: int = Field(primary_key=True)
    currency: str
    cash: str


class BookPosition(_Base, table=True):
    """A position of such an account."""

    __tablename__ = "positions"

    account_id: int = Field(primary_key=True)
    symbol: str = Field(primary_key=True)
    quantity: str


IN_STORE = (DueCheckRow, PortfolioRow, AccountRow, PolicyRow, TargetsRow, TargetLineRow)
IN_BOOK = (BookAccount, BookPosition)


def load_objects(folder: Path) -> int:
    """Load everything that a check of all portfolios reads, keep it, and say how many rows that were."""
    kept: list[SQLModel] = []
    for file, kinds in ((STORE, IN_STORE), (BROKER, IN_BOOK)):
        with Session(create_engine(f"sqlite:///{folder / file}")) as session:
            for kind in kinds:
                kept += session.exec(select(kind)).all()
    return len(kept)
