"""Permitted: what a private chat shows is without the buttons whose tap its only reader would be refused.

In a group everybody reads the same message, so it keeps them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.telegram.context import Turn
from bot.telegram.screen import Button, Screen
from bot.telegram.verb_acts import VERB_ACTS
from core.application.show_proposal import ProposalView
from core.domain.ids import MemberId
from core.domain.membership import Role
from core.domain.permissions import Standing, may

_GIVING = frozenset({"approve", "atopen"})
_TAKING_BACK = frozenset({"unapprove"})


def permitted(screen: Screen, role: Role | None) -> Screen:
    """A screen as somebody with a role in its portfolio (None: with none any more) may use it."""
    who = Standing.MEMBER if role is None else role
    return _only(screen, lambda button: _may_tap(who, button))


def _only(screen: Screen, is_kept: Callable[[Button], bool]) -> Screen:
    """A screen with these buttons alone, and without the rows that have none of them."""
    rows = (tuple(filter(is_kept, row)) for row in screen.rows)
    return replace(screen, rows=tuple(row for row in rows if row))


def _may_tap(who: Standing | Role, button: Button) -> bool:
    """Whether a tap would be served; a link and a text to copy are for everybody who reads them."""
    if button.action is None:
        return True
    act = VERB_ACTS.get(button.action.verb)
    return act is not None and may(who, act)


def for_one(screen: Screen, view: ProposalView, member_id: MemberId) -> Screen:
    """A screen about a proposal as one person may use it: an approval is given once, and only one's own taken back."""
    has_approved = any(each.member_id == member_id for each in view.proposal.approvals)
    pointless = _GIVING if has_approved else _TAKING_BACK
    return _only(
        permitted(screen, view.role_of(member_id)),
        lambda button: button.action is None or button.action.verb not in pointless,
    )


def as_permitted(turn: Turn, role: Role | None, screen: Screen) -> Screen:
    """A screen as it is shown to whoever asks for it here, with their role in its portfolio."""
    return permitted(screen, role) if turn.is_private else screen
