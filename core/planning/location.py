"""Where a family wants its asset classes: among plans as near and taxed no more, the one that places them so.

It never trades for that alone: a plan keeps no more trades, and no more money that changes hands, than it had without.
What it counts is the money of purchases outside the accounts where their class is kept, and of sales inside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.domain.plan import PlanRequest, ReasonCode, Side, Trade
from core.planning.exact import Judge, Objective, solve_exact
from core.planning.least_taxed import AS_NEAR, BUDGET, keep_near
from core.planning.model import Model, tax_terms
from core.planning.problem import Floats, Problem
from core.planning.sale_costs import SaleCosts, tax_of
from core.planning.score import TURNOVER_WEIGHT, score, shortfall
from core.planning.solution import Solution

_CENT = 0.01


def wrong_sides(request: PlanRequest, problem: Problem) -> tuple[Floats, Floats] | None:
    """By cell, what a unit bought, and a unit sold, is worth where it belongs elsewhere; None where none does.

    A line whose accounts are all alike to its class has no wrong side.
    """
    fits = np.full(len(problem.cells), np.nan)
    for at, cell in enumerate(problem.cells):
        kept = _kept_in(request, cell.line.symbol)
        if kept:
            fits[at] = cell.account.treatment in kept
    for line in range(len(problem.lines)):
        of_line = problem.line_of == line
        if len(np.unique(fits[of_line])) < 2:  # noqa: PLR2004 - both kinds of accounts
            fits[of_line] = np.nan
    if np.isnan(fits).all():
        return None
    return np.where(fits == 0, problem.price, 0.0), np.where(fits == 1, problem.price, 0.0)


def _kept_in(request: PlanRequest, line: str) -> frozenset[str]:
    asset_class = next(
        (each.asset_class for each in request.targets.lines if each.symbol == line), None
    )
    return frozenset(request.policy.kept_in(asset_class))


def least_misplaced(
    problem: Problem, found: Solution, taxes: SaleCosts | None, wrong: tuple[Floats, Floats]
) -> Solution:
    """The plan that places its trades best, as near to the goals as ``found``, with no more tax, trades or turnover."""
    start = found.units.astype(np.float64)
    if _misplaced(start, wrong) <= 0:
        return found
    limits = _Limits(problem, start, taxes)
    answer = solve_exact(problem, start, _lay(limits, wrong), _judge(limits, wrong), budget=BUDGET)
    return replace(
        found,
        units=np.rint(answer.units).astype(np.int64),
        work=found.work + answer.work,
        timed_out=found.timed_out or answer.timed_out,
    )


class _Limits:
    """What a plan must not pass to be placed better: distance, tax, trades, turnover; in money."""

    def __init__(self, problem: Problem, start: Floats, taxes: SaleCosts | None) -> None:
        near = AS_NEAR * problem.total
        self.taxes = taxes or ()
        self.short = shortfall(problem, start) + near
        self.tax = tax_of(start, self.taxes) + _CENT if taxes is not None else np.inf
        self.trades = float(np.count_nonzero(start))
        self.turnover = float(np.abs(start * problem.price).sum()) + near

    def are_kept(self, problem: Problem, units: Floats) -> bool:
        return bool(
            np.isfinite(score(problem, units))
            and shortfall(problem, units) <= self.short
            and (not self.taxes or tax_of(units, self.taxes) <= self.tax)
            and np.count_nonzero(units) <= self.trades
            and np.abs(units * problem.price).sum() <= self.turnover
        )


def _misplaced(units: Floats, wrong: tuple[Floats, Floats]) -> float:
    return float((np.maximum(units, 0) * wrong[0] + np.maximum(-units, 0) * wrong[1]).sum())


def _judge(limits: _Limits, wrong: tuple[Floats, Floats]) -> Judge:
    def judge(problem: Problem, units: Floats) -> float:
        if not limits.are_kept(problem, units):
            return float(np.inf)
        moved = float(np.abs(units * problem.price).sum())
        return _misplaced(units, wrong) + TURNOVER_WEIGHT * moved

    return judge


def _lay(limits: _Limits, wrong: tuple[Floats, Floats]) -> Objective:
    def lay(model: Model) -> None:
        problem, unit = model.problem, model.money
        keep_near(model, limits.short)
        model.row([(at, 1.0) for at in model.trades], high=limits.trades)
        taxed = [
            term
            for cell, steps in enumerate(limits.taxes)
            for term in tax_terms(model, cell, steps)
        ]
        if taxed:
            model.row(taxed, high=limits.tax / unit)
        moved = []
        for columns, weights in ((model.buy, wrong[0]), (model.sell, wrong[1])):
            for at, price, weight in zip(columns, problem.price, weights, strict=True):
                moved.append((at, float(price) / unit))
                model.cost[at] += (float(weight) + TURNOVER_WEIGHT * float(price)) / unit
        model.row(moved, high=limits.turnover / unit)

    return lay


def say_located(request: PlanRequest, trades: Sequence[Trade]) -> tuple[Trade, ...]:
    """The trades; a purchase where its class is kept says so, if other accounts of the plan are not for it."""
    accounts = {account.name: account.treatment for account in request.accounts}
    if len(set(accounts.values())) == 1:  # then no account is for it more than another
        return tuple(trades)
    served_by = request.targets.served_by

    def said(trade: Trade) -> Trade:
        kept = _kept_in(request, served_by.get(trade.symbol, trade.symbol))
        is_located = accounts[trade.account] in kept and not kept.issuperset(accounts.values())
        if trade.side is Side.BUY and is_located and trade.reason.code is ReasonCode.UNDER_TARGET:
            return replace(trade, reason=replace(trade.reason, code=ReasonCode.KEPT_HERE))
        return trade

    return tuple(map(said, trades))
