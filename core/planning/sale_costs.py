"""What selling costs in tax: by cell, step by step, in the order in which its lots are sold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.domain.lots import LotSale, Term
from core.domain.money import HUNDRED, ZERO
from core.domain.plan import PlanRequest
from core.domain.policy import Policy
from core.planning.cells import Cell
from core.planning.problem import Floats, Problem
from core.planning.taxes import is_taxed, lots_sold


@dataclass(frozen=True, slots=True)
class Step:
    """So many units of a cell that are sold next; what selling each of them costs in tax, and what it gains."""

    units: float
    each: float
    gain: float = 0.0


SaleCosts = Sequence[Sequence[Step]]
"""By cell; what is sold beyond the steps costs no tax."""


def sale_costs(request: PlanRequest, problem: Problem) -> SaleCosts | None:
    """The tax of selling each cell's lots at the policy's rates; None where nothing that can be sold is taxed.

    Each gain counts at its own rate, as if nothing else were realised; losses count as 0, because a tax saved is no
    reason to trade. Where the cost of a lot is unknown, all that it brings counts as a short-term gain.
    """
    steps = [_steps_of(request, cell) for cell in problem.cells]
    return steps if any(steps) else None


def _steps_of(request: PlanRequest, cell: Cell) -> tuple[Step, ...]:
    if not cell.max_sale or not is_taxed(request, cell.account):
        return ()
    most = cell.max_sale * cell.unit
    sold = lots_sold(request, cell.account, cell.symbol, most, cell.price, most * cell.price)
    return tuple(_step(request.policy, cell, part) for part in sold)


def _step(policy: Policy, cell: Cell, sale: LotSale) -> Step:
    gain = sale.proceeds if sale.gain is None else sale.gain
    rate = policy.tax_long if sale.term is Term.LONG else policy.tax_short
    units = sale.quantity / cell.unit
    tax = max(gain, ZERO) * rate / HUNDRED
    return Step(float(units), float(tax / units), float(gain / units))


def tax_of(units: Floats, taxes: SaleCosts) -> float:
    """The tax of what is sold."""
    tax = 0.0
    for count, steps in zip(units, taxes, strict=True):
        tax += sum(taken * step.each for step, taken in _taken(-float(count), steps))
    return tax


def gain_of(count: float, steps: Sequence[Step]) -> float:
    """The gain of selling so many units of a cell; below 0 for a loss."""
    return sum(taken * step.gain for step, taken in _taken(count, steps))


def _taken(count: float, steps: Sequence[Step]) -> Iterator[tuple[Step, float]]:
    left = max(count, 0.0)
    for step in steps:
        taken = min(left, step.units)
        left -= taken
        yield step, taken
