"""Proposals: the message in whatever state it is, and the buttons that this state has."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

from bot.telegram.html import TEXT_LIMIT, shown_length
from bot.telegram.screen import Button, Rows, Screen, tap
from bot.telegram.views.after_sale import after_sale_buttons
from bot.telegram.views.approvals import counting, still_wanted
from bot.telegram.views.checklist import checklist_screen, has_checklist
from bot.telegram.views.parts import paragraphs
from bot.telegram.views.plain_parts import why_buttons
from bot.telegram.views.plain_proposal import plain_proposal_text
from bot.telegram.views.proposal_text import buys_wait, currency_of, is_paired, proposal_text, title
from bot.telegram.views.revision_buttons import is_open, revision_tap, under_way
from bot.telegram.views.withdrawals import is_withdrawal
from bot.words.by_hand import orders_at
from bot.words.numbers import count, listed, money
from bot.words.reader import reader
from bot.words.times import clock_time
from core.application.show_proposal import ProposalView
from core.domain.ladder import LIVE_RUNGS
from core.domain.money import ZERO
from core.domain.policy import Direction
from core.domain.proposal import Cause, ProposalState, RevisionCause
from core.domain.session import NEW_YORK

LAST_HOUR = time(15)
"""In exchange time; a proposal that comes from then on may wait for the next open."""

HOW_LONG = "⏳ Put off for how long? It stays open, and you hear of it before it ends."

_S = ProposalState


def proposal_screen(
    view: ProposalView, *, layout: str = "table", market_now: datetime | None = None
) -> Screen:
    """A proposal in whatever state it is, with the buttons that this state has.

    ``market_now`` decides which times need their date; without it, the day of the plan is today.
    """
    if has_checklist(view):
        return checklist_screen(view)
    text = plain_proposal_text(view, market_now) if reader().is_plain else None
    text = text or proposal_text(view, layout, market_now)
    if text is None:
        return _too_long(view)
    return Screen(text, _buttons(view, market_now))


def _too_long(view: ProposalView) -> Screen:
    trades = view.proposal.revision.plan.trades
    text = paragraphs(
        title(view),
        f"Its {len(trades)} trades are too many for one message, so it cannot be approved here. "
        f"{'Other settings' if reader().is_plain else 'Larger bands or a larger minimum trade'} (/policy) "
        "make it shorter.",
    )
    return Screen(text, ((revision_tap(view, "✖ Reject", "reject"),),) if is_open(view) else ())


def _buttons(view: ProposalView, now: datetime | None) -> Rows:
    match view.proposal.state:
        case _S.OPEN:
            return _open_buttons(view)
        case _S.REJECTED if now is not None and now >= view.proposal.expires_at:
            return ((revision_tap(view, "❔ Why", "why"),),)
        case _S.REJECTED:
            return (
                (revision_tap(view, "↩ Reopen", "reopen"), revision_tap(view, "❔ Why", "why")),
            )
        case _S.SCHEDULED | _S.APPROVED if view.proposal.revision.need.veto:
            return (
                (revision_tap(view, "✋ Object", "object"), revision_tap(view, "❔ Why", "why")),
            )
        case _S.SCHEDULED | _S.APPROVED:
            is_live = any(account.rung in LIVE_RUNGS for account in view.accounts)
            label = "↩ Undo" if is_live else "✖ Take back"
            return ((revision_tap(view, label, "cancel"), revision_tap(view, "❔ Why", "why")),)
        case _S.EXECUTING:
            return (under_way(view),)
        case _S.FROZEN:
            return ((tap("🔎 What now?", "fz_show", view.proposal.id),), under_way(view))
        case _:
            return after_sale_buttons(view)


def _open_buttons(view: ProposalView) -> Rows:
    if reader().is_plain:
        return _plain_buttons(view)
    second = [revision_tap(view, "✏️ Edit lines", "edit")]
    direction = _direction_button(view)
    if direction is not None:
        second.insert(0, direction)
    third = (
        revision_tap(view, "❔ Why", "why"),
        revision_tap(view, "⏳ Snooze", "snooze"),
        revision_tap(view, "✖ Reject", "reject"),
    )
    first = revision_tap(view, approve_label(view), "approve")
    last = (*_at_open(view), tap("🔔 Settings", "alerts", view.managed.portfolio.id))
    return ((first,), *_own_button(view), *_stay_button(view), tuple(second), third, last)


def _plain_buttons(view: ProposalView) -> Rows:
    """Yes, no, later and why; what changes single lines stays with those who read the terms."""
    decide = (revision_tap(view, "⏳ Later", "snooze"), revision_tap(view, "✖ Reject", "reject"))
    first = revision_tap(view, approve_label(view), "approve")
    at_open = _at_open(view)
    rows = (
        (first,),
        *_own_button(view),
        *_stay_button(view),
        (revision_tap(view, "❔ Why", "why"), *decide),
    )
    asked = [trade.symbol for trade in view.proposal.revision.plan.trades]
    return (*rows, *((at_open,) if at_open else ()), *why_buttons(view.managed.portfolio.id, asked))


def _own_button(view: ProposalView) -> Rows:
    """While others are still needed: to whoever has approved, a way back."""
    return (
        ((revision_tap(view, "↩ Take my approval back", "unapprove"),),) if counting(view) else ()
    )


def _at_open(view: ProposalView) -> tuple[Button, ...]:
    """For a proposal that came in the last hour of a whole trading day, and lives until the next one.

    Only where the next approval is the last one: when its giver taps decides when the orders go.
    """
    if still_wanted(view).number > 1:
        return ()
    came = view.proposal.revision.snapshot.taken_at.astimezone(NEW_YORK)
    ends = view.proposal.expires_at.astimezone(NEW_YORK)
    if came.time() < LAST_HOUR or ends.date() <= came.date():
        return ()
    return (revision_tap(view, "🌅 At next open", "atopen"),)


def snooze_screen(view: ProposalView, shown: Screen) -> Screen:
    """A proposal as it is shown, asking for how long it is put off; never for longer than it is open."""
    if not is_open(view):
        return shown
    choices = (
        revision_tap(view, "⏳ 2 hours", "later"),
        revision_tap(view, "🌅 Next open", "later", "open"),
        revision_tap(view, "📅 A week", "later", "week"),
    )
    text = f"{shown.text}\n\n{HOW_LONG}"
    is_short = shown_length(text) <= TEXT_LIMIT
    rows = (choices, (revision_tap(view, "← Back", "back"),))
    return replace(shown, text=text if is_short else shown.text, rows=rows)


def _stay_button(view: ProposalView) -> Rows:
    """Under a switch back: that what stood in stays for good."""
    if view.proposal.cause is not Cause.SWITCH_BACK:
        return ()
    held = listed([trade.symbol for trade in view.proposal.revision.plan.sells])
    return ((revision_tap(view, f"⚓ Stay in {held}", "stay"),),)


def approve_label(view: ProposalView) -> str:
    """What the approving button says: how many orders, and how real they are; for real money, how much of it."""
    plan = view.proposal.revision.plan
    live = [account for account in view.accounts if account.rung in LIVE_RUNGS]
    if not live and (later := buys_wait(view)):
        today = len(plan.trades) - len(later)
        return f"✅ Approve today: {orders_at(today, view.accounts)}"
    if not live:
        return f"✅ Approve {orders_at(len(plan.trades), view.accounts)}"
    real = [trade for account in live for trade in plan.in_account(account.id)]
    turnover = sum((trade.value for trade in real), ZERO)
    others = len(plan.trades) - len(real)
    more = f" + {count(others, 'order')}" if others else ""
    real_money = "of real money" if reader().is_plain else "LIVE"
    return f"✅ Approve: trade {money(turnover, currency_of(view))} {real_money}{more}"


def _direction_button(view: ProposalView) -> Button | None:
    revision = view.proposal.revision
    if revision.cause is RevisionCause.BUY_ONLY:
        return revision_tap(view, "⚖️ Plan in full", "full")
    if is_withdrawal(view) or is_paired(view.proposal):
        return None
    if revision.plan.sells and view.managed.policy.direction is not Direction.SELL_ONLY:
        return revision_tap(view, "🛒 Buy only", "buyonly")
    return None


def reminder(
    view: ProposalView,
    *,
    is_last: bool = False,
    is_missing: bool = False,
    layout: str = "table",
    market_now: datetime | None = None,
) -> Screen:
    """A proposal shown again: somebody had put it off, or has not answered, or it is about to end."""
    screen = proposal_screen(view, layout=layout, market_now=market_now)
    why = "The proposal that you put off"
    if is_last:
        ends = clock_time(view.proposal.expires_at, market_now)
        why = f"This proposal is still open, and ends {ends}"
    if is_missing:
        why = "This proposal still waits for an approval"
    note = f"⏰ {why}:\n\n"
    is_short = shown_length(note + screen.text) <= TEXT_LIMIT
    return replace(screen, text=note + screen.text) if is_short else screen
