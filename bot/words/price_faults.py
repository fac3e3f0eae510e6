"""What is wrong with a price, in a few words."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from bot.words.labels import source_label
from bot.words.numbers import share_price, tenths
from bot.words.times import age
from core.domain.money import to_cents
from core.domain.quote import PriceFault, PriceFaultKind, moved_percent


def fault_words(fault: PriceFault) -> str:
    """Which symbol, and what is wrong with its price: ``VTI has no price``."""
    like = f", moved like {fault.like}," if fault.like else ""
    return f"{fault.symbol}{like} {_fault_of_kind(fault)}"


def _fault_of_kind(fault: PriceFault) -> str:
    price, close = _priced(fault.price), _priced(fault.last_close)
    old = "" if fault.age_seconds is None else f" ({age(timedelta(seconds=fault.age_seconds))})"
    detail = f" ({fault.detail})" if fault.detail else ""
    return {
        PriceFaultKind.MISSING: "has no price",
        PriceFaultKind.NOT_A_NUMBER: "came without a number for its price",
        PriceFaultKind.NOT_POSITIVE: f"has the price {price}, which cannot be",
        PriceFaultKind.STALE: f"has a price that is too old{old}",
        PriceFaultKind.JUMP: f"went from {close} to {price}, {_of_jump(fault)}",
        PriceFaultKind.DISAGREE: f"costs {price} at {_asked(fault)}, but {close} at {_apart(fault)}",
        PriceFaultKind.CURRENCY: f"is priced in another currency{detail}",
        PriceFaultKind.SOURCE: f"got no price from the source{detail}",
    }[fault.kind]


def _priced(price: Decimal | None) -> str:
    """A price as people read one: to the cent, where it is a dollar or more."""
    if price is None:
        return "?"
    return share_price(to_cents(price) if abs(price) >= 1 else price)


def _asked(fault: PriceFault) -> str:
    return source_label(fault.source) if fault.source else "the first source"


def _apart(fault: PriceFault) -> str:
    """The other source, and how far it lies apart."""
    other = source_label(fault.detail)
    if fault.price is None or not fault.last_close:
        return other
    return f"{other} ({tenths(moved_percent(fault.price, fault.last_close))}% apart)"


def _of_jump(fault: PriceFault) -> str:
    new, colon, old = fault.detail.partition(":")
    if not colon:
        return "too far to believe unseen"
    return f"which looks like a split ({new} for {old}) that the holdings do not show yet"
