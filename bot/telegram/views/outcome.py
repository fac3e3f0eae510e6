"""What became of a proposal, appended to its message: decisions, orders, what is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.telegram.html import escape, neutral, shown_name
from bot.telegram.views.after_sale import after_sale_text
from bot.telegram.views.approvals import approved_and_needed, deciders, waiting
from bot.telegram.views.by_account import by_account
from bot.telegram.views.parts import lines, paragraphs
from bot.words.after_sale import WHY_NOT_SENT
from bot.words.by_hand import is_by_hand, order_state
from bot.words.labels import DECISIONS, ENDED, SIDES, SIDES_DONE, proposal_number
from bot.words.numbers import count, listed, money, quantity, small_drift
from bot.words.order_details import order_detail
from bot.words.times import clock_time, exact_time
from core.application.sending_time import UNDO, is_undoable
from core.application.show_proposal import ProposalView, why_ended
from core.domain.order import TERMINAL, Order, OrderState
from core.domain.plan import Side, Trade
from core.domain.portfolio import ManagedAccount
from core.domain.proposal import OBJECTIONS, DecisionKind, Proposal, ProposalState
from core.domain.report import WhyNot, sold_as_planned, was_dry_run

UNTOUCHED = "Your money and holdings are as they were."
_DETAIL_LIMIT = 120
_S = ProposalState

_ENDED_UNSENT: Mapping[ProposalState, str] = {
    _S.EXPIRED: "⌛ <b>Expired</b> without orders: its time was up",
    _S.SUPERSEDED: "↪ <b>Replaced</b>: a newer proposal or a change took its place",
    _S.CANCELLED: "✖ <b>Cancelled</b> before an order was sent",
}

_CARRIED_OUT: Mapping[ProposalState, str] = {
    _S.APPROVED: "⏳ <b>Approved.</b> The orders go out as soon as the broker answers.",
    _S.EXECUTING: "⏳ <b>Being carried out.</b>",
    _S.DONE: "✅ <b>Done.</b>",
    _S.PARTIAL: "⚠ <b>Partly done.</b> Not every order was filled in full.",
    _S.FAILED: "⚠ <b>Failed.</b> No order was filled.",
    _S.FROZEN: (
        "⛔ <b>Frozen.</b> It cannot be known whether an order reached the broker. "
        "Nothing more is sent until a person has looked."
    ),
}


@dataclass(frozen=True, slots=True)
class LegResult:
    """One leg after the decision: its order, held against the trade that was approved."""

    leg: int
    trade: Trade
    order: Order

    @property
    def is_whole(self) -> bool:
        """Whether everything that was planned is filled."""
        return self.order.filled_quantity >= self.trade.quantity


def leg_results(trades: tuple[Trade, ...], orders: Iterable[Order]) -> tuple[LegResult, ...]:
    """What became of each leg that has an order, in the plan's order."""
    return tuple(
        LegResult(order.leg, trades[order.leg - 1], order)
        for order in orders
        if 1 <= order.leg <= len(trades)
    )


def leg_line(result: LegResult, managed: ManagedAccount) -> str:
    """One leg after the decision: its fills with their price, or where its order is."""
    trade, order = result.trade, result.order
    if order.state is OrderState.VOID and order.detail == WhyNot.DRY_RUN:
        return _dry_line(result, managed.portfolio.currency)
    state = order_state(order.state, managed.account)
    symbol = escape(trade.symbol)
    average = order.average_price
    if average is None:
        what = f"{SIDES[trade.side]} {quantity(trade.quantity)} {symbol}"
        return f"{result.leg}. {what}: {state}{_detail(order)}"
    some = "" if result.is_whole else f" of {quantity(trade.quantity)}"
    done = f"{SIDES_DONE[trade.side]} {quantity(order.filled_quantity)}{some}"
    line = f"{result.leg}. {done} {symbol} at {money(average, managed.portfolio.currency)}"
    if _is_shrunk(result) and not is_by_hand(managed.account):
        return f"{line}; there was no cash for more"
    is_settled = result.is_whole or order.state is OrderState.FILLED
    return line if is_settled else f"{line}; the rest: {_rest(order, managed)}"


def leg_of(result: LegResult, view: ProposalView) -> str:
    """The same for a leg of a proposal at hand."""
    return leg_line(result, view.managed.part(result.order.account_id))


def _dry_line(result: LegResult, currency: str) -> str:
    """An order of a dry run as it would have gone: ``1. Sell 11 VTI at $285.70 or better``."""
    order = result.order
    what = f"{SIDES[order.side]} {quantity(order.quantity)} {escape(order.symbol)}"
    if order.limit_price is None:
        return f"{result.leg}. {what}"
    return f"{result.leg}. {what} at {money(order.limit_price, currency)} or better"


def _is_shrunk(result: LegResult) -> bool:
    """Whether a purchase was filled as it was sent, having been fitted into less cash than planned."""
    order = result.order
    is_filled = order.state is OrderState.FILLED and order.side is Side.BUY
    return is_filled and order.quantity < result.trade.quantity


def _rest(order: Order, managed: ManagedAccount) -> str:
    if order.state is OrderState.PARTIALLY_FILLED and not is_by_hand(managed.account):
        return "still at the broker"
    return f"{order_state(order.state, managed.account)}{_detail(order)}"


def _detail(order: Order) -> str:
    words = neutral(order_detail(order.detail)[:_DETAIL_LIMIT]).strip()
    return f" ({escape(words)})" if words else ""


def order_lines(view: ProposalView, *, brief: bool) -> list[str]:
    """The legs' results; when it must be brief, the whole ones are only counted."""
    results = leg_results(view.proposal.revision.plan.trades, view.orders)
    if not brief:
        return by_account(view, [(r.order.account_id, leg_of(r, view)) for r in results])
    whole = [result for result in results if result.is_whole]
    head = [f"{count(len(whole), 'order')} filled in full (/orders lists them)"] if whole else []
    return head + [leg_of(result, view) for result in results if not result.is_whole]


def cost_and_drift(view: ProposalView) -> str:
    """What the execution cost against the plan, and the drift that is left."""
    report = view.report
    if report is None or was_dry_run(view.orders) or moved_nothing(view):
        return ""
    currency = view.managed.portfolio.currency
    cost = f"Cost {money(report.cost, currency)}, planned {money(report.planned_cost, currency)}"
    if report.drift_after is None:
        return f"{cost}\nDrift left: unknown, prices or holdings could not be read"
    before, after = small_drift(report.drift_before), small_drift(report.drift_after)
    return f"{cost}\nDrift {before} → {after}"


def standing(
    view: ProposalView, now: datetime | None, *, brief: bool = False, with_amounts: bool = True
) -> str:
    """The lines that say where a proposal is: waiting, decided, carried out, ended.

    Without amounts, its orders are only counted, and why several must approve is left out.
    """
    proposal = view.proposal
    match proposal.state:
        case _S.OPEN:
            return waiting(view, now, with_amounts=with_amounts)
        case _S.SCHEDULED:
            return _scheduled(proposal, now)
        case _S.REJECTED:
            return _rejected(proposal, now)
        case _S.EXPIRED | _S.SUPERSEDED | _S.CANCELLED:
            return _ended_unsent(view, now)
        case _:
            if not with_amounts:
                return _carried_out_in_short(view, now)
            return _carried_out(view, now, brief=brief)


def _approved_by(proposal: Proposal, now: datetime | None) -> str:
    approvals = deciders(proposal.approvals, now)
    return f"Approved by {approvals}." if approvals else ""


def _scheduled(proposal: Proposal, now: datetime | None) -> str:
    when = proposal.scheduled_for
    if when is not None and is_undoable(proposal):
        return lines(
            f"⏳ <b>Approved. Sent in {UNDO.seconds} seconds</b>, at {exact_time(when)}, unless "
            "somebody taps ↩ Undo.",
            _approved_by(proposal, now),
        )
    if when is not None and proposal.revision.need.veto:
        return lines(
            f"⏳ <b>Approved. Sends {clock_time(when, now)}</b> unless somebody objects.",
            _approved_by(proposal, now),
            "Prices and holdings are looked at again then, before an order is sent.",
        )
    time = f" for {clock_time(when, now)}" if when else ""
    return lines(
        f"⏳ <b>Approved and scheduled{time}.</b>",
        _approved_by(proposal, now),
        "Prices and holdings are looked at again then, before an order is sent. /pause stops it.",
    )


def _rejected(proposal: Proposal, now: datetime | None) -> str:
    rejections = [d for d in proposal.decisions if d.kind in OBJECTIONS][-1:]
    kinds = {each.kind for each in rejections}
    if DecisionKind.STAY in kinds:
        return _stays(proposal, deciders(rejections, now))
    who = f" by {deciders(rejections, now)}" if rejections else ""
    what = "Stopped by an objection" if DecisionKind.OBJECT in kinds else "Rejected"
    return f"✖ <b>{what}</b>{who}. Nothing was traded."


def _stays(proposal: Proposal, who: str) -> str:
    """A switch back that somebody ended for good."""
    held = escape(listed([trade.symbol for trade in proposal.revision.plan.sells]))
    return f"⚓ <b>It stays in {held}</b>: {who}. Nothing was traded, and the switch back is not offered again."


def _ended_unsent(view: ProposalView, now: datetime | None) -> str:
    when, missing, proposal = "", "", view.proposal
    if proposal.state is _S.EXPIRED:
        when = f" ({clock_time(proposal.expires_at, now)})"
        missing = approved_and_needed(view, now) if proposal.approvals else ""
    told = proposal.approvals if missing else ()
    rest = tuple(each for each in proposal.decisions if each not in told)
    past = history(replace(proposal, decisions=rest), now)
    return lines(past, missing, f"{_ended(proposal)}{when}. Nothing was traded.")


def _ended(proposal: Proposal) -> str:
    if (why := why_ended(proposal)) is None:
        return _ENDED_UNSENT[proposal.state]
    sign, what, because = ENDED[why]
    return f"{sign} <b>{what.capitalize()}</b>: {because}"


def history(proposal: Proposal, now: datetime | None) -> str:
    """Every decision so far, each as a line: who, what, about which version, when."""
    return "\n".join(
        f"{shown_name(d.member_name)} {DECISIONS[d.kind]} "
        f"{proposal_number(proposal.id, d.revision)}, {clock_time(d.market_at, now)}"
        for d in proposal.decisions
    )


def _carried_out(view: ProposalView, now: datetime | None, *, brief: bool) -> str:
    proposal = view.proposal
    return paragraphs(
        lines(
            carried_out_words(view),
            _approved_by(proposal, now),
            *order_lines(view, brief=brief),
            cost_and_drift(view),
        ),
        after_sale_text(view, now),
    )


def _carried_out_in_short(view: ProposalView, now: datetime | None) -> str:
    """The same without amounts: how many orders are filled, and the drift that is left."""
    drift = cost_and_drift(view).partition("\n")[2]
    return lines(
        carried_out_words(view),
        _approved_by(view.proposal, now),
        f"{summary(view)}." if view.orders else "",
        drift,
    )


def went_as_planned(view: ProposalView) -> bool:
    """Whether a plan that sells today and buys later has sold all that it was to sell."""
    trades = view.proposal.revision.plan.trades
    return view.report is not None and sold_as_planned(trades, view.orders)


def nothing_sent(view: ProposalView) -> str:
    """Why no order of a plan was sent at all; empty where one was, or where a person has said so."""
    if view.proposal.state is not _S.FAILED or not view.orders:
        return ""
    codes = dict.fromkeys(order.detail for order in view.orders)
    if any(order.state is not OrderState.VOID for order in view.orders):
        return ""
    if not all(code in WHY_NOT_SENT for code in codes):
        return ""
    return listed([WHY_NOT_SENT[code] for code in codes])


def was_paused(view: ProposalView) -> bool:
    """Whether nothing of a plan was sent because the portfolio was paused."""
    codes = {order.detail for order in view.orders}
    return bool(nothing_sent(view)) and codes == {WhyNot.PAUSED}


def was_carried_out(view: ProposalView) -> bool:
    """Whether it was approved and its orders are due, under way, or over."""
    return view.proposal.state in _CARRIED_OUT


def carried_out_words(view: ProposalView) -> str:
    """What a decided plan came to so far, in a sentence or two."""
    if went_as_planned(view):
        return "✅ <b>Sold as planned.</b> The purchases come on the next trading day."
    if why := nothing_sent(view):
        mark = "⏸" if was_paused(view) else "⚠"
        words = f"{mark} <b>Nothing was sent</b>: {escape(why)}."
        return f"{words} {UNTOUCHED}"
    if view.proposal.state is _S.APPROVED and all(map(is_by_hand, view.accounts)):
        return "⏳ <b>Approved.</b> Your checklist comes in a moment."
    if was_dry_run(view.orders):
        return "✅ <b>DRY RUN: nothing was sent.</b> This is what would have gone."
    words = _CARRIED_OUT[view.proposal.state]
    return f"{words} {UNTOUCHED}" if moved_nothing(view) else words


def moved_nothing(view: ProposalView) -> bool:
    """Whether a plan that has failed certainly left money and holdings as they were."""
    return view.proposal.state is _S.FAILED and all(map(_moved_nothing, view.orders))


def _moved_nothing(order: Order) -> bool:
    """Whether an order certainly left the account as it was; a person's word on one in doubt is not certain."""
    if order.state is OrderState.VOID:
        return order.detail in WHY_NOT_SENT
    return order.state in TERMINAL and not order.fills


def summary(view: ProposalView) -> str:
    """One line about an execution: ``2 of 2 orders filled``."""
    results = leg_results(view.proposal.revision.plan.trades, view.orders)
    filled = sum(result.is_whole for result in results)
    total = len(view.proposal.revision.plan.trades)
    if went_as_planned(view):
        return f"{count(filled, 'sale')} filled in full"
    return f"{filled} of {count(total, 'order')} filled in full"
