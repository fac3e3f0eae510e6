"""Plans in whole shares, side by side with peers: the same portfolios, in the same run, in turns.

Every answer is judged alike: its trades are charged to the cent, and what lines and cash are then short of their goals
is its objective, in points. Peers that know nothing of costs may spend money that is not there: that is counted too.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from core.domain.drift import measure_drift
from core.domain.plan import Plan, PlanRequest
from core.domain.policy import Objective
from core.domain.targets import TargetAllocation
from core.planning import calculate, closest
from core.planning.inside import aim_at_targets, inside_of
from core.planning.problem import Problem, build_problem
from core.planning.rule import fit_by_rule
from core.planning.solution import Solution
from tests.bench import fewest_peer, peers
from tests.bench.peers import Floats, Numbers, Outcome, Proof
from tests.bench.table import Table, milliseconds

SIZES = {5: (100_000, 10), 20: (100_000, 10), 100: (100_000, 5), 500: (500_000, 3)}
"""Lines: the money in dollars, and how many portfolios are planned."""
FEWEST_SIZES = {5: (100_000, 10), 20: (100_000, 10), 100: (500_000, 5), 500: (2_500_000, 3)}
"""As above, with so much money a line that whole shares can reach every band."""
QUICK = {5: (100_000, 2), 20: (100_000, 2)}
_SECONDS = 10.0
"""After so long the independent program gives up."""
_REPEATS = 5
_COLUMNS = (
    "lines",
    "planned by",
    "median",
    "× time",
    "over optimum",
    "overdrawn",
    "trades",
    "proven",
)
_SAME = 1e-4
"""Points within which an objective is the optimum: what a certificate promises."""


@dataclass
class Row:
    """What one method did with all portfolios of a size."""

    seconds: list[float] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    proven: list[bool] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds for one plan: the median over the portfolios of each one's fastest run."""
        return statistics.median(self.seconds)


Solve = Callable[[], Any]
"""Plans once; what it makes is read after the time is taken."""


def closest_table(*, quick: bool) -> Table:
    """Measure plans with the least tracking error."""
    table = Table(
        "Plans for closest: whole shares, $1 a trade and 5 bp spread, real prices", _COLUMNS
    )
    for lines, (total, count) in (QUICK if quick else SIZES).items():
        rows: dict[str, Row] = {}
        optima = []
        for seed in range(count):
            request = peers.drifted_request(lines, total, seed)
            optima.append(_one(request, rows))
        base = rows["ours, first plan"].median
        for name, row in rows.items():
            table.add(str(lines), name, *_cells(row, optima, base))
    return table


def _one(request: PlanRequest, rows: dict[str, Row]) -> float:
    """Plan one portfolio by every method, and return the least objective of a plan that does not overdraw."""
    numbers = Numbers.of(request)
    feasible = []
    for name, (solve, repeats) in _methods(request, numbers).items():
        row = rows.setdefault(name, Row())
        seconds, made = timed(solve, repeats)
        traded, proven = _read(numbers, made)
        outcome = peers.judge(numbers, traded)
        row.seconds.append(min(seconds))
        row.outcomes.append(outcome)
        row.proven.append(proven)
        if not outcome.overdrawn:
            feasible.append(outcome.objective)
    return min(feasible)


def _methods(request: PlanRequest, numbers: Numbers) -> dict[str, tuple[Solve, int]]:
    found: dict[str, tuple[Solve, int]] = {
        "ours, first plan": (_ours(request, exact=False), _REPEATS),
        "ours, exact": (_ours(request, exact=True), _REPEATS),
        "ours, shares alone": (_shares(request, numbers), _REPEATS),
    }
    if peers.has_pyportfolioopt():
        found["PyPortfolioOpt greedy"] = (partial(peers.greedy, numbers), _REPEATS)
        found["PyPortfolioOpt lp"] = (partial(peers.linear, numbers), _REPEATS)
    found["scipy milp, same aim"] = (partial(peers.exact, numbers, _SECONDS), 1)
    return found


def _ours(request: PlanRequest, *, exact: bool) -> Solve:
    """Our plan of a request that nothing has been asked of before, so that nothing of it is remembered."""
    fresh = _fresh(request)
    return lambda: calculate(next(fresh), exact=exact)


def _shares(request: PlanRequest, numbers: Numbers) -> Solve:
    """From the same request to the shares to trade, which is all that the peers answer.

    Drift, the numbers of the problem and the search are in it; the account to the cent, reasons and lines skipped not.
    """
    fresh = _fresh(request)
    return lambda: closest.solve(_problem_of(next(fresh), numbers), exact=False)


def _problem_of(request: PlanRequest, numbers: Numbers) -> Problem:
    report = measure_drift(
        request.holdings,
        request.prices,
        request.targets,
        request.policy,
        frozenset(numbers.names),
    )
    return build_problem(request, report)


def _fresh(request: PlanRequest) -> Iterator[PlanRequest]:
    return iter([_copy(request) for _ in range(_REPEATS + 1)])


def _copy(request: PlanRequest) -> PlanRequest:
    return replace(request, targets=TargetAllocation(request.targets.lines))


def _read(numbers: Numbers, made: Plan | Proof | Solution | Floats) -> tuple[Floats, bool]:
    """The shares traded, and whether nothing better is proven to be there."""
    match made:
        case Plan():
            return peers.traded_by(numbers, made), is_proven(made)
        case Proof():
            return made.traded, made.proven
        case Solution():
            is_optimal = made.objective - made.bound <= _SAME
            return numbers.by_symbol(made.units), is_optimal
        case _:
            return made, False


def is_proven(plan: Plan) -> bool:
    """Whether a plan's certificate says that nothing is better."""
    return plan.certificate is not None and plan.certificate.is_optimal


def _cells(row: Row, optima: list[float], base: float) -> tuple[str, ...]:
    over = [
        max(outcome.objective - optimum, 0.0) / optimum * 100
        for outcome, optimum in zip(row.outcomes, optima, strict=True)
        if outcome.objective - optimum > _SAME or not outcome.overdrawn
    ]
    count = len(optima)
    above = f"{statistics.mean(over):.2f} %" if over else "–"
    overdrawn = sum(outcome.overdrawn for outcome in row.outcomes)
    trades = statistics.mean(outcome.trades for outcome in row.outcomes)
    return (
        milliseconds(row.median),
        f"{row.median / base:.1f}",
        above,
        f"{overdrawn} of {count}",
        f"{trades:.1f}",
        f"{sum(row.proven)} of {count}",
    )


def fewest_table(*, quick: bool) -> Table:
    """Measure plans with the fewest trades that bring every line inside its band."""
    table = Table(
        "Plans for fewest: trades until every line is inside its band of 5/25",
        ("lines", "planned by", "median", "× time", "trades", "proven"),
    )
    for lines, (total, count) in (QUICK if quick else FEWEST_SIZES).items():
        rows: dict[str, Row] = {}
        for seed in range(count):
            request = peers.drifted_request(lines, total, seed, Objective.FEWEST)
            _one_fewest(request, rows)
        base = rows["ours, count alone"].median
        for name, row in rows.items():
            trades = statistics.mean(outcome.trades for outcome in row.outcomes)
            table.add(
                str(lines),
                name,
                milliseconds(row.median),
                f"{row.median / base:.1f}",
                f"{trades:.1f}",
                f"{sum(row.proven)} of {count}",
            )
    return table


def _one_fewest(request: PlanRequest, rows: dict[str, Row]) -> None:
    numbers = Numbers.of(request)
    methods: dict[str, tuple[Solve, int]] = {
        "ours, first plan": (_ours(request, exact=False), _REPEATS),
        "ours, exact": (_ours(request, exact=True), _REPEATS),
        "ours, count alone": (_count(request, numbers), _REPEATS),
        "scipy milp, count alone": (partial(fewest_peer.fewest, numbers, _SECONDS), 1),
    }
    if peers.has_pyportfolioopt():
        methods["PyPortfolioOpt lp"] = (partial(peers.linear, numbers), 2)
    for name, (solve, repeats) in methods.items():
        row = rows.setdefault(name, Row())
        seconds, made = timed(solve, repeats)
        traded, proven = _read(numbers, made)
        row.seconds.append(min(seconds))
        row.outcomes.append(peers.judge(numbers, traded))
        row.proven.append(proven)


def _count(request: PlanRequest, numbers: Numbers) -> Solve:
    """The rule for the count, from numbers in floats as the program has them; no plan to the cent, no tie-break."""
    problem = _problem_of(request, numbers)

    def count() -> Proof:
        inside = inside_of(problem)
        fit = fit_by_rule(problem, aim_at_targets(problem, inside), inside)
        units = np.zeros(len(problem.price)) if fit.units is None else fit.units
        proven = np.count_nonzero(units) == fit.bound
        return Proof(numbers.by_symbol(units), fit.bound, proven=proven)

    return count


def timed(work: Callable[[], Any], repeats: int) -> tuple[list[float], Any]:
    """The seconds of some runs after one that warms up (where there are several), and what the last one made.

    They are those that this process was at work: what else the machine does then counts for little.
    """
    times, made = [], None
    with silence():
        if repeats > 1:
            work()
        for _ in range(repeats):
            started = time.process_time()
            made = work()
            times.append(time.process_time() - started)
    return times, made


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep what solvers written in C say of themselves away from the tables."""
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
