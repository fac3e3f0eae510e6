"""Closes: what symbols stood at when sessions ended, by the session's date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.domain.ids import Symbol
from core.domain.quote import PriceFault


@dataclass(frozen=True, slots=True)
class CloseBatch:
    """What one request for closes brought: those that there are, by symbol and session, and what went wrong.

    A session without a close is missing from its symbol's; a symbol with none at all has a fault instead.
    """

    closes: Mapping[Symbol, Mapping[date, Decimal]]
    faults: tuple[PriceFault, ...] = ()
