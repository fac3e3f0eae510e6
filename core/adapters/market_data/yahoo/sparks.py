"""Reads Yahoo's sparks: daily closes of several symbols in one answer, splits worked in, dividends not."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.adapters.market_data.yahoo.charts import exact, only
from core.adapters.market_data.yahoo.faults import Unusable
from core.domain.ids import Symbol
from core.domain.quote import PriceFault, PriceFaultKind
from core.domain.session import NEW_YORK

RANGES = {"1mo": 28, "3mo": 89, "6mo": 181, "1y": 365, "2y": 730, "5y": 1826}
"""Yahoo's ranges back from today, with the days that each has at least."""
LONGEST_RANGE = "10y"

OF_LATE = timedelta(days=12)
"""So long ago at most the last session is that is asked for."""


def shortest_range(sessions: Sequence[date]) -> str:
    """The shortest of Yahoo's ranges that has all sessions."""
    days = (max(sessions) - min(sessions) + OF_LATE).days
    return next((name for name, most in RANGES.items() if days <= most), LONGEST_RANGE)


def read_sparks(text: str) -> dict[str, Mapping[str, Any]]:
    """The records by Yahoo's name; raises Unusable for anything that is not such a list."""
    try:
        answer = json.loads(text, parse_float=Decimal, parse_constant=Decimal)
        return {
            str(each["symbol"]): each["response"][0]
            for each in answer["spark"]["result"]
            if each["response"]
        }
    except (ValueError, TypeError, KeyError, IndexError, ArithmeticError) as error:
        raise Unusable("the answer has no sparks") from error


def read_spark(
    symbol: Symbol, record: Mapping[str, Any] | None, sessions: Collection[date]
) -> Mapping[date, Decimal] | PriceFault:
    """A record's closes in these sessions; where a day has none, it is missing."""
    if record is None:
        return PriceFault(symbol, PriceFaultKind.MISSING, detail="Yahoo does not know it")
    try:
        closes = dict(_closes(record))
    except (ValueError, TypeError, KeyError, IndexError, ArithmeticError, OSError):
        return PriceFault(symbol, PriceFaultKind.SOURCE, detail="Yahoo's closes cannot be read")
    return only(symbol, closes, sessions)


def _closes(record: Mapping[str, Any]) -> list[tuple[date, Decimal]]:
    zone = _zone(record["meta"].get("exchangeTimezoneName"))
    closes = record["indicators"]["quote"][0]["close"]
    return [
        (datetime.fromtimestamp(int(at), UTC).astimezone(zone).date(), exact(close))
        for at, close in zip(record["timestamp"], closes, strict=True)
        if close is not None and Decimal(close).is_finite()
    ]


def _zone(name: object) -> ZoneInfo:
    """The exchange's zone, which says the date of an instant there."""
    try:
        return ZoneInfo(str(name)) if name else NEW_YORK
    except (ZoneInfoNotFoundError, ValueError):
        return NEW_YORK
