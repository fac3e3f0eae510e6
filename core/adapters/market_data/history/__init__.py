"""Real daily prices shipped with the project, for the replay and for backtests.

Adjusted closes of five factor ETFs and twenty large US stocks, and the S&P 500 index beside them,
on the days that all of them share; see `README.md` in this folder for the source and its licence.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

INDEX_COLUMN = "^GSPC"
"""The column of the S&P 500 index: a yardstick, not something that can be bought."""

PRICES_FILE = "prices.csv.gz"
"""The file beside this module: first column the date, then one column per symbol."""


@dataclass(frozen=True, slots=True)
class History:
    """Daily closes of several symbols over the same sessions.

    `closes[symbol][i]` is the adjusted close in dollars of session `sessions[i]`, exactly as the
    source gives it (at most three decimals); `index` is the S&P 500 in index points.
    """

    sessions: tuple[date, ...]
    closes: Mapping[str, tuple[Decimal, ...]]
    index: tuple[Decimal, ...]

    def values(self, symbol: str) -> tuple[Decimal, ...] | None:
        """The closes of what can be bought, or of the index; None for anything else."""
        return self.index if symbol == INDEX_COLUMN else self.closes.get(symbol)

    @property
    def symbols(self) -> tuple[str, ...]:
        """What can be bought, by symbol."""
        return tuple(self.closes)

    @property
    def first_session(self) -> date:
        """The first day with prices."""
        return self.sessions[0]

    @property
    def last_session(self) -> date:
        """The last day with prices."""
        return self.sessions[-1]


@lru_cache(maxsize=1)
def load_history() -> History:
    """Read the shipped prices; they are read once and kept."""
    packed = files(__package__).joinpath(PRICES_FILE).read_bytes()
    header, *rows = csv.reader(io.StringIO(gzip.decompress(packed).decode("ascii")))
    days, *columns = zip(*rows, strict=True)
    prices = {
        symbol: tuple(Decimal(price) for price in column)
        for symbol, column in zip(header[1:], columns, strict=True)
    }
    index = prices.pop(INDEX_COLUMN)
    sessions = tuple(date.fromisoformat(day) for day in days)
    return History(sessions, MappingProxyType(prices), index)
