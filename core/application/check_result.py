"""What a check goes by and what it comes to: what came before, the outcome, and the numbers kept of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from core.domain.drift import DriftReport
from core.domain.harvest import TaxLook
from core.domain.hold import Hold
from core.domain.plan import Plan
from core.domain.portfolio import Snapshot
from core.domain.proposal import IN_FLIGHT, Proposal, ProposalState
from core.domain.refusals import Refusal
from core.domain.rules import Widening


class Outcome(StrEnum):
    """What a check came to."""

    ON_TARGET = "on_target"
    PROPOSED = "proposed"
    STILL_OPEN = "still_open"
    NOTHING_HELPS = "nothing_helps"
    REFUSED = "refused"
    COOLING_DOWN = "cooling_down"
    IN_FLIGHT = "in_flight"
    REPEATED = "repeated"
    PAUSED = "paused"
    HELD_OFF = "held_off"


NOT_LOOKED = frozenset(
    {
        Outcome.REFUSED,
        Outcome.PAUSED,
        Outcome.IN_FLIGHT,
        Outcome.COOLING_DOWN,
        Outcome.HELD_OFF,
    }
)
"""After which outcomes a date of the calendar is still to be kept: nothing was measured."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found: the drift, the plan where one was made, the proposal where one was put, or the refusal.

    ``widening``: rules for market conditions have widened the bands that it was measured by.
    """

    outcome: Outcome
    drift: DriftReport | None = None
    plan: Plan | None = None
    snapshot: Snapshot | None = None
    proposal: Proposal | None = None
    refusal: Refusal | None = None
    tax_look: TaxLook | None = None
    is_new_cash: bool = False
    widening: Widening | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What came before: proposals not yet ended, the last settled session, the last one checked, holds.

    ``answered`` is the proposal whose answer has begun a cool-down that still lasts.
    """

    proposals: tuple[Proposal, ...] = ()
    settled: date | None = None
    checked: date | None = None
    holds: tuple[Hold, ...] = ()
    answered: Proposal | None = None

    @property
    def in_flight(self) -> Proposal | None:
        """A proposal that is being carried out, if any."""
        return next((p for p in self.proposals if p.state in IN_FLIGHT), None)

    @property
    def open(self) -> Proposal | None:
        """A proposal that waits for a decision or for the market, if any."""
        waiting = {ProposalState.OPEN, ProposalState.SCHEDULED}
        return next((p for p in reversed(self.proposals) if p.state in waiting), None)


def describe(result: CheckResult) -> str:
    """The numbers of a result as a small document, for the check's row.

    ``beyond`` names the lines that are beyond their bands; on target, where none is, it is left out.
    """
    details: dict[str, str] = {}
    if result.drift is not None:
        drift, total = result.drift.portfolio_drift, result.drift.total
        details = measured_details(f"{drift:.4f}", f"{total:.2f}")
        if result.snapshot is not None and result.snapshot.set_aside:
            details["set_aside"] = f"{result.snapshot.set_aside:.2f}"
        if result.drift.breached or result.outcome is not Outcome.ON_TARGET:
            details["beyond"] = " ".join(line.symbol for line in result.drift.breached)
    if result.refusal is not None:
        details["refusal"] = type(result.refusal).__name__
    return json.dumps(details)


def measured_details(portfolio_drift: str, total: str) -> dict[str, str]:
    """The numbers of a check that measured: points with four decimals, money with two."""
    return {"portfolio_drift": portfolio_drift, "total": total}
