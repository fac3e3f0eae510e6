"""Told faults: what was wrong with prices, as small values that a message can be made of later."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal

from core.domain.ids import Symbol
from core.domain.quote import PriceFault, PriceFaultKind

MOST_TOLD = 5
"""So many faults are told with their numbers; of the others their symbols are."""


def write_faults(faults: Iterable[object]) -> str:
    """The first of the faults that are about a price, as a document."""
    told = [fault for fault in faults if isinstance(fault, PriceFault)][:MOST_TOLD]
    return json.dumps([_row(fault) for fault in told])


def read_faults(text: str) -> tuple[PriceFault, ...]:
    """The faults of such a document; none of an empty text."""
    rows = json.loads(text) if text else ()
    return tuple(
        PriceFault(
            Symbol(symbol),
            PriceFaultKind(kind),
            _amount(price),
            age,
            _amount(last_close),
            detail,
            Symbol(like) if like else None,
            source,
        )
        for symbol, kind, price, age, last_close, detail, like, source in rows
    )


def _row(fault: PriceFault) -> list[str | int | None]:
    return [
        fault.symbol,
        fault.kind,
        None if fault.price is None else str(fault.price),
        fault.age_seconds,
        None if fault.last_close is None else str(fault.last_close),
        fault.detail,
        fault.like,
        fault.source,
    ]


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
