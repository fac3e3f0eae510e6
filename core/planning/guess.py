"""A plan to begin with: sell what is over, buy what is short with the cash there is, spend the rest, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from core.planning.problem import Floats, Problem
from core.planning.score import (
    CENT_NOISE,
    TRADE_WEIGHT,
    TURNOVER_WEIGHT,
    is_allowed,
    paid_for,
    score,
)

_NOISE = 1e-12
_NOTHING = 1e-9
"""So little money does not tell one plan from another."""


def guess(problem: Problem) -> Floats:
    """Units by cell that keep every rule, or nearly so: what is said to be over and short is traded, largest first."""
    draft = _Draft.of(problem)
    draft.sell()
    if problem.must_raise:
        draft.raise_cash()
    draft.buy()
    return _within_limits(problem, draft.complete())


@dataclass(slots=True)
class _Draft:
    """Units as they are chosen: what lines still miss of their goals, and the cash left, by account.

    The rest are the numbers of the problem by cell, one by one.
    """

    problem: Problem
    units: list[float]
    rest: list[float]
    left: list[float]
    line_of: list[int]
    account_of: list[int]
    price: list[float]
    buy_price: list[float]
    sell_price: list[float]
    fee: list[float]
    lowest: list[float]
    highest: list[float]
    least: list[float]
    sell_out: list[float]

    @classmethod
    def of(cls, problem: Problem) -> _Draft:
        """Nothing chosen yet."""
        places = problem.line_of.tolist(), problem.account_of.tolist()
        prices = (problem.price, problem.buy_price, problem.sell_price, problem.fee)
        bounds = (problem.lowest, problem.highest, problem.least, problem.sell_out)
        columns = [column.tolist() for column in (*prices, *bounds)]
        nothing = [0.0] * len(problem.price)
        return cls(problem, nothing, problem.gap.tolist(), problem.cash.tolist(), *places, *columns)

    def sell(self) -> None:
        """Sell what is over its goal."""
        for cell in self._order(1):
            over = ceil(self.rest[self.line_of[cell]] / self.price[cell] - _NOISE)
            self._take(cell, min(max(float(over), self.lowest[cell]), 0.0))

    def raise_cash(self) -> None:
        """Sell more, of what is most over its goal, until the money is there that is taken out."""
        for cell in self._order(1):
            missing = -self.left[self.account_of[cell]]
            missing = max(missing, self.problem.cash_floor - sum(self.left))
            price = self.sell_price[cell] - self.fee[cell]
            if missing > CENT_NOISE and price > 0:
                more = ceil((missing + self.problem.commission) / price)
                self._take(cell, min(max(self.units[cell] - more, self.lowest[cell]), 0.0))

    def buy(self) -> None:
        """Buy what is short of its goal with the cash there is, the largest gap first."""
        problem = self.problem
        for cell in self._order(-1):
            spare = sum(self.left) - max(problem.cash_floor, problem.cash_goal)
            room = min(spare, self.left[self.account_of[cell]]) - problem.commission - 0.02
            each = self.buy_price[cell] + self.fee[cell]
            short = self.rest[self.line_of[cell]] / self.price[cell]
            most = floor(min(short, room / each, self.highest[cell]) + _NOISE)
            if not self.units[cell] and most > 0:
                self._take(cell, float(most))

    def complete(self) -> Floats:
        """Spend what the rounding left over: a unit more where it covers most of its own price."""
        problem, units = self.problem, np.array(self.units)
        best = score(problem, units)
        parts = {cell: self.rest[line] / self.price[cell] for cell, line in enumerate(self.line_of)}
        for cell in sorted(parts, key=lambda each: -parts[each]):
            if parts[cell] <= 0 or self.units[cell] + 1 > self.highest[cell]:
                continue
            if self._cannot_help(cell):
                continue
            more = units.copy()
            more[cell] += 1
            value = score(problem, more)
            if value < best:
                units, best = more, value
                self._put(cell, self.units[cell] + 1)
        return units

    def _cannot_help(self, cell: int) -> bool:
        """Whether a unit more surely scores no less: it overdraws, or takes from cash what it gives to its line."""
        problem, units, price = self.problem, self.units[cell], self.price[cell]
        paid = self._paid(cell, units + 1) - self._paid(cell, units)
        left, together = self.left[self.account_of[cell]] - paid, sum(self.left)
        if not problem.must_raise and units >= 0:
            floor_of_cash = problem.cash_floor - together + paid
            if left < -2 * CENT_NOISE or floor_of_cash > 2 * CENT_NOISE:
                return True
        rest = self.rest[self.line_of[cell]]
        short = max(rest - price, 0.0) - max(rest, 0.0)
        short += max(problem.cash_goal - together + paid, 0.0)
        short -= max(problem.cash_goal - together, 0.0)
        trade = TRADE_WEIGHT * problem.total * ((units + 1 != 0) - (units != 0))
        turnover = TURNOVER_WEIGHT * price * (abs(units + 1) - abs(units))
        return short + trade + turnover > _NOTHING

    def _order(self, sign: int) -> list[int]:
        rest, line_of = self.rest, self.line_of
        return sorted(range(len(line_of)), key=lambda cell: sign * rest[line_of[cell]])

    def _take(self, cell: int, count: float) -> None:
        """Trade so much of a cell, where that is allowed."""
        is_within = self.lowest[cell] <= count <= self.highest[cell]
        is_enough = abs(count) >= self.least[cell] or 0 < self.sell_out[cell] == -count
        if count and is_within and is_enough:
            self._put(cell, count)

    def _put(self, cell: int, count: float) -> None:
        before = self.units[cell]
        self.rest[self.line_of[cell]] -= (count - before) * self.price[cell]
        self.left[self.account_of[cell]] += self._paid(cell, before) - self._paid(cell, count)
        self.units[cell] = count

    def _paid(self, cell: int, units: float) -> float:
        each = self.buy_price[cell] if units > 0 else self.sell_price[cell]
        return paid_for(units, each, self.fee[cell], self.problem.commission)


def _within_limits(problem: Problem, units: Floats) -> Floats:
    """The same trades, all made smaller until the limits on turnover and cost hold."""
    for _ in range(40):
        if np.isfinite(score(problem, units)):
            break
        units = np.trunc(units * 0.8)
        units = np.where(is_allowed(problem, units), units, 0.0)
    return units
