"""The outbox: what must be told to whom, as a kind and ids; it is rendered only when it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from core.domain.ids import ChannelId, ChatId, OutboxId, PortfolioId, ProposalId, TopicId


class MessageKind(StrEnum):
    """What a message says.

    ``PROPOSAL`` is a new message with buttons; ``REFRESH`` edits every copy of a proposal in one chat;
    ``CHECKLIST`` is what a person now carries out by hand; ``WAITING`` says that what was approved is tried again, and
    until when; ``REPORT`` is the short reply after execution; ``PINNED`` brings a portfolio's pinned message in a chat
    up to date, and ``UNPINNED`` says that it is kept so no longer; the others are notices with their values in
    ``data``.
    """

    PROPOSAL = "proposal"
    REFRESH = "refresh"
    REPORT = "report"
    CHECKLIST = "checklist"
    REMINDER = "reminder"
    RECHECK = "recheck"
    APPROVAL_LAPSED = "approval_lapsed"
    APPROVAL_LOST = "approval_lost"
    APPROVALS_MISSING = "approvals_missing"
    OBJECTED = "objected"
    MAY_OBJECT = "may_object"
    WAITING = "waiting"
    CHECK_REFUSED = "check_refused"
    FROZEN = "frozen"
    MEMBER_JOINED = "member_joined"
    KEYS_GONE = "keys_gone"
    CLOSED = "closed"
    OWNERSHIP_OFFERED = "ownership_offered"
    HANDED_OVER = "handed_over"
    RESTORED = "restored"
    HELD = "held"
    HOLD_OVER = "hold_over"
    HOLDINGS_CHANGED = "holdings_changed"
    FOREIGN_ORDERS = "foreign_orders"
    KEPT_CRASHING = "kept_crashing"
    RUNG_CHANGED = "rung_changed"
    CODES_LOCKED = "codes_locked"
    BARRED = "barred"
    CHANNEL_FAILING = "channel_failing"
    SWITCH_KEPT = "switch_kept"
    RULE = "rule"
    CHANGE_ASKED = "change_asked"
    CHANGE_TOLD = "change_told"
    PINNED = "pinned"
    UNPINNED = "unpinned"
    HOME_LOST = "home_lost"
    UNREACHABLE = "unreachable"
    REACHABLE = "reachable"
    OUTAGE = "outage"
    DIGEST = "digest"


class Priority(IntEnum):
    """Which goes first where Telegram's limits make messages wait: what needs a decision, then the rest."""

    DECISION = 0
    REPORT = 1
    NOTICE = 2


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message to one chat; ``dedup_key`` makes saying the same thing twice impossible.

    ``data`` holds small values only (codes, ids, numbers as text), never people's words or secrets. With a
    ``channel_id`` it goes to that channel of the member whose private chat this is, and not to the chat.
    """

    kind: MessageKind
    chat_id: ChatId
    dedup_key: str
    portfolio_id: PortfolioId | None = None
    proposal_id: ProposalId | None = None
    priority: Priority = Priority.NOTICE
    data: Mapping[str, str] = field(default_factory=dict)
    channel_id: ChannelId | None = None


@dataclass(frozen=True, slots=True)
class QueuedItem:
    """An outbox item with its place in the queue and how often sending it was tried.

    ``quiet_until`` is the end of the quiet hours that it has waited for.
    """

    id: OutboxId
    item: OutboxItem
    attempts: int
    created_at: datetime
    quiet_until: datetime | None = None

    @property
    def waits_since(self) -> datetime:
        """Since when nothing but the line has kept it from being sent."""
        return max(self.created_at, self.quiet_until or self.created_at)


@dataclass(frozen=True, slots=True)
class Copy:
    """One message that shows a proposal: which revision, in which chat and topic, under which message id."""

    proposal_id: ProposalId
    revision: int
    chat_id: ChatId
    message_id: int
    topic_id: TopicId | None = None
