"""Small moves: a choice of units improved by changing one, two or three cells at a time.

A move is scored with what it does to its line (whose gap other cells may have filled), to its account's cash, and to
all cash; two moves of one line are scored together. Nothing is filtered afterwards: what breaks a rule scores infinite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.planning.problem import Floats, Places, Problem
from core.planning.score import is_allowed, least_shortfall, outflow, penalties, tie_break

_NOISE = 1e-12
_PART_NOISE = 1e-6
"""With parts of shares, moves for less than can be shown would never end."""
_PAIRS_OF = 400
_TRIPLES_OF = 28
"""So many moves are tried two, and three, at a time; more would take longer than they bring."""
_CLOSE_ENOUGH = 1e-4
"""A hundredth of a point from the bound: nothing is tried three at a time for less."""
_WORTH_OF_CASH = 0.5
"""What a unit of money is about worth in shortfall, to choose those moves."""
_MOST_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class State:
    """A candidate: units by cell, what each line is still short of, each account's cash left and purchases."""

    units: Floats
    rest: Floats
    left: Floats
    buys: Floats
    turnover: float
    cost: float
    lines_score: float
    score: float


@dataclass(frozen=True, slots=True)
class Changes:
    """Other units for some cells, and what each would change; arrays of one shape."""

    cells: Places
    units: Floats
    shift: Floats
    flow: Floats
    ties: Floats
    buys: Floats
    turnover: Floats

    def __getitem__(self, key: Any) -> Changes:
        """Some of them, or all of them in another shape."""
        return Changes(*(getattr(self, name)[key] for name in self.__slots__))


def improve(problem: Problem, units: Floats, bound: float = -np.inf) -> State:
    """Make the move that helps most until none does: of one cell, then of two, then of three.

    ``bound`` is what is known that no score is below: nothing is looked for where that is near.
    """
    state = state_of(problem, units)
    least = max(least_shortfall(problem), bound)
    for _ in range(_MOST_ROUNDS):
        better = _step(problem, state, least)
        if better is None:
            break
        state = better
    return state


def state_of(problem: Problem, units: Floats) -> State:
    """What follows from units in money."""
    accounts, lines = len(problem.cash), len(problem.lines)
    flow, moved = outflow(problem, units), units * problem.price
    rest = problem.gap - np.bincount(problem.line_of, moved, lines)
    left = problem.cash - np.bincount(problem.account_of, flow, accounts)
    buys = np.bincount(problem.account_of, units > 0, accounts).astype(np.float64)
    turnover, cost = float(np.abs(moved).sum()), float(flow.sum() - moved.sum())
    lines_score = float(np.maximum(rest, 0.0).sum() + tie_break(problem, units).sum())
    score = lines_score + max(problem.cash_goal - float(left.sum()), 0.0)
    score += float(penalties(problem, left, buys, turnover, cost).item())
    return State(units, rest, left, buys, turnover, cost, lines_score, score)


def _step(problem: Problem, state: State, least: float) -> State | None:
    threshold = state.score - problem.total * (_PART_NOISE if problem.has_parts else _NOISE)
    moves = _moves(problem, state)
    if not len(moves.cells):
        return None
    single = _together(problem, state, moves)
    if single[at := int(single.argmin())] < threshold:
        return _checked(problem, state, threshold, moves[at])
    if state.score - least < _CLOSE_ENOUGH * problem.total / 100:
        return None
    if len(moves.cells) > _PAIRS_OF:
        moves = moves[np.sort(_most_worth(problem, state, moves)[:_PAIRS_OF])]
    return (
        _best_pair(problem, state, threshold, moves)
        or _best_fill(problem, state, threshold, moves)
        or _best_triple(problem, state, threshold, moves, least)
    )


def _checked(problem: Problem, state: State, threshold: float, *chosen: Changes) -> State | None:
    units = state.units.copy()
    for change in chosen:
        units[int(change.cells)] = float(change.units)
    candidate = state_of(problem, units)
    return candidate if candidate.score < threshold else None


def _moves(problem: Problem, state: State) -> Changes:
    """Every change of one cell worth a look: a unit more or less, none, the goal from each side, what limits allow."""
    units, price = state.units, problem.price
    below = np.floor(units + state.rest[problem.line_of] / price + _NOISE)
    missing = np.maximum(problem.cash_floor - state.left.sum(), -state.left)[problem.account_of]
    raised = np.maximum(np.ceil(np.maximum(missing, 0.0) / problem.sell_price - _NOISE), 1.0)
    options = [
        units - 1,
        units + 1,
        np.zeros(len(units)),
        np.clip(below, problem.lowest, problem.highest),
        below + 1,
        problem.least,
        -problem.least,
        -problem.sell_out,
    ]
    if problem.must_raise:
        options.append(np.clip(units - raised, problem.lowest, problem.highest))
    if np.isfinite(problem.turnover_limit):
        step = np.floor(max(problem.turnover_limit - state.turnover, 0.0) / price + _NOISE)
        options += [units + np.minimum(step, np.maximum(below - units, 0.0))]
        options += [units - np.minimum(step, np.maximum(units - below, 0.0))]
    table = np.sort(np.stack(options), axis=0)
    fresh = table != units
    fresh[1:] &= table[1:] != table[:-1]
    fresh &= is_allowed(problem, table)
    cells, row = np.nonzero(fresh.T)
    return _changes(problem, state, cells, table[row, cells])


def _changes(problem: Problem, state: State, cells: Places, units: Floats) -> Changes:
    now = state.units[cells]
    price = problem.price[cells]
    return Changes(
        cells=cells,
        units=units,
        shift=(units - now) * price,
        flow=outflow(problem, units, cells) - outflow(problem, now, cells),
        ties=tie_break(problem, units, cells) - tie_break(problem, now, cells),
        buys=(units > 0).astype(np.float64) - (now > 0),
        turnover=(np.abs(units) - np.abs(now)) * price,
    )


def _together(problem: Problem, state: State, *changes: Changes) -> Floats:
    """The score once some changes are made together; infinite where they are of one cell, or are three of one line."""
    lines = [problem.line_of[change.cells] for change in changes]
    accounts = [problem.account_of[change.cells] for change in changes]
    shape = np.broadcast_shapes(*(change.cells.shape for change in changes))
    left = np.empty((len(state.left), *shape))
    buys = np.empty_like(left)
    for at in range(len(state.left)):
        left[at] = state.left[at] - sum(
            np.where(account == at, change.flow, 0.0)
            for account, change in zip(accounts, changes, strict=True)
        )
        buys[at] = state.buys[at] + sum(
            np.where(account == at, change.buys, 0.0)
            for account, change in zip(accounts, changes, strict=True)
        )
    turnover = state.turnover + sum(change.turnover for change in changes)
    cost = state.cost + sum(change.flow - change.shift for change in changes)
    score = state.lines_score + sum(
        change.ties + _covered(state.rest[line], change.shift)
        for line, change in zip(lines, changes, strict=True)
    )
    score = score + np.maximum(problem.cash_goal - left.sum(axis=0), 0.0)
    score = score + penalties(problem, left, buys, turnover, cost)
    for later in range(1, len(changes)):
        for earlier in range(later):
            score = _of_one_line(state, score, lines, changes, earlier, later)
    return np.asarray(score, dtype=np.float64)


def _covered(rest: Floats, shift: Floats) -> Floats:
    return np.maximum(rest - shift, 0.0) - np.maximum(rest, 0.0)


def _of_one_line(
    state: State,
    score: Floats,
    lines: list[Places],
    changes: tuple[Changes, ...],
    earlier: int,
    later: int,
) -> Floats:
    """Two changes of one line fill the same gap; a cell changes once."""
    one, two = changes[earlier], changes[later]
    same = lines[earlier] == lines[later]
    if not same.any():
        return score
    if len(changes) > 2:  # noqa: PLR2004 - three at a time are of three lines
        return np.where(same, np.inf, score)
    rest = state.rest[lines[earlier]]
    both = _covered(rest, one.shift + two.shift)
    score = score + np.where(
        same, both - _covered(rest, one.shift) - _covered(rest, two.shift), 0.0
    )
    return np.where(one.cells == two.cells, np.inf, score)


def _best_pair(problem: Problem, state: State, threshold: float, moves: Changes) -> State | None:
    scores = _together(problem, state, moves[:, None], moves)
    first, second = divmod(int(scores.argmin()), len(moves.cells))
    if scores[first, second] >= threshold:
        return None
    return _checked(problem, state, threshold, moves[first], moves[second])


def _best_fill(problem: Problem, state: State, threshold: float, moves: Changes) -> State | None:
    """One change, and another cell that takes up all the cash which it leaves."""
    cells = np.flatnonzero(problem.highest > 0)
    if not len(cells):
        return None
    now = state.units[cells]
    spare = state.left.sum() - moves.flow - max(problem.cash_floor, problem.cash_goal)
    same = problem.account_of[moves.cells][:, None] == problem.account_of[cells]
    own = state.left[problem.account_of[cells]] - np.where(same, moves.flow[:, None], 0.0)
    spare = np.minimum(spare[:, None], own) - problem.commission
    spare = spare + outflow(problem, np.maximum(now, 0.0), cells)
    filled = np.floor(spare / (problem.buy_price + problem.fee)[cells] + _NOISE)
    wanted = now + np.ceil(state.rest[problem.line_of[cells]] / problem.price[cells] - _NOISE)
    filled = np.clip(np.minimum(filled, wanted), 0, problem.highest[cells])
    fills = _changes(problem, state, np.broadcast_to(cells, filled.shape), filled)
    scores = _together(problem, state, moves[:, None], fills)
    scores[(filled != 0) & (filled < problem.least[cells])] = np.inf
    move, cell = divmod(int(scores.argmin()), len(cells))
    if scores[move, cell] >= threshold:
        return None
    return _checked(problem, state, threshold, moves[move], fills[move, cell])


def _most_worth(problem: Problem, state: State, moves: Changes) -> Places:
    """The moves in the order of what they bring for the cash they take."""
    score = moves.ties + _covered(state.rest[problem.line_of[moves.cells]], moves.shift)
    return np.argsort(score + _WORTH_OF_CASH * moves.flow, kind="stable")


def _best_triple(
    problem: Problem,
    state: State,
    threshold: float,
    moves: Changes,
    least: float,
) -> State | None:
    """Three changes at once, among the moves that bring most for the cash they take."""
    if state.score - least < _CLOSE_ENOUGH * problem.total:
        return None
    chosen = moves[np.sort(_most_worth(problem, state, moves)[:_TRIPLES_OF])]
    count = len(chosen.cells)
    scores = _together(problem, state, chosen[:, None, None], chosen[:, None], chosen)
    best = np.unravel_index(int(scores.argmin()), (count, count, count))
    if scores[best] >= threshold:
        return None
    return _checked(problem, state, threshold, *(chosen[int(at)] for at in best))
