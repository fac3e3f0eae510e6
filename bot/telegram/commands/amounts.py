"""Amounts as people type them behind a command: ``500``, ``$500``, ``500 USD``."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.telegram.context import Misunderstood
from core.domain.money import parse_decimal
from core.domain.refusals import CurrencyMismatch

EXPECTED = "an amount such as 500"
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP"}


def read_amount(items: Sequence[str], currency: str, example: str) -> Decimal:
    """Read one amount in the portfolio's currency; raises BadNumber, CurrencyMismatch or Misunderstood."""
    if not items:
        raise Misunderstood("Say how much.", example)
    number, *rest = _apart(" ".join(items))
    if len(rest) > 1:
        raise Misunderstood(f"I expected one amount, and read “{' '.join(items)[:60]}”.", example)
    amount = parse_decimal("the amount", number, EXPECTED)
    if rest and rest[0].upper() != currency:
        raise CurrencyMismatch("amount", rest[0].upper()[:10], currency)
    return amount


def _apart(text: str) -> list[str]:
    for sign, currency in _SIGNS.items():
        if text.startswith(sign):
            return [*text[1:].split(), currency]
        if text.endswith(sign):
            return [*text[:-1].split(), currency]
    return text.split() or [text]
