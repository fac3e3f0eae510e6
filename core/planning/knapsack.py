"""One account, one cell per line: a multiple-choice knapsack, solved by the price of cash.

Each cell chooses its units; only cash ties the cells together. With a price on cash each cell chooses alone, and what
they reach together is a bound (Lagrange). What a choice gives away at the best price is its *loss*: only choices whose
losses add up to less than the gap between the best plan so far and the bound can be better, and those few are listed,
cell by cell, without the ones that others dominate (Pisinger 1995: A minimal algorithm for the multiple-choice
knapsack problem; see ``core.planning.deviations``). A limit on the list keeps the work bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.planning.deviations import Cash, Choice, Deviations, best_pair, list_sums
from core.planning.problem import Floats, Problem
from core.planning.score import CENT_NOISE, TRADE_WEIGHT, outflow, tie_break

_MOST_PRICES = 40
_PARTS_NEAR, _NEAR_GOAL, _FURTHER = 3, 6, 50
"""So many units are listed on each side of the goal, beside none, the least and the most.

The first where shares have parts, and only the bound is asked for; the last where it matters.
"""
_NEAR = 1e-12
"""What floats cannot tell, as a part of the total."""


MoreTrades = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Found:
    """Units by cell with their score; ``bound`` is what no plan's score is below; ``work`` counts the states listed."""

    units: Floats
    score: float
    bound: float
    work: int

    @property
    def gap(self) -> float:
        """How far the score can at most be from the least there is."""
        return self.score - self.bound


@dataclass(slots=True)
class Options:
    """By row and cell: units, what they score, what they take from cash; infinite scores are not allowed."""

    units: Floats
    scores: Floats
    flows: Floats
    cells: Choice
    listed: int
    """So many rows are choices; the rows after them are the ends of the ranges that are not listed."""
    cent: float
    """How far rounding to the cent may take what is inside such a range below its ends."""


@dataclass(slots=True)
class Priced:
    """The best choice of each cell at a price of cash: its rows, its scores and flows in sum."""

    rows: Choice
    score: float
    flow: float


@dataclass(frozen=True, slots=True)
class _Base:
    """By cell: the units of its best choice at the price of cash, the cash they take, and what both are worth there."""

    units: Floats
    flows: Floats
    values: Floats

    def of(self, cells: Choice) -> _Base:
        """The same for some cells."""
        return _Base(self.units[cells], self.flows[cells], self.values[cells])


def solve_knapsack(problem: Problem, more: MoreTrades | None = None) -> Found:
    """The plan of least score, or the best found, for simple problems; limits on turnover and cost are left aside.

    ``more`` says how many trades beside the first so many units of each cell take at least; none where it is missing.
    """
    found = _solve(problem, problem.highest, problem.cash_floor, more)
    if problem.cash_floor <= problem.cash_goal or problem.must_raise:
        return found
    nothing = np.zeros(len(problem.price))
    sales = _solve(problem, nothing, -np.inf, more)  # these may stay below the floor
    best = min(found, sales, key=lambda each: each.score)
    return replace(best, bound=min(found.bound, sales.bound), work=found.work + sales.work)


def bound_by_price(problem: Problem, more: MoreTrades | None = None) -> float:
    """What no score of a simple problem is below, by the price of cash alone: all but exact where shares have parts."""
    bound = _bound(problem, problem.highest, problem.cash_floor, more)
    if problem.cash_floor <= problem.cash_goal or problem.must_raise:
        return bound
    return min(bound, _bound(problem, np.zeros(len(problem.price)), -np.inf, more))


def _bound(problem: Problem, highest: Floats, floor: float, more: MoreTrades | None) -> float:
    options = list_options(problem, highest, _PARTS_NEAR, more)
    room = problem.all_cash - max(problem.cash_goal, floor)
    price, bound, base = best_price(options, room)
    if base.flow > problem.all_cash - floor + CENT_NOISE:
        return -np.inf
    return bound + float(np.minimum(losses_at(options, price, base)[1], 0.0).sum())


def _chosen(options: Options, price: float, base: Priced) -> _Base:
    """The best choice of each cell at a price of cash."""
    cells = options.cells
    scores, flows = options.scores[base.rows, cells], options.flows[base.rows, cells]
    return _Base(options.units[base.rows, cells], flows, scores + price * flows)


def losses_at(options: Options, price: float, base: Priced) -> tuple[Floats, Floats]:
    """What each choice gives away at a price of cash, and the least that the ranges do which are not listed."""
    return _losses(options, price, _chosen(options, price, base))


def _losses(options: Options, price: float, base: _Base) -> tuple[Floats, Floats]:
    losses = options.scores + price * options.flows - base.values
    return losses, losses[options.listed :].min(axis=0) - price * options.cent


def _solve(problem: Problem, highest: Floats, floor: float, more: MoreTrades | None) -> Found:
    options = list_options(problem, highest, _NEAR_GOAL, more)
    every = options.cells
    room = problem.all_cash - max(problem.cash_goal, floor)
    most = problem.all_cash - floor + CENT_NOISE
    price, bound, priced = best_price(options, room)
    if priced.flow > most:
        return Found(np.zeros(len(every)), np.inf, -np.inf, 0)
    base, cash = _chosen(options, price, priced), Cash(price, priced.flow, room, most)
    losses, ends = _losses(options, price, base)
    bound += float(np.minimum(ends, 0.0).sum())
    least, units, work, is_whole = cash.loose(cash.flow), base.units, 0, False
    if least > problem.total * _NEAR:
        least = min(least, _best_single(cash, options, losses, base))
        some = _deviations(options, every, losses, base, least)
        further = np.flatnonzero(ends < least)
        if len(further):
            wide, theirs = list_options(problem, highest, _FURTHER, more, further), base.of(further)
            losses, ends[further] = _losses(wide, price, theirs)
            widened = _deviations(wide, further, losses, theirs, least)
            some = some.without(further).with_more(widened)
        best = best_pair(cash, some)
        listed, work, is_whole = list_sums(cash, some, best.loss)
        best = listed or best
        least, units = best.loss, units.copy()
        for place in best.places:
            units[some.cells[place]] = some.units[place]
    score = priced.score + price * (priced.flow - room) + least
    bound = min(score, bound + max(float(ends.min()), 0.0)) if is_whole else bound
    return Found(units, score, bound, work)


def _best_single(cash: Cash, options: Options, losses: Floats, base: _Base) -> float:
    """What the best of the listed choices loses, cash included, with all other cells as in the base."""
    flows = options.flows[: options.listed] + (cash.flow - base.flows)
    return float((np.maximum(losses[: options.listed], 0.0) + cash.loose_each(flows)).min())


def _deviations(
    options: Options, cells: Choice, losses: Floats, base: _Base, most: float
) -> Deviations:
    """The listed choices of some cells, other than the base's, that lose no more than ``most``."""
    listed = slice(options.listed)
    is_near = (losses[listed] <= most) & (options.units[listed] != base.units)
    at, rows = np.nonzero(is_near.T)
    units = options.units[rows, at]
    places = {
        pair: place for place, pair in enumerate(zip(at.tolist(), units.tolist(), strict=True))
    }
    once = np.fromiter(places.values(), dtype=np.intp, count=len(places))
    at, rows = at[once], rows[once]
    flows = options.flows[rows, at] - base.flows[at]
    return Deviations(cells[at], units[once], np.maximum(losses[rows, at], 0.0), flows)


def list_options(
    problem: Problem,
    highest: Floats,
    width: int,
    more: MoreTrades | None = None,
    some: Choice | None = None,
) -> Options:
    """The choices of each cell, or of some: a window around its goal, none, and the least and the most allowed.

    In the ranges between those a choice's score and flow are linear, so that nothing there beats both ends.
    """
    cells = np.arange(len(problem.price)) if some is None else some
    lowest, highest = problem.lowest[cells], highest[cells]
    least, sell_out = np.maximum(problem.least[cells], 1.0), problem.sell_out[cells]
    goal = np.floor(problem.gap[problem.line_of[cells]] / problem.price[cells] + 1e-12)
    first = np.minimum(np.maximum(goal + 1.0 - width, lowest), highest)
    last = np.minimum(np.maximum(goal + width, lowest), highest)
    ranges = (
        (least + 1, np.minimum(first - 1, highest - 1)),
        (np.maximum(last, least) + 1, highest - 1),
        (lowest + 1, np.minimum(first, -least) - 1),
        (np.maximum(last, lowest) + 1, -least - 1),
    )
    window, listed = 2 * width, 2 * width + 6
    units = np.empty((listed + 2 * len(ranges), len(cells)))
    np.minimum(first + np.arange(float(window))[:, None], last, out=units[:window])
    for row, end in enumerate((0 * goal, least, -least, -sell_out, lowest, highest), window):
        units[row] = end
    is_none = np.zeros(units.shape, dtype=bool)
    for at, (low, high) in enumerate(ranges):
        row = listed + 2 * at
        units[row], units[row + 1] = low, high
        is_none[row : row + 2] = low > high
    units[is_none] = 0.0
    scores = _scores(problem, units, highest, cells)
    scores[is_none] = np.inf
    flows = outflow(problem, units, cells)
    if more is not None:
        every = np.zeros((len(units), len(problem.price)))
        every[:, cells] = units
        trades = more(every)[:, cells]
        # A range has at least as many trades as the end with fewer.
        trades[listed::2] = np.minimum(trades[listed::2], trades[listed + 1 :: 2])
        trades[listed + 1 :: 2] = trades[listed::2]
        scores += trades * TRADE_WEIGHT * problem.total
        flows += trades * problem.commission
    cent = 0.01 if problem.has_fees or _has_rounding(problem) else 0.0
    return Options(units, scores, flows, np.arange(len(cells)), listed, cent)


def _scores(problem: Problem, units: Floats, highest: Floats, cells: Choice) -> Floats:
    """What each choice scores by itself: its line's shortfall, and the tie-breaks."""
    allowed = (units >= problem.lowest[cells]) & (units <= highest)
    least = problem.least[cells]
    if (least > 1).any():
        enough = (units == 0) | (np.abs(units) >= least) | (units == -problem.sell_out[cells])
        allowed &= enough
    short = problem.gap[problem.line_of[cells]] - units * problem.price[cells]
    scores = np.maximum(short, 0.0) + tie_break(problem, units, cells)
    scores[~allowed] = np.inf
    return scores


def _has_rounding(problem: Problem) -> bool:
    cents = np.concatenate([problem.buy_price, problem.sell_price]) * 100
    return bool((np.abs(cents - np.rint(cents)) > CENT_NOISE).any())


def best_price(options: Options, room: float) -> tuple[float, float, Priced]:
    """The price of cash, from 0 to 1, with the highest bound, that bound, and a choice there that cash allows.

    The bound is concave and piecewise linear in the price: where the tangents from both sides meet is the next to try.
    """
    low, high = _at_price(options, 0.0), _at_price(options, 1.0)
    if low.flow <= room:
        return 0.0, low.score, low
    if high.flow > room:
        return 1.0, high.score + high.flow - room, high
    price = 1.0
    for _ in range(_MOST_PRICES):
        price = (high.score - low.score) / (low.flow - high.flow)
        middle = _at_price(options, price)
        level = low.score + price * low.flow
        if middle.score + price * middle.flow >= level - 1e-9 * abs(level):
            break
        if middle.flow > room:
            low = middle
        else:
            high = middle
    return price, high.score + price * (high.flow - room), high


def _at_price(options: Options, price: float) -> Priced:
    listed = slice(options.listed)
    rows = (options.scores[listed] + price * options.flows[listed]).argmin(axis=0)
    at = rows * len(rows) + options.cells
    scores, flows = options.scores.ravel()[at], options.flows.ravel()[at]
    return Priced(rows, float(scores.sum()), float(flows.sum()))
