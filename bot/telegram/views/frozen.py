"""An execution that stopped in doubt: what is certain, what is not, where the money is, and what a person can tap."""

from __future__ import annotations

from collections.abc import Sequence

from bot.telegram.html import TEXT_LIMIT, escape
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.outcome import leg_of, leg_results
from bot.telegram.views.parts import capped, lines, paragraphs
from bot.telegram.views.proposal_text import title
from bot.words.labels import ORDER_STATES, SIDES
from bot.words.numbers import money, quantity
from core.application.resolve_frozen import DOUBTFUL
from core.application.send_order import DENIED
from core.application.show_proposal import ProposalView
from core.domain.order import Order
from core.domain.plan import Side
from core.domain.portfolio import Rung

ORDERS_WITH_BUTTONS = 40
"""Telegram takes 100 buttons in a message: two for each of these, and a few more."""


def frozen_notice(view: ProposalView) -> Screen:
    """An execution that stopped because nobody can say whether an order is at the broker."""
    in_doubt = [order for order in view.orders if order.state in DOUBTFUL]
    certain = [
        leg_of(result, view)
        for result in leg_results(view.proposal.revision.plan.trades, view.orders)
        if result.order.state not in DOUBTFUL
    ]
    text = paragraphs(
        title(view),
        _why(in_doubt),
        capped([_doubtful(view, order) for order in in_doubt], TEXT_LIMIT // 3, "more"),
        lines("Certain:", capped(certain, TEXT_LIMIT // 4, "more")) if certain else "",
        _what_to_do(view, in_doubt),
    )
    return Screen(text, _buttons(view, in_doubt))


def settled_notice(view: ProposalView) -> Screen:
    """What takes the notice's place once nothing is in doubt any more: its buttons would do nothing."""
    text = paragraphs(
        title(view), "✅ <b>Clear again.</b> What became of each order stands on the proposal."
    )
    return Screen(text, ((tap("Show the proposal", "show", view.proposal.id),),))


def belied_notice(sentence: str, proposal: int, order: int) -> Screen:
    """The account speaks against what was said: wait for the broker, or say that it was somebody else's trade."""
    text = paragraphs(
        f"⚠ {escape(sentence)}",
        "Ask the broker again a little later. If somebody else made that trade, the order can be given "
        "up; it is not sent again either way.",
    )
    again = tap("🔎 Ask the broker again", "fz_check", proposal)
    give_up = tap("It was another trade: give it up", "fz_giveup", proposal, order)
    return Screen(text, ((again,), (give_up,)))


def _why(in_doubt: Sequence[Order]) -> str:
    """An order that the broker denies, or one that may never have reached it."""
    if any(order.detail == DENIED for order in in_doubt):
        return (
            "⛔ <b>Stopped: the broker had confirmed an order, and says now that it does not have "
            "it.</b> Perhaps the account was reset. Whether it was carried out cannot be known; "
            "nothing more is sent for this proposal, and no order is sent again by itself."
        )
    return (
        "⛔ <b>Stopped: it cannot be known whether an order reached the broker.</b> "
        "Nothing more is sent for this proposal, and no order is sent again by itself."
    )


def _doubtful(view: ProposalView, order: Order) -> str:
    what = f"{SIDES[order.side]} {quantity(order.quantity)} {escape(order.symbol)}"
    state = "the broker denies it" if order.detail == DENIED else ORDER_STATES[order.state]
    known = order.filled_quantity
    filled = f", {quantity(known)} of it filled for certain" if known else ""
    return lines(
        f"{what}: {state}{filled}.",
        _where_the_money_is(view, order),
        f"Order id <code>{escape(order.client_order_id)}</code>",
    )


def _where_the_money_is(view: ProposalView, order: Order) -> str:
    rest = order.quantity - order.filled_quantity
    if order.side is Side.SELL:
        return f"Either the {quantity(rest)} are sold, or you still hold them."
    price = view.proposal.revision.plan.trades[order.leg - 1].price
    about = money(rest * price, view.managed.portfolio.currency)
    return f"Either about {about} is in {escape(order.symbol)} now, or it is still in cash."


def _what_to_do(view: ProposalView, in_doubt: Sequence[Order]) -> str:
    rungs = {view.account(order.account_id).rung for order in in_doubt}
    is_embedded = rungs == {Rung.SIMULATED}
    app = "" if is_embedded else ", and look for the order id in its own app"
    return lines(
        "Ask again first: brokers often know a little later. If it stays unclear, look at what the "
        f"broker holds now{app}, then say what you have seen. It is checked with the broker before "
        "it counts.",
        "Until it is clear, do not place the same order there by hand.",
    )


def _buttons(view: ProposalView, in_doubt: Sequence[Order]) -> tuple[tuple[Button, ...], ...]:
    number = view.proposal.id
    claims = [
        (
            tap(f"{order.symbol}: it is there", "fz_there", number, order.id),
            tap(f"{order.symbol}: it is not", "fz_absent", number, order.id),
        )
        for order in in_doubt[:ORDERS_WITH_BUTTONS]
    ]
    looks = (
        tap("📊 What it holds", "status", view.managed.portfolio.id),
        tap("Show the proposal", "show", number),
    )
    return ((tap("🔎 Ask the broker again", "fz_check", number),), *claims, looks)
