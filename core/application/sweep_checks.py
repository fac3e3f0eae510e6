"""Sweep: do every scheduled check whose time has come, with one request for prices between them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from core.application.check_drift import (
    ASKED,
    CheckResult,
    Outcome,
    require_unhindered,
)
from core.application.follow_rules import (
    follow_rules,
)
from core.application.gather_sweep import gather_sweep
from core.application.hand_kept import require_confirmed
from core.application.in_turns import in_turns
from core.application.judge_sweep import before_pricing, judge_one
from core.application.market import Market, Moment
from core.application.news import told
from core.application.read_tax import read_taxes
from core.application.see_accounts import Seen, all_symbols, all_tradable, typed_lots
from core.application.take_snapshot import (
    read_settlement,
)
from core.application.write_sweep import CHUNK, Sweep, write_sweep
from core.domain.ids import PortfolioId
from core.domain.portfolio import (
    ManagedPortfolio,
)
from core.domain.refusals import (
    PlanFailed,
    PriceSourceDown,
    Refusal,
)
from core.domain.risk import CODE_LIMITS, Limits
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
    """What a sweep did: how many checks came to each outcome, and how often rules had something to tell."""

    counts: Mapping[Outcome, int] = field(default_factory=dict)
    told: int = 0

    @property
    def pushed(self) -> int:
        """How often people are told something: a proposal, a refusal, or what a rule says."""
        checks = self.counts.get(Outcome.PROPOSED, 0) + self.counts.get(Outcome.REFUSED, 0)
        return checks + self.told

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
    async with store.read() as work:
        sweep = await gather_sweep(work, market, due, moment)
    sweep = replace(sweep, limits=limits, verdicts=rulings.verdicts)
    result = await _sweep(store, brokers, market, clock, sweep)
    return replace(result, told=result.told + rulings.told)


async def _due(store: Store, moment: Moment) -> list[DueCheck]:
    async with store.read() as work:
        return [check for check in await work.checks.due(moment.now) if _is_ours(check, moment)]


def _is_ours(check: DueCheck, moment: Moment) -> bool:
    """A check that a person asked for is done by whoever was asked, unless that process has died over it."""
    return not check.slot.startswith(ASKED) or check.due_at <= moment.now - ABANDONED


async def _sweep(
    store: Store, brokers: Brokers, market: Market, clock: Clock, sweep: Sweep
) -> SweepResult:
    results: dict[PortfolioId, CheckResult] = {}
    ready = []
    async for managed in in_turns(sweep.portfolios, CHUNK):
        early = before_pricing(managed, sweep) or await _unconfirmed(brokers, managed, sweep)
        if early is None:
            ready.append(managed)
        else:
            results[managed.portfolio.id] = early
    results.update(await _price_and_judge(store, brokers, market, ready, sweep))
    results.update(await _hindered(store, brokers, ready, sweep, results))
    policies = {managed.portfolio.id: managed.policy for managed in sweep.portfolios}
    results = {
        pid: told(result, sweep.standings[pid], policies[pid]) for pid, result in results.items()
    }
    by_rules = await write_sweep(store, market, clock, sweep, results)
    return SweepResult(Counter(result.outcome for result in results.values()), by_rules)


async def _unconfirmed(
    brokers: Brokers, managed: ManagedPortfolio, sweep: Sweep
) -> CheckResult | None:
    """A plan is not made from holdings that were typed too long ago."""
    try:
        for each in managed.parts:
            await require_confirmed(brokers, each, sweep.moment)
    except Refusal as refusal:
        return CheckResult(Outcome.REFUSED, refusal=refusal)
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


async def _price_and_judge(
    store: Store,
    brokers: Brokers,
    market: Market,
    ready: Sequence[ManagedPortfolio],
    sweep: Sweep,
) -> dict[PortfolioId, CheckResult]:
    if not ready:
        return {}
    parts = [each for managed in ready for each in managed.parts]
    holdings = await brokers.holdings([each.account for each in parts])
    symbols = await all_symbols(ready, holdings)
    try:
        batch = await market.prices.quotes(symbols)
    except PriceSourceDown as refusal:
        return {m.portfolio.id: CheckResult(Outcome.REFUSED, refusal=refusal) for m in ready}
    answering = [each for each in parts if each.account.id in holdings]
    tradable = await all_tradable(brokers, answering, symbols)
    typed = await typed_lots(brokers, parts)
    async with store.read() as work:
        taxes = await read_taxes(work, ready, sweep.moment)
        closes = await work.instruments.last_closes(symbols, sweep.moment.jumps_since)
        earmarks = await work.earmarks.counting(list(holdings), sweep.moment.today)
        settlements = {
            each.account.id: await read_settlement(work, brokers, market, each, sweep.moment)
            for each in parts
            if each.account.id in holdings
        }
    seen = Seen(brokers, holdings, tradable, settlements, typed, taxes, earmarks)
    results = {}
    async for managed in in_turns(ready, BREATH):
        try:
            result = judge_one(managed, seen, batch, market, closes, sweep)
        except Exception:
            log.exception("the check of portfolio %s failed", managed.portfolio.id)
            result = CheckResult(Outcome.REFUSED, refusal=PlanFailed())
        results[managed.portfolio.id] = result
    return results
