"""Withdrawals: what must be raised by sales, and whether it can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

import numpy as np

from core.domain.drift import DriftReport
from core.domain.instrument import CASH
from core.domain.money import CENT, ZERO
from core.domain.plan import PlanRequest, Reason, ReasonCode, Trade
from core.domain.policy import Reserve
from core.domain.refusals.targets import CannotRaise
from core.planning.account import cash_after
from core.planning.problem import Problem
from core.planning.score import CENT_NOISE, is_allowed, outflow


def must_only_sell(need: Reason, report: DriftReport) -> bool:
    """Whether a withdrawal is raised by sales alone: nothing but CASH is short of its band."""
    if need.code is not ReasonCode.WITHDRAWAL:
        return False
    return all(line.symbol == CASH and line.drift < ZERO for line in report.breached)


def within_reach(
    request: PlanRequest, problem: Problem
) -> tuple[PlanRequest, Problem, tuple[Reason, ...]]:
    """The request and its problem with a reserve that can be kept, and a note where it is given up.

    Raises CannotRaise where all sales that are permitted would not bring the money. An edited proposal is not refused:
    it may shrink.
    """
    if not problem.must_raise or request.caps is not None:
        return request, problem, ()
    most = _most_cash(problem)
    missing = -float(np.minimum(most, 0.0).sum())
    if missing > CENT_NOISE:
        raise _refused(request, Decimal(missing))
    if float(most.sum()) >= problem.cash_floor - CENT_NOISE:
        return request, problem, ()
    policy = replace(request.policy, cash_reserve=Reserve())
    note = Reason(
        ReasonCode.BELOW_RESERVE, CASH, {"amount": Decimal(str(round(problem.cash_floor, 2)))}
    )
    return replace(request, policy=policy), replace(problem, cash_floor=0.0), (note,)


def require_raised(request: PlanRequest, trades: Sequence[Trade]) -> None:
    """Raise CannotRaise where trades leave an account overdrawn, because limits forbid to sell more."""
    if request.withdraw <= ZERO or request.caps is not None:
        return
    missing = -sum((min(cash, ZERO) for cash in cash_after(request, trades).values()), ZERO)
    if missing > ZERO:
        raise _refused(request, missing)


def _refused(request: PlanRequest, missing: Decimal) -> CannotRaise:
    missing = missing.quantize(CENT, ROUND_CEILING)
    return CannotRaise(missing, max(request.withdraw - missing, ZERO), request.currency)


def _most_cash(problem: Problem) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """By account: the most cash there can be, once all that may be sold is sold."""
    sold = np.where(is_allowed(problem, problem.lowest), problem.lowest, 0.0)
    brought = np.maximum(-outflow(problem, sold), 0.0)
    return problem.cash + np.bincount(problem.account_of, brought, len(problem.cash))
