"""Refusals about the market and its prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.domain.refusals.base import Refusal


@dataclass(eq=False)
class PricesRefused(Refusal):
    """Prices that no plan may be made from; ``faults`` names each symbol and what is wrong with it."""

    faults: tuple[object, ...]


@dataclass(eq=False)
class PriceSourceDown(Refusal):
    """A price source that did not answer usably."""

    source: str
    detail: str
    retry_after: float | None = None


@dataclass(eq=False)
class MarketClosed(Refusal):
    """Something that needs an open exchange, asked while it is closed."""

    opens_at: datetime | None


@dataclass(eq=False)
class ClocksDisagree(Refusal):
    """The broker's clock and ours are too far apart, so that nothing is sent; ``seconds`` says how far."""

    broker: str
    seconds: int


@dataclass(eq=False)
class ClosedUnexpectedly(Refusal):
    """The broker says that the exchange is closed, although by the calendar it is open."""

    broker: str
    opens_at: datetime


@dataclass(eq=False)
class NotReplay(Refusal):
    """Moving the market's clock where the market is not a replay."""


@dataclass(eq=False)
class EndOfHistory(Refusal):
    """The replay has reached its last day."""
