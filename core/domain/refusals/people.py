"""Refusals about people and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.domain.refusals.base import Refusal

if TYPE_CHECKING:
    from core.domain.permissions import Act


@dataclass(eq=False)
class NotAMember(Refusal):
    """A person whom nobody has let in."""

    user_id: int


@dataclass(eq=False)
class NotAllowed(Refusal):
    """A member whose role does not permit the act that was asked for."""

    needed: str
    role: str | None
    act: Act


@dataclass(eq=False)
class UnknownPortfolio(Refusal):
    """A portfolio name that this member does not have."""

    slug: str
    known: tuple[str, ...] = ()


@dataclass(eq=False)
class NoPortfolio(Refusal):
    """A member who has no portfolio yet."""


@dataclass(eq=False)
class NameTaken(Refusal):
    """A portfolio name that the household already uses."""

    name: str


@dataclass(eq=False)
class BadName(Refusal):
    """A name that is empty, too long, or made of characters that cannot be shown safely."""

    text: str
    limit: int


@dataclass(eq=False)
class UnknownRole(Refusal):
    """A word that is not a role."""

    text: str


@dataclass(eq=False)
class BadInvitation(Refusal):
    """An invitation or claim that is unknown, used, or too old."""


@dataclass(eq=False)
class BadUses(Refusal):
    """An invitation for nobody, or for too many people."""

    uses: int
    most: int


@dataclass(eq=False)
class InvitationOver(Refusal):
    """An invitation that cannot be taken back any more, because it lets nobody in already."""


@dataclass(eq=False)
class JoiningOver(Refusal):
    """A joining that cannot be undone: the person is not there, or has another role since."""


@dataclass(eq=False)
class NoOffer(Refusal):
    """No portfolio is offered to this person (any more)."""


@dataclass(eq=False)
class OwnerAlready(Refusal):
    """A person to whom a portfolio was to be handed over owns it already."""

    name: str


@dataclass(eq=False)
class UnknownHousehold(Refusal):
    """A household to which this person does not belong."""


@dataclass(eq=False)
class UnknownMember(Refusal):
    """A person who is not a member of this portfolio."""

    text: str


@dataclass(eq=False)
class LastOwner(Refusal):
    """A change that would leave a portfolio without an owner."""
