"""Reading Alpaca's JSON exactly: decimals as written, aware times, nothing guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core.adapters.alpaca_api.faults import Unreadable

Record = Mapping[str, Any]


def read_json(content: bytes) -> Any:
    """Parse a body with every fraction as a Decimal; None for an empty one; raises Unreadable."""
    if not content:
        return None
    try:
        return json.loads(
            content.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise Unreadable("Alpaca's answer is not valid JSON") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def record_of(value: object) -> Record:
    """A JSON object; raises Unreadable."""
    if not isinstance(value, dict):
        raise Unreadable("Alpaca's answer is not the object it should be")
    return value


def records_of(value: object) -> list[Record]:
    """A JSON list of objects; raises Unreadable."""
    if not isinstance(value, list):
        raise Unreadable("Alpaca's answer is not the list it should be")
    return [record_of(item) for item in value]


def text_of(record: Record, name: str) -> str:
    """A field that must be a text with something in it; raises Unreadable."""
    value = record.get(name)
    if not isinstance(value, str) or not value:
        raise _bad(name)
    return value


def flag_of(record: Record, name: str, *, default: bool | None = None) -> bool:
    """A field that must be true or false, or may be missing where there is a default."""
    value = record.get(name, default)
    if not isinstance(value, bool):
        raise _bad(name)
    return value


def number_of(record: Record, name: str) -> Decimal:
    """A field that must be a finite number, written as text or as a number; raises Unreadable."""
    number = maybe_number(record, name)
    if number is None:
        raise _bad(name)
    return number


def maybe_number(record: Record, name: str) -> Decimal | None:
    """As ``number_of``, but the field may be missing or null."""
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _bad(name)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _bad(name) from None
    if not number.is_finite():
        raise _bad(name)
    return number


def instant_of(record: Record, name: str) -> datetime:
    """A field that must be a time with its offset, given in UTC; raises Unreadable."""
    instant = maybe_instant(record, name)
    if instant is None:
        raise _bad(name)
    return instant


def maybe_instant(record: Record, name: str) -> datetime | None:
    """As ``instant_of``, but the field may be missing or null."""
    value = record.get(name)
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _bad(name) from None
    if instant.tzinfo is None:
        raise _bad(name)
    return instant.astimezone(UTC)


def _bad(name: str) -> Unreadable:
    return Unreadable(f"Alpaca's answer has no usable “{name}”")
