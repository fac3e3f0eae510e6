"""Membership: who a person is to a portfolio."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.ids import HouseholdId, MemberId, PortfolioId, UserId
from core.domain.preferences import DEFAULTS, Preferences
from core.domain.refusals import LastOwner, UnknownRole


class Role(StrEnum):
    """What a member is to a portfolio; each role may do what the ones before it may."""

    VIEWER = "viewer"
    PROPOSER = "proposer"
    APPROVER = "approver"
    OWNER = "owner"


_RANK = {role: rank for rank, role in enumerate(Role)}

FORMER = "a former member"
"""What those are called in the trail of whom nothing else is kept any more."""


@dataclass(frozen=True, slots=True)
class Household:
    """The members and portfolios that belong together."""

    id: HouseholdId
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person, identified by the numeric Telegram user id and never by a user name.

    ``household_id`` is where they first came in; which households they belong to now, the store says.
    """

    id: MemberId
    user_id: UserId
    household_id: HouseholdId
    name: str
    is_active: bool = True
    is_reachable: bool = True
    layout: str = "table"
    picture: str = "light"
    preferences: Preferences = DEFAULTS


@dataclass(frozen=True, slots=True)
class Membership:
    """A member's role in one portfolio."""

    portfolio_id: PortfolioId
    member: Member
    role: Role


def outranks(role: Role, other: Role) -> bool:
    """Whether a role permits more than another."""
    return _RANK[role] > _RANK[other]


def parse_role(text: str) -> Role:
    """Read a role's name; raises UnknownRole."""
    try:
        return Role(text.strip().lower())
    except ValueError:
        raise UnknownRole(text[:20]) from None


def require_an_owner_left(memberships: tuple[Membership, ...], leaving: MemberId) -> None:
    """Raise LastOwner when nobody else would own the portfolio."""
    others = [m for m in memberships if m.member.id != leaving and m.role is Role.OWNER]
    if not others:
        raise LastOwner
