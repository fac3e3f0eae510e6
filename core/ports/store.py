"""The store: the unit of work, and what can be asked and written inside one.

``begin`` opens a write transaction, committed on a clean exit and rolled back on an exception; ``read`` opens one that
only reads. No other port is awaited while a unit of work is open. Moves of a state are compare-and-set: they name the
state they start from and return whether they won.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from core.domain.ids import (
    ChatId,
    CheckId,
    HouseholdId,
    MemberId,
    OrderId,
    OutboxId,
    PortfolioId,
    ProposalId,
    Symbol,
    UserId,
)
from core.domain.membership import Invitation, Member, Membership, Role
from core.domain.order import Fill, Order, OrderState
from core.domain.outbox import Copy, OutboxItem, QueuedItem
from core.domain.policy import Policy
from core.domain.portfolio import Account, ManagedPortfolio, Portfolio, Rung
from core.domain.proposal import Cause, Decision, Proposal, ProposalState, Revision
from core.domain.session import DueCheck
from core.domain.targets import TargetAllocation


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a history: who changed what, when; ``after`` is shown to people."""

    at: datetime
    member_name: str
    kind: str
    after: str


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that the bot speaks in: its kind (``private``, ``group``), title, and current portfolio."""

    id: ChatId
    kind: str
    title: str
    portfolio_id: PortfolioId | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation in progress between one person and the bot in one chat: its name, step and answers so far."""

    name: str
    step: str
    data: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """What became of a check: ``outcome`` is a code such as on_target, proposed, refused; ``detail`` its numbers."""

    check: DueCheck
    outcome: str | None
    detail: str
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the audit log: who did what to what; values only, never secrets."""

    at: datetime
    kind: str
    member_id: MemberId | None = None
    portfolio_id: PortfolioId | None = None
    proposal_id: ProposalId | None = None
    data: str = ""


@dataclass(frozen=True, slots=True)
class MarketRow:
    """The replay's instant and how fast it plays (sessions per real minute; 0 stands still)."""

    instant: datetime
    sessions_per_minute: float


class People(Protocol):
    """Households, members, memberships, invitations."""

    async def install_id(self) -> str:
        """The random name of this installation, made at first start (8 lower-case letters and digits)."""
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
        """Let a person in (or back in)."""
        ...

    async def set_layout(self, member_id: MemberId, layout: str) -> None:
        """Remember how a member wants to read: ``table`` or ``list``."""
        ...

    async def set_reachable(self, member_id: MemberId, *, reachable: bool) -> None:
        """Remember whether messages reach a member."""
        ...

    async def role(self, member_id: MemberId, portfolio_id: PortfolioId) -> Role | None:
        """A member's role in a portfolio, or None."""
        ...

    async def memberships(self, portfolio_id: PortfolioId) -> tuple[Membership, ...]:
        """Everybody in a portfolio, owners first, then by name."""
        ...

    async def set_role(self, member_id: MemberId, portfolio_id: PortfolioId, role: Role) -> None:
        """Give or change a role."""
        ...

    async def remove_membership(self, member_id: MemberId, portfolio_id: PortfolioId) -> None:
        """Take a member out of a portfolio."""
        ...

    async def add_invitation(self, invitation: Invitation) -> None:
        """Store an invitation (only the hash of its code)."""
        ...

    async def invitation(self, code_hash: str) -> Invitation | None:
        """An invitation by the hash of its code."""
        ...

    async def use_invitation(self, code_hash: str, member_id: MemberId) -> bool:
        """Mark it used; False when somebody was faster."""
        ...


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
        """All portfolios of a household, by id."""
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

    async def set_home_chat(self, portfolio_id: PortfolioId, chat_id: ChatId | None) -> None:
        """Say that proposals go to a group instead of to each approver."""
        ...

    async def changes(self, portfolio_id: PortfolioId, limit: int) -> tuple[Change, ...]:
        """The latest changes of targets and policy, newest first."""
        ...

    async def active_ids(self) -> tuple[PortfolioId, ...]:
        """All portfolios that have targets."""
        ...


class Instruments(Protocol):
    """Instruments and their last closes."""

    async def ensure(self, symbols: Collection[Symbol], currency: str) -> None:
        """Make sure that each symbol has an instrument."""
        ...

    async def last_closes(self, symbols: Collection[Symbol], since: date) -> dict[Symbol, Decimal]:
        """The last stored price of each symbol, where it is of that day or later."""
        ...

    async def record_closes(self, session: date, closes: Mapping[Symbol, Decimal]) -> None:
        """Remember the prices of a session (the latest of a session wins)."""
        ...


class Checks(Protocol):
    """Due checks by slot."""

    async def add_due(
        self, portfolio_id: PortfolioId, session: date, slot: str, due_at: datetime
    ) -> bool:
        """Make the row of a scheduled check; False when it exists."""
        ...

    async def add_due_many(self, rows: Sequence[tuple[PortfolioId, date, str, datetime]]) -> int:
        """Make many such rows at once, and return how many were new."""
        ...

    async def unscheduled(self) -> tuple[PortfolioId, ...]:
        """The portfolios with targets that have no unfinished scheduled check."""
        ...

    async def drop_unfinished(self, portfolio_id: PortfolioId) -> None:
        """Forget a portfolio's scheduled checks that have not begun: its check times have changed."""
        ...

    async def due(self, until: datetime) -> tuple[DueCheck, ...]:
        """The unfinished checks whose time has come, oldest first."""
        ...

    async def next_due_at(self) -> datetime | None:
        """When the earliest unfinished check falls due."""
        ...

    async def next_due_of(self, portfolio_id: PortfolioId) -> datetime | None:
        """When a portfolio's next scheduled check falls due."""
        ...

    async def get(self, check_id: CheckId) -> CheckRecord | None:
        """One check."""
        ...

    async def by_slot(
        self, portfolio_id: PortfolioId, session: date, slot: str
    ) -> CheckRecord | None:
        """The check of a slot."""
        ...

    async def finish(self, check_id: CheckId, outcome: str, detail: str, at: datetime) -> bool:
        """Close a check; False when it was closed before."""
        ...

    async def finish_many(self, outcomes: Sequence[tuple[CheckId, str, str]], at: datetime) -> None:
        """Close many checks at once."""
        ...

    async def previous_session(self, portfolio_id: PortfolioId, before: date) -> date | None:
        """The last session before a day on which the portfolio's scheduled check was finished."""
        ...

    async def previous_sessions(
        self, portfolio_ids: Collection[PortfolioId], before: date
    ) -> dict[PortfolioId, date]:
        """The same for many portfolios."""
        ...

    async def last(self, portfolio_id: PortfolioId) -> CheckRecord | None:
        """The latest finished check."""
        ...


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
        approvals_needed: int,
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

    async def recent(self, portfolio_id: PortfolioId, limit: int) -> tuple[Proposal, ...]:
        """The latest proposals of a portfolio, newest first."""
        ...

    async def blocking(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, tuple[Proposal, ...]]:
        """For a sweep: each portfolio's proposals that are open, scheduled, approved, executing or frozen."""
        ...

    async def last_settled(self, portfolio_ids: Collection[PortfolioId]) -> dict[PortfolioId, date]:
        """For cool-downs: the session of the snapshot of each portfolio's last done, partial or rejected proposal."""
        ...

    async def add_snooze(self, proposal_id: ProposalId, chat_id: ChatId, until: datetime) -> None:
        """Remind a chat of a proposal at a market time; a later wish replaces an earlier one."""
        ...

    async def take_due_snoozes(self, market_now: datetime) -> tuple[tuple[ProposalId, ChatId], ...]:
        """The reminders whose time has come; they are taken once."""
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

    async def prepare(
        self, order_id: OrderId, *, quantity: Decimal, limit_price: Decimal | None
    ) -> bool:
        """Lower the quantity and set the limit of an order that is still only intended; returns whether it was."""
        ...

    async def add_fills(self, order_id: OrderId, fills: Sequence[Fill]) -> int:
        """Record executions, each once by the broker's id; returns how many were new."""
        ...

    async def in_states(self, states: Collection[OrderState]) -> tuple[Order, ...]:
        """Orders in any of these states, oldest first."""
        ...

    async def recent(self, portfolio_id: PortfolioId, limit: int) -> tuple[Order, ...]:
        """The latest orders of a portfolio, newest first."""
        ...


class Conversation(Protocol):
    """Chats, dialogues, seen updates, and the outbox."""

    async def chat(self, chat_id: ChatId) -> Chat | None:
        """A known chat."""
        ...

    async def save_chat(self, chat: Chat) -> None:
        """Remember a chat, or what changed about it."""
        ...

    async def migrate_chat(self, old: ChatId, new: ChatId) -> None:
        """A group became a supergroup: everything about it moves to the new id."""
        ...

    async def first_sight(self, update_id: int, at: datetime) -> bool:
        """Whether this update was never seen; from now on it has been."""
        ...

    async def dialogue(self, chat_id: ChatId, member_id: MemberId) -> Dialogue | None:
        """The dialogue in progress, if any."""
        ...

    async def save_dialogue(
        self, chat_id: ChatId, member_id: MemberId, dialogue: Dialogue | None
    ) -> None:
        """Remember a dialogue's step; None ends it."""
        ...

    async def enqueue(self, items: Sequence[OutboxItem], at: datetime) -> int:
        """Put messages into the outbox; one whose dedup key was there before is dropped. Returns how many were new."""
        ...

    async def queued(self, now: datetime, limit: int) -> tuple[QueuedItem, ...]:
        """Unsent messages whose time has come: per chat in order of writing, decisions first among chats."""
        ...

    async def mark_sent(self, outbox_id: OutboxId, at: datetime) -> None:
        """A message has been sent."""
        ...

    async def mark_failed(
        self, outbox_id: OutboxId, *, retry_at: datetime | None, error: str
    ) -> None:
        """Sending failed: try again at a time, or (None) never."""
        ...

    async def outbox_depth(self) -> int:
        """How many messages wait."""
        ...


class Leases(Protocol):
    """Who may do what only one process may do; each grant has a higher fencing number than all before it."""

    async def acquire(
        self, name: str, holder: str, *, now: datetime, until: datetime
    ) -> int | None:
        """Take or renew a lease; returns its fencing number, or None while another holder has it."""
        ...

    async def release(self, name: str, holder: str) -> None:
        """Give it back, if it is still this holder's."""
        ...

    async def holder(self, name: str, now: datetime) -> str | None:
        """Who has it now."""
        ...

    async def require(self, name: str, holder: str, fence: int, now: datetime) -> None:
        """Raise PermissionError unless this grant is the current one: keeps a lapsed holder from writing."""
        ...


class Log(Protocol):
    """The audit log and the market's row."""

    async def record(self, event: AuditEvent) -> None:
        """Write one audit event."""
        ...

    async def events(self, portfolio_id: PortfolioId | None, limit: int) -> tuple[AuditEvent, ...]:
        """The latest events, newest first."""
        ...

    async def market(self) -> MarketRow | None:
        """The replay's row."""
        ...

    async def set_market(self, row: MarketRow) -> None:
        """Move the replay's instant or change its speed."""
        ...


class UnitOfWork(Protocol):
    """One transaction, and all that can be asked and written in it."""

    @property
    def people(self) -> People:
        """Households, members, memberships, invitations."""
        ...

    @property
    def portfolios(self) -> Portfolios:
        """Portfolios, accounts, targets, policies."""
        ...

    @property
    def instruments(self) -> Instruments:
        """Instruments and last closes."""
        ...

    @property
    def checks(self) -> Checks:
        """Due checks."""
        ...

    @property
    def proposals(self) -> Proposals:
        """Proposals, revisions, decisions, copies."""
        ...

    @property
    def orders(self) -> Orders:
        """Orders and fills."""
        ...

    @property
    def conversation(self) -> Conversation:
        """Chats, dialogues, updates, outbox."""
        ...

    @property
    def leases(self) -> Leases:
        """Leases."""
        ...

    @property
    def log(self) -> Log:
        """Audit events and the market's row."""
        ...


class Store(Protocol):
    """Opens units of work."""

    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that writes: takes the write lock at once, commits on a clean exit."""
        ...

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that only reads."""
        ...


__all__ = [
    "AuditEvent",
    "Change",
    "Chat",
    "CheckRecord",
    "Checks",
    "Conversation",
    "Dialogue",
    "Instruments",
    "Leases",
    "Log",
    "MarketRow",
    "Orders",
    "People",
    "Portfolios",
    "Proposals",
    "Store",
    "UnitOfWork",
]
