"""An index that rules look at: it hovers about a limit, stays above it for weeks, and at times cannot be known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from core.domain.ids import Symbol
from core.domain.quote import PriceFaultKind
from tests.fakes.market_data import FakeMarketData

SOURCE = Symbol("^VIX")
LIMIT = Decimal(30)
KEPT = 30
"""So many closes are served: more than any rule here looks back on."""


class NervousIndex:
    """Its value now, and its closes by session; one in thirty is missing for good."""

    def __init__(self, chance: Random, source: FakeMarketData, before: Iterable[date]) -> None:
        self._chance = chance
        self._source = source
        self.value = LIMIT - 1
        self._is_known = True
        self._closes: dict[date, Decimal | None] = dict.fromkeys(before, self.value)

    def walk(self) -> None:
        """Move on, drawn back to the limit."""
        drawn = LIMIT + (self.value - LIMIT) * Decimal("0.97")
        step = Decimal(round(self._chance.gauss(0, 1.2), 2))
        self.value = max((drawn + step).quantize(Decimal("0.01")), Decimal(1))

    def end_session(self, day: date) -> None:
        """Keep the close of a session, as long as anything looks back on it."""
        self.walk()
        self._closes[day] = None if self._chance.random() < 1 / KEPT else self.value
        for old in list(self._closes)[:-KEPT]:
            del self._closes[old]

    def show(self, now: datetime) -> None:
        """Let the source have it, but for the times at which it has nothing that can be used."""
        self._source.set_closes(SOURCE, {day: c for day, c in self._closes.items() if c})
        self._source.set_price(SOURCE, self.value)
        self._is_known = self._chance.random() >= 0.06
        if not self._is_known:
            self._spoil(now)

    def _spoil(self, now: datetime) -> None:
        match self._chance.randint(0, 3):
            case 0:
                self._source.set_fault(SOURCE, PriceFaultKind.MISSING)
            case 1:
                self._source.set_price(SOURCE, self.value, at=now - timedelta(minutes=21))
            case 2:
                self._source.set_price(SOURCE, Decimal("NaN"))
            case _:
                self._source.set_price(SOURCE, 0)

    def is_above(self, sessions: int) -> bool | None:
        """Whether it is above the limit now, and was at the closes before; None where nobody can know."""
        if not self._is_known:
            return None
        seen = [self.value, *list(self._closes.values())[::-1]][:sessions]
        if any(value is not None and value <= LIMIT for value in seen):
            return False
        return None if None in seen else True
