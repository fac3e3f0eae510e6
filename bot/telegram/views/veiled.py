"""What a group sees of a portfolio whose amounts are hidden there: percentages, names, states, and the way inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.telegram.html import escape, link, shown_name
from bot.telegram.links import command_link, deep_link
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.by_account import by_account
from bot.telegram.views.outcome import moved_nothing, standing
from bot.telegram.views.parts import (
    SOME_LINES,
    first_fitting,
    head,
    lines,
    paragraphs,
)
from bot.telegram.views.proposal_replies import how_it_ended
from bot.telegram.views.proposal_text import (
    FEW_LINES,
    calculated,
    changes,
    expiry_line,
    how_real,
    paused_line,
    prices_line,
    table,
    title,
)
from bot.words.labels import REVISION_CAUSES, SIDES, proposal_number
from bot.words.numbers import small_drift, tenths
from bot.words.plan_reasons import reason_sentence
from core.application.show_proposal import ProposalView
from core.domain.ids import AccountId
from core.domain.outbox import MessageKind
from core.domain.permissions import Act, may
from core.domain.plan import ReasonCode, Trade
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import ProposalState

HIDDEN_HERE = "🔒 Amounts are hidden in this group."
OPEN_PRIVATELY = "🔒 Open privately"

_IN_PERCENT = frozenset(
    {
        ReasonCode.BAND_BREACHED,
        ReasonCode.PORTFOLIO_DRIFTED,
        ReasonCode.DATE_DUE,
        ReasonCode.FORCED,
        ReasonCode.CASH_EXCESS,
        ReasonCode.ON_TARGET,
        ReasonCode.BUY_ONLY,
        ReasonCode.SELL_ONLY,
    }
)
"""Reasons of a plan whose sentences name no amount."""

_LEVELS = (0, 1)
_TRADES_SHOWN = 12


def open_privately(url: str) -> tuple[Button, ...]:
    """The one button: into the private chat, where who may see the amounts sees them."""
    return (Button(OPEN_PRIVATELY, url=url),)


def way_in(username: str, view: ProposalView) -> tuple[tuple[Button, ...], ...]:
    """The way to a proposal in private."""
    return (open_privately(deep_link(username, view.proposal.id)),)


# --- a proposal ----------------------------------------------------------------------------------


def veiled_proposal(view: ProposalView, username: str, market_now: datetime) -> Screen:
    """A proposal for everybody to read: why, percentages, who has approved; it is decided in private."""
    text = first_fitting(lambda level: _proposal(view, username, market_now, level), _LEVELS)
    if text is None:
        text = lines(title(view), standing(view, market_now, with_amounts=False))
    return Screen(text, way_in(username, view))


def _proposal(view: ProposalView, username: str, now: datetime, brevity: int) -> str:
    proposal = view.proposal
    plan = proposal.revision.plan
    return paragraphs(
        lines(title(view), how_real(view), paused_line(view)),
        changes(view, with_amounts=False),
        _why(view),
        table(plan, "table", FEW_LINES if brevity else SOME_LINES),
        lines(
            _trades(view),
            f"Drift {small_drift(plan.before.portfolio_drift)} → {small_drift(plan.after.portfolio_drift)}",
            f"{prices_line(view, now)} · {expiry_line(proposal, now)}",
            calculated(proposal),
        ),
        lines(standing(view, now, with_amounts=False), _out_of_reach(view, username)),
    )


def _why(view: ProposalView) -> str:
    reason = view.proposal.revision.plan.reason
    if reason.code in _IN_PERCENT:
        return escape(reason_sentence(reason, view.managed.portfolio.currency))
    if reason.code is ReasonCode.WITHDRAWAL:
        return "Money is to be taken out, and is raised by sales."
    return ""


def _trades(view: ProposalView) -> str:
    plan = view.proposal.revision.plan
    rows = [
        (AccountId(int(trade.account)), f"{leg}. {_trade(view, trade)}")
        for leg, trade in enumerate(plan.trades[:_TRADES_SHOWN], 1)
    ]
    more = len(plan.trades) - len(rows)
    return lines(*by_account(view, rows), f"… and {more} more" if more else "")


def _trade(view: ProposalView, trade: Trade) -> str:
    """One trade: ``Sell VTI (6.5% of the portfolio)``."""
    total = view.proposal.revision.plan.before.total
    share = f" ({tenths(trade.value / total * 100)}% of the portfolio)" if total else ""
    return f"{SIDES[trade.side]} {escape(trade.symbol)}{share}"


def _out_of_reach(view: ProposalView, username: str) -> str:
    """Who may approve, and has no chat with the bot in which to do so."""
    if view.proposal.state is not ProposalState.OPEN:
        return ""
    start = link("Start", deep_link(username, view.proposal.id))
    return lines(
        *(
            f"{shown_name(m.member.name)} has no open chat with me: {start}"
            for m in view.memberships
            if may(m.role, Act.APPROVE) and not m.member.is_reachable
        )
    )


def veiled_report(view: ProposalView, username: str) -> Screen:
    """The short reply after an execution, in counts and percentages."""
    drift = ""
    if view.report is not None and view.report.drift_after is not None and not moved_nothing(view):
        before, after = view.report.drift_before, view.report.drift_after
        drift = f"Drift {small_drift(before)} → {small_drift(after)}"
    return Screen(
        lines(title(view), f"<b>{how_it_ended(view)}</b>.", drift), way_in(username, view)
    )


def veiled_recheck(view: ProposalView, username: str, market_now: datetime) -> Screen:
    """Why no order was sent although the proposal was approved; the new version follows."""
    proposal, revision = view.proposal, view.proposal.revision
    before = proposal_number(proposal.id, revision.number - 1)
    text = lines(
        head(view.managed, f"proposal {before}"),
        f"<b>No order was sent</b>: {REVISION_CAUSES[revision.cause]}.",
        f"The new version {proposal_number(proposal.id, revision.number)} needs approval again "
        f"({expiry_line(proposal, market_now)}).",
    )
    return Screen(text, way_in(username, view))


# --- notices -------------------------------------------------------------------------------------

AS_EVERYWHERE = frozenset(
    {
        MessageKind.APPROVALS_MISSING,
        MessageKind.APPROVAL_LAPSED,
        MessageKind.APPROVAL_LOST,
        MessageKind.CHECK_REFUSED,
        MessageKind.CLOSED,
        MessageKind.CODES_LOCKED,
        MessageKind.FOREIGN_ORDERS,
        MessageKind.HANDED_OVER,
        MessageKind.HOME_LOST,
        MessageKind.KEPT_CRASHING,
        MessageKind.KEYS_GONE,
        MessageKind.MAY_OBJECT,
        MessageKind.MEMBER_JOINED,
        MessageKind.OBJECTED,
        MessageKind.OWNERSHIP_OFFERED,
        MessageKind.REACHABLE,
        MessageKind.RESTORED,
        MessageKind.UNREACHABLE,
    }
)
"""Notices that name no amount: behind the veil they say the same, and offer only the way in private."""

_IN_SHORT: Mapping[MessageKind, str] = {
    MessageKind.BARRED: "⛔ <b>No order was sent</b>, and the approval has ended.",
    MessageKind.CHECKLIST: "✍ What was approved is now carried out by hand.",
    MessageKind.DIGEST: "The month’s picture is ready.",
    MessageKind.FROZEN: (
        "⛔ <b>Frozen.</b> It cannot be known whether an order reached the broker: a person must look."
    ),
    MessageKind.HELD: "⛔ <b>Nothing is planned or sent</b> for an account of this portfolio.",
    MessageKind.HOLD_OVER: "✅ An account of this portfolio is free again.",
    MessageKind.HOLDINGS_CHANGED: "Holdings have changed at the broker, without me.",
    MessageKind.RULE: "One of the rules has something to say.",
    MessageKind.RUNG_CHANGED: "How real an account of this portfolio is has changed.",
    MessageKind.SWITCH_KEPT: "After a harvest, the substitute is kept for now.",
    MessageKind.WAITING: "⏳ <b>Approved, and not finished yet</b>: I try again by myself.",
}
"""The others in one line without an amount."""

NEWS = "There is news of this portfolio."


def veiled_notice(kind: MessageKind, managed: ManagedPortfolio, text: str, url: str) -> Screen:
    """A notice behind the veil; ``text`` is what it says where amounts are shown."""
    if kind not in AS_EVERYWHERE:
        text = lines(head(managed), _IN_SHORT.get(kind, NEWS))
    return Screen(text, (open_privately(url),))


def veiled_pinned(shown: Screen, managed: ManagedPortfolio, username: str) -> Screen:
    """The pinned message, which names no amount anyway, with the buttons that work in such a group."""
    portfolio = managed.portfolio.id
    status = tap("📊 Status", "status", portfolio)
    return replace(
        shown, rows=((status, *open_privately(command_link(username, "status", portfolio))),)
    )
