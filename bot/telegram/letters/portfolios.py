"""Letters about a portfolio beside its proposals: its checks, its people, what stands against its accounts."""

from __future__ import annotations

from datetime import datetime

from bot.telegram.letters.scene import part_of
from bot.telegram.screen import Screen
from bot.telegram.views import leaving, notices
from bot.telegram.views.accounts import rung_changed
from bot.telegram.views.harvest import switch_kept
from bot.telegram.views.rules import rule_notice
from bot.telegram.views.standing import (
    changes_notice,
    foreign_notice,
    held_notice,
    hold_over_notice,
)
from core.application.change_rung import RungCause
from core.domain.hold import Hold, HoldReason
from core.domain.look import changes_from_text
from core.domain.membership import Role
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.portfolio import ManagedAccount, ManagedPortfolio, Rung
from core.domain.rules import read_told
from core.domain.told_faults import read_faults


def about_portfolio(
    item: OutboxItem, managed: ManagedPortfolio, holds: tuple[Hold, ...]
) -> Screen | None:
    """What an item says of its portfolio, under the holds that stand now; None where it is over."""
    data = item.data
    match item.kind:
        case MessageKind.CHECK_REFUSED:
            again = data.get("again")
            return notices.check_refused(
                managed,
                data.get("code", ""),
                tuple(data.get("symbols", "").split()),
                read_faults(data.get("faults", "")),
                datetime.fromisoformat(again) if again else None,
            )
        case MessageKind.RESTORED:
            return notices.restored(managed)
        case MessageKind.RUNG_CHANGED:
            return rung_changed(
                part_of(item, managed),
                Rung(data["before"]),
                Rung(data["rung"]),
                RungCause(data["cause"]),
                data.get("member_name", ""),
            )
        case MessageKind.SWITCH_KEPT | MessageKind.RULE:
            is_rule = item.kind is MessageKind.RULE
            return (
                rule_notice(managed, read_told(data))
                if is_rule
                else switch_kept(managed, dict(data))
            )
        case MessageKind.KEPT_CRASHING:
            return notices.kept_crashing(managed)
        case kind if kind in _OF_PEOPLE:
            return _about_people(item, managed)
        case _:
            return _about_account(item, part_of(item, managed), holds)


_OF_PEOPLE = frozenset(
    {
        MessageKind.CLOSED,
        MessageKind.MEMBER_JOINED,
        MessageKind.OWNERSHIP_OFFERED,
        MessageKind.HANDED_OVER,
        MessageKind.HOME_LOST,
        MessageKind.UNREACHABLE,
        MessageKind.REACHABLE,
        MessageKind.CODES_LOCKED,
    }
)


def _about_people(item: OutboxItem, managed: ManagedPortfolio) -> Screen | None:
    """Who joined, who owns it next, who is out of reach, and the group that was lost."""
    data = item.data
    match item.kind:
        case MessageKind.MEMBER_JOINED:
            who, mark = int(data.get("user_id", "0")), data.get("mark", "")
            role = Role(data["role"])
            return notices.member_joined(managed, data.get("member_name", ""), role, who, mark)
        case MessageKind.CLOSED:
            return leaving.closed_notice(managed, data.get("member_name", ""))
        case MessageKind.OWNERSHIP_OFFERED:
            until = datetime.fromisoformat(data["until"])
            return notices.ownership_offered(managed, data.get("member_name", ""), until)
        case MessageKind.HANDED_OVER:
            return notices.handed_over(managed, data.get("giver", ""), data.get("taker", ""))
        case MessageKind.HOME_LOST:
            return notices.home_lost(managed)
        case MessageKind.UNREACHABLE | MessageKind.REACHABLE:
            is_back = item.kind is MessageKind.REACHABLE
            return notices.reach_changed(managed, data.get("member_name", ""), is_reachable=is_back)
        case MessageKind.CODES_LOCKED:
            until = datetime.fromisoformat(data["until"])
            return notices.codes_locked(managed, data.get("member_name", ""), until)
        case _:
            return None


def _about_account(
    item: OutboxItem, managed: ManagedAccount, standing: tuple[Hold, ...]
) -> Screen | None:
    """What stands against an account, or what others did there."""
    data = item.data
    holds = tuple(hold for hold in standing if hold.account_id == managed.account.id)
    match item.kind:
        case MessageKind.HELD:
            stands = HoldReason(data["reason"]) in {hold.reason for hold in holds}
            return held_notice(managed, holds) if stands else None
        case MessageKind.HOLD_OVER:
            reason = HoldReason(data["reason"])
            is_back = reason in {hold.reason for hold in holds}
            return None if is_back else hold_over_notice(managed, reason, holds)
        case MessageKind.HOLDINGS_CHANGED:
            changes = changes_from_text(data["changes"])
            ended = data.get("ended", "").split()
            return changes_notice(managed, changes, int(data.get("more", "0")), ended)
        case MessageKind.KEYS_GONE:
            return leaving.keys_gone_notice(managed)
        case MessageKind.FOREIGN_ORDERS:
            return foreign_notice(managed, data.get("symbols", "").split())
        case _:
            return None
