"""Plans that are proven: an objective over the integer program of a Problem, solved by HiGHS.

The search is limited in nodes, so that a plan is a function of its input; a limit in time only keeps a slow machine
from waiting, and says so. Whatever is found is judged again with every amount rounded to the cent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.planning.model import INF, Model, Terms, build_model
from core.planning.problem import Floats, Problem
from core.planning.score import TRADE_WEIGHT, TURNOVER_WEIGHT, score

MOST_NODES = 200
MOST_SECONDS = 1.0
_GAP = 0.002
"""How far a proof may stay from the least, in units of the program: a fifth of a ten-thousandth of a point."""

_OPTIONS = (
    ("output_flag", False),
    ("threads", 1),
    ("random_seed", 0),
    ("mip_rel_gap", 0.0),
    ("mip_abs_gap", _GAP),
    # A good plan is there from the start: nothing is spent on programs within the program to find one.
    ("mip_heuristic_run_rens", False),
    ("mip_heuristic_run_rins", False),
    ("mip_heuristic_run_root_reduced_cost", False),
)

Objective = Callable[[Model], None]
Judge = Callable[[Problem, Floats], float]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is searched: nodes (the same on every machine), and seconds after which it is given up."""

    nodes: int = MOST_NODES
    seconds: float = MOST_SECONDS


@dataclass(frozen=True, slots=True)
class ExactSolution:
    """The better of the start and of what the program found, by the judge; ``bound`` in the objective's unit.

    ``bound`` is minus infinity where nothing is proven. ``work`` counts nodes.
    """

    units: Floats
    bound: float
    work: int
    timed_out: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    values: Floats | None
    bound: float
    work: int
    timed_out: bool


def lay_closest(model: Model) -> None:
    """Least shortfall, in units of the program's money; then fewest trades, then least turnover."""
    problem, unit = model.problem, model.money
    for gap, moved in zip(problem.gap, model.moved, strict=True):
        if gap > 0 or any(coefficient < 0 for _, coefficient in moved):
            short = model.column(cost=1.0)
            model.row([(short, 1.0), *moved], low=float(gap) / unit)
    spent: Terms = [(at, -value) for flow in model.flow for at, value in flow]
    short = model.column(cost=1.0)
    model.row([(short, 1.0), *spent], low=(problem.cash_goal - problem.all_cash) / unit)
    for at in model.trades:
        model.cost[at] += TRADE_WEIGHT * problem.total / unit
    for both in (model.buy, model.sell):
        for at, price in zip(both, problem.price, strict=True):
            model.cost[at] += TURNOVER_WEIGHT * float(price) / unit


def solve_exact(
    problem: Problem,
    start: Floats | NDArray[np.int64],
    objective: Objective = lay_closest,
    judge: Judge = score,
    *,
    unit: float | None = None,
    to_bands: bool = False,
    budget: Budget | None = None,
) -> ExactSolution:
    """Improve units by the program, and bound what any plan can attain.

    ``objective`` lays costs (and the columns and rows that they need) over the feasible set; ``judge`` says what units
    are worth with cents rounded, infinite where a rule is broken, in the same measure; ``unit`` is what one unit of the
    program's objective stands for (money by default). Where rounding overdraws, it is solved once more with
    the cents kept back.
    """
    budget = budget or Budget()
    best = np.asarray(start, dtype=np.float64)
    least = judge(problem, best)
    bound, work, timed_out = -INF, 0, False
    for attempt in range(2):
        model = build_model(
            problem, slack=0.01 * attempt * _most_trades(problem), to_bands=to_bands
        )
        objective(model)
        answer = _run(model, best if np.isfinite(least) else None, budget)
        work, timed_out = work + answer.work, timed_out or answer.timed_out
        if attempt == 0:
            bound = answer.bound * (model.money if unit is None else unit)
        if answer.values is None:
            break
        found = model.units(answer.values)
        value = judge(problem, found)
        if value < least:
            best, least = found, value
        if np.isfinite(value):
            break
    return ExactSolution(best, min(bound, least), work, timed_out)


def _most_trades(problem: Problem) -> int:
    return int(((problem.lowest < 0) | (problem.highest > 0)).sum())


def _run(model: Model, start: Floats | None, budget: Budget) -> _Answer:
    highs = _highs()
    solver = highs._Highs()  # noqa: SLF001 - the class over it writes a line about itself to standard output
    for name, value in _OPTIONS:
        solver.setOptionValue(name, value)
    solver.setOptionValue("mip_max_nodes", budget.nodes)
    solver.setOptionValue("time_limit", budget.seconds)
    solver.passModel(_program(highs, model))
    if start is not None:
        solver.setSolution(*_start_values(model, start))
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    timed_out = status == highs.HighsModelStatus.kTimeLimit
    work = max(int(info.mip_node_count), 0)
    if status == highs.HighsModelStatus.kInfeasible:
        return _Answer(None, -INF, work, timed_out)
    is_found = info.primal_solution_status == highs.SolutionStatus.kSolutionStatusFeasible
    values: Floats | None = np.array(solver.getSolution().col_value) if is_found else None
    bound = float(info.mip_dual_bound)
    return _Answer(values, bound if np.isfinite(bound) else -INF, work, timed_out)


@cache
def _highs() -> Any:
    """The solver's library: loaded when it is first needed, because it takes its time."""
    from highspy import _core

    return _core


def _program(highs: Any, model: Model) -> Any:
    program = highs.HighsLp()
    program.num_col_, program.num_row_ = len(model.cost), len(model.rows)
    program.col_cost_ = np.array(model.cost)
    program.col_lower_, program.col_upper_ = np.array(model.low), np.array(model.high)
    program.row_lower_, program.row_upper_ = np.array(model.row_low), np.array(model.row_high)
    whole, parts = highs.HighsVarType.kInteger, highs.HighsVarType.kContinuous
    program.integrality_ = [whole if each else parts for each in model.is_integer]
    matrix = program.a_matrix_
    matrix.format_ = highs.MatrixFormat.kRowwise
    matrix.start_ = np.cumsum([0, *(len(row) for row in model.rows)]).astype(np.int32)
    matrix.index_ = np.array([at for row in model.rows for at, _ in row], dtype=np.int32)
    matrix.value_ = np.array([value for row in model.rows for _, value in row])
    return program


def _start_values(model: Model, units: Floats) -> tuple[int, NDArray[np.int32], Floats]:
    """The units and the 0/1 columns of a plan; the solver finds the others itself."""
    values: dict[int, float] = {}
    for cell, count in enumerate(units):
        values[model.buy[cell]] = max(count, 0.0)
        values[model.sell[cell]] = max(-count, 0.0)
        on = {
            model.buys[cell]: count > 0,
            model.empties[cell]: count < 0 and -count < model.problem.least[cell],
        }
        on[model.sells[cell]] = count < 0 and not on[model.empties[cell]]
        values |= {at: float(state) for at, state in on.items() if at >= 0}
    places = np.array(sorted(values), dtype=np.int32)
    return len(places), places, np.array([values[at] for at in places])
