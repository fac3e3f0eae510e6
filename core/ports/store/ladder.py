"""The store of the ladder: each account's rung, what was confirmed for it, and what has been carried out on it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from core.domain.ids import AccountId, PortfolioId
from core.domain.ladder import Confirmation
from core.domain.order import Order
from core.domain.portfolio import Account, Rung


class Ladder(Protocol):
    """Rungs and confirmations; at most one confirmation of an account stands."""

    async def set_rung(self, account_id: AccountId, rung: Rung) -> None:
        """Say how real an account is from now on."""
        ...

    async def accounts_on(self, rungs: Collection[Rung]) -> tuple[Account, ...]:
        """The accounts on any of these rungs, by id."""
        ...

    async def confirmation(self, account_id: AccountId) -> Confirmation | None:
        """The confirmation of an account that stands."""
        ...

    async def confirm(self, confirmation: Confirmation) -> None:
        """Remember what an owner typed; it takes the place of the confirmation that stood."""
        ...

    async def end_confirmation(self, account_id: AccountId, at: datetime) -> bool:
        """What was confirmed does not stand any more; False where nothing did."""
        ...

    async def is_live_since(self, portfolio_id: PortfolioId, since: datetime) -> bool:
        """Whether any account of a portfolio is on a live rung, or a confirmation of one ended since then."""
        ...

    async def dry_runs(self, account_id: AccountId) -> int:
        """How many plans of an account were carried out to their end as dry runs."""
        ...

    async def sent_since(self, account_id: AccountId, since: datetime) -> tuple[Order, ...]:
        """The orders of an account that were sent at this time or later, whatever became of them."""
        ...
