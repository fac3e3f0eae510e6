"""Cash moves: what a broker tells of the money in an account, beside trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from core.domain.money import ZERO


class CashKind(StrEnum):
    """What a movement of money was."""

    PAID = "paid"
    """Its owner paid it in or took it out."""
    DIVIDEND = "dividend"
    INTEREST = "interest"
    FEE = "fee"
    UNCLEAR = "unclear"
    """Shares came or went without a price, or a kind of movement that we do not know."""


@dataclass(frozen=True, slots=True)
class CashMove:
    """Money that came (above 0) or went in an account on a day, under the broker's own name for it."""

    name: str
    kind: CashKind
    amount: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class Income:
    """What was paid to an account and charged to it: a part of its gain. Fees are 0 or above."""

    dividends: Decimal
    interest: Decimal
    fees: Decimal


def income_of(moves: Sequence[CashMove]) -> Income:
    """Sum up what was paid and charged, taxes withheld and fees on dividends taken off those."""

    def total(kind: CashKind) -> Decimal:
        return sum((move.amount for move in moves if move.kind is kind), ZERO)

    return Income(total(CashKind.DIVIDEND), total(CashKind.INTEREST), -total(CashKind.FEE))
