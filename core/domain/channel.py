"""Channels: other ways to reach a member than the chat, for those who asked for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.ids import ChannelId, MemberId
from core.domain.outbox import MessageKind

MOST_CHANNELS = 5
"""So many channels one member may have."""

TROUBLE = frozenset(
    {
        MessageKind.BARRED,
        MessageKind.CHANGE_ASKED,
        MessageKind.CHECK_REFUSED,
        MessageKind.CODES_LOCKED,
        MessageKind.FOREIGN_ORDERS,
        MessageKind.FROZEN,
        MessageKind.HELD,
        MessageKind.HOLDINGS_CHANGED,
        MessageKind.HOLD_OVER,
        MessageKind.KEPT_CRASHING,
        MessageKind.RESTORED,
        MessageKind.WAITING,
    }
)
"""Failures, outages, unexpected values: every channel gets them."""

DECISIONS = frozenset({MessageKind.PROPOSAL, MessageKind.REMINDER, MessageKind.APPROVAL_LOST})
"""What waits for a decision: a channel gets it where its member wants that."""

RULES = frozenset({MessageKind.RULE})
"""What rules for market conditions say: a channel gets it where its member wants that, apart from proposals."""

CARRIED = TROUBLE | DECISIONS | RULES
"""All that goes to channels; the rest is told in the chat alone."""

FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)
"""A message that did not get through for so long is given up."""

TELL_AFTER = timedelta(hours=1)
"""A member is told in the chat of a channel that has failed for so long."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A member's channel; ``kind`` is the beginning of its address, such as ``mailto``. The rest is kept sealed.

    ``failing_since`` is when it began to fail without a success since; ``is_told`` whether its member knows.
    """

    id: ChannelId
    member_id: MemberId
    kind: str
    wants_proposals: bool
    wants_rules: bool
    created_at: datetime
    failing_since: datetime | None = None
    is_told: bool = False

    @property
    def shown(self) -> str:
        """The channel as it may be shown: its kind, and nothing of its address."""
        return f"{self.kind}://…"

    def carries(self, kind: MessageKind) -> bool:
        """Whether a message of this kind goes to it as well."""
        if kind in RULES:
            return self.wants_rules
        return kind in TROUBLE or (self.wants_proposals and kind in DECISIONS)


def retry_after(attempts: int) -> timedelta:
    """How long to wait after so many failed tries (from 1): doubled each time, up to the longest."""
    doublings = min(max(attempts - 1, 0), 20)
    return min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)
