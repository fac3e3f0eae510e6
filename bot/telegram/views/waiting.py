"""What was approved and waits for a broker or prices that do not answer: what is certain, and what happens next."""

from __future__ import annotations

from datetime import datetime

from bot.telegram.html import TEXT_LIMIT, escape
from bot.telegram.screen import Screen, tap
from bot.telegram.views.outcome import order_lines
from bot.telegram.views.parts import capped, lines, paragraphs
from bot.telegram.views.proposal_text import title
from bot.words.labels import source_label
from bot.words.price_faults import fault_words
from bot.words.times import clock_time
from core.application.show_proposal import ProposalView
from core.domain.money import ZERO
from core.domain.order import AT_BROKER, IN_DOUBT, OrderState
from core.domain.portfolio import Account
from core.domain.proposal import ProposalState
from core.domain.quote import PriceFault
from core.domain.refusals import BrokerDown, ClocksDisagree, ClosedUnexpectedly


def waiting_notice(
    view: ProposalView,
    account: Account,
    code: str,
    until: datetime,
    now: datetime,
    faults: tuple[PriceFault, ...] = (),
) -> Screen:
    """Why nothing moves in an account, for how long it is tried again, and that nobody has to do anything.

    ``code`` is the refusal's name, and ``faults`` what is wrong with prices; ``until`` is how long the approval is
    good, by the exchange's clock.
    """
    why = _why(account, code, faults)
    if view.proposal.state is ProposalState.APPROVED:
        return _not_begun(view, why, clock_time(until, now))
    return _under_way(view, why, clock_time(until, now))


def _why(account: Account, code: str, faults: tuple[PriceFault, ...]) -> str:
    broker = source_label(account.broker)
    match code:
        case BrokerDown.__name__:
            return f"{broker} does not answer"
        case ClocksDisagree.__name__:
            return (
                f"the clock of {broker} and mine are too far apart; whoever runs me must set mine"
            )
        case ClosedUnexpectedly.__name__:
            return f"{broker} says that the exchange is closed, although it should be open"
        case _:
            which = "; ".join(escape(fault_words(fault)) for fault in faults)
            return f"there are no good prices right now{f' ({which})' if which else ''}"


def _not_begun(view: ProposalView, why: str, until: str) -> Screen:
    proposal = view.proposal
    text = paragraphs(
        title(view),
        f"⏳ <b>Nothing has been sent yet</b>: {why}. Your money and holdings are as they were.",
        f"I try again every few seconds; you need not do anything. Your approval is good until {until}. "
        "After that I ask you again before anything is sent.",
    )
    take_back = tap("✖ Take back", "cancel", proposal.id, proposal.revision.number)
    return Screen(text, ((take_back,),))


def _under_way(view: ProposalView, why: str, until: str) -> Screen:
    proposal = view.proposal
    text = paragraphs(
        title(view),
        f"⏳ <b>Not finished yet</b>: {why}.",
        capped(order_lines(view, brief=False), TEXT_LIMIT // 2, "more"),
        _certain(view),
        f"I try again every few seconds; you need not do anything. What has not been sent by {until} "
        "is not sent any more, and the report says so.",
        "Please do not place these orders at the broker yourself meanwhile. /pause stops what is not sent yet.",
    )
    refresh = tap("🔄 Refresh", "refresh", proposal.id, proposal.revision.number)
    return Screen(text, ((refresh,),))


def _certain(view: ProposalView) -> str:
    """What is known of the orders, and what is not known until the broker answers."""
    states = {order.state for order in view.orders}
    is_filled = any(order.filled_quantity > ZERO for order in view.orders)
    return lines(
        "What is carried out is certain." if is_filled else "",
        "What is at the broker may be carried out by now." if states & AT_BROKER else "",
        "What is unclear is looked up before anything else is sent: no order goes out twice."
        if states & IN_DOUBT
        else "",
        "What is not sent yet leaves your money as it is." if OrderState.INTENDED in states else "",
    )
