"""Alpaca's refusals: one code of its own means many things, so the words decide."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.adapters.alpaca_api.faults import AlpacaFault, KeysRefused, Refused
from core.domain.access_fault import AccessFault
from core.ports.broker import (
    BrokerAmbiguous,
    BrokerError,
    BrokerUnavailable,
    NoAccess,
    OrderRefused,
)

BAD_FIELD = 40010001
"""The code of a repeated client order id, though also of other faults in a request."""
NO_SUCH_THING = 40410000
NOT_FOUND, CONFLICT = 404, 409


@dataclass(frozen=True, slots=True)
class _Kind:
    pattern: re.Pattern[str]
    code: str
    sentence: str


def _kind(pattern: str, code: str, sentence: str) -> _Kind:
    return _Kind(re.compile(pattern, re.IGNORECASE), code, sentence)


LOCKED_OUT = frozenset({401, 403})
"""The statuses by which a question is refused because of who asks."""

_KINDS = (
    _kind(r"wash trade|opposite side", "other",
          "an order in the other direction for the same symbol is still open at Alpaca; "
          "cancel it or let it finish first"),
    _kind(r"insufficient (day.?trading )?buying power|insufficient (cash|funds)", "insufficient_cash",
          "the cash at Alpaca does not cover this purchase"),
    _kind(r"insufficient (qty|quantity|balance)|sold short|not allowed to short|short sell|to be shorted",
          "insufficient_shares", "Alpaca does not hold that many free shares"),
    _kind(r"not fractionable|fractional", "not_fractionable",
          "Alpaca trades this only in whole shares"),
    _kind(r"minimal amount|must be >= ?1|qty must be|quantity must be", "too_small",
          "the order is smaller than Alpaca takes"),
    _kind(r"not tradable|not active|not found|could not find|halted", "not_tradable",
          "Alpaca does not trade this symbol now"),
    _kind(r"market is closed|market hours|extended.hours", "market_closed",
          "the exchange is closed"),
    _kind(r"restricted|suspended|blocked|not authorized", "other",
          "Alpaca has restricted the account"),
    _kind(r"sub-?penny|pricing criteria", "other", "Alpaca takes limit prices in whole cents"),
)  # fmt: skip


def as_unavailable(fault: AlpacaFault) -> BrokerUnavailable:
    """What a fault means for a question."""
    is_locked_out = isinstance(fault, Refused) and fault.status in LOCKED_OUT
    if isinstance(fault, KeysRefused) or is_locked_out:
        return NoAccess(AccessFault.REFUSED, str(fault))
    return BrokerUnavailable(str(fault))


def as_broker_error(fault: AlpacaFault) -> BrokerError:
    """What a fault means for a request that was to have an effect."""
    return as_unavailable(fault) if fault.is_certain else BrokerAmbiguous(str(fault))


def as_order_refused(refused: Refused) -> OrderRefused:
    """A refusal in the port's words, with Alpaca's own behind them."""
    for kind in _KINDS:
        if kind.pattern.search(refused.message):
            return OrderRefused(kind.code, f"{kind.sentence} (Alpaca: {refused.message})")
    return OrderRefused("other", f"Alpaca refused the order: {refused.message}")


def is_repeated_id(refused: Refused) -> bool:
    """Whether the words say that the client order id was used before."""
    pattern = r"client.?order.?id.*(unique|exist|duplicate|already|used)"
    return re.search(pattern, refused.message, re.IGNORECASE) is not None


def may_be_repeated_id(refused: Refused) -> bool:
    """Whether this can mean that the client order id was used before, whatever the words say."""
    return refused.code == BAD_FIELD or refused.status == CONFLICT or is_repeated_id(refused)


def is_not_found(refused: Refused) -> bool:
    """Whether Alpaca itself, and no proxy or wrong address, says that it has no such thing."""
    if refused.status != NOT_FOUND or "endpoint" in refused.message.lower():
        return False
    return refused.code == NO_SUCH_THING or "not found" in refused.message.lower()
