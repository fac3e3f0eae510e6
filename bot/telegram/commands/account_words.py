"""What is written about an account that is to be added: its name, where it is, how it is taxed, and its cash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.telegram.commands.amounts import read_amount
from bot.telegram.context import Misunderstood
from core.application.create_portfolio import BY_HAND, EMBEDDED
from core.domain.money import ZERO
from core.domain.tax_treatment import TaxTreatment

ADD = "/accounts add IRA tax_deferred 20000"
_BROKERS = {"simulated": EMBEDDED, "by_hand": BY_HAND, "manual": BY_HAND}


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account as somebody wants it."""

    name: str
    broker: str = EMBEDDED
    treatment: TaxTreatment = TaxTreatment.TAXABLE
    cash: Decimal = ZERO


def read_account(items: Sequence[str], currency: str) -> NewAccount:
    """Read the words behind ``add``; those at the end say what it is, all before them are its name."""
    words, wish, seen = list(items), NewAccount(""), set[str]()
    while (found := _take(words, wish, currency)) is not None:
        what, wish = found
        if what in seen:
            raise Misunderstood(f"Say its {what} once.", ADD)
        seen.add(what)
    if not words:
        raise Misunderstood("Give the account a name.", ADD)
    return replace(wish, name=" ".join(words))


def _take(words: list[str], wish: NewAccount, currency: str) -> tuple[str, NewAccount] | None:
    """Take what stands last, if it says something about the account; what, and the account with it."""
    for length in (2, 1):
        last = "_".join(words[-length:]).lower().replace("-", "_") if len(words) > length else ""
        if last in set(TaxTreatment):
            del words[-length:]
            return "tax", replace(wish, treatment=TaxTreatment(last))
        if last in _BROKERS:
            del words[-length:]
            return "broker", replace(wish, broker=_BROKERS[last])
    if len(words) > 1 and words[-1].lstrip("$")[:1].isdecimal():
        return "cash", replace(wish, cash=read_amount((words.pop(),), currency, ADD))
    return None
