"""What people read about orders that were not filled: why, and where the money of the sales is."""

from __future__ import annotations

from collections.abc import Iterable

from bot.words.numbers import listed
from core.domain.report import WhyNot

WHY_NOT_SENT: dict[str, str] = {
    WhyNot.APPROVAL_AGED: "the approval had become too old",
    WhyNot.PAUSED: "the portfolio was paused",
    WhyNot.HELD: "the account was held",
    WhyNot.CLOSED: "the exchange had closed",
    WhyNot.IN_DOUBT: "it was unclear what had become of another order",
    WhyNot.NO_CASH: "no cash was left for it",
    WhyNot.UNSETTLED: "bought with money that has not settled: it may not be sold yet",
    WhyNot.SETTLES_LATER: "it waits until the money of the sales has settled",
    WhyNot.SALE_MISSED: "what it was to replace was not sold",
    WhyNot.PRICE_MOVED: "its price had moved too far from the approved one",
    WhyNot.HOLDINGS_CHANGED: "the account held something else than when it was approved",
    WhyNot.APPROVER_GONE: "who approved it may no longer do so",
    WhyNot.DRY_RUN: "dry run",
    WhyNot.BARRED: "the account may not trade real money now",
    WhyNot.OVER_LIMIT: "it was beyond a safety limit",
}
"""Why an order was never sent, by the code that is kept with it."""

WHY_NOT_BOUGHT: dict[WhyNot, str] = {
    WhyNot.APPROVAL_AGED: "the approval had become too old",
    WhyNot.PAUSED: "the portfolio was paused",
    WhyNot.HELD: "the account was held",
    WhyNot.CLOSED: "the exchange had closed",
    WhyNot.IN_DOUBT: "it was unclear what had become of another order",
    WhyNot.NO_CASH: "there was not enough cash",
    WhyNot.UNSETTLED: "they were not carried out",
    WhyNot.SETTLES_LATER: "the money of the sales settles first",
    WhyNot.SALE_MISSED: "what they were to replace was not sold",
    WhyNot.PRICE_MOVED: "their prices had moved too far",
    WhyNot.HOLDINGS_CHANGED: "the account held something else than was approved",
    WhyNot.APPROVER_GONE: "who approved it may no longer do so",
    WhyNot.DRY_RUN: "it was a dry run",
    WhyNot.BARRED: "the account may not trade real money now",
    WhyNot.OVER_LIMIT: "they were beyond a safety limit",
    WhyNot.REFUSED: "the broker refused them",
    WhyNot.CANCELLED: "they were not carried out in time",
    WhyNot.EXPIRED: "they were not carried out before the exchange closed",
    WhyNot.OTHER: "they were not carried out",
}
"""Why purchases were not made."""


def not_sent(detail: str) -> str:
    """An order's detail in words; what is no code of ours is said as it stands."""
    return WHY_NOT_SENT.get(detail, detail)


def because(reasons: Iterable[WhyNot], *, by_hand: bool = False) -> str:
    """The reasons in a sentence; where people carry orders out, none of them is the broker's."""
    if by_hand:
        return WHY_NOT_BOUGHT[WhyNot.OTHER]
    return listed([WHY_NOT_BOUGHT[reason] for reason in reasons])
