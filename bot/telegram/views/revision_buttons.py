"""Buttons about one version of a proposal: a later one does not answer to them."""

from __future__ import annotations

from bot.telegram.screen import Button, tap
from core.application.show_proposal import ProposalView
from core.domain.proposal import ProposalState


def is_open(view: ProposalView) -> bool:
    """Whether it can be decided and changed."""
    return view.proposal.state is ProposalState.OPEN


def revision_tap(view: ProposalView, label: str, verb: str, *more: int | str) -> Button:
    """A button that does something with this version."""
    return tap(label, verb, view.proposal.id, view.proposal.revision.number, *more)


def under_way(view: ProposalView) -> tuple[Button, ...]:
    """What there is to ask while orders are under way."""
    return (revision_tap(view, "🔄 Refresh", "refresh"), revision_tap(view, "❔ Why", "why"))
