"""The best choice of each cell at the price of cash, and what is found from there."""

from __future__ import annotations

from dataclasses import dataclass

from core.planning.deviations import Cash, Deviations, best_pair, list_sums
from core.planning.problem import Floats


@dataclass(frozen=True, slots=True)
class Found:
    """Units by cell with their score; ``bound`` is what no plan's score is below; ``work`` counts the states listed.

    ``short`` is the part of the score that is shortfall, where that has been looked at.
    """

    units: Floats
    score: float
    bound: float
    work: int = 0
    short: float | None = None

    @property
    def gap(self) -> float:
        """How far the score can at most be from the least there is."""
        return self.score - self.bound


@dataclass(frozen=True, slots=True)
class Base:
    """The best choice of each cell at the price of cash: units, and their score, with the cash that there is room for.

    ``under``, below 0, is what rounding to the cent may take from that score, which is otherwise a bound.
    """

    cash: Cash
    units: Floats
    score: float
    under: float

    def alone(self) -> Found:
        """The base as it is."""
        loss = self.cash.loose(self.cash.flow)
        return Found(self.units, self.score + loss, self.score + self.under)

    def search(self, some: Deviations, rest: float) -> Found:
        """The base with those deviations that together lose least; what is not among them loses ``rest`` or more."""
        best = best_pair(self.cash, some)
        listed, work, is_whole = list_sums(self.cash, some, best.loss)
        best, units = listed or best, self.units.copy()
        for place in best.places:
            units[some.cells[place]] = some.units[place]
        score, bound = self.score + best.loss, self.score + self.under
        return Found(units, score, min(score, bound + max(rest, 0.0)) if is_whole else bound, work)
