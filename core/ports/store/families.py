"""The store of families: who belongs to which household, ways into portfolios, and offers to hand one over."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from core.domain.ids import HouseholdId, MemberId, PortfolioId
from core.domain.invitation import Invitation, Joining, Offer
from core.domain.membership import Household


class Households(Protocol):
    """Who belongs to which household; a member can belong to several."""

    async def of_member(self, member_id: MemberId) -> tuple[Household, ...]:
        """A member's households, by id."""
        ...

    async def members_of(self, household_id: HouseholdId) -> tuple[MemberId, ...]:
        """Everybody in a household, by id."""
        ...

    async def named(self, household_id: HouseholdId) -> Household:
        """A household by id; raises KeyError."""
        ...

    async def join(self, household_id: HouseholdId, member_id: MemberId) -> None:
        """Let a member belong to a household; who does already stays."""
        ...

    async def leave(self, household_id: HouseholdId, member_id: MemberId) -> None:
        """Let a member belong to a household no more."""
        ...


class Invitations(Protocol):
    """Invitations, who came in by them, and offers of ownership."""

    async def add(self, invitation: Invitation) -> None:
        """Store an invitation (only the hash of its code)."""
        ...

    async def by_code(self, code_hash: str) -> Invitation | None:
        """An invitation by the hash of its code."""
        ...

    async def of_portfolio(self, portfolio_id: PortfolioId) -> tuple[Invitation, ...]:
        """A portfolio's invitations, open or not, newest first."""
        ...

    async def use(self, invitation: Invitation, joining: Joining) -> bool:
        """Let one more in and write down whom; False where somebody was faster, or it was taken back meanwhile."""
        ...

    async def revoke(self, code_hash: str, at: datetime) -> None:
        """Take an invitation back."""
        ...

    async def joinings(self, portfolio_id: PortfolioId) -> tuple[Joining, ...]:
        """Who came into a portfolio by invitations, latest first."""
        ...

    async def offer(self, offer: Offer) -> None:
        """Keep an offer to hand a portfolio over, in the place of an earlier one."""
        ...

    async def offer_of(self, portfolio_id: PortfolioId) -> Offer | None:
        """The offer of a portfolio, if there is one."""
        ...

    async def end_offer(self, portfolio_id: PortfolioId) -> None:
        """Forget the offer of a portfolio."""
        ...
