"""Sweep: do every scheduled check whose time has come, with one request for prices between them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from core.application.check_drift import (
    ASKED,
    SETTLED,
    CheckResult,
    Outcome,
    Standing,
    judge_snapshot,
    require_unhindered,
)
from core.application.follow_rules import (
    follow_rules,
    holds_off,
    is_rules_check,
    under_rules,
)
from core.application.gate import rooms_today
from core.application.hand_kept import require_confirmed
from core.application.hold_account import raise_if_all_held
from core.application.market import Market, Moment
from core.application.news import breaks_silence, may_break_silence, told
from core.application.plan_again import PAIRED_CAUSES
from core.application.propose import is_cooling_down
from core.application.read_tax import TaxReader, methods_at, read_taxes, read_typed_lots
from core.application.take_snapshot import (
    drift_of,
    make_snapshot,
    of_account,
    read_settlement,
    read_tradable,
    symbols_needed,
)
from core.application.tax_looks import look_for_taxes, read_tax_due
from core.application.try_again import origin
from core.application.write_sweep import CHUNK, Sweep, chunks, write_sweep
from core.domain.alert import has_new_cash
from core.domain.due_date import is_date_due
from core.domain.earmark import Earmark
from core.domain.ids import AccountId, PortfolioId, Symbol
from core.domain.lots import Lot
from core.domain.money import ZERO
from core.domain.policy import CalendarRule, Direction, Trigger
from core.domain.portfolio import (
    AT_ONCE,
    AccountSnapshot,
    Holdings,
    ManagedAccount,
    ManagedPortfolio,
    Settlement,
    Snapshot,
    Tradable,
    together,
)
from core.domain.proposal import Cause, Proposal
from core.domain.quote import QuoteBatch
from core.domain.refusals import (
    AccountHeld,
    BrokerDown,
    NegativeTotal,
    NoTargets,
    NotBuiltYet,
    PlanFailed,
    PriceSourceDown,
    Refusal,
)
from core.domain.risk import CODE_LIMITS, Limits, Rooms
from core.domain.session import DueCheck
from core.ports.broker import Brokers
from core.ports.clock import Clock
from core.ports.store import Store, UnitOfWork

log = logging.getLogger(__name__)

BREATH = 10
"""After how many plans of a sweep everybody else gets a turn."""

ABANDONED = timedelta(minutes=2)
"""After how long a check that a person asked for, and nobody finished, is taken over."""

NOT_LOOKED = frozenset(
    {
        Outcome.REFUSED,
        Outcome.PAUSED,
        Outcome.IN_FLIGHT,
        Outcome.COOLING_DOWN,
        Outcome.HELD_OFF,
    }
)
"""After which outcomes a date of the calendar is still to be kept: nothing was measured."""

LEFT_OPEN = PAIRED_CAUSES | {Cause.WITHDRAWAL}
"""Which open proposals no scheduled check puts aside."""

_Item = TypeVar("_Item")
_House = tuple[str, AccountId | None]


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
        sweep = await _gather(work, market, due, moment)
    sweep = replace(sweep, limits=limits, verdicts=rulings.verdicts)
    result = await _sweep(store, brokers, market, clock, sweep)
    return replace(result, told=result.told + rulings.told)


async def _due(store: Store, moment: Moment) -> list[DueCheck]:
    async with store.read() as work:
        return [check for check in await work.checks.due(moment.now) if _is_ours(check, moment)]


def _is_ours(check: DueCheck, moment: Moment) -> bool:
    """A check that a person asked for is done by whoever was asked, unless that process has died over it."""
    return not check.slot.startswith(ASKED) or check.due_at <= moment.now - ABANDONED


async def _gather(
    work: UnitOfWork, market: Market, due: Sequence[DueCheck], moment: Moment
) -> Sweep:
    checks: dict[PortfolioId, tuple[DueCheck, ...]] = {}
    for check in due:
        checks[check.portfolio_id] = (*checks.get(check.portfolio_id, ()), check)
    portfolios: list[ManagedPortfolio] = []
    standings: dict[PortfolioId, Standing] = {}
    for ids in chunks(tuple(checks)):
        found = await work.portfolios.many(ids)
        portfolios += found
        before = await _standings(work, ids, moment)
        standings |= await _with_answers(work, market, moment, found, before)
    rooms = {m.portfolio.id: await rooms_today(work, m, moment) for m in portfolios}
    tax_due = await read_tax_due(work, portfolios, moment)
    return Sweep(moment, checks, tuple(portfolios), standings, rooms=rooms, tax_due=tax_due)


async def _standings(
    work: UnitOfWork, ids: Sequence[PortfolioId], moment: Moment
) -> dict[PortfolioId, Standing]:
    blocking = await work.proposals.blocking(ids)
    settled = await work.proposals.last_settled(ids)
    checked = await work.checks.previous_sessions(ids, moment.session.date, NOT_LOOKED)
    holds = await work.holds.standing_in(ids)
    return {
        pid: Standing(blocking.get(pid, ()), settled.get(pid), checked.get(pid), holds.get(pid, ()))
        for pid in ids
    }


async def _with_answers(
    work: UnitOfWork,
    market: Market,
    moment: Moment,
    portfolios: Iterable[ManagedPortfolio],
    standings: dict[PortfolioId, Standing],
) -> dict[PortfolioId, Standing]:
    """The standings, those that are cooling down with the proposal that people have answered."""
    cooling = [
        managed.portfolio.id
        for managed in portfolios
        if is_cooling_down(
            market,
            standings[managed.portfolio.id].settled,
            moment.session.date,
            managed.policy.cool_down,
        )
    ]
    answered = await work.proposals.last_answered(cooling) if cooling else {}
    return standings | {
        pid: replace(standings[pid], answered=proposal) for pid, proposal in answered.items()
    }


async def _sweep(
    store: Store, brokers: Brokers, market: Market, clock: Clock, sweep: Sweep
) -> SweepResult:
    results: dict[PortfolioId, CheckResult] = {}
    ready = []
    async for managed in _in_turns(sweep.portfolios, CHUNK):
        early = _before_pricing(managed, sweep) or await _unconfirmed(brokers, managed, sweep)
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


def _before_pricing(managed: ManagedPortfolio, sweep: Sweep) -> CheckResult | None:
    standing = sweep.standings[managed.portfolio.id]
    if managed.portfolio.is_paused:
        return CheckResult(Outcome.PAUSED)
    if managed.targets is None:
        return CheckResult(Outcome.REFUSED, refusal=NoTargets())
    if (under_way := _under_way(standing)) is not None:
        return under_way
    try:
        raise_if_all_held(managed, standing.holds)
    except AccountHeld as refusal:
        return CheckResult(Outcome.REFUSED, refusal=refusal)
    if _is_after_settlement(managed, sweep):
        return None
    number = managed.portfolio.id
    if standing.answered is not None:
        is_looked_at, otherwise = may_break_silence(managed.policy), Outcome.COOLING_DOWN
    else:
        is_looked_at = (
            number in sweep.tax_due
            or managed.policy.new_cash is not None
            or not _waits_for_date(managed, sweep)
        )
        otherwise = Outcome.ON_TARGET
    if not is_looked_at:
        return CheckResult(otherwise)
    is_held_off = holds_off(sweep.verdicts.get(number), sweep.checks[number])
    return CheckResult(Outcome.HELD_OFF) if is_held_off else None


def _waits_for_date(managed: ManagedPortfolio, sweep: Sweep) -> bool:
    """Whether the drift is looked at on dates only, and this is none, nor a rule's check."""
    is_by_rule = is_rules_check(sweep.checks[managed.portfolio.id])
    waits = managed.policy.trigger is Trigger.BAND_ON_DATE and not is_by_rule
    return waits and not _date_due(managed, sweep)


def _under_way(standing: Standing) -> CheckResult | None:
    """What no scheduled check puts aside: a plan being carried out, money that was asked for, and open pairs."""
    if standing.in_flight is not None:
        return CheckResult(Outcome.IN_FLIGHT, proposal=standing.in_flight)
    if standing.open is not None and standing.open.cause in LEFT_OPEN:
        return CheckResult(Outcome.STILL_OPEN, proposal=standing.open)
    return None


def _is_after_settlement(managed: ManagedPortfolio, sweep: Sweep) -> bool:
    """Whether the money of a sale has settled: purchases only, within the bands and during a cool-down too."""
    return any(origin(check.slot) == SETTLED for check in sweep.checks[managed.portfolio.id])


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


def _date_due(managed: ManagedPortfolio, sweep: Sweep) -> bool:
    rule = managed.policy.calendar
    if rule is CalendarRule.OFF:
        return False
    checked = sweep.standings[managed.portfolio.id].checked
    return is_date_due(rule, sweep.moment.session.date, checked, managed.policy.calendar_day)


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
    symbols = await _all_symbols(ready, holdings)
    try:
        batch = await market.prices.quotes(symbols)
    except PriceSourceDown as refusal:
        return {m.portfolio.id: CheckResult(Outcome.REFUSED, refusal=refusal) for m in ready}
    answering = [each for each in parts if each.account.id in holdings]
    tradable = await _tradable(brokers, answering, symbols)
    typed = await _typed_lots(brokers, parts)
    async with store.read() as work:
        taxes = await read_taxes(work, ready, sweep.moment)
        closes = await work.instruments.last_closes(symbols, sweep.moment.jumps_since)
        earmarks = await work.earmarks.counting(list(holdings), sweep.moment.today)
        settlements = {
            each.account.id: await read_settlement(work, brokers, market, each, sweep.moment)
            for each in parts
            if each.account.id in holdings
        }
    seen = _Seen(brokers, holdings, tradable, settlements, typed, taxes, earmarks)
    results = {}
    async for managed in _in_turns(ready, BREATH):
        try:
            result = _judge_one(managed, seen, batch, market, closes, sweep)
        except Exception:
            log.exception("the check of portfolio %s failed", managed.portfolio.id)
            result = CheckResult(Outcome.REFUSED, refusal=PlanFailed())
        results[managed.portfolio.id] = result
    return results


async def _typed_lots(
    brokers: Brokers, parts: Iterable[ManagedAccount]
) -> dict[AccountId, tuple[Lot, ...]]:
    """The lots of the books that people keep; a book that cannot be read has none."""
    found: dict[AccountId, tuple[Lot, ...]] = {}
    for each in parts:
        try:
            lots = await read_typed_lots(brokers, each)
        except BrokerDown as refusal:
            log.warning("the lots of account %s: %s", each.account.id, refusal)
            continue
        if lots is not None:
            found[each.account.id] = lots
    return found


async def _all_symbols(
    ready: Iterable[ManagedPortfolio], holdings: Mapping[AccountId, Holdings]
) -> tuple[Symbol, ...]:
    symbols: dict[Symbol, None] = {}
    async for managed in _in_turns(ready, CHUNK):
        held = _together(managed, holdings)
        if held is not None and managed.targets is not None:
            symbols.update(
                dict.fromkeys(symbols_needed(held, managed.targets, managed.policy).every)
            )
    return tuple(symbols)


def _together(managed: ManagedPortfolio, holdings: Mapping[AccountId, Holdings]) -> Holdings | None:
    """What all accounts of a portfolio hold; None where one of them did not answer."""
    if any(account.id not in holdings for account in managed.accounts):
        return None
    return together(holdings[account.id] for account in managed.accounts)


async def _tradable(
    brokers: Brokers, parts: Iterable[ManagedAccount], symbols: Sequence[Symbol]
) -> dict[_House, Tradable]:
    """What each broker trades, asked through the first account that is answered: one alone may be locked out."""
    found: dict[_House, Tradable] = {}
    for each in parts:
        house = _house(brokers, each)
        if house in found:
            continue
        try:
            found[house] = await read_tradable(brokers, each, symbols)
        except (BrokerDown, NotBuiltYet) as refusal:
            log.warning("%s does not say what it trades: %s", house[0], refusal)
    return found


def _house(brokers: Brokers, managed: ManagedAccount) -> _House:
    """What says which symbols trade, and which in parts: the broker, or where people keep the book, each account."""
    account = managed.account
    try:
        is_by_hand = brokers.of(account).traits.fills_by_hand
    except NotBuiltYet:
        is_by_hand = False
    return account.broker, account.id if is_by_hand else None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the brokers and the store said of the accounts of a sweep, asked once for all of them."""

    brokers: Brokers
    holdings: Mapping[AccountId, Holdings]
    tradable: Mapping[_House, Tradable]
    settlements: Mapping[AccountId, Settlement]
    typed: Mapping[AccountId, tuple[Lot, ...]]
    taxes: TaxReader
    earmarks: Mapping[AccountId, Earmark]

    def of(self, each: ManagedAccount) -> AccountSnapshot:
        """What is known of an account; raises BrokerDown where its broker did not answer."""
        number = each.account.id
        held, tradable = self.holdings.get(number), self.tradable.get(_house(self.brokers, each))
        if held is None or tradable is None:
            raise BrokerDown(each.account.broker, "it did not answer")
        taxes = self.taxes.of(each, self.typed.get(number), methods_at(self.brokers, each))
        mark = self.earmarks.get(number)
        return of_account(
            each,
            held,
            tradable,
            self.settlements.get(number, AT_ONCE),
            taxes,
            set_aside=ZERO if mark is None else mark.kept(held.cash),
        )


def _judge_one(
    managed: ManagedPortfolio,
    seen: _Seen,
    batch: QuoteBatch,
    market: Market,
    closes: dict[Symbol, Decimal],
    sweep: Sweep,
) -> CheckResult:
    if managed.targets is None:
        return CheckResult(Outcome.REFUSED, refusal=NoTargets())
    try:
        accounts = [seen.of(each) for each in managed.parts]
        held = together(each.holdings for each in accounts)
        snapshot = make_snapshot(
            managed,
            symbols_needed(held, managed.targets, managed.policy),
            accounts,
            batch,
            sweep.moment,
            max_age=market.prices.max_age,
            last_closes=closes,
            situation=seen.taxes.situation(managed.portfolio.household_id),
        )
    except Refusal as refusal:
        return CheckResult(Outcome.REFUSED, refusal=refusal)
    rooms = sweep.rooms.get(managed.portfolio.id)
    if _is_after_settlement(managed, sweep):
        return judge_snapshot(
            managed,
            snapshot,
            direction=Direction.BUY_ONLY,
            force=True,
            limits=sweep.limits,
            rooms=rooms,
        )
    pid = managed.portfolio.id
    managed = under_rules(managed, sweep.verdicts.get(pid), sweep.checks[pid])
    answered = sweep.standings[pid].answered
    if answered is not None and not _is_broken(answered, managed, snapshot):
        return CheckResult(Outcome.COOLING_DOWN, snapshot=snapshot)
    due = managed.policy.trigger is Trigger.EITHER and _date_due(managed, sweep)
    if _waits_for_date(managed, sweep):
        result = CheckResult(Outcome.ON_TARGET, snapshot=snapshot)
    else:
        result = judge_snapshot(managed, snapshot, date_due=due, limits=sweep.limits, rooms=rooms)
    result = _with_new_cash(managed, snapshot, result, sweep, rooms)
    tax_due = sweep.tax_due.get(managed.portfolio.id)
    if tax_due is None or sweep.standings[managed.portfolio.id].open is not None:
        return result
    return look_for_taxes(managed, snapshot, result, tax_due, sweep.limits, rooms)


def _is_broken(answered: Proposal, managed: ManagedPortfolio, snapshot: Snapshot) -> bool:
    """Whether so much has happened since an answer that its silence is over."""
    try:
        return breaks_silence(answered, drift_of(managed, snapshot), managed.policy)
    except NegativeTotal:
        return False


def _with_new_cash(
    managed: ManagedPortfolio,
    snapshot: Snapshot,
    result: CheckResult,
    sweep: Sweep,
    rooms: Rooms | None,
) -> CheckResult:
    """Where nothing else is to be done, and so much cash lies spare that the policy says so: purchases alone."""
    if managed.policy.new_cash is None or result.outcome is not Outcome.ON_TARGET:
        return result
    if not has_new_cash(result.drift or drift_of(managed, snapshot), managed.policy):
        return result
    tried = judge_snapshot(
        managed,
        snapshot,
        direction=Direction.BUY_ONLY,
        force=True,
        limits=sweep.limits,
        rooms=rooms,
    )
    return replace(tried, is_new_cash=True) if tried.outcome is Outcome.PROPOSED else result


async def _in_turns(items: Iterable[_Item], count: int) -> AsyncIterator[_Item]:
    """Go through them, and let everybody else have a turn after every few."""
    for number, item in enumerate(items):
        if number % count == 0:
            await asyncio.sleep(0)
        yield item
