"""What people read for the codes of the log's events."""

from __future__ import annotations

from bot.words.labels import CHECK_OUTCOMES
from bot.words.numbers import count
from bot.words.times import day
from core.application.read_log import CHECKED, ORDER_SENT, PROPOSED, LogEntry
from core.domain.ids import ChatId

EVENTS: dict[str, str] = {
    "account_added": "an account was added",
    "account_accepted": "the account at the broker was accepted",
    "account_connected": "a broker account was connected",
    "account_held": "the account is held",
    "barred": "its account may not trade",
    "cancelled": "cancelled",
    "cash_moved": "cash was moved",
    "channel_added": "a channel was added",
    "channel_removed": "a channel was removed",
    "check_refused": "no plan could be made",
    "claim_made": "a claim link was made",
    "code_accepted": "a one-time code was right",
    "code_refused": "a one-time code was wrong",
    "codes_enrolled": "one-time codes were set up",
    "codes_locked": "one-time codes were locked",
    "codes_removed": "one-time codes were removed",
    "approval_lost": "an approval counts no more",
    "decided_approve": "approved",
    "decided_cancel": "cancelled",
    "decided_later": "put off",
    "amounts_hidden": "amounts are hidden in the group",
    "amounts_shown": "amounts are shown in the group",
    "decided_object": "objected",
    "decided_reject": "rejected",
    "decided_stay": "rejected the switch back",
    "decided_reopen": "reopened",
    "decided_take_back": "an approval was taken back",
    "decided_stay_in_cash": "stays in cash",
    "decided_try_buys": "purchases tried again",
    "ended_done": "done",
    "ended_failed": "failed",
    "ended_frozen": "frozen: a person must decide",
    "ended_partial": "partly done",
    "entered": "came in",
    "executing": "being carried out",
    "change_asked": "a change was asked for",
    "change_agreed": "enough agreed to a change",
    "change_in_force": "a change took effect",
    "change_objected": "a change was objected to",
    "change_withdrawn": "a change was withdrawn",
    "change_lapsed": "a change lapsed",
    "change_overtaken": "a change was overtaken",
    "change_answer_agree": "agreed to a change",
    "change_answer_take_back": "took an agreement back",
    "change_answer_object": "objected to a change",
    "change_answer_withdraw": "withdrew a change",
    "expired": "expired",
    "exported": "took their data away",
    "closed": "the portfolio was closed",
    "forgotten": "a member left for good",
    "foreign_orders": "orders of others were seen",
    "forged_button": "a button that was not ours",
    "hold_lifted": "the account is free again",
    "holdings_changed": "holdings changed from outside",
    "holdings_typed": "holdings were entered",
    "home_chat_lost": "the group could not be written to any more",
    "home_chat_set": "the home chat was chosen",
    "invited": "an invitation was made",
    "key_rotated": "secrets were sealed with a new key",
    "keys_removed": "a broker's keys were removed",
    "lots_opened": "lots were taken over from the broker",
    "lots_split": "lots were split",
    "lots_typed": "lots were entered",
    "others_traded": "trades of others were put into the lots",
    "member_removed": "a member was removed",
    "order_declared_void": "an order was declared not sent",
    "order_found": "an order in doubt was found",
    "pause": "paused",
    "paused": "paused",
    "policy_changed": "the policy was changed",
    "portfolio_created": "the portfolio was made",
    "rechecked": "prices and holdings looked at again",
    "reachable": "gets messages again",
    "refused": "tried what is not allowed",
    "resume": "resumed",
    "resumed": "resumed",
    "invitation_revoked": "an invitation was taken back",
    "ownership_offered": "the portfolio was offered to a member",
    "offer_taken_back": "the offer was taken back",
    "ownership_declined": "the offer was declined",
    "handed_over": "the portfolio was handed over",
    "shared": "shared with the whole household",
    "shared_no_more": "shared with the household no more",
    "role_changed": "a role was changed",
    "rule_added": "a rule was added, and is off",
    "rule_off": "a rule was turned off",
    "rule_on": "a rule was turned on",
    "rule_removed": "a rule was removed",
    "rung_changed": "the rung was changed",
    "same_symbols_set": "symbols that count as the same",
    "scheduled": "scheduled",
    "switch_stayed": "the substitute stays",
    "targets_set": "targets were set",
    "set_aside": "money was set aside to be taken out",
    "taxes_told": "the tax situation was told",
    "unreachable": "messages no longer arrive",
    "treatment_set": "the tax treatment was set",
}
"""What was done, by the code of its event."""


def event_words(entry: LogEntry) -> str:
    """One entry in a few words, without its time and without who it was."""
    if entry.kind == CHECKED:
        times = f" ({entry.count} times)" if entry.count > 1 else ""
        return f"checked{_for(entry)}: {CHECK_OUTCOMES.get(entry.outcome, entry.outcome)}{times}"
    if entry.kind == PROPOSED:
        return f"proposal {entry.proposal_id}{_reached(entry.chats)}"
    about = f"proposal {entry.proposal_id}: " if entry.proposal_id is not None else ""
    if entry.kind == ORDER_SENT:
        return f"{about}{'orders' if entry.count > 1 else 'order'} sent: {entry.count}"
    return about + EVENTS.get(entry.kind, entry.kind.replace("_", " "))


def _for(entry: LogEntry) -> str:
    """The day that a check was for, where it was done on another: it was caught up, or the market is a replay."""
    if entry.due_at is None or day(entry.due_at) == day(entry.at):
        return ""
    return f" for {day(entry.due_at)}"


def _reached(chats: tuple[ChatId, ...]) -> str:
    """Whom a proposal has reached: people, a group, or nobody yet."""
    people = sum(chat > 0 for chat in chats)
    who = [count(people, "person", "people")] if people else []
    who += ["the group"] if len(chats) > people else []
    return f" to {' and '.join(who)}" if who else ", not sent yet"
