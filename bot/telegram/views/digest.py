"""The monthly digest: what became of a portfolio in a month, for those who only want the monthly picture."""

from __future__ import annotations

from decimal import Decimal

from bot.telegram.html import TEXT_LIMIT, bold, code, escape, shown_name
from bot.telegram.screen import Screen, tap
from bot.telegram.views.parts import capped, head, lines, paragraphs
from bot.words.labels import PROPOSAL_STATES, proposal_number
from bot.words.numbers import count, listed, money, small_drift
from bot.words.times import clock_time, month_of
from core.application.month_digest import MonthDigest
from core.application.show_proposal import ProposalView
from core.domain.money import ZERO
from core.domain.proposal import ProposalState

_MADE_WAY = frozenset({ProposalState.SUPERSEDED})


def digest_screen(digest: MonthDigest) -> Screen:
    """A month of a portfolio, with what stands now."""
    portfolio = digest.managed.portfolio
    text = paragraphs(
        head(digest.managed, month_of(digest.month)),
        lines(*_value(digest)),
        lines(*_done(digest)),
        lines(_drift(digest), _next(digest)),
        f"Off: {code('/alerts digest off')}",
    )
    row = (tap("📊 Status", "status", portfolio.id), tap("🔔 Alerts", "alerts", portfolio.id))
    return Screen(text, (row,))


def _value(digest: MonthDigest) -> list[str]:
    if digest.began is None or digest.ended is None:
        return ["No check of that month measured a value."]
    currency = digest.managed.portfolio.currency
    rows = [
        bold("Value"),
        f"{'When first looked at' if digest.is_new else 'Before'}: {money(digest.began, currency)}",
        f"At its end: {money(digest.ended, currency)}",
    ]
    if digest.paid_in is None or digest.paid_out is None:
        return [*rows, "Money that came or went at the broker is not told apart."]
    if not digest.is_new and (digest.paid_in or digest.paid_out):
        rows.append(
            f"Money in {money(digest.paid_in, currency)}, out {money(digest.paid_out, currency)}"
        )
    if digest.rest is not None:
        rows.append(f"All else: {_signed(digest.rest, currency)}")
    return rows


def _signed(amount: Decimal, currency: str) -> str:
    shown = money(amount, currency)
    return f"+{shown}" if amount > ZERO else shown


def _done(digest: MonthDigest) -> list[str]:
    """What was proposed, and what became of it; those that a newer one replaced are only counted."""
    replaced = [v for v in digest.proposals if v.proposal.state in _MADE_WAY]
    others = [v for v in digest.proposals if v.proposal.state not in _MADE_WAY]
    if not digest.proposals:
        return ["Nothing was proposed: every check found it near its targets, or left alone."]
    rows = [_proposal(view) for view in others]
    more = f"{count(len(replaced), 'proposal')} gave way to a newer one" if replaced else ""
    return [bold("What was done"), capped(rows, TEXT_LIMIT // 2, "more"), more]


def _proposal(view: ProposalView) -> str:
    proposal = view.proposal
    parts = [f"Proposal {proposal_number(proposal.id, proposal.revision.number)}"]
    parts[0] += f": {PROPOSAL_STATES[proposal.state]}"
    names = [escape(shown_name(decision.member_name)) for decision in proposal.approvals]
    if names:
        parts.append(f"approved by {listed(names)}")
    if view.report is not None:
        filled = [order for order in view.orders if order.filled_quantity > ZERO]
        parts.append(count(len(filled), "order"))
        parts.append(f"cost {money(view.report.cost, view.managed.portfolio.currency)}")
    return " · ".join(parts)


def _drift(digest: MonthDigest) -> str:
    return "" if digest.drift is None else f"Drift now {small_drift(digest.drift)} points"


def _next(digest: MonthDigest) -> str:
    return "" if digest.next_at is None else f"Next check {clock_time(digest.next_at)}"
