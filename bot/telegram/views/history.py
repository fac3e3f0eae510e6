"""History: what was proposed and who decided it, what is open, and what was changed."""

from __future__ import annotations

from bot.telegram.html import TEXT_LIMIT, bold, escape, shown_name
from bot.telegram.screen import Screen, tap
from bot.telegram.views.outcome import history as decisions_of
from bot.telegram.views.parts import capped, head, lines, paragraphs
from bot.words.labels import CAUSES, SIDES, proposal_number, proposal_state
from bot.words.numbers import count, listed, quantity, small_drift
from bot.words.times import clock_time
from core.application.choose_portfolio import Current
from core.application.list_proposals import History
from core.domain.proposal import Proposal
from core.ports.store import Change

IN_A_ROW = 3
_TRADES_SHOWN = 4
_CHANGE_LIMIT = 300
_KINDS = {"targets": "targets", "policy": "policy"}


def history_screen(current: Current, history: History) -> Screen:
    """The latest proposals with their decisions, and the latest changes, newest first."""
    proposals = [_proposal(proposal) for proposal in history.proposals]
    changes = [_change(change) for change in history.changes]
    if not proposals and not changes:
        return Screen(paragraphs(head(current.portfolio, "history"), "Nothing happened yet."))
    text = paragraphs(
        head(current.portfolio, "history"),
        bold("Proposals") if proposals else "",
        capped(proposals, TEXT_LIMIT // 2, "more proposals"),
        "🧾 shows one with its prices, orders and who decided." if proposals else "",
        bold("Changes") if changes else "",
        capped(changes, TEXT_LIMIT // 3, "more changes"),
    )
    buttons = [tap(f"🧾 {each.id}", "audit", each.id) for each in history.proposals]
    if history.has_older:
        last = history.proposals[-1]
        buttons.append(tap("Older", "older", last.portfolio_id, last.id))
    rows = [tuple(buttons[at : at + IN_A_ROW]) for at in range(0, len(buttons), IN_A_ROW)]
    return Screen(text, tuple(rows))


def _proposal(proposal: Proposal) -> str:
    number = proposal_number(proposal.id, proposal.revision.number)
    made = clock_time(proposal.revision.snapshot.taken_at)
    drift = small_drift(proposal.revision.plan.before.portfolio_drift)
    return lines(
        f"<b>{number}</b> {proposal_state(proposal)} · {made} "
        f"({CAUSES[proposal.cause]}, drift {drift})",
        f"   {trades_in_short(proposal)}",
        *(f"   {row}" for row in decisions_of(proposal, None).splitlines()),
    )


def trades_in_short(proposal: Proposal) -> str:
    """A proposal's trades in one line."""
    trades = proposal.revision.plan.trades
    shown = [
        f"{SIDES[trade.side].lower()} {quantity(trade.quantity)} {escape(trade.symbol)}"
        for trade in trades[:_TRADES_SHOWN]
    ]
    more = len(trades) - len(shown)
    return listed(shown) if not more else f"{', '.join(shown)} and {count(more, 'more trade')}"


def _change(change: Change) -> str:
    what = escape(change.after[:_CHANGE_LIMIT])
    kind = escape(_KINDS.get(change.kind, change.kind))
    return f"{clock_time(change.at)}: {shown_name(change.member_name)} set the {kind} to {what}"
