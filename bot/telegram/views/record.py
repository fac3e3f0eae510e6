"""The record of a proposal: what a family may want to prove later, readable on a phone."""

from __future__ import annotations

from decimal import Decimal

from bot.telegram.html import TEXT_LIMIT, bold, code, escape, neutral, pre, shown_name
from bot.telegram.screen import Screen, tap
from bot.telegram.views.parts import SOME_LINES, aligned, capped, head, lines, paragraphs
from bot.words.after_sale import not_sent
from bot.words.by_hand import order_state
from bot.words.labels import CAUSES, DECISIONS, SIDES, capital, proposal_number, proposal_state
from bot.words.numbers import count, money, quantity, share_price
from bot.words.times import clock_time
from core.application.proposal_record import ProposalRecord, Recheck
from core.domain.ids import Symbol
from core.domain.order import Order
from core.domain.proposal import Decision

HASH_SHOWN = 12
"""So many characters of a plan's hash tell it from every other that a family will ever see."""

_DETAIL_LIMIT = 80


def record_screen(record: ProposalRecord) -> Screen:
    """The plan's hash, prices when shown and when re-checked, who decided when, and each order's id and fills."""
    view = record.view
    proposal = view.proposal
    number = proposal_number(proposal.id, proposal.revision.number)
    text = paragraphs(
        lines(
            head(view.managed, f"record of proposal {number}"),
            f"{capital(proposal_state(proposal))} · {CAUSES[proposal.cause]}",
            f"Plan {code(short(proposal.revision.plan_hash))}, "
            f"made {clock_time(proposal.revision.snapshot.taken_at)}",
        ),
        _prices(record),
        lines(
            bold("Who and when") if proposal.decisions else "Nobody has decided yet.",
            capped([_decision(record, each) for each in proposal.decisions], 900, "more decisions"),
        ),
        lines(
            bold("Orders") if record.orders else "No order was made.",
            capped([_order(record, o) for o in record.orders], TEXT_LIMIT // 2, "more orders"),
        ),
    )
    return Screen(text, ((tap(f"Show {proposal.id}", "show", proposal.id),),))


def short(plan_hash: str) -> str:
    """The beginning of a plan's hash."""
    return plan_hash[:HASH_SHOWN]


def _prices(record: ProposalRecord) -> str:
    """The prices an approver saw, and beside them what was found before the orders went."""
    revision = record.view.proposal.revision
    checked = _last_of(record)
    trades = revision.plan.trades[:SOME_LINES]
    headers = ("", "shown", "re-checked") if checked else ("", "shown")
    rows = [
        (
            str(trade.symbol),
            _price(trade.price),
            *([_found(checked, trade.symbol)] if checked else []),
        )
        for trade in trades
    ]
    more = len(revision.plan.trades) - len(rows)
    return lines(
        bold("Prices a share"),
        pre(aligned(headers, rows)) if rows else "",
        f"and {count(more, 'more symbol')}" if more else "",
        f"Shown: {clock_time(revision.snapshot.prices_at)}",
        f"Re-checked: {clock_time(checked.market_at)}, plan {code(short(checked.plan_hash))}"
        if checked
        else "Not re-checked: nothing of this version was about to be sent.",
    )


def _last_of(record: ProposalRecord) -> Recheck | None:
    """The last re-check of the version that stands."""
    plan_hash = record.view.proposal.revision.plan_hash
    return next((r for r in reversed(record.rechecks) if r.plan_hash == plan_hash), None)


def _found(checked: Recheck, symbol: Symbol) -> str:
    price = checked.prices.get(symbol)
    return "–" if price is None else _price(price)


def _price(price: Decimal) -> str:
    return f"{price:,.2f}"


def _decision(record: ProposalRecord, decision: Decision) -> str:
    number = proposal_number(record.view.proposal.id, decision.revision)
    return (
        f"{clock_time(decision.market_at)}: {shown_name(decision.member_name)} "
        f"{DECISIONS[decision.kind]} {number}, plan {code(short(decision.plan_hash))}"
    )


def _order(record: ProposalRecord, order: Order) -> str:
    managed = record.view.managed
    currency = managed.portfolio.currency
    limit = f", limit {share_price(order.limit_price)}" if order.limit_price is not None else ""
    detail = neutral(not_sent(order.detail)[:_DETAIL_LIMIT]).strip()
    return lines(
        f"{order.leg}. {SIDES[order.side]} {quantity(order.quantity)} {escape(order.symbol)}{limit}: "
        f"{order_state(order.state, record.view.account(order.account_id))}{f' ({escape(detail)})' if detail else ''}",
        f"   {code(order.client_order_id)}",
        *(
            f"   {quantity(fill.quantity)} at {money(fill.price, currency)}, {clock_time(fill.at)}"
            for fill in order.fills
        ),
    )
