"""What is said of a plan beside its trades: what it realises, what would cure the drift, and what is proven."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from bot.words.numbers import count, listed, money, quantity, round_money
from bot.words.times import date_of
from core.domain.lots import LotSale, Term
from core.domain.money import ZERO
from core.domain.plan import Certificate, Cure, Plan, Realised, ReasonCode, Trade
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


def harvest_effect(plan: Plan, currency: str = "USD") -> str:
    """What a harvest does to this year's tax, and how much of its loss is carried over."""
    values = plan.reason.values
    if plan.reason.code is not ReasonCode.HARVEST or "saved" not in values:
        return ""
    saved, offset, carried = (values.get(name, ZERO) for name in ("saved", "offset", "carried"))
    parts = [
        f"Lowers this year's estimated tax by ≈ {money(saved, currency)}"
        if saved > ZERO
        else "It lowers no tax that is estimated this year"
    ]
    if offset:
        parts.append(f"{money(offset, currency)} can meet other income (/policy offset counts it)")
    if carried:
        parts.append(f"{money(carried, currency)} is carried over")
    return f"{'; '.join(parts)}."


def cure_sentence(cure: Cure, currency: str = "USD") -> str:
    """What would cure the drift without selling: ``Or add $1,180, buy 19 BND, sell none``."""
    buys = listed([f"{quantity(trade.quantity)} {trade.symbol}" for trade in cure.trades])
    bought = f", buy {buys}" if cure.trades else ""
    amount = cure.deposit.to_integral_value(ROUND_CEILING)
    return f"Or add {round_money(amount, currency)}{bought}, sell none"


def certificate_sentence(certificate: Certificate) -> str:
    """What is proven about a plan, in words that say no more than the bound does."""
    if certificate.is_optimal:
        return f"No plan under your rules {_COMPARED[certificate.measure]}: proven."
    if certificate.measure is Objective.CLOSEST and certificate.gap <= _THOUSANDTH:
        return (
            "No plan under your rules comes more than 0.001 points closer to your targets: proven."
        )
    return f"Not proven: another plan under your rules {_gap(certificate)}."


_THOUSANDTH = Decimal("0.001")
_COMPARED = {
    Objective.CLOSEST: "comes closer to your targets",
    Objective.FEWEST: "needs fewer trades",
    Objective.CHEAPEST: "costs less",
}


def _gap(certificate: Certificate) -> str:
    match certificate.measure:
        case Objective.CLOSEST:
            return f"might come up to {certificate.gap:.4f} points closer to your targets"
        case Objective.FEWEST:
            count = int(certificate.gap.to_integral_value())
            return f"might need up to {count} trade{'' if count == 1 else 's'} fewer"
        case Objective.CHEAPEST:
            return f"might cost up to {money(certificate.gap)} less"


MOST_LOTS = 4


def lot_lines(trade: Trade, currency: str = "USD") -> list[str]:
    """What a sale takes from which lots: ``10 of 5 Jan 2023: gain $412.00 long-term``; of many only the first."""
    shown = [_lot_line(sale, currency) for sale in trade.lots[:MOST_LOTS]]
    more = len(trade.lots) - len(shown)
    return [*shown, f"and {count(more, 'more lot')}"] if more else shown


def _lot_line(sale: LotSale, currency: str) -> str:
    bought = "an unknown day" if sale.lot.acquired is None else date_of(sale.lot.acquired)
    if sale.gain is None:
        result = "cost unknown"
    else:
        word = "gain" if sale.gain >= ZERO else "loss"
        result = f"{word} {money(abs(sale.gain), currency)}{_TERMS[sale.term]}"
    return f"{quantity(sale.quantity)} bought {bought}: {result}"


_TERMS = {Term.SHORT: " short-term", Term.LONG: " long-term", Term.UNKNOWN: ""}
