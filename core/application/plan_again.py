"""Plan again: what a proposal was for decides how it is planned anew when it is edited or re-checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from core.application.plan_within import Caps, Planner
from core.domain.harvest import HarvestTerms, ways_back_again
from core.domain.proposal import Cause, Proposal
from core.planning import calculate
from core.planning.harvest import harvest
from core.planning.switch_back import switch_back

PAIRED_CAUSES = frozenset({Cause.HARVEST, Cause.SWITCH_BACK})
"""What is sold and bought in pairs: such a plan is never planned larger than it was."""


@dataclass(frozen=True, slots=True)
class Again:
    """How a proposal is planned again: by which planner, and the most that each leg may trade."""

    planner: Planner
    caps: Caps | None


def plan_again(proposal: Proposal, caps: Caps | None = None) -> Again:
    """How to plan a proposal again under caps; pairs keep to what they were, whatever the losses are by now."""
    if proposal.cause not in PAIRED_CAUSES:
        return Again(calculate, caps)
    plan = proposal.revision.plan
    shown = {trade.key: trade.quantity for trade in plan.trades}
    if proposal.cause is Cause.SWITCH_BACK:
        return Again(partial(switch_back, wanted=ways_back_again(plan)), caps or shown)
    return Again(partial(harvest, terms=HarvestTerms()), caps or shown)
