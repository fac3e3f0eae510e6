"""The constructive method for ``closest``: goals, rounded, completed, and improved by small moves.

What is made least is the *shortfall*: the money that lines and CASH are short of their goals. It is
the tracking error, with what trading costs counted as off target: over − under = −cost, so
½ (over + under + cost) = under. Without costs the two are the same; with costs, no trade can look
good only because it burns cash that is over its goal.

Ties are broken as the domain says: each trade must earn a ten-thousandth of a point (the finest
that is ever shown), then the money that changes hands counts, then the symbol's place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.planning.problem import Floats, Problem

_TRADE_WEIGHT = 1e-6
_TURNOVER_WEIGHT = 1e-9
_NOISE = 1e-12
_PART_NOISE = 1e-6
"""With parts of shares, moves for less than can be shown would never end."""
_CENT_NOISE = 1e-6
_TRIPLES_OF = 28
"""So many moves are tried three at a time; more would take longer than they bring."""
_CLOSE_ENOUGH = 1e-4
"""A hundredth of a point from the bound: nothing is tried three at a time for less."""
_WORTH_OF_CASH = 0.5
"""What a unit of money is about worth in shortfall, to choose those moves."""


@dataclass(slots=True)
class State:
    """A candidate plan: units by line, and what follows from them in money."""

    units: Floats
    cash: float
    purchases: int
    lines_score: float
    score: float


@dataclass(frozen=True, slots=True)
class Moves:
    """Changes of one line each: the line's place, its new units, and what would change."""

    place: NDArray[np.intp]
    units: Floats
    score: Floats
    cash: Floats
    purchases: Floats


def solve(problem: Problem) -> NDArray[np.int64]:
    """Units to trade by line (sales negative), improved until no move of one or two lines helps."""
    if not len(problem.price):
        return np.zeros(0, dtype=np.int64)
    nothing = _state(problem, np.zeros(len(problem.price)))
    best = _improve(problem, _complete(problem, _first_guess(problem)))
    if best.score >= nothing.score:
        best = _improve(problem, nothing)
    return np.rint(best.units).astype(np.int64)


def outflow(problem: Problem, place: NDArray[np.intp] | slice, units: Floats) -> Floats:
    """What trades take from cash (sales are negative), each rounded to the cent against us."""
    buys = np.ceil(units * problem.buy_price[place] * 100 - _CENT_NOISE) / 100
    sells = np.ceil(units * problem.sell_price[place] * 100 - _CENT_NOISE) / 100
    flow = np.where(units > 0, buys, sells)
    return flow + np.where(units != 0, problem.commission, 0.0)


def _line_scores(problem: Problem, place: NDArray[np.intp] | slice, units: Floats) -> Floats:
    moved = units * problem.price[place]
    short = np.maximum(problem.gap[place] - moved, 0.0)
    trades = np.where(units != 0, _TRADE_WEIGHT * problem.total, 0.0)
    return short + trades + _TURNOVER_WEIGHT * np.abs(moved)


def _state(problem: Problem, units: Floats) -> State:
    everything = slice(None)
    cash = problem.all_cash - float(outflow(problem, everything, units).sum())
    lines = float(_line_scores(problem, everything, units).sum())
    purchases = int((units > 0).sum())
    short = max(problem.cash_goal - cash, 0.0)
    is_broke = purchases > 0 and cash < problem.cash_floor - _CENT_NOISE
    return State(units, cash, purchases, lines, np.inf if is_broke else lines + short)


def _is_allowed(
    problem: Problem, place: NDArray[np.intp] | slice, units: Floats
) -> NDArray[np.bool_]:
    inside = (units >= problem.lowest[place]) & (units <= problem.highest[place])
    enough = (units == 0) | (np.abs(units) >= problem.least[place])
    empties = (problem.sell_out[place] > 0) & (units == -problem.sell_out[place])
    allowed: NDArray[np.bool_] = inside & (enough | empties)
    return allowed


def _first_guess(problem: Problem) -> Floats:
    """Sell what is over, then buy what is short with the cash there is, the largest gap first."""
    wanted = np.clip(
        np.floor(problem.gap / problem.price + _NOISE), problem.lowest, problem.highest
    )
    sales = np.minimum(np.ceil(problem.gap / problem.price - _NOISE), 0)
    units = np.where(wanted < 0, np.clip(sales, problem.lowest, 0), 0.0)
    units = np.where(_is_allowed(problem, slice(None), units), units, 0.0)
    spare = problem.all_cash - float(outflow(problem, slice(None), units).sum())
    spare -= max(problem.cash_floor, problem.cash_goal)
    for place in np.argsort(-problem.gap, kind="stable"):
        bought = min(wanted[place], _affordable(problem, int(place), spare))
        if bought > 0 and bought >= problem.least[place]:
            units[place] = bought
            spare -= bought * problem.buy_price[place] + problem.commission
    return units


def _affordable(problem: Problem, place: int, spare: float) -> float:
    return float(np.floor((spare - problem.commission) / problem.buy_price[place] + _NOISE))


def _complete(problem: Problem, units: Floats) -> State:
    """Spend what the rounding left over: a unit more where it covers most of its own price."""
    state = _state(problem, units)
    rest = (problem.gap - units * problem.price) / problem.price
    for place in np.argsort(-rest, kind="stable"):
        if rest[place] <= 0 or units[place] + 1 > problem.highest[place]:
            continue
        more = _with(state, (int(place), state.units[place] + 1))
        if _is_allowed(problem, slice(None), more)[place]:
            candidate = _state(problem, more)
            state = candidate if candidate.score < state.score else state
    return state


def _improve(problem: Problem, state: State) -> State:
    for _ in range(20 + 4 * len(state.units)):
        better = _best_neighbour(problem, state)
        if better is None:
            break
        state = better
    return state


def _best_neighbour(problem: Problem, state: State) -> State | None:
    moves = _moves(problem, state)
    if not len(moves.place):
        return None
    threshold = state.score - problem.total * (_PART_NOISE if problem.has_parts else _NOISE)
    found = sorted(
        (search(problem, state, moves) for search in (_best_single, _best_pair, _best_fill)),
        key=lambda pair: pair[0],
    )
    for score, units in found:
        if score < threshold and (candidate := _state(problem, units)).score < threshold:
            return candidate
    if state.score - _least_shortfall(problem) < _CLOSE_ENOUGH * problem.total:
        return None
    score, units = _best_triple(problem, state, moves)
    candidate = _state(problem, units)
    return candidate if score < threshold and candidate.score < threshold else None


def _least_shortfall(problem: Problem) -> float:
    """A bound that no plan can be below: what limits forbid to cover, and money that is missing."""
    short = np.maximum(problem.gap, 0.0)
    covered = np.minimum(short, np.maximum(problem.highest, 0.0) * problem.price)
    sold = np.minimum(np.maximum(-problem.gap, 0.0), -problem.lowest * problem.price)
    wanted_cash = max(problem.cash_goal, problem.cash_floor)
    missing = float(covered.sum() - sold.sum()) + wanted_cash - problem.all_cash
    return float((short - covered).sum()) + max(missing, 0.0)


def _moves(problem: Problem, state: State) -> Moves:
    """Every single change worth a look: a unit more or less, none, the goal from each side."""
    units = state.units
    below = np.floor(problem.gap / problem.price + _NOISE)
    options = np.sort(
        np.stack(
            [
                units - 1,
                units + 1,
                np.zeros(len(units)),
                np.clip(below, problem.lowest, problem.highest),
                below + 1,
                problem.least,
                -problem.least,
                -problem.sell_out,
            ]
        ),
        axis=0,
    )
    fresh = options != units
    fresh[1:] &= options[1:] != options[:-1]
    fresh &= _is_allowed(problem, slice(None), options)
    place, row = np.nonzero(fresh.T)
    return _changes(problem, state, place, options[row, place])


def _changes(problem: Problem, state: State, place: NDArray[np.intp], units: Floats) -> Moves:
    now = state.units[place]
    return Moves(
        place=place,
        units=units,
        score=_line_scores(problem, place, units) - _line_scores(problem, place, now),
        cash=outflow(problem, place, now) - outflow(problem, place, units),
        purchases=(units > 0).astype(np.float64) - (now > 0),
    )


def _scores(
    problem: Problem, state: State, score: Floats, cash: Floats, purchases: Floats
) -> Floats:
    """The score after changes; infinite where purchases would take cash below its floor."""
    left = state.cash + cash
    result = state.lines_score + score + np.maximum(problem.cash_goal - left, 0.0)
    is_broke = (left < problem.cash_floor - _CENT_NOISE) & (state.purchases + purchases > 0)
    result[is_broke] = np.inf
    return result


def _with(state: State, *changes: tuple[int, float]) -> Floats:
    units = state.units.copy()
    for place, value in changes:
        units[place] = value
    return units


def _best_single(problem: Problem, state: State, moves: Moves) -> tuple[float, Floats]:
    scores = _scores(problem, state, moves.score, moves.cash, moves.purchases)
    best = int(np.argmin(scores))
    return float(scores[best]), _with(state, (int(moves.place[best]), float(moves.units[best])))


def _best_pair(problem: Problem, state: State, moves: Moves) -> tuple[float, Floats]:
    scores = _scores(
        problem,
        state,
        moves.score[:, None] + moves.score,
        moves.cash[:, None] + moves.cash,
        moves.purchases[:, None] + moves.purchases,
    )
    scores[moves.place[:, None] == moves.place] = np.inf
    first, second = divmod(int(np.argmin(scores)), len(moves.place))
    changes = [(int(moves.place[at]), float(moves.units[at])) for at in (first, second)]
    return float(scores[first, second]), _with(state, *changes)


def _best_fill(problem: Problem, state: State, moves: Moves) -> tuple[float, Floats]:
    """One change, and another line that takes up all the cash which it leaves."""
    everything = slice(None)
    now = state.units
    spare = state.cash + moves.cash - max(problem.cash_floor, problem.cash_goal)
    spare = spare[:, None] + outflow(problem, everything, np.maximum(now, 0.0)) - problem.commission
    filled = np.floor(spare / problem.buy_price + _NOISE)
    filled = np.minimum(filled, np.ceil(problem.gap / problem.price - _NOISE))
    filled = np.clip(filled, 0, problem.highest)
    change = _line_scores(problem, everything, filled) - _line_scores(problem, everything, now)
    cash = outflow(problem, everything, now) - outflow(problem, everything, filled)
    scores = _scores(
        problem,
        state,
        moves.score[:, None] + change,
        moves.cash[:, None] + cash,
        moves.purchases[:, None] + ((filled > 0) * 1.0 - (now > 0)),
    )
    scores[~_is_allowed(problem, everything, filled)] = np.inf
    scores[np.arange(len(moves.place)), moves.place] = np.inf
    move, line = divmod(int(np.argmin(scores)), len(now))
    changes = (
        (int(moves.place[move]), float(moves.units[move])),
        (line, float(filled[move, line])),
    )
    return float(scores[move, line]), _with(state, *changes)


def _best_triple(problem: Problem, state: State, moves: Moves) -> tuple[float, Floats]:
    """Three changes at once, among the moves that bring most for the cash they take."""
    worth = np.argsort(moves.score - _WORTH_OF_CASH * moves.cash, kind="stable")
    chosen = np.sort(worth[:_TRIPLES_OF])
    place = moves.place[chosen]
    scores = _scores(
        problem,
        state,
        _sums_of_three(moves.score[chosen]),
        _sums_of_three(moves.cash[chosen]),
        _sums_of_three(moves.purchases[chosen]),
    )
    same = place[:, None] == place
    scores[same[:, :, None] | same[:, None, :] | same[None, :, :]] = np.inf
    best = np.unravel_index(int(np.argmin(scores)), scores.shape)
    picked = [int(chosen[at]) for at in best]
    changes = [(int(moves.place[at]), float(moves.units[at])) for at in picked]
    return float(scores[best]), _with(state, *changes)


def _sums_of_three(values: Floats) -> Floats:
    return values[:, None, None] + values[:, None] + values
