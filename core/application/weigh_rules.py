"""Weigh rules: hold the rules of portfolios that are on against the market, and say what they come to.

Whoever asks passes the source of closes: it may be another one than that which orders are priced by, because brokers
have no indexes. However many portfolios and rules there are, closes are asked for once, and prices once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from core.application.market import Moment
from core.domain.closes import CloseBatch
from core.domain.ids import PortfolioId, Symbol
from core.domain.quote import PriceFaultKind, QuoteBatch, QuoteRules, find_fault
from core.domain.refusals import PriceSourceDown
from core.domain.refusals.rules import BadRule
from core.domain.rules import (
    Condition,
    Evaluation,
    LackKind,
    Observations,
    Observed,
    Rule,
    Ruled,
    Truth,
    Verdict,
    combine,
    evaluate,
    parse,
    sessions_needed,
    source_symbol,
    symbols_in,
)
from core.ports.calendar import Calendar
from core.ports.market_data import MarketHistory
from core.ports.store import Store

Read = Mapping[str, Condition | BadRule]
"""Rules' texts as they were read."""

_LACKS = {
    PriceFaultKind.MISSING: LackKind.NO_PRICE,
    PriceFaultKind.STALE: LackKind.STALE,
    PriceFaultKind.NOT_A_NUMBER: LackKind.NOT_A_NUMBER,
    PriceFaultKind.NOT_POSITIVE: LackKind.NOT_POSITIVE,
}


async def weigh_rules(
    store: Store,
    data: MarketHistory,
    calendar: Calendar,
    moment: Moment,
    portfolio_ids: Collection[PortfolioId],
) -> dict[PortfolioId, Verdict]:
    """The verdict for each portfolio that has rules which are on; the others are missing. Never raises a refusal.

    A source that does not answer makes rules unknown, which counts as if they were off.
    """
    ruled = await weigh_portfolios(store, data, calendar, moment, portfolio_ids)
    return {pid: combine(ours) for pid, ours in ruled.items()}


async def weigh_portfolios(
    store: Store,
    data: MarketHistory,
    calendar: Calendar,
    moment: Moment,
    portfolio_ids: Collection[PortfolioId],
) -> dict[PortfolioId, tuple[Ruled, ...]]:
    """What each rule comes to that is on, by portfolio; those without one are missing. Never raises a refusal."""
    async with store.read() as work:
        rules = await work.rules.enabled(portfolio_ids)
    every = [rule for ours in rules.values() for rule in ours]
    ruled = {each.rule.id: each for each in await weigh(data, calendar, moment, every)}
    return {pid: tuple(ruled[rule.id] for rule in ours) for pid, ours in rules.items()}


async def weigh(
    data: MarketHistory, calendar: Calendar, moment: Moment, rules: Sequence[Rule]
) -> tuple[Ruled, ...]:
    """What each of these rules comes to, on or off; each text is read and weighed once."""
    read = {text: _read(text) for text in {rule.text for rule in rules}}
    conditions = [each for each in read.values() if not isinstance(each, BadRule)]
    observations = await observe(data, calendar, moment, conditions)
    weighed = {}
    for text, each in read.items():
        weighed[text] = _weigh(each, observations)
        await asyncio.sleep(0)  # a rule over years takes a moment: everybody else gets a turn
    return tuple(_ruled(rule, read, weighed) for rule in rules)


async def observe(
    data: MarketHistory, calendar: Calendar, moment: Moment, conditions: Iterable[Condition]
) -> Observations:
    """What conditions speak of: closes of the sessions that they look back on, and prices of now.

    In a session the last one is that session, with the quotes of now; otherwise it is the last one that is over,
    with its closes.
    """
    asked = list(conditions)
    symbols = frozenset[Symbol]().union(*map(symbols_in, asked))
    if not symbols:
        return Observations((), {})
    sessions = _sessions(calendar, moment, max(map(sessions_needed, asked)) + 1)
    over = sessions[:-1] if moment.is_open else sessions
    sources = sorted(set(map(source_symbol, symbols)))
    try:
        closes = await data.history(sources, over)
        quotes = await data.quotes(sources) if moment.is_open else None
    except PriceSourceDown:
        return Observations(sessions, dict.fromkeys(symbols, Observed(fault=LackKind.SOURCE)))
    seen = {
        symbol: _observed(source_symbol(symbol), data, moment, closes, quotes, sessions)
        for symbol in symbols
    }
    return Observations(sessions, seen)


def _sessions(calendar: Calendar, moment: Moment, count: int) -> tuple[date, ...]:
    """The dates of the last sessions that have opened."""
    known = calendar.up_to(moment.session.date, count + 1)
    return tuple(each.date for each in known if each.opens_at <= moment.now)[-count:]


def _observed(
    source: Symbol,
    data: MarketHistory,
    moment: Moment,
    closes: CloseBatch,
    quotes: QuoteBatch | None,
    sessions: Sequence[date],
) -> Observed:
    past = closes.closes.get(source, {})
    if quotes is None:
        latest = past.get(sessions[-1]) if sessions else None
        return Observed(past, latest)
    latest_or_lack = _latest(source, data, moment, quotes)
    if isinstance(latest_or_lack, LackKind):
        return Observed(fault=latest_or_lack)
    return Observed(past, latest_or_lack)


def _latest(
    source: Symbol, data: MarketHistory, moment: Moment, quotes: QuoteBatch
) -> Decimal | LackKind:
    """The price of now, in whatever currency, as every price must be: of now, a number, above 0."""
    quote = quotes.quotes.get(source)
    if quote is None:
        return _LACKS.get(quotes.fault_of(source).kind, LackKind.SOURCE)
    fault = find_fault(quote, moment.now, QuoteRules(data.max_age, quote.currency), None)
    return quote.price if fault is None else _LACKS.get(fault.kind, LackKind.SOURCE)


def _read(text: str) -> Condition | BadRule:
    try:
        return parse(text)
    except BadRule as refusal:
        return refusal


def _weigh(read: Condition | BadRule, observations: Observations) -> Evaluation:
    if isinstance(read, BadRule):
        return Evaluation(Truth.UNKNOWN)
    return evaluate(read, observations)


def _ruled(rule: Rule, read: Read, weighed: Mapping[str, Evaluation]) -> Ruled:
    found = read[rule.text]
    return Ruled(rule, weighed[rule.text], found if isinstance(found, BadRule) else None)
