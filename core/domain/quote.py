"""Quotes: what something costs, according to whom, and when they said so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import Symbol
from core.domain.money import HUNDRED, ZERO
from core.domain.refusals import PricesRefused

ESTIMATE_STEP = Decimal("0.0001")

_SPLIT_FACTORS = (2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 50, 100)
COMMON_SPLITS = tuple(pair for factor in _SPLIT_FACTORS for pair in ((factor, 1), (1, factor)))
"""Splits that move a price further than is believed unseen: new shares for old ones, and the other way round."""

SPLIT_SLACK = Decimal("0.08")
"""How far a price may lie from what a split makes of the last close: it moves on the day of the split too."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """What a price that nobody quotes moves with: another symbol, and what that cost when the price was typed."""

    symbol: Symbol
    price: Decimal


@dataclass(frozen=True, slots=True)
class Witness:
    """What a second source says that the same thing costs, and how far the two may lie apart (percent)."""

    price: Decimal
    source: str
    max_gap: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """A last price with its source and the time that the source gives for it.

    The price is kept as the source gave it, sane or not: ``judge_quotes`` is the only judge. ``good_until`` is set
    where a person typed the price: it may be used until then, whatever its age. ``like`` is set where the price is an
    estimate: the ``typed`` one, moved as that symbol has moved since; time, age and currency are then that symbol's.
    ``witness`` is set where a second source was heard.
    """

    symbol: Symbol
    price: Decimal
    currency: str
    at: datetime
    source: str
    good_until: datetime | None = None
    like: Symbol | None = None
    typed: Decimal | None = None
    witness: Witness | None = None


class PriceFaultKind(StrEnum):
    """Why a symbol has no usable price."""

    MISSING = "missing"
    NOT_A_NUMBER = "not_a_number"
    NOT_POSITIVE = "not_positive"
    STALE = "stale"
    JUMP = "jump"
    CURRENCY = "currency"
    SOURCE = "source"
    DISAGREE = "disagree"


@dataclass(frozen=True, slots=True)
class PriceFault:
    """One symbol's unusable price: the price as given, its age in seconds, the close it was held against.

    Where two sources disagree, the price is the ``source``'s, ``last_close`` what the other one says, and ``detail``
    its name; a jump that looks like a split has the ratio in ``detail``. ``like`` is the proxy that the price moves
    with, where it is an estimate.
    """

    symbol: Symbol
    kind: PriceFaultKind
    price: Decimal | None = None
    age_seconds: int | None = None
    last_close: Decimal | None = None
    detail: str = ""
    like: Symbol | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class QuoteBatch:
    """What one request for prices brought: quotes by symbol, and the faults that the source itself reported."""

    quotes: Mapping[Symbol, Quote]
    faults: tuple[PriceFault, ...] = ()

    def fault_of(self, symbol: Symbol) -> PriceFault:
        """The reported fault of a symbol without a quote."""
        for fault in self.faults:
            if fault.symbol == symbol:
                return fault
        return PriceFault(symbol, PriceFaultKind.MISSING)


@dataclass(frozen=True, slots=True)
class QuoteRules:
    """What makes a quote usable: the permitted age, the currency, and the largest believable jump in percent."""

    max_age: timedelta
    currency: str
    max_jump: Decimal = Decimal(40)


def judge_quotes(
    batch: QuoteBatch,
    symbols: Iterable[Symbol],
    *,
    now: datetime,
    rules: QuoteRules,
    last_closes: Mapping[Symbol, Decimal] | None = None,
) -> dict[Symbol, Quote]:
    """Return a usable quote for every symbol, or raise PricesRefused naming each one that has none.

    Never a part of them: weights made of some prices would be wrong.
    """
    closes = last_closes or {}
    usable: dict[Symbol, Quote] = {}
    faults: list[PriceFault] = []
    for symbol in symbols:
        quote = batch.quotes.get(symbol)
        fault = (
            batch.fault_of(symbol)
            if quote is None
            else find_fault(quote, now, rules, closes.get(symbol))
        )
        if fault is not None:
            faults.append(fault)
        elif quote is not None:
            usable[symbol] = quote
    if faults:
        raise PricesRefused(tuple(faults))
    return usable


def find_fault(
    quote: Quote, now: datetime, rules: QuoteRules, last_close: Decimal | None
) -> PriceFault | None:
    """Say what is wrong with a quote, or None when it may be used."""
    fault = _fault(quote, now, rules, last_close)
    if fault is None or quote.like is None:
        return fault
    return replace(fault, like=quote.like)


def _fault(
    quote: Quote, now: datetime, rules: QuoteRules, last_close: Decimal | None
) -> PriceFault | None:
    age = int((now - quote.at).total_seconds())
    if not quote.price.is_finite():
        return PriceFault(quote.symbol, PriceFaultKind.NOT_A_NUMBER, None, age)
    if quote.price <= ZERO:
        return PriceFault(quote.symbol, PriceFaultKind.NOT_POSITIVE, quote.price, age)
    if quote.currency != rules.currency:
        return PriceFault(
            quote.symbol, PriceFaultKind.CURRENCY, quote.price, age, detail=quote.currency
        )
    if now > (quote.good_until or quote.at + rules.max_age):
        return PriceFault(quote.symbol, PriceFaultKind.STALE, quote.price, age)
    witness = quote.witness
    if witness is not None and _moved(quote.price, witness.price) > witness.max_gap:
        return PriceFault(
            quote.symbol,
            PriceFaultKind.DISAGREE,
            quote.price,
            age,
            witness.price,
            witness.source,
            source=quote.source,
        )
    if last_close is not None and _moved(quote.price, last_close) > rules.max_jump:
        split = split_like(quote.price, last_close)
        if witness is None or split:
            return PriceFault(
                quote.symbol, PriceFaultKind.JUMP, quote.price, age, last_close, split
            )
    if quote.typed is not None and _moved(quote.price, quote.typed) > rules.max_jump:
        return PriceFault(quote.symbol, PriceFaultKind.JUMP, quote.price, age, quote.typed)
    return None


def split_like(price: Decimal, last_close: Decimal) -> str:
    """The split that a jump looks like, such as ``4:1`` (new shares for old ones); empty where it looks like none.

    Then the shares that are held may not have followed yet, so that two sources may agree and the value still be wrong.
    """
    if price <= ZERO or last_close <= ZERO:
        return ""
    ratio = last_close / price
    fitting = [
        (abs(ratio * old / new - 1), f"{new}:{old}")
        for new, old in COMMON_SPLITS
        if abs(ratio * old / new - 1) <= SPLIT_SLACK
    ]
    return min(fitting)[1] if fitting else ""


def estimate(typed: Decimal, proxy: Proxy, now: Quote) -> Decimal:
    """What was typed, moved as the proxy has moved since, to four decimals.

    Where the proxy's price of now is no price at all, that itself, so that nobody takes it for one.
    """
    if not now.price.is_finite() or now.price <= ZERO:
        return now.price
    return (typed * now.price / proxy.price).quantize(ESTIMATE_STEP)


def _moved(price: Decimal, reference: Decimal) -> Decimal:
    return abs(price - reference) / reference * HUNDRED if reference > ZERO else ZERO


def moved_percent(price: Decimal, reference: Decimal) -> Decimal:
    """How far a price is from a reference, in percent of the reference, without a sign."""
    return _moved(price, reference)
