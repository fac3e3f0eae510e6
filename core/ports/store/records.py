"""Records: small values that the store hands out beside the domain's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.domain.ids import (
    ChatId,
    MemberId,
    PortfolioId,
    ProposalId,
    TopicId,
)
from core.domain.session import DueCheck


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a history: who changed what, when; ``after`` is shown to people."""

    at: datetime
    member_name: str
    kind: str
    after: str


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat that the bot speaks in: its kind (``private``, ``group``), title, and current portfolio.

    With a ``topic_id`` it is that topic of a group, which may be about another portfolio than the rest.
    """

    id: ChatId
    kind: str
    title: str
    portfolio_id: PortfolioId | None = None
    topic_id: TopicId | None = None

    @property
    def is_private(self) -> bool:
        """Whether nobody else reads it."""
        return self.kind == "private"


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
