"""Invitations: ways into a portfolio by a code that is given away, and who came in by which.

A code is good until it expires, is used up, or is taken back, and never lowers a role. Only its hash is kept. Who came
in by one can be taken out again by undoing the joining, as long as nobody has changed their role since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.domain.ids import HouseholdId, MemberId, PortfolioId
from core.domain.membership import Member, Role
from core.domain.refusals import BadInvitation, BadUses

MOST_USES = 10
"""So many people one invitation lets in at most."""

MARK = 8
"""So many characters of the hash name an invitation within its portfolio."""


class Lifetime(StrEnum):
    """How long an invitation is good."""

    HOUR = "1h"
    DAY = "1d"
    WEEK = "7d"

    @property
    def length(self) -> timedelta:
        """The same as a length of time."""
        return _LENGTHS[self]


_LENGTHS = {
    Lifetime.HOUR: timedelta(hours=1),
    Lifetime.DAY: timedelta(days=1),
    Lifetime.WEEK: timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """How long an invitation is good, and how many people it lets in; raises BadUses."""

    lifetime: Lifetime = Lifetime.DAY
    uses: int = 1

    def __post_init__(self) -> None:
        """Refuse to let in nobody, or too many."""
        if not 1 <= self.uses <= MOST_USES:
            raise BadUses(self.uses, MOST_USES)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A way in: a role in a portfolio, or (with no portfolio) the claim of the installation itself.

    ``uses`` is how many people it lets in, ``used`` how many have come in by it.
    """

    code_hash: str
    household_id: HouseholdId | None
    portfolio_id: PortfolioId | None
    role: Role
    created_by: MemberId | None
    expires_at: datetime
    uses: int = 1
    used: int = 0
    created_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def mark(self) -> str:
        """A short name for it within its portfolio; nothing can be opened with it."""
        return self.code_hash[:MARK]

    @property
    def left(self) -> int:
        """How many more people it would let in, were it still good."""
        return max(self.uses - self.used, 0)

    def is_open(self, now: datetime) -> bool:
        """Whether it lets anybody in: not too old, not used up, not taken back."""
        return now < self.expires_at and self.left > 0 and self.revoked_at is None

    def require_open(self, now: datetime) -> None:
        """Raise BadInvitation where it lets nobody in; who tries a code is not told why not."""
        if not self.is_open(now):
            raise BadInvitation


@dataclass(frozen=True, slots=True)
class Joining:
    """That somebody came in by an invitation; ``before`` is the role that they had until then, if any."""

    mark: str
    member: Member
    role: Role
    before: Role | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Offer:
    """An owner's offer to hand a portfolio over, which another member has to accept; one at a time."""

    portfolio_id: PortfolioId
    giver_id: MemberId
    taker_id: MemberId
    until: datetime
