"""What brings single lines inside their bands, cell by cell: units from so many to so many, and the cash they move."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf
from typing import NamedTuple

from core.planning.inside import NOISE, Inside
from core.planning.problem import Problem
from core.planning.score import paid_for


class Span(NamedTuple):
    """Units that bring or keep a line inside its band, all sales or all purchases, and what cash their ends bring."""

    cell: int
    low: int
    high: int
    brings: float
    """With the units at ``low``: the most that it can bring (a purchase: less than nothing)."""
    takes: float
    """With the units at ``high``: the least."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The numbers of all cells, one by one: prices, units that may be traded, what keeps each line inside its band."""

    commission: float
    price: list[float]
    buy_price: list[float]
    sell_price: list[float]
    fee: list[float]
    lowest: list[float]
    highest: list[float]
    least: list[float]
    sell_out: list[float]
    value: list[float]
    low: list[float]
    high: list[float]

    @classmethod
    def of(cls, problem: Problem, inside: Inside) -> Cells:
        """Read a problem."""
        prices = (problem.price, problem.buy_price, problem.sell_price, problem.fee)
        bounds = (problem.lowest, problem.highest, problem.least, problem.sell_out)
        bands = (inside.value, inside.low, inside.high)
        columns = [column.tolist() for column in (*prices, *bounds, *bands)]
        return cls(problem.commission, *columns)

    def paid(self, cell: int, units: float) -> float:
        """What units of a cell take from cash (sales are negative), rounded to the cent against us."""
        each = self.buy_price[cell] if units > 0 else self.sell_price[cell]
        return paid_for(units, each, self.fee[cell], self.commission)

    def each(self, span: Span) -> float:
        """What a unit more, or a unit less, moves of cash."""
        cell = span.cell
        if span.high < 0:
            return self.sell_price[cell] - self.fee[cell]
        return self.buy_price[cell] + self.fee[cell]

    def spans(self, cell: int) -> list[Span]:
        """The sales, and the purchases, that leave a cell's line inside its band."""
        price, value, least = self.price[cell], self.value[cell], max(self.least[cell], 1.0)
        low, high = self.lowest[cell], self.highest[cell]
        if self.low[cell] > -inf:
            low = max(ceil((self.low[cell] - value) / price - NOISE), low)
        if self.high[cell] < inf:
            high = min(floor((self.high[cell] - value) / price + NOISE), high)
        all_of_it = -self.sell_out[cell]
        sales = (low, min(high, -least))
        if -least < all_of_it < 0 and low <= all_of_it <= high:
            sales = (all_of_it, all_of_it)
        found = (sales, (max(low, least), high))
        return [self._span(cell, *ends) for ends in found if ends[0] <= ends[1]]

    def _span(self, cell: int, low: float, high: float) -> Span:
        return Span(cell, int(low), int(high), -self.paid(cell, low), -self.paid(cell, high))
