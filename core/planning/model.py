"""The integer program of a Problem: what may be traded, as columns and rows, without saying what is best.

An objective is laid over it (see ``core.planning.exact``), so that each solves over the same feasible set. Money stands
in units of ``Model.money``, a hundredth of a point of the total, so that every number is of a size that a solver likes.
Costs are counted without rounding to the cent, which is always against us: so what is proven least is a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from core.planning.problem import Floats, Problem
from core.planning.sale_costs import Step

INF = np.inf
_UNITS_OF_TOTAL = 1e-4
_FINE = 1e-6
"""Units worth less than this part of the total are counted as if they could be divided."""

Terms = list[tuple[int, float]]


@dataclass(slots=True)
class Model:
    """Columns and rows as they are added; ``buy`` and ``sell`` are the columns of each cell's units.

    ``buys``, ``sells`` and ``empties`` are the 0/1 columns that say whether a cell buys, sells, or sells out; -1 where
    the cell cannot. ``moved`` and ``flow`` are the terms of what each line gains and of what each account pays.
    ``slack`` (money) keeps rounding to the cent from overdrawing.
    """

    problem: Problem
    slack: float = 0.0
    cost: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    is_integer: list[bool] = field(default_factory=list)
    row_low: list[float] = field(default_factory=list)
    row_high: list[float] = field(default_factory=list)
    rows: list[Terms] = field(default_factory=list)
    buy: list[int] = field(default_factory=list)
    sell: list[int] = field(default_factory=list)
    buys: list[int] = field(default_factory=list)
    sells: list[int] = field(default_factory=list)
    empties: list[int] = field(default_factory=list)
    moved: list[Terms] = field(default_factory=list)
    flow: list[Terms] = field(default_factory=list)

    @property
    def money(self) -> float:
        """The money that one unit of the program stands for."""
        return self.problem.total * _UNITS_OF_TOTAL

    @property
    def trades(self) -> list[int]:
        """The 0/1 columns that count trades."""
        return [at for at in (*self.buys, *self.sells, *self.empties) if at >= 0]

    def column(
        self, low: float = 0.0, high: float = INF, cost: float = 0.0, *, integer: bool = False
    ) -> int:
        """Add a variable within bounds and return its place."""
        self.low.append(low)
        self.high.append(high)
        self.cost.append(cost)
        self.is_integer.append(integer)
        return len(self.low) - 1

    def row(self, terms: Terms, low: float = -INF, high: float = INF) -> None:
        """Keep a sum of terms within bounds."""
        self.rows.append(terms)
        self.row_low.append(low)
        self.row_high.append(high)

    def units(self, values: Floats) -> Floats:
        """Units by cell out of the columns' values."""
        whole = np.rint(values[self.buy]) - np.rint(values[self.sell])
        parts = values[self.buy] - values[self.sell]
        fine = ~np.array(self.is_integer, dtype=bool)[self.buy]
        rounded = np.floor(parts + _FINE)  # buys rather less, sells rather more
        return np.clip(np.where(fine, rounded, whole), self.problem.lowest, self.problem.highest)


def build_model(problem: Problem, slack: float = 0.0, *, to_bands: bool = False) -> Model:
    """The columns and rows of what a Problem permits: bounds, least trades, cash, floors and limits.

    ``to_bands``: purchases may go on to the upper edge of a line's band, for the objectives that look at bands;
    otherwise they end where the goal is covered, because nothing is gained beyond it.
    """
    model = Model(problem, slack)
    model.moved = [[] for _ in problem.lines]
    model.flow = [[] for _ in problem.cash]
    most = _most_bought(problem, to_bands=to_bands)
    for place in range(len(problem.cells)):
        _add_cell(model, place, float(most[place]))
    _add_cash(model)
    _add_limits(model)
    return model


def _most_bought(problem: Problem, *, to_bands: bool) -> Floats:
    """The most units that are worth buying: what the line is short of, and what its other cells sell."""
    wanted = np.maximum(problem.gap, 0.0)
    if to_bands:
        values = np.array([float(line.value) for line in problem.lines])
        edge = np.where(np.isfinite(problem.band_high), problem.band_high, problem.target)
        wanted = np.maximum(wanted, np.maximum(edge, problem.target) - values)
    sold = -problem.lowest * problem.price
    others = np.bincount(problem.line_of, sold, len(problem.lines))[problem.line_of] - sold
    units = np.ceil((wanted[problem.line_of] + others) / problem.price + _FINE)
    return np.minimum(np.maximum(units, problem.least), problem.highest)


def _add_cell(model: Model, place: int, most_bought: float) -> None:
    problem = model.problem
    price = float(problem.price[place])
    whole = price > _FINE * problem.total
    most_sold = -float(problem.lowest[place])
    least, sell_out = float(max(problem.least[place], 1.0)), float(problem.sell_out[place])
    buy = model.column(0.0, max(most_bought, 0.0), integer=whole)
    sell = model.column(0.0, max(most_sold, 0.0), integer=whole)
    buys = model.column(0, 1, integer=True) if most_bought >= least else -1
    sells = model.column(0, 1, integer=True) if most_sold >= least else -1
    empties = model.column(0, 1, integer=True) if 0 < sell_out < least else -1
    _switch(model, buy, [(buys, least, most_bought)])
    _switch(model, sell, [(sells, least, most_sold), (empties, sell_out, sell_out)])
    either = [(at, 1.0) for at in (buys, sells, empties) if at >= 0]
    if len(either) > 1:
        model.row(either, high=1)
    model.buy.append(buy)
    model.sell.append(sell)
    model.buys.append(buys)
    model.sells.append(sells)
    model.empties.append(empties)
    unit, fee = model.money, float(problem.fee[place])
    model.moved[problem.line_of[place]] += [(buy, price / unit), (sell, -price / unit)]
    flow = model.flow[problem.account_of[place]]
    flow += [
        (buy, (float(problem.buy_price[place]) + fee) / unit),
        (sell, (fee - float(problem.sell_price[place])) / unit),
    ]
    flow += [(at, problem.commission / unit) for at, _ in either if problem.commission]


def _switch(model: Model, units: int, switches: list[tuple[int, float, float]]) -> None:
    """Units only where a 0/1 column says so, and then between its least and its most."""
    on = [switch for switch in switches if switch[0] >= 0]
    if not on:
        model.high[units] = 0.0
        return
    model.row([(units, 1.0), *((at, -most) for at, _, most in on)], high=0.0)
    if any(least > 1 for _, least, _ in on) or not model.is_integer[units]:
        model.row([(units, 1.0), *((at, -least) for at, least, _ in on)], low=0.0)


def _add_cash(model: Model) -> None:
    """No account overdrawn nor further below 0 than it was; the floor for all cash, where anything is bought."""
    problem, unit = model.problem, model.money
    slack = model.slack / unit
    floor, together = problem.cash_floor / unit, problem.all_cash / unit
    everything = [term for flow in model.flow for term in flow]
    is_firm = problem.must_raise or together >= floor
    any_bought = -1 if is_firm else model.column(0, 1, integer=True)
    for place, flow in enumerate(model.flow):
        cash = float(problem.cash[place]) / unit
        if cash >= 0 or problem.must_raise:
            model.row(flow, high=cash - slack)
            bought = -1
        else:
            bought = model.column(0, 1, integer=True)
            model.row([*flow, (bought, -(cash - slack))], high=0.0)
        for cell in np.flatnonzero(problem.account_of == place):
            _imply(model, model.buys[cell], bought)
            _imply(model, model.buys[cell], any_bought)
    if is_firm:
        model.row(everything, high=together - floor - slack)
    else:
        model.row([*everything, (any_bought, floor + slack - together)], high=0.0)


def _imply(model: Model, cause: int, effect: int) -> None:
    if cause >= 0 and effect >= 0:
        model.row([(cause, 1.0), (effect, -1.0)], high=0.0)


def _add_limits(model: Model) -> None:
    problem, unit = model.problem, model.money
    if np.isfinite(problem.turnover_limit):
        terms = [
            (at, float(price) / unit)
            for both in (model.buy, model.sell)
            for at, price in zip(both, problem.price, strict=True)
        ]
        model.row(terms, high=problem.turnover_limit / unit)
    if np.isfinite(problem.cost_limit):
        model.row(cost_terms(model), high=(problem.cost_limit - model.slack) / unit)


def cost_terms(model: Model) -> Terms:
    """What trading costs, in units of money: half spreads, commissions and fees."""
    problem, unit = model.problem, model.money
    over = (problem.buy_price - problem.price + problem.fee) / unit
    under = (problem.price - problem.sell_price + problem.fee) / unit
    terms = [(at, float(value)) for at, value in zip(model.buy, over, strict=True)]
    terms += [(at, float(value)) for at, value in zip(model.sell, under, strict=True)]
    return terms + [(at, problem.commission / unit) for at in model.trades if problem.commission]


def tax_terms(model: Model, cell: int, steps: Sequence[Step]) -> Terms:
    """What the units sold of a cell cost in tax, in units of money."""
    return _sold_terms(model, cell, steps, [step.each for step in steps])


def gain_terms(model: Model, cell: int, steps: Sequence[Step]) -> Terms:
    """What the units sold of a cell gain, losses below 0, in units of money."""
    return _sold_terms(model, cell, steps, [step.gain for step in steps])


def _sold_terms(model: Model, cell: int, steps: Sequence[Step], each: Sequence[float]) -> Terms:
    """Columns for the units sold out of each step; where a later one counts less, it must wait for those before it."""
    columns = [model.column(0.0, step.units) for step in steps]
    rest = model.column()
    model.row([(model.sell[cell], -1.0), *((at, 1.0) for at in columns), (rest, 1.0)], 0.0, 0.0)
    ordered = [*zip(columns, (step.units for step in steps), each, strict=True), (rest, INF, 0.0)]
    sold = -float(model.problem.lowest[cell])
    dearest = -np.inf
    for (before, units, value), (after, later, less) in pairwise(ordered):
        dearest = max(dearest, value)
        if less < dearest:
            is_full = model.column(0, 1, integer=True)
            model.row([(before, 1.0), (is_full, -units)], low=0.0)
            model.row([(after, 1.0), (is_full, -min(later, sold))], high=0.0)
    return [(at, value / model.money) for at, value in zip(columns, each, strict=True)]
