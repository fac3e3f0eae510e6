"""The store of what is known of accounts at brokers: holds on them, and what was last seen there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from core.domain.hold import Hold, HoldReason
from core.domain.ids import AccountId, MemberId, PortfolioId
from core.domain.look import Look
from core.domain.portfolio import Portfolio


class Holds(Protocol):
    """Why nothing may be sent for an account; at most one hold of each reason stands."""

    async def place(self, hold: Hold) -> bool:
        """Place a hold; where one of its reason stands already, only its detail changes. Returns whether it is new."""
        ...

    async def standing(self, account_id: AccountId) -> tuple[Hold, ...]:
        """The holds that stand on an account, oldest first."""
        ...

    async def standing_in(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, tuple[Hold, ...]]:
        """The same for the accounts of many portfolios; portfolios without one are missing."""
        ...

    async def every_standing(self) -> tuple[Hold, ...]:
        """All holds that stand, by account."""
        ...

    async def portfolios_of(self, account_ids: Collection[AccountId]) -> dict[AccountId, Portfolio]:
        """The portfolio that each account belongs to."""
        ...

    async def lift(
        self, account_id: AccountId, reason: HoldReason, at: datetime, by: MemberId | None
    ) -> bool:
        """Lift a hold; False where none of that reason stands."""
        ...

    async def lifted(self, account_id: AccountId, reason: HoldReason) -> tuple[Hold, ...]:
        """The holds of a reason that people have looked at and lifted, oldest first."""
        ...


class Looks(Protocol):
    """What brokers said that accounts hold; only the last few looks of an account are kept."""

    async def last(self, account_id: AccountId) -> Look | None:
        """The latest look at an account."""
        ...

    async def add(self, look: Look) -> None:
        """Remember a look, and forget the oldest ones."""
        ...

    async def forget(self, account_id: AccountId) -> None:
        """Forget all looks at an account: another one stands behind it now."""
        ...
