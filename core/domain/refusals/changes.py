"""Refusals about changes of live portfolios."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.domain.refusals.base import Refusal


@dataclass(eq=False)
class NeedsAgreement(Refusal):
    """A change that loosens or redirects a live portfolio: made out under this number, and not asked for yet.

    ``missing`` more people must agree once it is asked for, of those named ``among``; ``takes_effect_at`` is when it
    would take effect if it were asked for now.
    """

    change: int
    missing: int
    among: tuple[str, ...]
    takes_effect_at: datetime


@dataclass(eq=False)
class UnknownChange(Refusal):
    """A change that is not there, or not for this person to see."""

    change: int


@dataclass(eq=False)
class ChangeOver(Refusal):
    """A change that nobody can say anything to any more (or not yet)."""

    change: int
    state: str


@dataclass(eq=False)
class AlreadyAgreed(Refusal):
    """A second agreement of the same person."""

    change: int


@dataclass(eq=False)
class NotAgreed(Refusal):
    """An agreement to be taken back that was not given."""

    change: int


@dataclass(eq=False)
class OwnRights(Refusal):
    """An answer of the person whose own rights the change is about."""

    change: int


@dataclass(eq=False)
class NotTheAsker(Refusal):
    """A change that only whoever asked for it may ask for or withdraw."""

    change: int
