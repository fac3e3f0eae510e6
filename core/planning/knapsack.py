"""One account, one cell per line: a multiple-choice knapsack, solved by the price of cash.

Each cell chooses its units; only cash ties the cells together. With a price on cash each cell chooses alone, and what
they reach together is a bound (Lagrange). What a choice gives away at the best price is its *loss*: only choices whose
losses add up to less than the gap between the best plan so far and the bound can be better, and those few are listed,
cell by cell, without the ones that others dominate (Pisinger 1995: A minimal algorithm for the multiple-choice
knapsack problem). A limit on the list keeps the work bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.planning.problem import Floats, Problem
from core.planning.score import CENT_NOISE, TRADE_WEIGHT, outflow, tie_break

_MOST_STATES = 4000
_MOST_PRICES = 40
_PAIRS_OF = 48
_WINDOWS = (3, 12, 50)
"""So many units are listed on each side of the goal, beside none, the least and the most; more where it matters."""
_NEAR = 1e-12
"""What floats cannot tell, as a part of the total."""

_NONE = np.zeros(1)

Choice = NDArray[np.intp]
MoreTrades = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Found:
    """Units by cell with their score; ``bound`` is what no plan's score is below; ``work`` counts the states listed."""

    units: Floats
    score: float
    bound: float
    work: int
    is_cut: bool = False
    """Whether only choices that were not listed keep the bound below the score."""
    price: float = 0.0
    """The price of cash, from 0 to 1, at which cells that choose alone come nearest to spending what there is."""

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
    bound, work = min(found.bound, sales.bound), found.work + sales.work
    return replace(best, bound=bound, work=work)


def bound_by_price(problem: Problem, more: MoreTrades | None = None) -> float:
    """What no score of a simple problem is below, by the price of cash alone: all but exact where shares have parts."""
    bound = _bound(problem, problem.highest, problem.cash_floor, more)
    if problem.cash_floor <= problem.cash_goal or problem.must_raise:
        return bound
    return min(bound, _bound(problem, np.zeros(len(problem.price)), -np.inf, more))


def _bound(problem: Problem, highest: Floats, floor: float, more: MoreTrades | None) -> float:
    options = list_options(problem, highest, _WINDOWS[0], more)
    room = problem.all_cash - max(problem.cash_goal, floor)
    price, bound, base = best_price(options, room)
    if base.flow > problem.all_cash - floor + CENT_NOISE:
        return -np.inf
    return bound + float(np.minimum(losses_at(options, price, base)[1], 0.0).sum())


def losses_at(options: Options, price: float, base: Priced) -> tuple[Floats, Floats]:
    """What each choice gives away at a price of cash, and the least that the ranges do which are not listed."""
    losses = options.scores + price * options.flows
    losses -= losses[base.rows, options.cells]
    return losses, losses[options.listed :].min(axis=0) - price * options.cent


def _solve(problem: Problem, highest: Floats, floor: float, more: MoreTrades | None) -> Found:
    near, work = problem.total * _NEAR, 0
    for width in _WINDOWS:
        found = _solve_listed(problem, highest, floor, width, more)
        work += found.work
        if not found.is_cut or found.score - found.bound <= near:
            break
    return replace(found, work=work)


def _solve_listed(
    problem: Problem, highest: Floats, floor: float, width: int, more: MoreTrades | None
) -> Found:
    options = list_options(problem, highest, width, more)
    room = problem.all_cash - max(problem.cash_goal, floor)
    most = problem.all_cash - floor + CENT_NOISE
    price, bound, base = best_price(options, room)
    if base.flow > most:
        return Found(np.zeros(len(problem.price)), np.inf, -np.inf, 0)
    losses, ends = losses_at(options, price, base)
    bound += float(np.minimum(ends, 0.0).sum())
    unlisted = bound + max(float(ends.min()), 0.0)
    losses = np.maximum(losses[: options.listed], 0.0)
    search = _Search(options, losses, base, price, room, most)
    loss, rows, work, is_whole = search.run(problem.total * _NEAR)
    units = options.units[rows, options.cells]
    score = base.score + price * (base.flow - room) + loss
    is_cut = is_whole and unlisted < score
    bound = min(score, unlisted) if is_whole else bound
    return Found(units, score, bound, work, is_cut=is_cut, price=price)


def list_options(problem: Problem, highest: Floats, width: int, more: MoreTrades | None) -> Options:
    """The choices of each cell: a window around its goal, none, and the least and the most that is allowed.

    In the ranges between those a choice's score and flow are linear, so that nothing there beats both ends.
    """
    lowest, least = problem.lowest, np.maximum(problem.least, 1.0)
    goal = np.floor(problem.gap[problem.line_of] / problem.price + 1e-12)
    first = np.clip(goal + 1.0 - width, lowest, highest)
    last = np.clip(goal + width, lowest, highest)
    window = np.minimum(first + np.arange(2.0 * width)[:, None], last)
    others = np.stack([0 * goal, least, -least, -problem.sell_out, lowest, highest])
    ranges = (
        (least + 1, np.minimum(first - 1, highest - 1)),
        (np.maximum(last, least) + 1, highest - 1),
        (lowest + 1, np.minimum(first, -least) - 1),
        (np.maximum(last, lowest) + 1, -least - 1),
    )
    ends = np.stack(
        [np.where(low <= high, end, np.nan) for low, high in ranges for end in (low, high)]
    )
    units = np.concatenate([window, others, ends])
    scores = _scores(problem, np.nan_to_num(units), highest)
    scores[np.isnan(units)] = np.inf
    units = np.nan_to_num(units)
    cells, listed = np.arange(len(problem.price)), len(window) + len(others)
    flows = outflow(problem, units)
    if more is not None:
        trades = more(units)
        # A range has at least as many trades as the end with fewer.
        trades[listed::2] = np.minimum(trades[listed::2], trades[listed + 1 :: 2])
        trades[listed + 1 :: 2] = trades[listed::2]
        scores += trades * TRADE_WEIGHT * problem.total
        flows += trades * problem.commission
    cent = 0.01 if problem.fee.any() or _has_rounding(problem) else 0.0
    return Options(units, scores, flows, cells, listed, cent)


def _scores(problem: Problem, units: Floats, highest: Floats) -> Floats:
    """What each choice scores by itself: its line's shortfall, and the tie-breaks."""
    inside = (units >= problem.lowest) & (units <= highest)
    enough = (units == 0) | (np.abs(units) >= problem.least) | (units == -problem.sell_out)
    short = np.maximum(problem.gap[problem.line_of] - units * problem.price, 0.0)
    return np.where(inside & enough, short + tie_break(problem, units), np.inf)


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
    scores, flows = options.scores[rows, options.cells], options.flows[rows, options.cells]
    return Priced(rows, float(scores.sum()), float(flows.sum()))


@dataclass(slots=True)
class _Search:
    """The search for the least loss: ``room`` is the cash to spend for nothing, ``most`` what may be spent at all."""

    options: Options
    losses: Floats
    base: Priced
    price: float
    room: float
    most: float

    def run(self, near: float) -> tuple[float, Choice, int, bool]:
        """The least loss, its rows, the states listed, and whether nothing was left out."""
        best, rows = self._try_pairs(near)
        if best <= near:
            return best, rows, 0, False
        return self._list_states(best, rows)

    def _loose(self, flow: Floats) -> Floats:
        """What cash left over loses, or cash missing from its goal; infinite where it must not be spent."""
        over = self.room - flow
        loss = np.where(over >= 0, self.price * over, (self.price - 1) * over)
        return np.where(flow > self.most, np.inf, loss)

    def _deviations(self, best: float) -> tuple[Choice, Choice, Floats, Floats]:
        """Other choices than the base's that lose less than the best plan: cells, rows, losses, changes of flow."""
        options, base = self.options, self.base
        flows = options.flows[: options.listed] - options.flows[base.rows, options.cells]
        units = options.units[: options.listed]
        is_other = (self.losses < best) & (units != units[base.rows, options.cells])
        cells, rows = np.nonzero(is_other.T)
        same = np.zeros(len(cells), dtype=bool)
        same[1:] = (cells[1:] == cells[:-1]) & (
            units[rows[1:], cells[1:]] == units[rows[:-1], cells[:-1]]
        )
        cells, rows = cells[~same], rows[~same]
        return cells, rows, self.losses[rows, cells], flows[rows, cells]

    def _try_pairs(self, near: float) -> tuple[float, Choice]:
        """The base with one or two other choices: a good plan soon."""
        rows = self.base.rows
        best = float(self._loose(np.array(self.base.flow)))
        if best <= near:
            return best, rows
        cells, others, losses, flows = self._deviations(best if np.isfinite(best) else np.inf)
        chosen = np.argsort(losses, kind="stable")[:_PAIRS_OF]
        cells, others = np.append(cells[chosen], -1), np.append(others[chosen], 0)
        losses, flows = np.append(losses[chosen], 0.0), np.append(flows[chosen], 0.0)
        pairs = losses[:, None] + losses + self._loose(self.base.flow + flows[:, None] + flows)
        pairs[(cells[:, None] == cells) & (cells >= 0)] = np.inf
        first, second = divmod(int(pairs.argmin()), len(cells))
        if pairs[first, second] < best:
            best, rows = float(pairs[first, second]), rows.copy()
            for at in (first, second):
                if cells[at] >= 0:
                    rows[cells[at]] = others[at]
        return best, rows

    def _list_states(self, best: float, rows: Choice) -> tuple[float, Choice, int, bool]:
        """Every sum of losses that may be less than the best, cell by cell, the dominated ones left out."""
        cells, others, losses, flows = self._deviations(best)
        order = _by_flow(cells, flows)
        adds = [np.concatenate([_NONE, losses[group]]) for group in order]
        takes = [np.concatenate([_NONE, flows[group]]) for group in order]
        up, down = (
            _after_each([take.max() for take in takes]),
            _after_each([t.min() for t in takes]),
        )
        loss, flow = np.zeros(1), np.array([self.base.flow])
        steps: list[tuple[Choice, int]] = []
        work, found = 0, (-1, -1)
        for step in range(len(order)):
            loss = (loss[:, None] + adds[step]).ravel()
            flow = (flow[:, None] + takes[step]).ravel()
            at = np.flatnonzero(self._reach(loss, flow, up[step], down[step]) < best)
            at = at[_undominated(loss[at] - self.price * flow[at], flow[at])]
            loss, flow = loss[at], flow[at]
            steps.append((at, len(adds[step])))
            work += len(at)
            if not len(at):
                break
            whole = loss + self._loose(flow)
            if whole[least := int(whole.argmin())] < best:
                best, found = float(whole[least]), (step, least)
            if len(at) > _MOST_STATES:
                return best, self._rows_of(steps, found, order, cells, others, rows), work, False
        return best, self._rows_of(steps, found, order, cells, others, rows), work, True

    def _reach(self, loss: Floats, flow: Floats, up: float, down: float) -> Floats:
        """The least loss that a state can end with, whatever the cells that follow choose."""
        nearest = np.minimum(np.maximum(self.room, flow + down), flow + up)
        return loss + self._loose(nearest)

    def _rows_of(
        self,
        steps: list[tuple[Choice, int]],
        found: tuple[int, int],
        order: list[Choice],
        cells: Choice,
        others: Choice,
        rows: Choice,
    ) -> Choice:
        """The rows that led to a state, followed back from step to step; the rows so far where none was better."""
        step, state = found
        if step < 0:
            return rows
        rows = self.base.rows.copy()
        for back in range(step, -1, -1):
            at, count = steps[back]
            state, picked = divmod(int(at[state]), count)
            if picked:
                deviation = order[back][picked - 1]
                rows[cells[deviation]] = others[deviation]
        return rows


def _after_each(most: list[float]) -> list[float]:
    """What all that come later can still add, by place."""
    return [sum(most[at + 1 :]) for at in range(len(most))]


def _by_flow(cells: Choice, flows: Floats) -> list[Choice]:
    """The places of each cell's choices, the cells that move most cash first."""
    starts = np.flatnonzero(cells[1:] != cells[:-1]) + 1
    groups = [group for group in np.split(np.arange(len(cells)), starts) if len(group)]
    return sorted(groups, key=lambda group: -float(np.abs(flows[group]).max()))


def _undominated(score: Floats, flow: Floats) -> Choice:
    """The places of the states for which no other takes no more cash and scores no more."""
    order = np.lexsort((score, flow))
    ranked = score[order]
    keep = np.ones(len(order), dtype=bool)
    keep[1:] = ranked[1:] < np.minimum.accumulate(ranked)[:-1]
    return order[keep]
