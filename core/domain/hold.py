"""Holds: why nothing may be sent for an account until somebody has looked, or until its broker is fine again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.ids import AccountId, ClientOrderId
from core.domain.portfolio import Rung


class HoldReason(StrEnum):
    """What was found at the broker."""

    ACCOUNT_REPLACED = "account_replaced"
    """The keys open another account than this one, or this one was reset; ``detail`` is the id that it names."""
    KEYS_REFUSED = "keys_refused"
    """The broker does not let us in; ``detail`` is the code of an AccessFault."""
    RESTRICTED = "restricted"
    """The broker has restricted the account."""
    STRANGE_FILL = "strange_fill"
    """More was filled than was ordered, or an order bears our name that this store does not know; ``detail`` is a
    code (``more`` or ``unknown``) and client order ids. A restored old store looks like that too."""


LIFTS_ITSELF = frozenset({HoldReason.KEYS_REFUSED, HoldReason.RESTRICTED})
"""What is over as soon as the broker is fine again; everything else is an owner's to lift."""

MORE, UNKNOWN = "more", "unknown"
"""The codes of a strange fill: more was filled than was ordered; an order of our name is unknown here."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason for which nothing is sent for an account, and since when; at most one of each reason stands."""

    account_id: AccountId
    reason: HoldReason
    detail: str
    since: datetime


def strange(code: str, ids: Iterable[ClientOrderId]) -> str:
    """The detail of a strange fill: a code, and the ids of the orders."""
    return " ".join([code, *sorted(set(ids))])


def strange_ids(detail: str) -> frozenset[ClientOrderId]:
    """The ids of the orders in a strange fill's detail."""
    return frozenset(ClientOrderId(word) for word in detail.split()[1:])


def rung_after_replacement(rung: Rung) -> Rung:
    """How real an account is once its owner has accepted another one behind it: real money is confirmed anew."""
    return Rung.DRY_RUN if rung in {Rung.LIVE_CAPPED, Rung.LIVE} else rung
