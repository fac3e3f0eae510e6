"""The store of proposals and of the orders that carry them out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from core.domain.ids import (
    AccountId,
    ChatId,
    CheckId,
    ClientOrderId,
    OrderId,
    PortfolioId,
    ProposalId,
    Symbol,
)
from core.domain.order import Fill, Order, OrderState
from core.domain.outbox import Copy
from core.domain.proposal import Cause, Decision, Proposal, ProposalState, Revision


class Proposals(Protocol):
    """Proposals with their revisions, decisions and the messages that show them."""

    async def add(
        self,
        portfolio_id: PortfolioId,
        *,
        cause: Cause,
        revision: Revision,
        created_at: datetime,
        expires_at: datetime,
        check_id: CheckId | None,
    ) -> Proposal:
        """Store a new open proposal with its first revision, and number it."""
        ...

    async def get(self, proposal_id: ProposalId) -> Proposal | None:
        """A proposal with its current revision and decisions."""
        ...

    async def move(
        self,
        proposal_id: ProposalId,
        before: ProposalState,
        after: ProposalState,
        *,
        scheduled_for: datetime | None = None,
        outcome: str | None = None,
    ) -> bool:
        """Change the state if it is still ``before``; returns whether it was. Raises IllegalMove."""
        ...

    async def add_revision(
        self, proposal_id: ProposalId, revision: Revision, *, after: int
    ) -> bool:
        """Make a revision current if the current one is still number ``after``."""
        ...

    async def add_decision(self, proposal_id: ProposalId, decision: Decision) -> None:
        """Record a decision."""
        ...

    async def in_states(
        self, states: Collection[ProposalState], portfolio_id: PortfolioId | None = None
    ) -> tuple[Proposal, ...]:
        """Proposals in any of these states, oldest first."""
        ...

    async def recent(
        self, portfolio_id: PortfolioId, limit: int, before: ProposalId | None = None
    ) -> tuple[Proposal, ...]:
        """The latest proposals of a portfolio, newest first; or the latest of those older than one."""
        ...

    async def of_portfolios(
        self, portfolio_ids: Collection[PortfolioId], states: Collection[ProposalState]
    ) -> dict[PortfolioId, tuple[Proposal, ...]]:
        """Each portfolio's proposals in any of these states, oldest first; those without one are missing."""
        ...

    async def blocking(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, tuple[Proposal, ...]]:
        """For a sweep: each portfolio's proposals that are open, scheduled, approved, executing or frozen."""
        ...

    async def last_settled(self, portfolio_ids: Collection[PortfolioId]) -> dict[PortfolioId, date]:
        """For cool-downs: the session of the snapshot of each portfolio's last done, partial or rejected proposal."""
        ...

    async def last_answered(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, Proposal]:
        """Each portfolio's last done, partial or rejected proposal, as a whole; those without one are missing."""
        ...

    async def add_snooze(self, proposal_id: ProposalId, chat_id: ChatId, until: datetime) -> None:
        """Remind a chat of a proposal at a market time; a later wish replaces an earlier one."""
        ...

    async def take_due_snoozes(self, market_now: datetime) -> tuple[tuple[ProposalId, ChatId], ...]:
        """The reminders whose time has come; they are taken once.

        Those of paused portfolios wait until they go on: nobody is asked for what may not be approved.
        """
        ...

    async def snoozed(
        self, proposal_ids: Collection[ProposalId]
    ) -> frozenset[tuple[ProposalId, ChatId]]:
        """In which chats these proposals are put off, and not yet told of again."""
        ...

    async def add_copy(self, copy: Copy) -> None:
        """Remember a message that shows a proposal."""
        ...

    async def copies(self, proposal_id: ProposalId) -> tuple[Copy, ...]:
        """Every remembered message of a proposal."""
        ...


class Orders(Protocol):
    """Orders and fills."""

    async def add(self, orders: Sequence[Order]) -> None:
        """Store intents (their ``id`` is ignored and given by the store)."""
        ...

    async def of_proposal(self, proposal_id: ProposalId) -> tuple[Order, ...]:
        """A proposal's orders by leg and attempt, with fills."""
        ...

    async def get(self, order_id: OrderId) -> Order | None:
        """One order."""
        ...

    async def move(
        self,
        order_id: OrderId,
        before: OrderState,
        after: OrderState,
        *,
        broker_order_id: str | None = None,
        detail: str | None = None,
    ) -> bool:
        """Change the state if it is still ``before``; returns whether it was. Raises IllegalMove."""
        ...

    async def deny(self, order_id: OrderId, at: datetime) -> bool:
        """Remember when a broker first denied an order that it had acknowledged; False where that is known."""
        ...

    async def clear_denial(self, order_id: OrderId) -> None:
        """The broker has the order after all."""
        ...

    async def prepare(
        self, order_id: OrderId, *, quantity: Decimal, limit_price: Decimal | None
    ) -> bool:
        """Lower the quantity and set the limit of an order that is still only intended; returns whether it was."""
        ...

    async def add_fills(self, order_id: OrderId, fills: Sequence[Fill]) -> int:
        """Record executions, each once by the broker's id; returns how many were new."""
        ...

    async def known(self, ids: Collection[ClientOrderId]) -> frozenset[ClientOrderId]:
        """Those of these names that are names of our orders."""
        ...

    async def of_account(
        self, account_id: AccountId, states: Collection[OrderState]
    ) -> tuple[Order, ...]:
        """An account's orders in any of these states, oldest first."""
        ...

    async def last_of_account(self, account_id: AccountId, state: OrderState) -> Order | None:
        """The latest order of an account that is in this state."""
        ...

    async def fills_since(
        self, account_id: AccountId, number: int
    ) -> tuple[dict[Symbol, Decimal], int]:
        """What the executions after this number have changed, in net shares by symbol, and the newest one's number."""
        ...

    async def in_states(self, states: Collection[OrderState]) -> tuple[Order, ...]:
        """Orders in any of these states, oldest first."""
        ...

    async def recent(self, portfolio_id: PortfolioId, limit: int) -> tuple[Order, ...]:
        """The latest orders of a portfolio, newest first."""
        ...
