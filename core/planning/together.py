"""Several accounts under one target: a bound for all of them together, and the units that attain it or come near.

Taken as one purse, the accounts are a knapsack again (``core.planning.knapsack``): a line then trades a number of
units, in at least so many trades as the accounts that must share a sale. No plan over the accounts is below that,
because each account's cash is a rule more. The totals that are least, and nearly least, are listed in order; for each
it is asked whether the accounts can carry it out without a trade more, or with one or two (``core.planning.division``).
What is answered with no raises the bound; the first that is answered with yes is the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from core.planning.base import Found
from core.planning.division import Division
from core.planning.knapsack import (
    MoreTrades,
    Options,
    best_price,
    bound_by_price,
    list_options,
    losses_at,
    solve_knapsack,
)
from core.planning.problem import Floats, Places, Problem
from core.planning.score import CENT_NOISE, TRADE_WEIGHT, score

_MARGINS = (6.0, 24.0, 96.0)
"""Totals are listed that score so many trades more than the least; more where few do."""
_FEW = 8
_WIDTH = 12
_MOST_HALVES = 6_000
_MOST_TOTALS = 24
_MOST_TASKS = 16
_MOST_MORE = 2
"""So many trades more than in one purse are tried."""


def can_be_one_purse(problem: Problem) -> bool:
    """Whether all cells of each line are one symbol in one unit, nothing is overdrawn, and no limit binds the whole."""
    first = _first_cells(problem)[problem.line_of]
    is_one = np.array_equal(problem.price, problem.price[first])
    is_one = is_one and np.array_equal(problem.fee, problem.fee[first])
    limited = np.isfinite(problem.turnover_limit) or np.isfinite(problem.cost_limit)
    symbols = [cell.symbol for cell in problem.cells]
    is_one = is_one and all(symbols[place] == symbols[at] for place, at in enumerate(first))
    is_owed = bool((problem.cash < 0).any()) and not problem.must_raise
    return is_one and not limited and not is_owed


def bound_together(problem: Problem) -> float:
    """What no score is below, where shares have parts: by the price of cash in one purse."""
    return bound_by_price(_one_purse(problem), _more_trades(problem))


def solve_together(problem: Problem, start: Floats, enough: float) -> Found:
    """The units of least score found over all accounts, ``start`` or better, and what no score is below.

    The search ends once the two are no more than ``enough`` money apart. For problems that ``can_be_one_purse``.
    """
    one, more = _one_purse(problem), _more_trades(problem)
    purse = solve_knapsack(one, more)
    best = Found(start, score(problem, start), purse.bound, purse.work)
    if not np.isfinite(purse.score) or best.gap <= enough:
        return best
    totals, scores, rest = purse.units[None, :], [purse.score], purse.bound
    for margin in _MARGINS:
        listed = _list_totals(one, more, purse, margin)
        if listed is not None:
            totals, scores, rest = listed
        if listed is None or len(scores) >= _FEW:
            break
    tasks = sorted(
        (value + count * TRADE_WEIGHT * problem.total, count, at)
        for at, value in enumerate(scores)
        for count in range(_MOST_MORE + 1)
    )
    rest = min(rest, min(scores, default=-np.inf) + (_MOST_MORE + 1) * TRADE_WEIGHT * problem.total)
    divisions: dict[int, Division] = {}
    for least, count, at in tasks[:_MOST_TASKS]:
        best = replace(best, bound=max(best.bound, min(least, rest)))
        if best.gap <= enough or best.score - least <= enough:
            break
        division = divisions.setdefault(at, Division(problem, totals[at]))
        units, is_whole = division.find(count)
        best = replace(best, work=best.work + 1)
        if units is not None or not is_whole:
            rest = min(rest, least)
        if units is not None and (found := score(problem, units)) < best.score:
            best = replace(best, units=units, score=found)
    return replace(best, bound=min(best.bound, best.score))


# --- one purse -----------------------------------------------------------------------------------


def _first_cells(problem: Problem) -> Places:
    """The place of each line's first cell."""
    return np.asarray(
        np.searchsorted(problem.line_of, np.arange(len(problem.lines))), dtype=np.intp
    )


def _one_purse(problem: Problem) -> Problem:
    """The problem with one account and a cell for each line; what that forbids is forbidden in the accounts too."""
    first, lines = _first_cells(problem), len(problem.lines)
    least = _least_trade(problem)
    swaps = (np.maximum.reduceat(problem.highest, first) > 0) & (
        np.minimum.reduceat(problem.lowest, first) < 0
    )  # one account can sell, and another buy, almost as much
    return replace(
        problem,
        cells=tuple(problem.cells[int(place)] for place in first),
        line_of=np.arange(lines, dtype=np.intp),
        account_of=np.zeros(lines, dtype=np.intp),
        price=problem.price[first],
        buy_price=problem.buy_price[first],
        sell_price=problem.sell_price[first],
        fee=problem.fee[first],
        lowest=np.add.reduceat(problem.lowest, first),
        highest=np.add.reduceat(problem.highest, first),
        least=np.where(swaps, 0.0, least),
        sell_out=np.zeros(lines),
        cash=np.array([problem.all_cash]),
    )


def _least_trade(problem: Problem) -> Floats:
    """By line, the fewest units that one trade may have."""
    first = _first_cells(problem)
    sold_out = np.where(problem.sell_out > 0, problem.sell_out, np.inf)
    least: Floats = np.minimum(problem.least[first], np.minimum.reduceat(sold_out, first))
    return least


def _more_trades(problem: Problem) -> MoreTrades:
    """How many trades beside the first units of a line take at least.

    What the largest accounts cannot trade alone, and what is so little that only a sale less a purchase comes to it.
    """
    least = _least_trade(problem)
    sold, bought = _capacities(problem, -problem.lowest), _capacities(problem, problem.highest)

    def more(units: Floats) -> Floats:
        trades: Floats = ((units != 0) & (np.abs(units) < least)).astype(np.float64)
        for most in sold:
            trades += -units > most
        for most in bought:
            trades += units > most
        return trades

    return more


def _capacities(problem: Problem, most: Floats) -> Floats:
    """By count of accounts and line: the most units that so many accounts can trade."""
    table = np.zeros((len(problem.cash), len(problem.lines)))
    table[problem.account_of, problem.line_of] = most
    return np.asarray(np.cumsum(-np.sort(-table, axis=0), axis=0)[:-1])


# --- the totals that are nearly least ------------------------------------------------------------


def _list_totals(
    one: Problem, more: MoreTrades, purse: Found, margin: float
) -> tuple[Floats, list[float], float] | None:
    """Units by line that score little more than the least, their scores in order, and what all others are not below.

    None where there are too many to list.
    """
    limit = purse.score + margin * (TRADE_WEIGHT * one.total + one.commission)
    room = one.all_cash - max(one.cash_goal, one.cash_floor)
    options = list_options(one, one.highest, _WIDTH, more)
    price, bound, base = best_price(options, room)
    losses, ends = losses_at(options, price, base)
    bound += float(np.minimum(ends, 0.0).sum())
    rest = min(limit, bound + max(float(ends.min()), 0.0))
    if one.cash_floor > one.cash_goal and not one.must_raise:
        sales = replace(one, highest=np.zeros(len(one.price)), cash_floor=-np.inf)
        rest = min(rest, solve_knapsack(sales, more).bound)
    start = base.score + price * (base.flow - room)
    lines = range(len(one.price))
    choices = [_choices_of(options, losses, line, limit - start) for line in lines]
    even, odd = _combine(choices[::2], limit - start), _combine(choices[1::2], limit - start)
    if even is None or odd is None:
        return None

    def value_of(loss: Floats, flow: Floats) -> Floats:
        over = room - flow
        loose = np.where(over >= 0, price * over, (price - 1) * over)
        return np.where(
            flow > one.all_cash - one.cash_floor + CENT_NOISE, np.inf, start + loss + loose
        )

    found = _least_pairs(even, odd, value_of, limit)
    if not found:
        return None
    if len(found) > _MOST_TOTALS:
        rest = min(rest, found.pop()[0])
    totals = np.zeros((len(found), len(one.price)))
    for at, (_, row, other) in enumerate(found):
        totals[at, ::2], totals[at, 1::2] = even[0][row], odd[0][other]
    return totals, [value for value, _, _ in found], rest


_Combined = tuple[Floats, Floats, Floats]


def _choices_of(options: Options, losses: Floats, line: int, limit: float) -> _Combined:
    """A line's units that lose no more than a limit, each once: units, losses, flows."""
    rows = np.flatnonzero(losses[: options.listed, line] <= limit)
    units, first = np.unique(options.units[rows, line], return_index=True)
    rows = rows[first]
    return units[:, None], losses[rows, line], options.flows[rows, line]


def _combine(choices: Sequence[_Combined], limit: float) -> _Combined | None:
    """All ways to choose that lose no more than a limit together; None where they are too many."""
    units, loss, flow = np.zeros((1, 0)), np.zeros(1), np.zeros(1)
    for each, lost, taken in choices:
        together = loss[:, None] + lost
        rows, picks = np.nonzero(together <= limit)
        if len(rows) > _MOST_HALVES:
            return None
        loss, flow = together[rows, picks], flow[rows] + taken[picks]
        units = np.concatenate([units[rows], each[picks]], axis=1)
    return units, loss, flow


def _least_pairs(
    one: _Combined, other: _Combined, value_of: Callable[[Floats, Floats], Floats], limit: float
) -> list[tuple[float, int, int]]:
    """The rows of both that are least together, in order; the last one says what the rest are not below."""
    found: list[tuple[float, int, int]] = []
    for row in np.argsort(one[1], kind="stable"):
        value = value_of(one[1][row] + other[1], one[2][row] + other[2])
        found += [(float(value[at]), int(row), int(at)) for at in np.flatnonzero(value < limit)]
        if len(found) > _MOST_TOTALS:
            found = sorted(found)[: _MOST_TOTALS + 1]
            limit = found[-1][0]
    return sorted(found)
