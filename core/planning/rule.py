"""The rule for the fewest trades, where one account serves each line with one cell.

The lines outside their bands must trade: that many trades are needed at least. What they can bring to cash, and take
from it, is a range; only where it does not reach cash's own band, other lines are added, those with most room first, so
that no fewer could do (each is counted with the most that it can bring). That count is a bound; units that attain it
prove it. The units are then those nearest to the targets that keep to the same lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import fsum

import numpy as np

from core.planning.inside import NOISE, Inside, breaks_rule, outside_by
from core.planning.knapsack import solve_knapsack
from core.planning.problem import Floats, Problem
from core.planning.score import CENT_NOISE, TRADE_WEIGHT, score
from core.planning.spans import Cells, Span

_MOST_TRIES = 12


@dataclass(frozen=True, slots=True)
class _Task:
    """The lines that must trade, and the cash that must be left: least and most; whether others may only sell."""

    forced: list[Span]
    least: float
    most: float
    sales_only: bool = False


@dataclass(frozen=True, slots=True)
class Fit:
    """The units with the fewest trades that the rule finds, None where it finds none; and a bound on their count."""

    units: Floats | None
    bound: int
    spans: Sequence[Span] = ()
    least_cash: float = 0.0


def find_by_rule(problem: Problem, aimed: Problem, inside: Inside) -> tuple[Floats | None, int]:
    """The units with the fewest trades inside all bands, or None where the rule finds none; and a bound on the count.

    For problems that are simple and have no limit on turnover or cost. ``aimed`` is the problem with targets as goals.
    Of the lines that could trade, those are taken whose first units come nearest to the targets; then the nearest units
    of the same lines.
    """
    fit = fit_by_rule(problem, aimed, inside)
    if fit.units is None:
        return None, fit.bound
    return _nearest(problem, aimed, inside, fit.units, fit), fit.bound


def fit_by_rule(problem: Problem, aimed: Problem, inside: Inside) -> Fit:
    """The count, and units that attain it; the nearest to the targets are not looked for."""
    rule = _Rule(problem, inside, Cells.of(problem, inside), aimed.gap)
    counts = [(task, rule.missing(task)) for task in rule.tasks()]
    reachable = [(task, extra) for task, extra in counts if extra is not None]
    if not reachable:
        return Fit(None, 0)
    bound = min(len(task.forced) + extra for task, extra in reachable)
    fits = [
        Fit(units, bound, spans, task.least)
        for task, extra in reachable
        if len(task.forced) + extra == bound
        for spans in rule.choices(task, extra)
        if (units := rule.fit(task, spans)) is not None
    ]
    if len(fits) > 1:
        return min(fits, key=lambda fit: _far(aimed, fit))
    return fits[0] if fits else Fit(None, bound)


def _far(aimed: Problem, fit: Fit) -> float:
    return np.inf if fit.units is None else score(aimed, fit.units)


@dataclass(frozen=True, slots=True)
class _Rule:
    """The rule for one problem: its bands, its cells one by one, and how far lines are from their targets."""

    problem: Problem
    inside: Inside
    cells: Cells
    gap: Floats

    def tasks(self) -> list[_Task]:
        """With purchases the floor binds; without, only the band. None where a line cannot be brought inside."""
        problem, inside = self.problem, self.inside
        forced: list[Span] = []
        for place in self._out():
            spans = self.cells.spans(place)
            if not spans:
                return []
            forced += spans
        floor = max(inside.cash_low, problem.cash_floor, 0.0)
        lowest = max(inside.cash_low, min(problem.all_cash, 0.0))
        free = floor if problem.must_raise else lowest
        tasks = [_Task(forced, floor, inside.cash_high)]
        if free < floor and all(span.high < 0 for span in forced):
            tasks.append(_Task(forced, free, inside.cash_high, sales_only=True))
        return tasks

    def _out(self) -> list[int]:
        """The places of the lines that are outside their bands."""
        inside, noise = self.inside, NOISE * self.problem.total
        is_out = (inside.value < inside.low - noise) | (inside.value > inside.high + noise)
        return np.flatnonzero(is_out).tolist()

    def _others(self, task: _Task) -> list[Span]:
        """What the lines may trade that need not."""
        out = set(self._out())
        places = [place for place in range(len(self.cells.price)) if place not in out]
        spans = [span for place in places for span in self.cells.spans(place)]
        return [span for span in spans if span.high < 0] if task.sales_only else spans

    def missing(self, task: _Task) -> int | None:
        """How many more lines must trade at least for cash to be where it must; None where even all are too few."""
        cash, noise = self.problem.all_cash, NOISE * self.problem.total
        most = cash + sum([span.brings for span in task.forced])
        if most < task.least - noise:
            moves = sorted(-span.brings for span in self._others(task))
            return _count(moves, task.least - noise - most)
        least = cash + sum([span.takes for span in task.forced])
        if least > task.most + noise:
            moves = sorted(span.takes for span in self._others(task))
            return _count(moves, least - task.most - noise)
        return 0

    def choices(self, task: _Task, extra: int) -> Iterator[list[Span]]:
        """Sets of lines to trade, of the size that is needed; those with most room first."""
        if not extra:
            yield task.forced
            return
        others = self._others(task)
        if self.problem.all_cash + sum(span.brings for span in task.forced) < task.least:
            ranked = sorted((s for s in others if s.brings > 0), key=lambda s: -s.brings)
        else:
            ranked = sorted((s for s in others if s.takes < 0), key=lambda s: s.takes)
        base = ranked[: extra - 1]
        for span in ranked[extra - 1 : extra - 1 + _MOST_TRIES]:
            yield [*task.forced, *base, span]

    def fit(self, task: _Task, spans: Sequence[Span]) -> Floats | None:
        """Units within the spans, near the targets, that leave cash where it must be; None where that is missed.

        Such units break no rule: the spans are what may be traded, and the least cash is never below the floor.
        """
        cells, price, gap = self.cells, self.cells.price, self.gap.tolist()
        counts = {
            span.cell: min(max(round(gap[span.cell] / price[span.cell]), span.low), span.high)
            for span in spans
        }
        cash = self.problem.all_cash - fsum([cells.paid(*each) for each in counts.items()])
        order = sorted(spans, key=lambda span: (-price[span.cell], span.cell))
        for span in (*order, *order):
            if task.least <= cash <= task.most:
                break
            step = _step(task, cash, span, counts[span.cell], cells.each(span))
            cash += cells.paid(span.cell, counts[span.cell])
            counts[span.cell] += step
            cash -= cells.paid(span.cell, counts[span.cell])
        noise = NOISE * self.problem.total
        if not task.least - CENT_NOISE <= cash <= task.most + noise:
            return None
        units = np.zeros(len(price))
        units[list(counts)] = list(counts.values())
        return units


def _step(task: _Task, cash: float, span: Span, count: int, each: float) -> int:
    """How many units more, or fewer, of a span bring cash to where it must be, or nearer."""
    if each <= 0:
        return 0
    if cash < task.least:
        return -min(_steps(task.least - cash, task.most - cash, each), count - span.low)
    return min(_steps(cash - task.most, cash - task.least, each), span.high - count)


def _steps(least: float, most: float, each: float) -> int:
    """The steps that cover an amount, or as many as do not pass the most."""
    return max(int(min(-(-least // each), most / each)), 0)


def _count(moves: list[float], missing: float) -> int | None:
    """How many of the largest moves (the most negative first) cover what is missing."""
    for count, move in enumerate(moves, 1):
        if move >= 0:
            return None
        missing += move
        if missing <= 0:
            return count
    return None


def _nearest(
    problem: Problem,
    aimed: Problem,
    inside: Inside,
    units: Floats,
    fit: Fit,
) -> Floats:
    """The units nearest to the targets within the same spans, where cash stays inside its band."""
    lowest, highest = np.zeros(len(units)), np.zeros(len(units))
    for span in fit.spans:
        lowest[span.cell], highest[span.cell] = span.low, span.high
    narrow = replace(
        aimed, lowest=lowest, highest=highest, cash_floor=fit.least_cash, must_raise=True
    )
    found = solve_knapsack(narrow).units
    is_fit = (
        np.count_nonzero(found) <= np.count_nonzero(units)
        and not breaks_rule(problem, found)
        and not outside_by(problem, inside, found)
        and score(aimed, found) < score(aimed, units)
    )
    return found if is_fit else units


def nearest_inside(problem: Problem, aimed: Problem, inside: Inside) -> Floats | None:
    """The units nearest to the targets with all lines inside their bands; None where none are found.

    For problems that are simple and have no limit on turnover or cost.
    """
    low = np.ceil((inside.low - inside.value) / problem.price - NOISE)
    high = np.floor((inside.high - inside.value) / problem.price + NOISE)
    low, high = np.maximum(low, problem.lowest), np.minimum(high, problem.highest)
    if (low > high).any():
        return None
    floor = max(inside.cash_low, problem.cash_floor, 0.0)
    narrow = replace(aimed, lowest=low, highest=high, cash_floor=floor, must_raise=True)
    with np.errstate(invalid="ignore"):  # a line may have no units that are allowed
        found = solve_knapsack(narrow)
    is_proven = found.score - found.bound <= TRADE_WEIGHT * problem.total
    is_fit = not breaks_rule(problem, found.units) and not outside_by(problem, inside, found.units)
    return found.units if is_fit and is_proven else None
