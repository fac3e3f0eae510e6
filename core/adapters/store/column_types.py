"""Column types: exact decimals and UTC instants, the same on every database."""

# ruff: noqa: ARG002 - SQLAlchemy says what the methods of a column type are called with

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

INSTANT_WIDTH = 32
"""Characters of an instant as text, such as ``2026-03-05T15:00:00.000000+00:00``."""


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal kept as its own text, so that every digit comes back; refuses floats, NaN and infinities."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Write the digits; raises TypeError for anything but a Decimal, ValueError where it is not finite."""
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise TypeError(f"an amount must be a Decimal, not {type(value).__name__}: {value!r}")
        if not value.is_finite():
            raise ValueError(f"an amount must be a finite number, not {value}")
        return str(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:
        """Read the digits."""
        return None if value is None else Decimal(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: sortable text of one width on SQLite, ``timestamptz`` on PostgreSQL; always aware, always UTC."""

    impl = String(INSTANT_WIDTH)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose what the database keeps it as."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(INSTANT_WIDTH))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any | None:
        """Write the instant; raises ValueError for one without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None or value.utcoffset() is None:
            raise ValueError(f"an instant must have a time zone: {value!r}")
        instant = value.astimezone(UTC)
        return (
            instant if dialect.name == "postgresql" else instant.isoformat(timespec="microseconds")
        )

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Read the instant as UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if isinstance(value, datetime) else _read_instant(value)


@lru_cache(maxsize=4096)
def _read_instant(text: str) -> datetime:
    """Read an instant; rows that are read together often have the same one."""
    return datetime.fromisoformat(text).astimezone(UTC)
