"""Notices: what happened that people should know, without a decision to take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.telegram.html import bold, code, escape, shown_name
from bot.telegram.screen import Screen, tap
from bot.telegram.views.book import holdings_old_buttons
from bot.telegram.views.parts import head, lines, paragraphs
from bot.words.labels import ROLE_MEANINGS, proposal_number, role_label
from bot.words.numbers import listed
from bot.words.price_faults import fault_words
from bot.words.times import clock_time
from core.application.show_proposal import ProposalView
from core.domain.membership import Role
from core.domain.portfolio import ManagedPortfolio
from core.domain.quote import PriceFault, PriceFaultKind

_SYMBOLS_SHOWN = 10

CHECK_TROUBLES = {
    "PricesRefused": "some prices are missing, too old, or not believable",
    "PriceSourceDown": "the price source does not answer",
    "BrokerDown": "the broker does not answer",
    "HoldingsOld": "nobody has confirmed for 30 days what the account that is kept by hand holds",
    "RiskLimit": "the plan would break a limit of this installation",
    "CannotRaise": "the money to be taken out cannot be raised",
    "ForeignOrder": "somebody else's order is open at the broker",
}
"""Why a scheduled check made no plan, by the refusal's name."""


_NEXT = "The next check tries again; /status shows what is known now."
_AGAIN = {
    "HoldingsOld": "Checks go on once somebody has said what it holds.",
    "CannotRaise": "It goes on once less is to be taken out: /status shows what waits.",
}
"""What comes after a check without a plan, where trying again alone does not help."""


def member_joined(
    managed: ManagedPortfolio, name: str, role: Role, user_id: int, mark: str
) -> Screen:
    """Somebody accepted an invitation (``mark``): an owner can undo that at once."""
    text = f"{bold(shown_name(name))} has joined as {role_label(role)}: {ROLE_MEANINGS[role]}."
    portfolio = managed.portfolio.id
    members = tap("👪 Members", "members", portfolio)
    undo = (tap("↩ Undo", "unjoin", portfolio, user_id, mark),) if mark else ()
    return Screen(lines(head(managed), text), ((members, *undo),))


def ownership_offered(managed: ManagedPortfolio, giver: str, until: datetime) -> Screen:
    """An owner wants to hand the portfolio over to the reader."""
    text = paragraphs(
        head(managed),
        f"🤝 {bold(shown_name(giver))} wants to hand {bold(shown_name(managed.portfolio.name))} over to you. "
        f"As its owner you {ROLE_MEANINGS[Role.OWNER]}; {shown_name(giver)} becomes an approver.",
        f"You can accept until {clock_time(until)}.",
    )
    portfolio = managed.portfolio.id
    row = (
        tap("🤝 Accept", "own_accept", portfolio),
        tap("✖ No", "own_decline", portfolio),
    )
    return Screen(text, (row,))


def handed_over(managed: ManagedPortfolio, giver: str, taker: str) -> Screen:
    """A portfolio has another owner."""
    text = (
        f"🤝 {bold(shown_name(taker))} owns it now; {bold(shown_name(giver))}, who handed it over, is an "
        "approver."
    )
    members = tap("👪 Members", "members", managed.portfolio.id)
    return Screen(lines(head(managed), text), ((members,),))


def home_lost(managed: ManagedPortfolio) -> Screen:
    """The group that was a portfolio's home cannot be written to any more."""
    text = lines(
        head(managed),
        "⚠ I cannot write into the group that its proposals went to: I was removed, may not write there, or it is "
        "gone. They come to each approver’s private chat again.",
        f"To have them in a group: add me to it, and send {code('/portfolio home')} there.",
    )
    return Screen(text)


def reach_changed(managed: ManagedPortfolio, name: str, *, is_reachable: bool) -> Screen:
    """Messages do not reach a member any more, or do so again."""
    who = bold(shown_name(name))
    words = (
        f"Messages reach {who} now."
        if is_reachable
        else f"⚠ {who} does not get messages any more: the chat with me is blocked, or the account is gone."
    )
    members = tap("👪 Members", "members", managed.portfolio.id)
    return Screen(lines(head(managed), words), ((members,),))


def approval_lapsed(
    view: ProposalView, member_name: str, old_revision: int, new_revision: int
) -> Screen:
    """Approvals that no longer count, because ``member_name`` changed the proposal after them."""
    number = view.proposal.id
    old, new = proposal_number(number, old_revision), proposal_number(number, new_revision)
    text = lines(
        head(view.managed, f"proposal {new}"),
        f"{bold(shown_name(member_name))} changed proposal {old} to {new}. "
        f"Approvals of {old} do not count any more: please look at {new} anew.",
    )
    return Screen(text, ((tap(f"Show {new}", "show", number),),))


def check_refused(
    managed: ManagedPortfolio,
    code: str,
    symbols: tuple[str, ...],
    faults: tuple[PriceFault, ...] = (),
    again_at: datetime | None = None,
) -> Screen:
    """A scheduled check that made no plan, because it would have been made of bad numbers: which, and what follows.

    ``again_at``: when it is made once more in its session.
    """
    known = {fault.symbol for fault in faults}
    others = [symbol for symbol in symbols if symbol not in known]
    names = _named(others)
    why = _trouble(code, () if others else faults)
    text = paragraphs(
        head(managed, "check"),
        f"⚠ <b>The scheduled check made no plan</b>: {why}{f' ({names})' if names else ''}.",
        "\n".join(f"{escape(fault_words(fault))}." for fault in faults),
        f"Nothing was traded. {_AGAIN.get(code) or _tried_again(again_at)}",
    )
    portfolio = managed.portfolio.id
    if code == "HoldingsOld":
        return Screen(text, holdings_old_buttons(portfolio))
    row = (tap("📊 Status", "status", portfolio), tap("⚖️ Check now", "rebalance", portfolio))
    return Screen(text, (row,))


def _named(symbols: Sequence[str]) -> str:
    shown = [escape(symbol) for symbol in symbols[:_SYMBOLS_SHOWN]]
    more = len(symbols) - len(shown)
    return listed([*shown, f"{more} more"] if more else shown)


def _trouble(code: str, faults: tuple[PriceFault, ...]) -> str:
    if faults and all(fault.kind is PriceFaultKind.DISAGREE for fault in faults):
        return "two sources of prices do not agree"
    return CHECK_TROUBLES.get(code, "something that a plan needs is missing")


def _tried_again(again_at: datetime | None) -> str:
    if again_at is None:
        return _NEXT
    return (
        f"Trying again {clock_time(again_at)}, and on until the exchange closes; for the same reason you"
        " are not told again that day. /status shows what is known now."
    )


def restored(managed: ManagedPortfolio) -> Screen:
    """The data were put back from a backup: what is certain, what is not, and what to do."""
    text = paragraphs(
        head(managed),
        "⛔ <b>Paused: my data were put back from a backup.</b> What happened after that backup is "
        "unknown to me: orders may have been sent that I do not remember.",
        "Your money is where your broker says. Look at its orders and holdings first: /orders shows "
        "what I remember, /status what the broker holds now.",
        "Old buttons in this chat may be newer than my memory: ignore them. Nothing is sent until "
        "you resume.",
    )
    portfolio = managed.portfolio.id
    row = (tap("📊 Status", "status", portfolio), tap("▶️ Resume", "resume", portfolio))
    return Screen(text, (row,))


def kept_crashing(managed: ManagedPortfolio) -> Screen:
    """The process died again and again soon after its start: what that means, and what to do."""
    text = paragraphs(
        head(managed),
        "⛔ <b>Paused: I was cut off again and again.</b> Three times in a row I ended abruptly soon "
        "after my start, and I do not know why.",
        "Every order that was under way is looked up at your broker before anything else. The log "
        "of my process, and <code>evenkeel doctor</code>, say more.",
        "Nothing is sent until you resume.",
    )
    portfolio = managed.portfolio.id
    row = (tap("📊 Status", "status", portfolio), tap("▶️ Resume", "resume", portfolio))
    return Screen(text, (row,))


def codes_locked(managed: ManagedPortfolio, name: str, until: datetime) -> Screen:
    """Somebody typed too many wrong one-time codes for an approval of real money: perhaps not its owner."""
    who = shown_name(name) if name else "A member"
    text = paragraphs(
        head(managed),
        f"⚠ {bold(f'{who}: five wrong one-time codes')} for an approval of real money. Nothing was "
        f"approved, and no code of theirs is accepted until {clock_time(until)}.",
        "Ask them, but not in this chat. If it was not them, somebody else may be using their Telegram "
        "account: pause, and take them out.",
    )
    portfolio = managed.portfolio.id
    row = (tap("⏸ Pause", "pause", portfolio), tap("👪 Members", "members", portfolio))
    return Screen(text, (row,))


def channel_failing(kind: str, since: datetime) -> Screen:
    """A member's own channel that has not taken messages for long."""
    return Screen(
        f"Your channel {code(f'{kind}://…')} has not taken my messages since {clock_time(since)}. I go on "
        "trying each for a day. A changed password or address: remove the channel, and add it anew.",
        ((tap("My channels", "ch_show"),),),
    )
