"""Notices: the kinds of message that a member can have aloud, silently or not at all, and when it stays quiet.

The table says to which kind every message belongs; a new message needs its line there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.domain.outbox import MessageKind


class NoticeKind(StrEnum):
    """What a message is to the one who gets it; each is set by itself."""

    DRIFT = "drift"
    """The market has moved: trades that a scheduled check brings, what a rule for the market said."""
    PROPOSALS = "proposals"
    """Trades are put to those who decide that somebody has asked for, or that money, taxes or lots have brought."""
    APPROVALS = "approvals"
    """A decision is still missing, or needed again."""
    ORDERS = "orders"
    """What was sent, filled, or waits to be."""
    REPORTS = "reports"
    """What others did: joined, changed, traded elsewhere."""
    DIGESTS = "digests"
    """What became of a month."""
    WARNINGS = "warnings"
    """Something stands against trading, or concerns somebody's safety."""


class Loudness(StrEnum):
    """How a kind of message comes: with a sound, without one, or not at all."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


KIND_OF: dict[MessageKind, NoticeKind] = {
    MessageKind.RULE: NoticeKind.DRIFT,
    MessageKind.PROPOSAL: NoticeKind.PROPOSALS,
    MessageKind.REFRESH: NoticeKind.PROPOSALS,
    MessageKind.REMINDER: NoticeKind.APPROVALS,
    MessageKind.RECHECK: NoticeKind.APPROVALS,
    MessageKind.APPROVAL_LAPSED: NoticeKind.APPROVALS,
    MessageKind.APPROVAL_LOST: NoticeKind.APPROVALS,
    MessageKind.APPROVALS_MISSING: NoticeKind.APPROVALS,
    MessageKind.OBJECTED: NoticeKind.APPROVALS,
    MessageKind.MAY_OBJECT: NoticeKind.APPROVALS,
    MessageKind.CHANGE_ASKED: NoticeKind.APPROVALS,
    MessageKind.REPORT: NoticeKind.ORDERS,
    MessageKind.CHECKLIST: NoticeKind.ORDERS,
    MessageKind.WAITING: NoticeKind.ORDERS,
    MessageKind.MEMBER_JOINED: NoticeKind.REPORTS,
    MessageKind.CLOSED: NoticeKind.WARNINGS,
    MessageKind.KEYS_GONE: NoticeKind.WARNINGS,
    MessageKind.REACHABLE: NoticeKind.REPORTS,
    MessageKind.OWNERSHIP_OFFERED: NoticeKind.APPROVALS,
    MessageKind.HANDED_OVER: NoticeKind.REPORTS,
    MessageKind.RUNG_CHANGED: NoticeKind.REPORTS,
    MessageKind.HOLD_OVER: NoticeKind.REPORTS,
    MessageKind.HOLDINGS_CHANGED: NoticeKind.REPORTS,
    MessageKind.SWITCH_KEPT: NoticeKind.REPORTS,
    MessageKind.PINNED: NoticeKind.REPORTS,
    MessageKind.UNPINNED: NoticeKind.REPORTS,
    MessageKind.OUTAGE: NoticeKind.REPORTS,
    MessageKind.DIGEST: NoticeKind.DIGESTS,
    MessageKind.CHANGE_TOLD: NoticeKind.WARNINGS,
    MessageKind.CHECK_REFUSED: NoticeKind.WARNINGS,
    MessageKind.FROZEN: NoticeKind.WARNINGS,
    MessageKind.RESTORED: NoticeKind.WARNINGS,
    MessageKind.HELD: NoticeKind.WARNINGS,
    MessageKind.FOREIGN_ORDERS: NoticeKind.WARNINGS,
    MessageKind.KEPT_CRASHING: NoticeKind.WARNINGS,
    MessageKind.CODES_LOCKED: NoticeKind.WARNINGS,
    MessageKind.BARRED: NoticeKind.WARNINGS,
    MessageKind.CHANNEL_FAILING: NoticeKind.WARNINGS,
    MessageKind.HOME_LOST: NoticeKind.WARNINGS,
    MessageKind.UNREACHABLE: NoticeKind.WARNINGS,
}
"""The kind of every message; a proposal that nobody has asked for is an alert: see ``notice_kind``."""


def notice_kind(kind: MessageKind, *, is_by_schedule: bool = False) -> NoticeKind:
    """The kind of a message; ``is_by_schedule``: it is about a proposal that a scheduled check has brought."""
    if kind is MessageKind.PROPOSAL and is_by_schedule:
        return NoticeKind.DRIFT
    return KIND_OF[kind]


EDITS = frozenset({MessageKind.REFRESH, MessageKind.PINNED, MessageKind.UNPINNED})
"""What brings a message up to date that is there already, without a sound: no setting holds it back."""

NEVER_OFF = frozenset(
    {
        MessageKind.BARRED,
        MessageKind.CHANGE_ASKED,
        MessageKind.CHANGE_TOLD,
        MessageKind.CHECKLIST,
        MessageKind.CODES_LOCKED,
        MessageKind.FROZEN,
        MessageKind.HELD,
        MessageKind.KEPT_CRASHING,
        MessageKind.OUTAGE,
        MessageKind.OWNERSHIP_OFFERED,
        MessageKind.HANDED_OVER,
        MessageKind.RESTORED,
        MessageKind.RUNG_CHANGED,
    }
)
"""What comes silently at the least, quiet hours or not: money, keys or the store need a person's eyes."""

ASKS = frozenset(
    {
        MessageKind.PROPOSAL,
        MessageKind.REMINDER,
        MessageKind.RECHECK,
        MessageKind.APPROVAL_LAPSED,
        MessageKind.APPROVAL_LOST,
        MessageKind.MAY_OBJECT,
    }
)
"""What asks for a decision: it comes silently at the least to somebody without whom there can be none."""

TIME_TO_DECIDE = timedelta(hours=1)
"""So long before its end a proposal must be there for those who decide."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A time of each day, on the member's clock, from ``begins`` up to ``ends``; it may lie across midnight."""

    begins: time
    ends: time

    def __post_init__(self) -> None:
        """Refuse a time that never ends."""
        if self.begins == self.ends:
            raise ValueError("quiet hours begin and end at different times")

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours end that this instant lies in (aware, in the zone), or None outside of them."""
        local = now.astimezone(zone)
        clock = local.time().replace(tzinfo=None)
        if self.begins < self.ends:
            is_quiet, tomorrow = self.begins <= clock < self.ends, False
        else:
            is_quiet, tomorrow = clock >= self.begins or clock < self.ends, clock >= self.begins
        if not is_quiet:
            return None
        day = local.date() + timedelta(days=1 if tomorrow else 0)
        end = datetime.combine(day, self.ends, zone)
        return end if end > now else None

    def __str__(self) -> str:
        """As it is typed: ``22:00-07:00``."""
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"


@dataclass(frozen=True, slots=True)
class Treatment:
    """How one message comes to one member: how loud, and (``until``) not before a time."""

    loudness: Loudness
    until: datetime | None = None


def treat(
    kind: MessageKind,
    wish: Loudness,
    quiet_until: datetime | None,
    now: datetime,
    *,
    is_needed: bool = False,
    ends_in: timedelta | None = None,
) -> Treatment:
    """Say how a message comes to somebody who wishes its kind so, and whose quiet hours end then (None: outside them).

    ``is_needed``: without this member there is no decision. ``ends_in``: how long what is asked about still waits;
    where the quiet hours would leave too little of it, it comes at once and silently.
    """
    if kind in EDITS:
        return Treatment(Loudness.ON)
    if wish is Loudness.OFF:
        if kind not in NEVER_OFF and not (is_needed and kind in ASKS):
            return Treatment(Loudness.OFF)
        wish = Loudness.SILENT
    if quiet_until is None:
        return Treatment(wish)
    is_late = ends_in is not None and now + ends_in < quiet_until + TIME_TO_DECIDE
    if kind in NEVER_OFF or is_late:
        return Treatment(Loudness.SILENT)
    return Treatment(wish, quiet_until)
