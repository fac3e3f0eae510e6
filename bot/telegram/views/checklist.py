"""The checklist of an approved plan at a hand-kept account: what to trade, and what became of each line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bot.telegram.html import TEXT_LIMIT, bold, code, escape
from bot.telegram.screen import Rows, Screen, tap
from bot.telegram.views.approvals import deciders
from bot.telegram.views.by_account import by_account
from bot.telegram.views.lots import lot_label
from bot.telegram.views.outcome import LegResult, leg_of, leg_results
from bot.telegram.views.parts import capped, lines, paragraphs
from bot.telegram.views.proposal_text import currency_of, title
from bot.telegram.views.revision_buttons import under_way
from bot.words.by_hand import is_by_hand
from bot.words.labels import SIDES
from bot.words.numbers import count, listed, money, quantity, share_price
from core.application.show_proposal import ProposalView
from core.domain.lots import Lot, LotMethod, lot_order
from core.domain.money import ZERO
from core.domain.order import AT_BROKER, Order, collared_limit
from core.domain.plan import LegKey, Side, Trade
from core.domain.proposal import ProposalState

ANSWERABLE = 30
"""Telegram takes 100 buttons in a message: three for each of these lines, and a few more."""


def has_checklist(view: ProposalView) -> bool:
    """Whether a person is carrying this proposal out now."""
    is_under_way = view.proposal.state is ProposalState.EXECUTING
    return is_under_way and any(order.state in AT_BROKER for order in _by_hand(view))


def _by_hand(view: ProposalView) -> list[Order]:
    """The orders that a person carries out."""
    return [o for o in view.orders if is_by_hand(view.account(o.account_id))]


def checklist_screen(view: ProposalView) -> Screen:
    """Each order with a text for the broker's app, and its answer once there is one."""
    waiting = [order for order in _by_hand(view) if order.state in AT_BROKER]
    results = leg_results(view.proposal.revision.plan.trades, _by_hand(view))
    text = paragraphs(
        title(view),
        f"📋 {bold('To do in your broker’s app')}, sales first. Then tap what you did.",
        capped(
            by_account(view, [(each.order.account_id, _line(view, each)) for each in results]),
            TEXT_LIMIT - 900,
            "more",
        ),
        lines(
            f"{count(len(waiting), 'order')} of {len(results)} to go.",
            _elsewhere(view),
            "“Done” counts the price shown here. Limits are a little beyond it; a tap copies the text.",
            "What has no answer by the close of the next trading day counts as not done.",
            _approved_by(view),
        ),
    )
    return Screen(text, (*_answers(view, waiting[:ANSWERABLE]), under_way(view)))


def _elsewhere(view: ProposalView) -> str:
    """How far the orders are that go to brokers by themselves."""
    orders = [order for order in view.orders if not is_by_hand(view.account(order.account_id))]
    results = leg_results(view.proposal.revision.plan.trades, orders)
    done = sum(result.is_whole for result in results)
    return (
        f"In the other accounts: {done} of {count(len(results), 'order')} filled."
        if results
        else ""
    )


def _approved_by(view: ProposalView) -> str:
    approvals = deciders(view.proposal.approvals, None)
    return f"Approved by {approvals}." if approvals else ""


def _line(view: ProposalView, result: LegResult) -> str:
    order = result.order
    if order.state not in AT_BROKER:
        return leg_of(result, view)
    left = order.quantity - order.filled_quantity
    done = f"{leg_of(result, view)}\n    still " if order.fills else f"{result.leg}. "
    price = order.limit_price or result.trade.price
    about = f"at about {money(price, currency_of(view))}"
    what = f"{SIDES[order.side]} {quantity(left)} {escape(order.symbol)}"
    lots = _lots_to_tell(view, result.trade, order)
    named = f"\n    Tell your broker the lots: {escape(lots)}." if lots else ""
    fewer = _fewer(result)
    return f"{done}{bold(what)} {about}{fewer}\n    {code(_to_copy(view, order))}{named}"


def _fewer(result: LegResult) -> str:
    """Why a purchase is of fewer shares than were approved: its limit must be paid from the cash that is there."""
    order, planned = result.order, result.trade.quantity
    if order.side is not Side.BUY or order.quantity >= planned:
        return ""
    return f"; there is no cash for all {quantity(planned)} at the limit"


def _lots_to_tell(view: ProposalView, trade: Trade, order: Order) -> str:
    """The lots that a sale must name at the time of the sale (Treasury Reg. § 1.1012-1(c)).

    Nothing where it takes them first in, first out, which brokers do unless they are told otherwise.
    """
    lots = [sale.lot for sale in trade.lots]
    snapshot = view.proposal.revision.snapshot
    known = snapshot.of(order.account_id).taxes.lots
    all_lots = [lot for lot in known if lot.symbol == trade.symbol]
    session = snapshot.session or date.max
    usual = lot_order(all_lots, LotMethod.FIFO, sold=session, price=trade.price)
    is_usual = list(usual[: len(lots)]) == lots or any(lot.acquired is None for lot in lots)
    if len(all_lots) <= 1 or is_usual:
        return ""
    currency = currency_of(view)
    return listed([lot_label(lot, currency) for lot in _left_of(trade, order)])


def _left_of(trade: Trade, order: Order) -> list[Lot]:
    """The lots of the shares that an order has still to sell, each with so many shares of it."""
    done, ends, found = order.filled_quantity, ZERO, []
    for sale in trade.lots:
        start, ends = ends, ends + sale.quantity
        part = min(ends, order.quantity) - max(start, done)
        if part > ZERO:
            found.append(replace(sale.lot, quantity=part))
    return found


def _to_copy(view: ProposalView, order: Order) -> str:
    left = order.quantity - order.filled_quantity
    what = f"{SIDES[order.side]} {left.normalize():f} {order.symbol}"
    if order.limit_price is None:
        return what + _copied_lots(view, order)
    limit = collared_limit(order.side, order.limit_price, view.managed.policy.collar)
    return f"{what} limit {share_price(limit)}{_copied_lots(view, order)}"


def _copied_lots(view: ProposalView, order: Order) -> str:
    """The same in the text to copy: ``, lots: 10 of 2021-03-04 @ $210.10``."""
    plan = view.proposal.revision.plan
    key = LegKey(order.symbol, order.side, f"{order.account_id}")
    trades = [trade for trade in plan.trades if trade.key == key]
    lots = _lots_to_tell(view, trades[0], order) if trades else ""
    return f", lots: {lots}" if lots else ""


def _answers(view: ProposalView, waiting: list[Order]) -> Rows:
    number = view.proposal.id
    return tuple(
        (
            tap(f"✅ {order.leg}. Done", "hand_done", number, order.leg),
            tap("✏️ Price", "hand_other", number, order.leg),
            tap("✖ Not done", "hand_not", number, order.leg),
        )
        for order in waiting
    )
