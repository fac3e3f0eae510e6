"""Notices about approvals: somebody objected, an approval counts no more, or one was still missing at the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.telegram.html import bold, shown_name
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.approvals import approved_and_needed, deciders
from bot.telegram.views.parts import head, lines
from bot.telegram.views.revision_buttons import revision_tap
from bot.words.labels import proposal_number
from bot.words.numbers import listed
from bot.words.times import clock_time
from core.application.show_proposal import ProposalView


def objected(view: ProposalView, member_name: str) -> Screen:
    """Somebody stopped what others had approved."""
    text = lines(
        _head(view),
        f"✋ {bold(shown_name(member_name))} objected: nothing is traded. "
        "All approvals of it are gone; it can be reopened until it expires.",
    )
    return Screen(text, _show(view))


def may_object(view: ProposalView, now: datetime | None = None) -> Screen:
    """Enough people have approved, and the orders wait for anybody who objects."""
    proposal = view.proposal
    when = f" {clock_time(proposal.scheduled_for, now)}" if proposal.scheduled_for else ""
    text = lines(
        _head(view),
        f"Approved by {deciders(proposal.approvals, now)}.",
        f"⏳ <b>Its orders go{when}</b>, unless somebody objects.",
    )
    object_to_it = revision_tap(view, "✋ Object", "object")
    return Screen(text, ((object_to_it, *_show(view)[0]),))


def approval_lost(
    view: ProposalView, member_names: Sequence[str], now: datetime | None = None
) -> Screen:
    """Approvals that count no more, because their givers may not approve any longer."""
    who = listed([bold(shown_name(name)) for name in member_names])
    text = lines(
        _head(view),
        f"{who} may no longer approve, so <b>no order was sent</b>. It is open again.",
        approved_and_needed(view, now),
    )
    return Screen(text, _show(view))


def approvals_missing(view: ProposalView, now: datetime | None = None) -> Screen:
    """Time was up before enough people had approved."""
    text = lines(
        _head(view),
        f"⌛ It expired {clock_time(view.proposal.expires_at, now)}, before enough people had "
        "approved it. Nothing was traded.",
        approved_and_needed(view, now),
    )
    return Screen(text, _show(view))


def _head(view: ProposalView) -> str:
    proposal = view.proposal
    return head(view.managed, f"proposal {proposal_number(proposal.id, proposal.revision.number)}")


def _show(view: ProposalView) -> tuple[tuple[Button, ...], ...]:
    number = view.proposal.id
    return ((tap(f"Show {number}", "show", number),),)
