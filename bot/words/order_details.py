"""What is kept with an order that did not go as planned, in words: codes of ours, and the broker's own words."""

from __future__ import annotations

from bot.words.after_sale import not_sent
from core.application.send_order import NOT_THERE

_REFUSALS: dict[str, str] = {
    "insufficient_cash": "not enough cash: ",
    "insufficient_shares": "not enough shares: ",
    "market_closed": "the exchange is closed: ",
    "not_tradable": "it cannot be traded there: ",
    "not_fractionable": "no parts of a share: ",
    "too_small": "too small: ",
    "other": "",
}
"""A refusal's code (see ``OrderRefused``), before the broker's words."""

_OTHERS: dict[str, str] = {
    NOT_THERE: "it did not arrive, and goes again as it was",
}


def order_detail(detail: str) -> str:
    """Why an order is where it is; what is no code of ours is said as it stands."""
    if detail in _OTHERS:
        return _OTHERS[detail]
    code, colon, words = detail.partition(": ")
    if colon and code in _REFUSALS:
        return f"{_REFUSALS[code]}{words}"
    return not_sent(detail)
