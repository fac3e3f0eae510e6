"""One open transaction, and the few ways in which repositories speak to it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Executable,
    Float,
    FromClause,
    Row,
    Select,
    Table,
    Text,
    any_,
    extract,
    func,
    insert,
    literal,
    select,
    type_coerce,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.store.deeds import Deeds
from core.domain.targets import TargetAllocation

MAX_REMEMBERED = 20_000
"""How many versions of targets are remembered; a version never changes once it is written."""


@dataclass(slots=True)
class Memory:
    """What the store remembers between transactions because it never changes: allocations by version, symbols by id.

    Only what was read is remembered, never what was written: a transaction that writes may still be rolled back.
    """

    allocations: dict[int, TargetAllocation] = field(default_factory=dict)

    def remember(self, found: Mapping[int, TargetAllocation]) -> None:
        """Add allocations by the number of their version, forgetting the oldest beyond the limit."""
        self.allocations.update(found)
        while len(self.allocations) > MAX_REMEMBERED:
            del self.allocations[next(iter(self.allocations))]


if TYPE_CHECKING:
    Found = Row[*tuple[Any, ...]]
    Question = Select[*tuple[Any, ...]]
else:
    Found = Row
    Question = Select


class Database:
    """One open transaction of the store."""

    def __init__(self, connection: AsyncConnection, memory: Memory, *, may_write: bool) -> None:
        self._connection = connection
        self.memory = memory
        self.may_write = may_write
        self.deeds = Deeds()
        self._is_postgres = connection.dialect.name == "postgresql"

    async def rows(self, statement: Executable) -> Sequence[Found]:
        """Every row that a question has for an answer."""
        return (await self._connection.execute(statement)).all()

    async def row(self, statement: Executable) -> Found | None:
        """The first row, or None."""
        return (await self._connection.execute(statement)).first()

    async def value(self, statement: Executable) -> Any:
        """The first value of the first row, or None."""
        return (await self._connection.execute(statement)).scalar()

    async def write(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> int:
        """Carry out a statement (once for each of ``rows``), and return how many rows it touched."""
        if rows is not None and not rows:
            return 0
        return (await self._connection.execute(statement, rows)).rowcount

    async def add(self, table: Table, **values: Any) -> None:
        """Add a row."""
        await self._connection.execute(insert(table), values)

    async def add_numbered(self, table: Table, **values: Any) -> int:
        """Add a row, and return the number that the database gave it."""
        result = await self._connection.execute(insert(table), values)
        return int(cast("Any", result.inserted_primary_key)[0])

    async def add_new(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
        """Add those rows that break no uniqueness, and return how many they were."""
        if not rows:
            return 0
        new = self.insert(table).on_conflict_do_nothing().returning(next(iter(table.primary_key)))
        return len((await self._connection.execute(new, rows)).all())

    async def put(
        self, table: Table, keys: Collection[str], *, kept: Collection[str] = (), **values: Any
    ) -> None:
        """Add a row, or replace what an earlier one with the same keys said, but for the columns kept."""
        await self.put_many(table, keys, [values], kept=kept)

    async def put_many(
        self,
        table: Table,
        keys: Collection[str],
        rows: Sequence[Mapping[str, Any]],
        *,
        kept: Collection[str] = (),
    ) -> None:
        """The same for rows that all name the same columns."""
        if not rows:
            return
        statement = self.insert(table)
        changed = {name: statement.excluded[name] for name in rows[0] if name not in {*keys, *kept}}
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=list(keys), set_=changed), rows
        )

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insertion that can say what to do about conflicts."""
        return postgresql.insert(table) if self._is_postgres else sqlite.insert(table)

    def seconds_between(
        self, first: Column[datetime], last: Column[datetime]
    ) -> ColumnElement[Any]:
        """How many seconds lie between two instants of a row."""
        if self._is_postgres:
            return extract("epoch", last) - extract("epoch", first)
        days = func.julianday(last, type_=Float) - func.julianday(first, type_=Float)
        return func.round(days * 86_400, 3)

    def as_text(self, number: ColumnElement[int]) -> ColumnElement[str]:
        """A number as text, where the database does not make one of it by itself."""
        return cast_to(number, Text) if self._is_postgres else type_coerce(number, Text)

    def each_of(self, column: Column[Any], values: Collection[Any]) -> ColumnElement[Any]:
        """These values as rows to choose from, as one parameter however many they are."""
        if self._is_postgres:
            return func.unnest(literal(list(values), ARRAY(column.type))).column_valued("value")
        listed = func.json_each(literal(json.dumps(list(values)))).table_valued("value")
        return listed.c.value

    def listed(self, columns: Sequence[Column[Any]], rows: Sequence[Sequence[Any]]) -> FromClause:
        """Some rows, at least one, as a table with columns such as those.

        They are one parameter, or one a column, however many they are.
        """
        if self._is_postgres:
            values = zip(columns, zip(*rows, strict=True), strict=True)
            arrays = [literal(list(each), ARRAY(column.type)) for column, each in values]
            given = func.unnest(*arrays).table_valued(*(column.name for column in columns))
            return given.render_derived()
        every = func.json_each(literal(json.dumps(list(rows)))).table_valued("value")
        taken = (
            func.json_extract(every.c.value, f"$[{place}]", type_=column.type).label(column.name)
            for place, column in enumerate(columns)
        )
        return select(*taken).subquery()

    def among(self, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
        """The condition that a column has one of these values, as one parameter however many they are.

        A single value is compared as it is: that is built in half the time, and most questions are about one.
        """
        plain = sorted(set(values))
        if len(plain) == 1:
            alone: ColumnElement[bool] = column == plain[0]
            return alone
        if self._is_postgres:
            return column == any_(literal(plain, ARRAY(column.type)))
        listed = func.json_each(literal(json.dumps(plain))).table_valued("value")
        return column.in_(select(listed.c.value))
