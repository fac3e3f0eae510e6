"""What is wrong with a price, in a few words."""

from __future__ import annotations

from datetime import timedelta

from bot.words.numbers import plain
from bot.words.times import age
from core.domain.quote import PriceFault, PriceFaultKind


def fault_words(fault: PriceFault) -> str:
    """Which symbol, and what is wrong with its price: ``VTI has no price``."""
    like = f", moved like {fault.like}," if fault.like else ""
    return f"{fault.symbol}{like} {_fault_of_kind(fault)}"


def _fault_of_kind(fault: PriceFault) -> str:
    price = "?" if fault.price is None else plain(fault.price)
    old = "" if fault.age_seconds is None else f" ({age(timedelta(seconds=fault.age_seconds))})"
    close = "?" if fault.last_close is None else plain(fault.last_close)
    detail = f" ({fault.detail})" if fault.detail else ""
    return {
        PriceFaultKind.MISSING: "has no price",
        PriceFaultKind.NOT_A_NUMBER: "came without a number for its price",
        PriceFaultKind.NOT_POSITIVE: f"has the price {price}, which cannot be",
        PriceFaultKind.STALE: f"has a price that is too old{old}",
        PriceFaultKind.JUMP: f"went from {close} to {price}, {_of_jump(fault)}",
        PriceFaultKind.DISAGREE: f"costs {price} here, but {close} at {fault.detail}",
        PriceFaultKind.CURRENCY: f"is priced in another currency{detail}",
        PriceFaultKind.SOURCE: f"got no price from the source{detail}",
    }[fault.kind]


def _of_jump(fault: PriceFault) -> str:
    new, colon, old = fault.detail.partition(":")
    if not colon:
        return "too far to believe unseen"
    return f"which looks like a split ({new} for {old}) that the holdings do not show yet"
