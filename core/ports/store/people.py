"""The store of people: households, members, memberships."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from core.domain.ids import (
    ChatId,
    HouseholdId,
    MemberId,
    PortfolioId,
    UserId,
)
from core.domain.membership import Member, Membership, Role
from core.domain.preferences import Preferences


class People(Protocol):
    """Households, members, memberships."""

    async def install_id(self) -> str:
        """The random name of this installation, made at first start (8 lower-case letters and digits)."""
        ...

    async def restored_at(self) -> datetime | None:
        """When this store was put back from a backup, until that has been acted upon."""
        ...

    async def acknowledge_restore(self) -> None:
        """What a restored store needs has been done."""
        ...

    async def first_household(self) -> HouseholdId | None:
        """The first household, or None in a fresh store."""
        ...

    async def add_household(self, name: str) -> HouseholdId:
        """Make a household."""
        ...

    async def member_of_user(self, user_id: UserId) -> Member | None:
        """The active member with this Telegram user id."""
        ...

    async def member(self, member_id: MemberId) -> Member:
        """A member by id; raises KeyError."""
        ...

    async def add_member(self, user_id: UserId, household_id: HouseholdId, name: str) -> Member:
        """Let a person in (or back in), as one of a household."""
        ...

    async def set_layout(self, member_id: MemberId, layout: str) -> None:
        """Remember how a member wants to read: ``table`` or ``list``."""
        ...

    async def set_picture(self, member_id: MemberId, picture: str) -> None:
        """Remember which pictures suit a member's chats: ``light`` or ``dark``."""
        ...

    async def set_preferences(self, member_id: MemberId, preferences: Preferences) -> None:
        """Remember which messages a member wants when, and how they are shown."""
        ...

    async def set_reachable(self, member_id: MemberId, *, reachable: bool) -> None:
        """Remember whether messages reach a member."""
        ...

    async def forget(self, member_id: MemberId) -> None:
        """Erase what is kept of a member; what they decided stays in the trail, as a former member's.

        Whoever had the Telegram user id is unknown from then on. Raises KeyError.
        """
        ...

    async def role(self, member_id: MemberId, portfolio_id: PortfolioId) -> Role | None:
        """A member's role in a portfolio, or None."""
        ...

    async def memberships(self, portfolio_id: PortfolioId) -> tuple[Membership, ...]:
        """Everybody in a portfolio, owners first, then by name."""
        ...

    async def memberships_of(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, tuple[Membership, ...]]:
        """The same for many portfolios."""
        ...

    async def chats_of(
        self, portfolio_ids: Collection[PortfolioId], roles: Collection[Role]
    ) -> dict[PortfolioId, tuple[ChatId, ...]]:
        """The private chats of those in these roles who can be reached, in the same order; else missing."""
        ...

    async def set_role(self, member_id: MemberId, portfolio_id: PortfolioId, role: Role) -> None:
        """Give or change a role."""
        ...

    async def remove_membership(self, member_id: MemberId, portfolio_id: PortfolioId) -> None:
        """Take a member out of a portfolio."""
        ...
