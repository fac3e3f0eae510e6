"""Replies about a proposal: how its execution went, and why no order was sent after all."""

from __future__ import annotations

from datetime import datetime

from bot.telegram.html import TEXT_LIMIT, bold, escape
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.after_sale import after_sale_text, is_to_decide
from bot.telegram.views.outcome import (
    UNTOUCHED,
    cost_and_drift,
    moved_nothing,
    nothing_sent,
    order_lines,
    summary,
    was_paused,
    went_as_planned,
)
from bot.telegram.views.parts import capped, head, lines, paragraphs
from bot.telegram.views.plain_proposal import how_it_went, plain_cost, plain_results
from bot.telegram.views.proposal_text import change_line, currency_of, expiry_line, move_line, title
from bot.telegram.views.withdrawals import is_withdrawal, raised_buttons, raised_text
from bot.words.by_hand import is_dry_run
from bot.words.labels import ENDED, PROPOSAL_STATES, REVISION_CAUSES, proposal_number
from bot.words.reader import reader
from core.application.show_proposal import ProposalView, why_ended
from core.domain.proposal import ProposalState
from core.domain.report import was_dry_run

_S = ProposalState


def report_reply(view: ProposalView) -> Screen:
    """The short reply after an execution; the whole report stands in the proposal's message."""
    if was_dry_run(view.orders) and not reader().is_plain:
        return _dry_report(view)
    again = _again(view)
    text = paragraphs(
        lines(
            title(view),
            *_what_came_of_it(view),
            after_sale_text(view, None),
            _how_it_goes_on(view) if again else "",
        ),
        raised_text(view),
    )
    status = tap("📊 Status", "status", view.managed.portfolio.id)
    decide = (tap("🛒 What now?", "show", view.proposal.id),) if is_to_decide(view) else ()
    aside = raised_buttons(view)
    return Screen(text, ((aside,) if aside else ()) + ((*decide, *again, status),))


def _what_came_of_it(view: ProposalView) -> list[str]:
    """How it ended, what was not filled, what it cost and what is left."""
    if why_ended(view.proposal) is not None:
        return [f"{bold(how_it_ended(view))}.", "Nothing was traded."]
    if reader().is_plain:
        return [
            how_it_went(view),
            capped(plain_results(view), TEXT_LIMIT // 2, "more"),
            plain_cost(view),
        ]
    problems = capped(_problems(view), TEXT_LIMIT // 2, "more")
    untouched = UNTOUCHED if moved_nothing(view) else ""
    ended = f"{bold(how_it_ended(view))}."
    return [ended, problems, untouched, cost_and_drift(view), _rung_note(view)]


def how_it_ended(view: ProposalView) -> str:
    """What an execution came to, in a few words without amounts."""
    if (ended := why_ended(view.proposal)) is not None:
        _, what, because = ENDED[ended]
        return f"{what.capitalize()}: {because}"
    if why := nothing_sent(view):
        return f"Nothing was sent: {escape(why)}"
    state = PROPOSAL_STATES[view.proposal.state].capitalize()
    return f"{'Sold as planned' if went_as_planned(view) else state}: {summary(view)}"


def _problems(view: ProposalView) -> list[str]:
    """The orders that were not filled in full, where that is not said already."""
    if nothing_sent(view) or went_as_planned(view):
        return []
    return [row for row in order_lines(view, brief=True) if "filled in full" not in row]


def _dry_report(view: ProposalView) -> Screen:
    """The reply after a dry run: what would have gone."""
    text = lines(
        title(view),
        f"{bold('DRY RUN: nothing was sent')}; these orders would have gone:",
        capped(order_lines(view, brief=False), TEXT_LIMIT // 2, "more"),
    )
    portfolio_id = view.managed.portfolio.id
    accounts = tap("🏦 Accounts", "accounts", portfolio_id)
    return Screen(text, ((tap("📊 Status", "status", portfolio_id), accounts),))


def _how_it_goes_on(view: ProposalView) -> str:
    if was_paused(view):
        return "Nothing more is sent for this proposal. After /resume, a check makes a new plan."
    return "Nothing more is sent for this proposal; Check now makes a new plan."


def _again(view: ProposalView) -> tuple[Button, ...]:
    """[Check now] where a plan was not carried out in full, and nothing else is asked about it."""
    is_short = view.proposal.state in {_S.PARTIAL, _S.FAILED}
    if not is_short or view.sold_not_bought is not None or is_withdrawal(view):
        return ()
    if was_paused(view) and view.managed.portfolio.is_paused:
        return (tap("▶️ Resume", "resume", view.managed.portfolio.id),)
    return (tap("⚖️ Check now", "rebalance", view.managed.portfolio.id),)


def _rung_note(view: ProposalView) -> str:
    is_dry = bool(view.accounts) and all(map(is_dry_run, view.accounts))
    return "Dry run: nothing was sent to the broker." if is_dry else ""


def recheck_notice(view: ProposalView, *, market_now: datetime | None = None) -> Screen:
    """Why no order was sent although the proposal was approved; the new version follows."""
    proposal = view.proposal
    revision = proposal.revision
    currency = currency_of(view)
    now = market_now or revision.snapshot.taken_at
    before = proposal_number(proposal.id, revision.number - 1)
    current = proposal_number(proposal.id, revision.number)
    text = lines(
        head(view.managed, f"proposal {before}"),
        f"<b>No order was sent</b>: {REVISION_CAUSES[revision.cause]}.",
        *(move_line(move, currency) for move in revision.moves),
        *(change_line(change, currency) for change in revision.changes),
        f"The new version {current} needs approval again ({expiry_line(proposal, now)}).",
    )
    return Screen(text)
