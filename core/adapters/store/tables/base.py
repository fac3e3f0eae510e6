"""What all tables share: one metadata, names for every constraint, and short forms for their columns."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, MetaData, Table, Text, false, text
from sqlmodel import Field, SQLModel

from core.adapters.store.column_types import ExactDecimal, UtcDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""How constraints are called, so that a migration can name each one on every database."""


class Base(SQLModel):
    """A row of the store; rows never leave ``core.adapters.store``."""

    metadata = MetaData(naming_convention=NAMING)


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a row class."""
    return model.metadata.tables[str(model.__tablename__)]


def number() -> Any:
    """A row's own number, given by the database."""
    return Field(default=None, primary_key=True)


def place() -> Any:
    """A part of a key that counts within another row."""
    return Field(primary_key=True, sa_column_kwargs={"autoincrement": False})


def key() -> Any:
    """A row's own name, given by us."""
    return Field(primary_key=True)


def _nothing_yet(*, null: bool) -> dict[str, Any]:
    return {"default": None} if null else {}


def link(target: str, *, null: bool = False, primary: bool = False, index: bool = False) -> Any:
    """A reference to another row."""
    options = _nothing_yet(null=null)
    if primary:
        options["sa_column_kwargs"] = {"autoincrement": False}
    return Field(foreign_key=target, nullable=null, primary_key=primary, index=index, **options)


def amount(*, null: bool = False) -> Any:
    """An exact decimal."""
    return Field(sa_type=ExactDecimal, nullable=null, **_nothing_yet(null=null))


def instant(*, null: bool = False) -> Any:
    """An instant in UTC."""
    return Field(sa_type=UtcDateTime, nullable=null, **_nothing_yet(null=null))


def document(*, null: bool = False) -> Any:
    """A JSON document, kept as text."""
    return Field(sa_type=Text, nullable=null, **_nothing_yet(null=null))


def added() -> Any:
    """A text that a table did not have from the beginning; empty in the rows of before."""
    return Field(default="", sa_column_kwargs={"server_default": ""})


def added_number(value: int) -> Any:
    """A whole number that a table did not have from the beginning, with what it is in the rows of before."""
    return Field(default=value, sa_column_kwargs={"server_default": str(value)})


def added_fact() -> Any:
    """A yes or no that a table did not have from the beginning; no in the rows of before."""
    return Field(default=False, sa_column_kwargs={"server_default": false()})


def added_amount() -> Any:
    """An exact decimal that a table did not have from the beginning; 0 in the rows of before."""
    return Field(sa_type=ExactDecimal, nullable=False, sa_column_kwargs={"server_default": "0"})


def telegram_id(*, null: bool = False, primary: bool = False, unique: bool = False) -> Any:
    """A number that Telegram gave: a user, a chat, an update; wider than 32 bits."""
    options = _nothing_yet(null=null)
    if primary:
        options["sa_column_kwargs"] = {"autoincrement": False}
    return Field(sa_type=BigInteger, nullable=null, primary_key=primary, unique=unique, **options)


def one_of(column: str, values: Iterable[StrEnum]) -> CheckConstraint:
    """A check that a column holds one of these words."""
    words = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=column)


def above_zero(column: str) -> CheckConstraint:
    """A check that an amount is above 0 (text that is no number counts as 0 or is an error)."""
    return CheckConstraint(f"CAST({column} AS DOUBLE PRECISION) > 0", name=f"{column}_above_zero")


def unique_where(name: str, *columns: str, where: str) -> Index:
    """A uniqueness that holds only among the rows of a condition."""
    return Index(
        name, *columns, unique=True, sqlite_where=text(where), postgresql_where=text(where)
    )


def index_where(name: str, *columns: str, where: str, postgres: str | None = None) -> Index:
    """An index over the rows of a condition, which PostgreSQL may have to be told in other words."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(postgres or where))
