"""The rule for the fewest trades, where one account serves each line with one cell.

The lines outside their bands must trade: that many trades are needed at least. What they can bring to cash, and take
from it, is a range; only where it does not reach cash's own band, other lines are added, those with most room first, so
that no fewer could do (each is counted with the most that it can bring). That count is a bound; units that attain it
prove it. The units are then those nearest to the targets that keep to the same lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.planning.inside import NOISE, Inside, breaks_rule, outside_by
from core.planning.knapsack import solve_knapsack
from core.planning.problem import Floats, Problem
from core.planning.score import TRADE_WEIGHT, outflow, score

_MOST_TRIES = 12


@dataclass(frozen=True, slots=True)
class Span:
    """Units that bring or keep a line inside its band, all sales or all purchases, and what cash their ends bring."""

    cell: int
    low: int
    high: int
    brings: float
    """With the units at ``low``: the most that it can bring (a purchase: less than nothing)."""
    takes: float
    """With the units at ``high``: the least."""


@dataclass(frozen=True, slots=True)
class _Task:
    """The lines that must trade, the others that may, and the cash that must be left: least and most."""

    forced: list[Span]
    others: list[Span]
    least: float
    most: float


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
    counts = [(task, _fewest(problem, task)) for task in _tasks(problem, inside)]
    reachable = [(task, extra) for task, extra in counts if extra is not None]
    if not reachable:
        return Fit(None, 0)
    bound = min(len(task.forced) + extra for task, extra in reachable)
    best, least = Fit(None, bound), np.inf
    for task, extra in reachable:
        if len(task.forced) + extra != bound:
            continue
        for spans in _choices(problem, task, extra):
            units = _fit(problem, aimed, task, spans)
            if units is None or breaks_rule(problem, units) or outside_by(problem, inside, units):
                continue
            value = score(aimed, units)
            if value < least:
                best, least = Fit(units, bound, spans, task.least), value
    return best


def _tasks(problem: Problem, inside: Inside) -> Iterator[_Task]:
    """With purchases the floor binds; without, only the band. None where a line cannot be brought inside."""
    sells, buys = _spans(problem, inside)
    noise = NOISE * problem.total
    out = ((inside.value < inside.low - noise) | (inside.value > inside.high + noise)).tolist()
    forced: list[Span] = []
    others: list[Span] = []
    for place, is_out in enumerate(out):
        spans = [span for span in (sells[place], buys[place]) if span is not None]
        if is_out and not spans:
            return
        (forced if is_out else others).extend(spans)
    floor = max(inside.cash_low, problem.cash_floor, 0.0)
    lowest = max(inside.cash_low, min(problem.all_cash, 0.0))
    free = floor if problem.must_raise else lowest
    yield _Task(forced, others, floor, inside.cash_high)
    if free < floor and all(span.high < 0 for span in forced):
        sales = [span for span in others if span.high < 0]
        yield _Task(forced, sales, free, inside.cash_high)


def _spans(problem: Problem, inside: Inside) -> tuple[list[Span | None], list[Span | None]]:
    """By cell: the sales, and the purchases, that leave its line inside its band."""
    price, least = problem.price, np.maximum(problem.least, 1.0)
    low = np.maximum(np.ceil((inside.low - inside.value) / price - NOISE), problem.lowest)
    high = np.minimum(np.floor((inside.high - inside.value) / price + NOISE), problem.highest)
    sell_high = np.minimum(high, -least)
    empties = (problem.sell_out > 0) & (problem.sell_out < least)
    empties &= (-problem.sell_out >= low) & (-problem.sell_out <= high)
    sell_low = np.where(empties, -problem.sell_out, low)
    sell_high = np.where(empties, -problem.sell_out, sell_high)
    ends = np.stack([sell_low, sell_high, np.maximum(low, least), high])
    flows = -outflow(problem, ends)
    units, brought = ends.tolist(), flows.tolist()
    return _listed(units[0], units[1], brought[0], brought[1]), _listed(
        units[2], units[3], brought[2], brought[3]
    )


def _listed(
    low: list[float], high: list[float], brings: list[float], takes: list[float]
) -> list[Span | None]:
    return [
        Span(place, int(first), int(last), most, least) if first <= last else None
        for place, (first, last, most, least) in enumerate(
            zip(low, high, brings, takes, strict=True)
        )
    ]


def _fewest(problem: Problem, task: _Task) -> int | None:
    """How many more lines must trade at least for cash to be where it must; None where all together are too few."""
    noise = NOISE * problem.total
    most = problem.all_cash + sum(span.brings for span in task.forced)
    if most < task.least - noise:
        return _count(sorted(-span.brings for span in task.others), task.least - noise - most)
    least = problem.all_cash + sum(span.takes for span in task.forced)
    if least > task.most + noise:
        return _count(sorted(span.takes for span in task.others), least - task.most - noise)
    return 0


def _count(moves: list[float], missing: float) -> int | None:
    """How many of the largest moves (the most negative first) cover what is missing."""
    for count, move in enumerate(moves, 1):
        if move >= 0:
            return None
        missing += move
        if missing <= 0:
            return count
    return None


def _choices(problem: Problem, task: _Task, extra: int) -> Iterator[list[Span]]:
    """Sets of lines to trade, of the size that is needed; those with most room first."""
    if not extra:
        yield task.forced
        return
    most = problem.all_cash + sum(span.brings for span in task.forced)
    is_short = most < task.least
    if is_short:
        ranked = sorted((s for s in task.others if s.brings > 0), key=lambda s: -s.brings)
    else:
        ranked = sorted((s for s in task.others if s.takes < 0), key=lambda s: s.takes)
    base = ranked[: extra - 1]
    for span in ranked[extra - 1 : extra - 1 + _MOST_TRIES]:
        yield [*task.forced, *base, span]


def _fit(problem: Problem, aimed: Problem, task: _Task, spans: Sequence[Span]) -> Floats | None:
    """Units within the spans, near the targets, that leave cash where it must be; None where greedy moves miss it."""
    price = problem.price.tolist()
    gap = aimed.gap.tolist()
    counts = {
        span.cell: min(max(round(gap[span.cell] / price[span.cell]), span.low), span.high)
        for span in spans
    }
    units = np.zeros(len(price))
    for cell, count in counts.items():
        units[cell] = count
    cash = problem.all_cash - float(outflow(problem, units).sum())
    buy, sell, fee = problem.buy_price.tolist(), problem.sell_price.tolist(), problem.fee.tolist()
    order = sorted(spans, key=lambda span: (-price[span.cell], span.cell))
    for span in (*order, *order):
        cell = span.cell
        each = sell[cell] - fee[cell] if span.high < 0 else buy[cell] + fee[cell]
        if each <= 0 or task.least <= cash <= task.most:
            continue
        if cash < task.least:
            step = -min(_steps(task.least - cash, task.most - cash, each), counts[cell] - span.low)
        else:
            step = min(_steps(cash - task.most, cash - task.least, each), span.high - counts[cell])
        counts[cell] += step
        units[cell] = counts[cell]
        cash = problem.all_cash - float(outflow(problem, units).sum())
    noise = NOISE * problem.total
    return units if task.least - noise <= cash <= task.most + noise else None


def _steps(least: float, most: float, each: float) -> int:
    """The steps that cover an amount, or as many as do not pass the most."""
    return max(int(min(-(-least // each), most / each)), 0)


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
