"""Pack a sweep: the due portfolios of which nothing but the drift can matter, as columns; the others are named.

Objects are for the portfolio that a person looks at, columns for a sweep: nearly all of its portfolios are on target,
and are seen to be so without one object for any of their lines. What the columns say is a sieve, never a plan: see
``core.planning.sieve``. Whatever is out of the ordinary is left to the way of ``judge_sweep``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from core.application.check_result import NOT_LOOKED
from core.application.collect_later import collected_later
from core.application.in_turns import in_turns
from core.application.market import Market, Moment
from core.application.propose import is_cooling_down
from core.application.tax_looks import harvests
from core.domain.due_date import is_date_due
from core.domain.ids import PortfolioId, Symbol
from core.domain.packed import PackedHoldings, PackedLines, PlainPortfolio
from core.domain.policy import Policy, Trigger
from core.domain.quote import QuoteBatch, QuoteRules, find_fault
from core.domain.session import DueCheck
from core.domain.slot import is_scheduled
from core.planning.sieve import Measured, Packed, Sieve
from core.ports.broker import Brokers
from core.ports.store import Store

PACKED = 2_500
"""How many portfolios are packed, judged or written in one go: few enough that nobody else waits noticeably."""

Alone: TypeAlias = Mapping[PortfolioId, DueCheck]
"""The one check of each portfolio that has no more of them."""


class Sure(NamedTuple):
    """A portfolio that is surely on target, with the numbers that are written down."""

    portfolio: PlainPortfolio
    check: DueCheck
    measured: Measured


@dataclass(frozen=True, slots=True)
class Sifted:
    """What the sieve says: who is surely on target, whose checks must be done exactly, and which prices were used."""

    sure: tuple[Sure, ...] = ()
    unsure: tuple[DueCheck, ...] = ()
    closes: Mapping[Symbol, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PackedSweep:
    """The due portfolios as columns, chunk by chunk, and the checks of those that are out of the ordinary."""

    sieve: Sieve
    chunks: tuple[tuple[tuple[PlainPortfolio, ...], Packed], ...]
    checks: Alone
    others: tuple[DueCheck, ...]

    @property
    def symbols(self) -> frozenset[Symbol]:
        """The symbols that need a price."""
        found = (self.sieve.symbols(packed) for _, packed in self.chunks)
        return frozenset[Symbol]().union(*found)

    @property
    def every_check(self) -> tuple[DueCheck, ...]:
        """The checks of all that was packed."""
        return tuple(self.checks[each.id] for plain, _ in self.chunks for each in plain)


async def pack_sweep(
    store: Store,
    brokers: Brokers,
    market: Market,
    due: Sequence[DueCheck],
    moment: Moment,
    ruled: Collection[PortfolioId],
) -> PackedSweep:
    """Pack the portfolios of these checks that are plain; those that are ``ruled`` by market conditions are not."""
    alone, usual, sieve = _alone(due, ruled), _Usual(market, moment), Sieve()
    chunks = []
    with collected_later():
        for ids in _parts(tuple(alone)):
            read = await _read(store, brokers, usual, moment, ids)
            if read.plain:
                chunks.append((read.plain, sieve.pack(*read)))
    inside = {each.id for plain, _ in chunks for each in plain}
    others = tuple(check for check in due if check.portfolio_id not in inside)
    return PackedSweep(sieve, tuple(chunks), alone, others)


class _Read(NamedTuple):
    """Some plain portfolios, what the targets' numbers mean, the targets' lines, and what is held by broker."""

    plain: tuple[PlainPortfolio, ...] = ()
    instruments: Mapping[int, Symbol] = {}
    targets: PackedLines = PackedLines()
    held: Mapping[str, PackedHoldings] = {}


async def _read(
    store: Store, brokers: Brokers, usual: _Usual, moment: Moment, ids: Sequence[PortfolioId]
) -> _Read:
    async with store.read() as work:
        plain = await work.columns.plain(ids, moment.session.date, NOT_LOOKED)
    plain = tuple(each for each in plain if usual.is_of(each))
    held = await _holdings(brokers, plain)
    ready = tuple(each for each in plain if each.broker_account_id in held[each.broker].accounts)
    if not ready:
        return _Read()
    async with store.read() as work:
        instruments = await work.columns.instruments()
        targets = await work.columns.targets([each.targets_version for each in ready])
    return _Read(ready, instruments, targets, held)


def _alone(due: Sequence[DueCheck], ruled: Collection[PortfolioId]) -> Alone:
    """The portfolios with one scheduled check and nothing else that is due."""
    every = {check.portfolio_id: check for check in due}
    if len(every) < len(due):
        seen = set[PortfolioId]()
        for check in due:
            if check.portfolio_id in seen:
                every.pop(check.portfolio_id, None)
            seen.add(check.portfolio_id)
    scheduled = {slot for slot in {check.slot for check in due} if is_scheduled(slot)}
    return {
        pid: check for pid, check in every.items() if check.slot in scheduled and pid not in ruled
    }


def _parts(ids: Sequence[PortfolioId]) -> Iterator[Sequence[PortfolioId]]:
    for start in range(0, len(ids), PACKED):
        yield ids[start : start + PACKED]


async def _holdings(brokers: Brokers, plain: Sequence[PlainPortfolio]) -> dict[str, PackedHoldings]:
    """What the accounts hold, by broker and the broker's id; those that must be asked one by one are missing."""
    ids: dict[str, list[str]] = {}
    for each in plain:
        ids.setdefault(each.broker, []).append(each.broker_account_id)
    return {broker: await brokers.packed_holdings(broker, ours) for broker, ours in ids.items()}


class _Usual:
    """Whether a policy, after what came before, asks for nothing but a look at the bands of lines; asked once each."""

    def __init__(self, market: Market, moment: Moment) -> None:
        self._market = market
        self._today = moment.session.date
        self._known: dict[tuple[int, date | None, date | None], tuple[Policy, bool]] = {}

    def is_of(self, each: PlainPortfolio) -> bool:
        """Whether it is so for a portfolio."""
        key = (id(each.policy), each.checked, each.settled)
        if key not in self._known:
            is_usual = self._is_usual(each.policy, each.checked, each.settled)
            self._known[key] = each.policy, is_usual
        return self._known[key][1]

    def _is_usual(self, policy: Policy, checked: date | None, settled: date | None) -> bool:
        return (
            not policy.bands
            and policy.trigger is Trigger.EITHER
            and policy.new_cash is None
            and not harvests(policy)
            and not is_date_due(policy.calendar, self._today, checked, policy.calendar_day)
            and not is_cooling_down(self._market, settled, self._today, policy.cool_down)
        )


async def sift(
    packed: PackedSweep,
    market: Market,
    batch: QuoteBatch,
    closes: Mapping[Symbol, Decimal],
    moment: Moment,
) -> Sifted:
    """Judge the columns by one batch of quotes."""
    sieve = packed.sieve
    good = {
        currency: _usable(batch, QuoteRules(market.prices.max_age, currency), closes, moment)
        for currency in sieve.currencies
    }
    prices = sieve.prices({symbol: q.price for symbol, q in batch.quotes.items()}, good)
    sure: list[Sure] = []
    unsure: list[DueCheck] = []
    used: set[Symbol] = set()
    with collected_later():
        async for plain, columns in in_turns(packed.chunks, 1):
            sieved = sieve.judge(columns, prices)
            used |= sieved.symbols
            for each, measured in zip(plain, sieved.measured, strict=True):
                check = packed.checks[each.id]
                if measured is None:
                    unsure.append(check)
                else:
                    sure.append(Sure(each, check, measured))
    return Sifted(
        tuple(sure), tuple(unsure), {symbol: batch.quotes[symbol].price for symbol in used}
    )


def _usable(
    batch: QuoteBatch, rules: QuoteRules, closes: Mapping[Symbol, Decimal], moment: Moment
) -> list[Symbol]:
    """The symbols whose quote may be used."""
    return [
        symbol
        for symbol, quote in batch.quotes.items()
        if find_fault(quote, moment.now, rules, closes.get(symbol)) is None
    ]
