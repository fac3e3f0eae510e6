"""The store of portfolios, their accounts, targets and policies, and of instruments."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from core.domain.ids import (
    AccountId,
    ChatId,
    HouseholdId,
    MemberId,
    PortfolioId,
    Symbol,
    TopicId,
)
from core.domain.policy import Policy
from core.domain.portfolio import Account, ManagedPortfolio, Portfolio, Rung
from core.domain.targets import TargetAllocation
from core.ports.store.records import Change


class Portfolios(Protocol):
    """Portfolios, accounts, targets and policies with their history."""

    async def add(
        self, household_id: HouseholdId, slug: str, name: str, currency: str, policy: Policy
    ) -> Portfolio:
        """Make a portfolio; the slug is unique in its household (NameTaken)."""
        ...

    async def add_account(
        self,
        portfolio_id: PortfolioId,
        *,
        name: str,
        broker: str,
        broker_account_id: str,
        currency: str,
        rung: Rung,
        tax_owner_id: MemberId | None,
    ) -> Account:
        """Add an account to a portfolio."""
        ...

    async def is_account_known(self, broker: str, broker_account_id: str) -> bool:
        """Whether a broker's account belongs to a portfolio already."""
        ...

    async def move_account(
        self, account_id: AccountId, *, broker: str, broker_account_id: str, rung: Rung
    ) -> None:
        """Let an account be another one of its broker, or of another broker, where its keys are of no use any more."""
        ...

    async def get(self, portfolio_id: PortfolioId) -> ManagedPortfolio:
        """A portfolio with its accounts, current targets and policy; raises KeyError."""
        ...

    async def many(self, portfolio_ids: Collection[PortfolioId]) -> tuple[ManagedPortfolio, ...]:
        """Many portfolios with a fixed number of queries."""
        ...

    async def of_member(self, member_id: MemberId) -> tuple[Portfolio, ...]:
        """The portfolios in which a member has a role, by id."""
        ...

    async def of_household(self, household_id: HouseholdId) -> tuple[Portfolio, ...]:
        """All portfolios of a household that were not closed, by id."""
        ...

    async def set_targets(
        self, portfolio_id: PortfolioId, targets: TargetAllocation, *, by: MemberId, at: datetime
    ) -> None:
        """Replace the targets, keeping the old ones as history."""
        ...

    async def set_policy(
        self, portfolio_id: PortfolioId, policy: Policy, *, by: MemberId, at: datetime
    ) -> None:
        """Replace the policy, keeping the old one as history."""
        ...

    async def set_paused(self, portfolio_id: PortfolioId, *, paused: bool) -> None:
        """Set or lift the kill switch."""
        ...

    async def set_shared(self, portfolio_id: PortfolioId, *, shared: bool) -> None:
        """Say whether everybody who comes into the household comes in here too, as a viewer."""
        ...

    async def close(self, portfolio_id: PortfolioId, at: datetime) -> None:
        """End a portfolio: it has no targets and nobody in it any more, and its short name is free for another."""
        ...

    async def set_home_chat(
        self, portfolio_id: PortfolioId, chat_id: ChatId | None, topic_id: TopicId | None = None
    ) -> None:
        """Say that proposals go to a group, or a topic of it, instead of to each approver."""
        ...

    async def at_home(self, chat_id: ChatId) -> tuple[Portfolio, ...]:
        """The portfolios whose proposals go to this group, by id."""
        ...

    async def changes(self, portfolio_id: PortfolioId, limit: int) -> tuple[Change, ...]:
        """The latest changes of targets and policy, newest first."""
        ...

    async def every(self) -> tuple[Portfolio, ...]:
        """All portfolios of all households that were not closed, by id."""
        ...

    async def houses(self) -> tuple[Account, ...]:
        """One account at each broker that any account is at."""
        ...

    async def active_at(self, broker: str) -> tuple[PortfolioId, ...]:
        """The portfolios with targets whose accounts are at this broker."""
        ...


class Instruments(Protocol):
    """Instruments and their last closes."""

    async def ensure(self, symbols: Collection[Symbol], currency: str) -> None:
        """Make sure that each symbol has an instrument."""
        ...

    async def rename(self, old: Symbol, new: Symbol, at: datetime) -> None:
        """Give an instrument another symbol, and keep the old one as an alias; targets that hold it hold it still.

        Another instrument that bears the new symbol gives it up.
        """
        ...

    async def last_closes(self, symbols: Collection[Symbol], since: date) -> dict[Symbol, Decimal]:
        """The last stored price of each symbol, where it is of that day or later, and no split came after it."""
        ...

    async def record_closes(self, session: date, closes: Mapping[Symbol, Decimal]) -> None:
        """Remember the prices of a session (the latest of a session wins)."""
        ...
