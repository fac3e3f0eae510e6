"""What is said of a plan beside its trades: what it realises, what would cure the drift, and what is proven."""

from __future__ import annotations

from decimal import Decimal

from bot.words.numbers import listed, money, quantity
from core.domain.money import ZERO
from core.domain.plan import Certificate, Cure, Realised
from core.domain.policy import Objective


def realised_sentence(realised: Realised, currency: str = "USD") -> str:
    """What sales realise, as the message has it: ``Gain ≈ $412 long-term · tax ≈ $62``."""
    parts = [
        f"{_gain(amount, currency)} {term}"
        for amount, term in ((realised.short_gain, "short-term"), (realised.long_gain, "long-term"))
        if amount
    ]
    text = " · ".join(parts) or "No gain"
    if realised.tax is not None:
        text += f" · {tax_part(realised, currency)}"
    return f"{realised.owner}: {text}" if realised.owner else text


def _gain(amount: Decimal, currency: str) -> str:
    return f"{'Gain' if amount > ZERO else 'Loss'} ≈ {money(abs(amount), currency)}"


def tax_part(realised: Realised, currency: str) -> str:
    """The tax that is added, or saved."""
    if realised.tax is None:
        return "tax unknown"
    if realised.tax < ZERO:
        return f"tax saved ≈ {money(-realised.tax, currency)}"
    return f"tax ≈ {money(realised.tax, currency)}"


def cure_sentence(cure: Cure, currency: str = "USD") -> str:
    """What would cure the drift without selling: ``Or add $1,180, buy 19 BND, sell none``."""
    buys = listed([f"{quantity(trade.quantity)} {trade.symbol}" for trade in cure.trades])
    bought = f", buy {buys}" if cure.trades else ""
    return f"Or add {money(cure.deposit, currency)}{bought}, sell none"


def certificate_sentence(certificate: Certificate) -> str:
    """What is proven about a plan, in words that say no more than the bound does."""
    if certificate.is_optimal:
        return f"No plan under your rules {_COMPARED[certificate.measure]}: proven."
    return f"Not proven: another plan under your rules might be better by at most {_gap(certificate)}."


_COMPARED = {
    Objective.CLOSEST: "comes closer to your targets",
    Objective.FEWEST: "needs fewer trades",
    Objective.CHEAPEST: "costs less",
}


def _gap(certificate: Certificate) -> str:
    match certificate.measure:
        case Objective.CLOSEST:
            return f"{certificate.gap:.4f} points"
        case Objective.FEWEST:
            count = int(certificate.gap.to_integral_value())
            return f"{count} trade{'' if count == 1 else 's'}"
        case Objective.CHEAPEST:
            return money(certificate.gap)
