"""Sweep: do every scheduled check whose time has come, with one request for prices between them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from core.application.check_drift import ASKED, require_unhindered
from core.application.check_result import CheckResult, Outcome
from core.application.collect_later import collected_later
from core.application.follow_rules import follow_rules
from core.application.gather_sweep import gather_sweep
from core.application.hand_kept import require_confirmed
from core.application.in_turns import in_turns
from core.application.judge_sweep import before_pricing, judge_one, without_prices
from core.application.market import Market, Moment
from core.application.news import told as told_of
from core.application.pack_sweep import PackedSweep, Sifted, pack_sweep, sift
from core.application.read_tax import read_taxes
from core.application.see_accounts import Seen, all_needed, all_tradable, typed_lots
from core.application.take_snapshot import Needed, read_settlement
from core.application.write_sure import write_sure
from core.application.write_sweep import CHUNK, Sweep, write_sweep
from core.domain.ids import AccountId, PortfolioId, Symbol
from core.domain.portfolio import Holdings, ManagedPortfolio
from core.domain.quote import QuoteBatch
from core.domain.refusals import PlanFailed, PriceSourceDown, Refusal
from core.domain.risk import CODE_LIMITS, Limits
from core.domain.rules import Verdict
from core.domain.session import DueCheck
from core.ports.broker import Brokers
from core.ports.clock import Clock
from core.ports.store import Store

log = logging.getLogger(__name__)

BREATH = 10
"""After how many plans of a sweep everybody else gets a turn."""

ABANDONED = timedelta(minutes=2)
"""After how long a check that a person asked for, and nobody finished, is taken over."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep did: how many checks came to each outcome, and how often people heard of rules or refusals."""

    counts: Mapping[Outcome, int] = field(default_factory=dict)
    told: int = 0

    @property
    def pushed(self) -> int:
        """How often people are told something: a proposal, a refusal that is new to them, or what a rule says."""
        return self.counts.get(Outcome.PROPOSED, 0) + self.told

    @property
    def checked(self) -> int:
        """How many checks were done."""
        return sum(self.counts.values())


async def run_due_checks(
    store: Store, brokers: Brokers, market: Market, clock: Clock, limits: Limits = CODE_LIMITS
) -> SweepResult:
    """Do every scheduled check whose time has come; all of them share one request for prices.

    While the exchange is closed nothing is checked: what fell due waits for the next open, once.
    """
    moment = await market.moment()
    if not moment.is_open:
        return SweepResult()
    due = await _due(store, moment)
    rulings = await follow_rules(store, market, clock, moment, due)
    if rulings.checks:
        due = await _due(store, moment)
    if not due:
        return SweepResult(told=rulings.told)
    packed = await pack_sweep(store, brokers, market, due, moment, rulings.verdicts)
    known = Known(limits, rulings.verdicts)
    others = await _prepared(store, brokers, market, moment, packed.others, known)
    batch = await _quotes(market, frozenset(packed.symbols | others.symbols))
    closes = await _last_closes(store, batch, moment)
    sifted = await _sifted(packed, market, batch, closes, moment)
    unsure = await _prepared(store, brokers, market, moment, sifted.unsure, known)
    batch = await _completed(market, batch, unsure.symbols)
    await write_sure(store, market, clock, moment, sifted.sure, sifted.closes)
    counts, told = (
        Counter({Outcome.ON_TARGET: len(sifted.sure)} if sifted.sure else {}),
        rulings.told,
    )
    for part in (others, unsure):
        done = await _sweep(store, brokers, market, clock, part, batch)
        counts.update(done.counts)
        told += done.told
    return SweepResult(counts, told)


async def _due(store: Store, moment: Moment) -> list[DueCheck]:
    with collected_later():
        async with store.read() as work:
            found = await work.checks.due(moment.now)
        return [check for check in found if _is_ours(check, moment)]


def _is_ours(check: DueCheck, moment: Moment) -> bool:
    """A check that a person asked for is done by whoever was asked, unless that process has died over it."""
    return not check.slot.startswith(ASKED) or check.due_at <= moment.now - ABANDONED


@dataclass(frozen=True, slots=True)
class Known:
    """What a sweep was told before it began: the limits on orders, and what rules say by portfolio."""

    limits: Limits
    verdicts: Mapping[PortfolioId, Verdict]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Some checks of a sweep up to the request for prices: those that end before it, and those that wait for it."""

    sweep: Sweep
    early: Mapping[PortfolioId, CheckResult] = field(default_factory=dict)
    ready: tuple[ManagedPortfolio, ...] = ()
    holdings: Mapping[AccountId, Holdings] = field(default_factory=dict)
    needed: Mapping[PortfolioId, Needed] = field(default_factory=dict)

    @property
    def symbols(self) -> frozenset[Symbol]:
        """The symbols that need a price."""
        return frozenset(symbol for each in self.needed.values() for symbol in each.every)


async def _prepared(
    store: Store,
    brokers: Brokers,
    market: Market,
    moment: Moment,
    due: Sequence[DueCheck],
    known: Known,
) -> Prepared:
    if not due:
        return Prepared(Sweep(moment, {}, (), {}))
    async with store.read() as work:
        sweep = await gather_sweep(work, market, due, moment)
    sweep = replace(sweep, limits=known.limits, verdicts=known.verdicts)
    early: dict[PortfolioId, CheckResult] = {}
    ready = []
    async for managed in in_turns(sweep.portfolios, CHUNK):
        found = before_pricing(managed, sweep) or await _unconfirmed(brokers, managed, sweep)
        if found is None:
            ready.append(managed)
        else:
            early[managed.portfolio.id] = found
    accounts = [each.account for managed in ready for each in managed.parts]
    holdings = await brokers.holdings(accounts) if accounts else {}
    return Prepared(sweep, early, tuple(ready), holdings, await all_needed(ready, holdings))


async def _quotes(market: Market, symbols: Collection[Symbol]) -> QuoteBatch | PriceSourceDown:
    """One batch of quotes for all, or why there is none."""
    if not symbols:
        return QuoteBatch({})
    try:
        return await market.prices.quotes(sorted(symbols))
    except PriceSourceDown as refusal:
        return refusal


async def _completed(
    market: Market, batch: QuoteBatch | PriceSourceDown, symbols: Collection[Symbol]
) -> QuoteBatch | PriceSourceDown:
    """The batch with what has come to be needed since it was asked for: an account may have changed meanwhile."""
    if isinstance(batch, PriceSourceDown):
        return batch
    asked = batch.quotes.keys() | {fault.symbol for fault in batch.faults}
    more = await _quotes(market, frozenset(symbols) - asked)
    if isinstance(more, PriceSourceDown):
        return more
    return QuoteBatch({**batch.quotes, **more.quotes}, batch.faults + more.faults)


async def _last_closes(
    store: Store, batch: QuoteBatch | PriceSourceDown, moment: Moment
) -> dict[Symbol, Decimal]:
    if isinstance(batch, PriceSourceDown):
        return {}
    async with store.read() as work:
        return await work.instruments.last_closes(batch.quotes.keys(), moment.jumps_since)


async def _sifted(
    packed: PackedSweep,
    market: Market,
    batch: QuoteBatch | PriceSourceDown,
    closes: Mapping[Symbol, Decimal],
    moment: Moment,
) -> Sifted:
    if isinstance(batch, PriceSourceDown):
        return Sifted(unsure=packed.every_check)
    return await sift(packed, market, batch, closes, moment)


async def _sweep(
    store: Store,
    brokers: Brokers,
    market: Market,
    clock: Clock,
    part: Prepared,
    batch: QuoteBatch | PriceSourceDown,
) -> SweepResult:
    sweep, ready = part.sweep, part.ready
    results = dict(part.early)
    if isinstance(batch, PriceSourceDown):
        results |= {
            managed.portfolio.id: without_prices(managed, sweep, batch) for managed in ready
        }
    else:
        results |= await _judged(store, brokers, market, part, batch)
    results.update(await _hindered(store, brokers, ready, sweep, results))
    policies = {managed.portfolio.id: managed.policy for managed in sweep.portfolios}
    results = {
        pid: told_of(result, sweep.standings[pid], policies[pid]) for pid, result in results.items()
    }
    if not results:
        return SweepResult()
    told = await write_sweep(store, market, clock, sweep, results)
    return SweepResult(Counter(result.outcome for result in results.values()), told)


async def _unconfirmed(
    brokers: Brokers, managed: ManagedPortfolio, sweep: Sweep
) -> CheckResult | None:
    """A plan is not made from holdings that were typed too long ago."""
    try:
        for each in managed.parts:
            await require_confirmed(brokers, each, sweep.moment)
    except Refusal as refusal:
        return without_prices(managed, sweep, refusal)
    return None


async def _hindered(
    store: Store,
    brokers: Brokers,
    ready: Sequence[ManagedPortfolio],
    sweep: Sweep,
    results: Mapping[PortfolioId, CheckResult],
) -> dict[PortfolioId, CheckResult]:
    """The plans that would trade in an account that is held, or cross an order of somebody else's, as refusals."""
    refused = {}
    for managed in ready:
        plan = results[managed.portfolio.id].plan
        try:
            if plan is not None and plan.trades:
                standing = sweep.standings[managed.portfolio.id]
                await require_unhindered(store, brokers, managed, plan, standing)
        except Refusal as refusal:
            refused[managed.portfolio.id] = CheckResult(Outcome.REFUSED, refusal=refusal)
    return refused


async def _judged(
    store: Store, brokers: Brokers, market: Market, part: Prepared, batch: QuoteBatch
) -> dict[PortfolioId, CheckResult]:
    sweep, ready, holdings = part.sweep, part.ready, part.holdings
    if not ready:
        return {}
    parts = [each for managed in ready for each in managed.parts]
    symbols = sorted(part.symbols)
    answering = [each for each in parts if each.account.id in holdings]
    tradable = await all_tradable(brokers, answering, symbols)
    typed = await typed_lots(brokers, parts)
    async with store.read() as work:
        taxes = await read_taxes(work, ready, sweep.moment)
        closes = await work.instruments.last_closes(symbols, sweep.moment.jumps_since)
        earmarks = await work.earmarks.counting(list(holdings), sweep.moment.today)
        settlements = {
            each.account.id: await read_settlement(work, brokers, market, each, sweep.moment)
            for each in answering
        }
    seen = Seen(brokers, holdings, part.needed, tradable, settlements, typed, taxes, earmarks)
    results = {}
    async for managed in in_turns(ready, BREATH):
        try:
            result = judge_one(managed, seen, batch, market, closes, sweep)
        except Exception:
            log.exception("the check of portfolio %s failed", managed.portfolio.id)
            result = CheckResult(Outcome.REFUSED, refusal=PlanFailed())
        results[managed.portfolio.id] = result
    return results
