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
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.planning.base import Base, Found
from core.planning.deviations import Cash, Choice, Deviations, best_pair
from core.planning.problem import Floats, Problem
from core.planning.score import CENT_NOISE, EVERYWHERE, TRADE_WEIGHT, TURNOVER_WEIGHT, outflow

_MOST_PRICES = 40
_PARTS_NEAR, _NEAR_GOAL, _FURTHER = 3, 6, 50
"""So many units are listed on each side of the goal, beside none, the least and the most.

The first where shares have parts, and only the bound is asked for; the last where it matters.
"""
_RANGES, _MOST_UNITS = 4, 1e17
"""Between what is listed there are so many ranges; no cell trades more units."""
_NEAR = 1e-12
"""What floats cannot tell, as a part of the total."""


MoreTrades = Callable[[Floats], Floats]


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
    room = problem.all_cash - max(problem.cash_goal, floor)
    most = problem.all_cash - floor + CENT_NOISE
    options = list_options(problem, highest, _NEAR_GOAL, more)
    price, bound, priced = best_price(options, room)
    if priced.flow > most:
        return Found(np.zeros(len(problem.price)), np.inf, -np.inf)
    chosen, cash = _chosen(options, price, priced), Cash(price, priced.flow, room, most)
    losses, ends = _losses(options, price, chosen)
    base = Base(cash, chosen.units, bound, float(np.minimum(ends, 0.0).sum()))
    if cash.loose(cash.flow) <= problem.total * _NEAR:
        return base.alone()
    least = min(cash.loose(cash.flow), _best_single(cash, options, losses, chosen))
    some = _deviations(options, options.cells, losses, chosen, least)
    if (ends < least).any():
        least = min(least, best_pair(cash, some).loss)
    further = np.flatnonzero(ends < least)
    if len(further):
        wide, theirs = list_options(problem, highest, _FURTHER, more, further), chosen.of(further)
        losses, ends[further] = _losses(wide, price, theirs)
        widened = _deviations(wide, further, losses, theirs, least)
        some = some.without(further).with_more(widened)
    return base.search(some, float(ends.min()))


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
    lost = np.maximum(losses[rows, at], 0.0)
    return Deviations(cells[at].tolist(), units[once].tolist(), lost.tolist(), flows.tolist())


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
    bounds = _bounds(problem, highest, some)
    cells = np.arange(len(bounds.price)) if some is None else some
    units, is_none = _list_units(bounds, width)
    listed = len(units) - 2 * _RANGES
    scores = _scores(problem, bounds, units)
    flows = outflow(problem, units, EVERYWHERE if some is None else some)
    ends = slice(listed, listed + _RANGES), slice(listed + _RANGES, None)
    for end in ends:
        scores[end][is_none] = np.inf
    if more is not None:
        every = np.zeros((len(units), len(problem.price)))
        every[:, cells] = units
        trades = more(every)[:, cells]
        # A range has at least as many trades as the end with fewer.
        trades[ends[0]] = trades[ends[1]] = np.minimum(trades[ends[0]], trades[ends[1]])
        scores += trades * TRADE_WEIGHT * problem.total
        flows += trades * problem.commission
    cent = 0.01 if problem.has_fees or _has_rounding(problem) else 0.0
    return Options(units, scores, flows, np.arange(len(cells)), listed, cent)


@dataclass(slots=True)
class _Bounds:
    """By cell: what units may be traded, what a unit is worth, and the gap of the line."""

    lowest: Floats
    highest: Floats
    least: Floats
    sell_out: Floats
    price: Floats
    gap: Floats


def _bounds(problem: Problem, highest: Floats, some: Choice | None) -> _Bounds:
    least, gap = np.maximum(problem.least, 1.0), problem.gap[problem.line_of]
    bounds = (problem.lowest, highest, least, problem.sell_out, problem.price, gap)
    return _Bounds(*(bounds if some is None else [column[some] for column in bounds]))


def _list_units(bounds: _Bounds, width: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Units by row and cell: those listed, then the first and then the last of each range between them.

    Also which ranges, by row and cell, have nothing in them.
    """
    lowest, highest, least = bounds.lowest, bounds.highest, bounds.least
    around = _around(width)
    count, near = len(around), 2 * width
    units = np.empty((count + 4 + 2 * _RANGES, len(least)))
    window = units[:count]
    np.add(np.floor(bounds.gap / bounds.price + 1e-12), around, out=window)
    np.minimum(np.maximum(window, lowest, out=window), highest, out=window)
    rest = units[count:]
    rest[0], rest[1], rest[2], rest[3] = 0.0, least, -least, -bounds.sell_out
    low, high = rest[4 : 4 + _RANGES], rest[4 + _RANGES :]
    first, last = units[0], units[near - 1]
    low[0], high[0] = least + 1, first - 1
    low[1], high[1] = np.maximum(last, least) + 1, highest - 1
    low[2], high[2] = lowest + 1, np.minimum(first, -least) - 1
    low[3], high[3] = last + 1, -least - 1
    is_none = low > high
    low[is_none] = high[is_none] = 0.0
    return units, is_none


def _scores(problem: Problem, bounds: _Bounds, units: Floats) -> Floats:
    """What each choice scores by itself: its line's shortfall, and the tie-breaks; infinite where it is not allowed."""
    moved, is_trade = units * bounds.price, units != 0
    scores = np.maximum(bounds.gap - moved, 0.0)
    scores += is_trade * (TRADE_WEIGHT * problem.total) + TURNOVER_WEIGHT * np.abs(moved)
    allowed = (units >= bounds.lowest) & (units <= bounds.highest)
    if (bounds.least > 1).any():
        allowed &= ~is_trade | (np.abs(units) >= bounds.least) | (units == -bounds.sell_out)
    scores[~allowed] = np.inf
    return scores


@cache
def _around(width: int) -> Floats:
    """Units to add to those at the goal: so many on each side, and as many as there can be."""
    window = np.arange(1.0 - width, 1.0 + width)
    return np.concatenate([window, [-_MOST_UNITS, _MOST_UNITS]])[:, None]


def _has_rounding(problem: Problem) -> bool:
    return any(
        (np.abs(cents - np.rint(cents)) > CENT_NOISE).any()
        for cents in (problem.buy_price * 100, problem.sell_price * 100)
    )


def best_price(options: Options, room: float) -> tuple[float, float, Priced]:
    """The price of cash, from 0 to 1, with the highest bound, that bound, and a choice there that cash allows.

    The bound is concave and piecewise linear in the price: where the tangents from both sides meet is the next to try.
    """
    scores, flows = options.scores[: options.listed], options.flows[: options.listed]
    each_score, each_flow = scores.ravel(), flows.ravel()
    cells, count = options.cells, len(options.cells)

    def at_price(price: float) -> Priced:
        rows = (scores + price * flows).argmin(axis=0)
        at = rows * count + cells
        score, flow = np.add.reduce(each_score.take(at)), np.add.reduce(each_flow.take(at))
        return Priced(rows, float(score), float(flow))

    low, high = at_price(0.0), at_price(1.0)
    if low.flow <= room:
        return 0.0, low.score, low
    if high.flow > room:
        return 1.0, high.score + high.flow - room, high
    price = 1.0
    for _ in range(_MOST_PRICES):
        price = (high.score - low.score) / (low.flow - high.flow)
        middle = at_price(price)
        level = low.score + price * low.flow
        if middle.score + price * middle.flow >= level - 1e-9 * abs(level):
            break
        if middle.flow > room:
            low = middle
        else:
            high = middle
    return price, high.score + price * (high.flow - room), high
