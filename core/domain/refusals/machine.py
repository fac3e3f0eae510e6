"""Refusals about state machines, planning, and what is not built."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.refusals.base import Refusal


@dataclass(eq=False)
class IllegalMove(Refusal):
    """A state change that the diagram does not have."""

    machine: str
    from_state: str
    to_state: str


class PlanFailed(Refusal):
    """Planning came to no answer, which is a fault of ours; the log has its traces."""


@dataclass(eq=False)
class NotBuiltYet(Refusal):
    """A capability that this version does not have; named so that nobody waits for it."""

    what: str
