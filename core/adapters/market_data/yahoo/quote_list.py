"""Reads Yahoo's list of quotes: one answer for all symbols, each with price, time and currency."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core.adapters.market_data.yahoo.faults import Unusable
from core.adapters.market_data.yahoo.symbols import SOURCE
from core.domain.ids import Symbol
from core.domain.quote import PriceFault, PriceFaultKind, Quote


def read_quote_list(text: str) -> dict[str, Mapping[str, Any]]:
    """The records by Yahoo's name; raises Unusable for anything that is not such a list.

    Numbers stay exactly as they are written, NaN and Infinity too.
    """
    try:
        answer = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=Decimal)
        records = answer["quoteResponse"]["result"]
        return {str(record["symbol"]): record for record in records}
    except (ValueError, TypeError, KeyError, ArithmeticError) as error:
        raise Unusable("the answer is not a list of quotes") from error


def read_quote(symbol: Symbol, record: Mapping[str, Any] | None) -> Quote | PriceFault:
    """A record's last price as it stands there, sane or not, or what is missing from it."""
    if record is None:
        return PriceFault(symbol, PriceFaultKind.MISSING, detail="Yahoo does not know it")
    price, at = record.get("regularMarketPrice"), _instant(record.get("regularMarketTime"))
    if not isinstance(price, Decimal):
        return PriceFault(symbol, PriceFaultKind.NOT_A_NUMBER, detail="Yahoo gives no price")
    if at is None:
        return PriceFault(symbol, PriceFaultKind.SOURCE, price, detail="Yahoo gives no time")
    return Quote(symbol, price, str(record.get("currency") or ""), at, SOURCE)


def _instant(seconds: object) -> datetime | None:
    if not isinstance(seconds, Decimal) or not seconds.is_finite():
        return None
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
