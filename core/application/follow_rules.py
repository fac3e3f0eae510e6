"""Follow rules: what those of portfolios that are due say, and what is done when one turns true.

Rules are weighed once for all portfolios whose checks are due; those of portfolios with a rule that checks now, also
between checks, at most every quarter of an hour of an open session. A rule turns true when it holds and did not the
last time that it could be told: what cannot be told changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from core.application.check_result import Outcome
from core.application.market import Market, Moment
from core.application.tell import deciders
from core.application.tell_channels import enqueue
from core.application.try_again import origin
from core.application.weigh_rules import weigh_portfolios, weigh_rules
from core.application.widen_bands import is_asked
from core.domain.ids import PortfolioId, RuleId
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.portfolio import ManagedPortfolio, Portfolio
from core.domain.rules import Action, Ruled, Truth, Verdict, combine, told_of, write_told
from core.domain.session import DueCheck
from core.ports.clock import Clock
from core.ports.store import Store, UnitOfWork

log = logging.getLogger(__name__)

LOOK_PAUSE = timedelta(minutes=15)
"""How often, at most, rules that check now are looked at between checks."""

_SLOT = "rule"
_LEFT = frozenset({Outcome.PAUSED, Outcome.REFUSED})
"""After these a check that a rule brought about is not told of: nothing was looked at, or the refusal is told."""

_LASTING = frozenset({Action.HOLD_OFF, Action.WIDEN})
"""What such a rule does lasts for as long as it holds: people who know that it began are told when it is over."""

_LOOKED = frozenset(
    {Outcome.ON_TARGET, Outcome.PROPOSED, Outcome.STILL_OPEN, Outcome.NOTHING_HELPS}
)
"""Only after these it mattered how wide the bands are."""


@dataclass(frozen=True, slots=True)
class Rulings:
    """What the rules of some portfolios come to; ``checks`` and ``told`` count what turning true has brought about."""

    verdicts: Mapping[PortfolioId, Verdict] = field(default_factory=dict)
    checks: int = 0
    told: int = 0


@dataclass(frozen=True, slots=True)
class _Turns:
    """What is new: rules that hold now, those of them that are to be told or to check, and rules that hold no more."""

    begun: tuple[Ruled, ...]
    ended: tuple[Ruled, ...]
    looked: tuple[RuleId, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.begun or self.ended or self.looked)


async def follow_rules(
    store: Store, market: Market, clock: Clock, moment: Moment, due: Sequence[DueCheck]
) -> Rulings:
    """Weigh the rules of portfolios that are due or to be looked at; tell, and make checks due, where one turns true.

    Never raises for want of prices: rules that cannot be told act as if they were off.
    """
    async with store.read() as work:
        ids = {check.portfolio_id for check in due}
        ids |= set(await work.rules.to_look_at(moment.now - LOOK_PAUSE))
    if not ids:
        return Rulings()
    try:
        ruled = await weigh_portfolios(store, market.history, market.calendar, moment, ids)
    except Exception:
        log.exception("rules could not be weighed: they count as off")
        return Rulings()
    verdicts = {pid: combine(each) for pid, each in ruled.items()}
    every = [each for ours in ruled.values() for each in ours]
    turns = _turns(every, verdicts, moment.session.date)
    if turns.is_empty:
        return Rulings(verdicts)
    async with store.begin() as work:
        checks, told = await _write_turns(work, turns, moment, clock.now())
    return Rulings(verdicts, checks, told)


def _turns(
    every: Collection[Ruled], verdicts: Mapping[PortfolioId, Verdict], today: date
) -> _Turns:
    """Which rules have turned; one that checks now has not for as long as another goes before it.

    One that lasts does not begin again in the session in which it was told and over: it begins in the next one, so that
    people are told anew in a week, and not once more that it is over.
    """
    begun, ended, looked = [], [], []
    for each in every:
        rule = each.rule
        if rule.action is Action.CHECK_NOW:
            looked.append(rule.id)
        is_overruled = rule.action is Action.CHECK_NOW and (
            each in verdicts[rule.portfolio_id].overruled
        )
        is_over_today = rule.action in _LASTING and rule.told_on == today
        is_held_back = is_overruled or is_over_today
        if each.holds and rule.holding_since is None and not is_held_back:
            begun.append(each)
        if each.evaluation.truth is Truth.FALSE and rule.holding_since is not None:
            ended.append(each)
    return _Turns(tuple(begun), tuple(ended), tuple(looked))


async def _write_turns(
    work: UnitOfWork, turns: _Turns, moment: Moment, now: datetime
) -> tuple[int, int]:
    """Note what has turned; who notes it first makes the check due and tells. Returns how many of both are new."""
    today = moment.session.date
    await work.rules.looked(turns.looked, moment.now)
    over = [each for each in turns.ended if await work.rules.turn(each.rule.id, None)]
    ours = [each for each in turns.begun if await work.rules.turn(each.rule.id, today)]
    checks = [
        (each.rule.portfolio_id, today, f"{_SLOT}{each.rule.id}:{today}", moment.now)
        for each in ours
        if each.rule.action is Action.CHECK_NOW
    ]
    noted = [
        each
        for each in ours
        if each.rule.action is Action.NOTIFY and each.rule.is_to_be_told(today)
    ]
    freed = [each for each in over if each.rule.action in _LASTING and each.rule.is_told]
    portfolios = await work.portfolios.many(
        tuple({each.rule.portfolio_id for each in (*noted, *freed)})
    )
    by_id = {managed.portfolio.id: managed.portfolio for managed in portfolios}
    told = 0
    for each in noted:
        told += await _tell(work, by_id[each.rule.portfolio_id], each, today, now)
    for each in freed:
        told += await _tell(work, by_id[each.rule.portfolio_id], each, today, now)
    return await work.checks.add_due_many(checks), told


async def verdict_now(store: Store, market: Market, portfolio_id: PortfolioId) -> Verdict:
    """What a portfolio's rules come to now, for people who ask for a check themselves: nothing follows from it."""
    moment = await market.moment()
    found = await weigh_rules(store, market.history, market.calendar, moment, [portfolio_id])
    return found.get(portfolio_id, Verdict())


# --- in a check ----------------------------------------------------------------------------------


def holds_off(verdict: Verdict | None, checks: Collection[DueCheck]) -> bool:
    """Whether checks end without a look; those that a person asked for do not."""
    return verdict is not None and verdict.action is Action.HOLD_OFF and not is_asked(checks)


def is_rules_check(checks: Collection[DueCheck]) -> bool:
    """Whether a rule brought a check about, whatever the calendar says."""
    return any(_is_rules(check) for check in checks)


def _is_rules(check: DueCheck) -> bool:
    return origin(check.slot).startswith(_SLOT)


async def tell_rules(
    work: UnitOfWork,
    managed: ManagedPortfolio,
    checks: Sequence[DueCheck],
    outcome: Outcome,
    verdict: Verdict,
    *,
    today: date,
    now: datetime,
) -> int:
    """Tell by which rules a check was what it was, unless people know; returns how many were told.

    ``today`` is the session in which it was done: a check that is caught up with fell due in an earlier one.
    """
    match verdict.action:
        case Action.HOLD_OFF if outcome is Outcome.HELD_OFF:
            telling = verdict.because
        case Action.WIDEN if outcome in _LOOKED and not is_asked(checks):
            telling = verdict.because
        case Action.CHECK_NOW if outcome not in _LEFT:
            begun = {origin(check.slot).partition(":")[0] for check in checks if _is_rules(check)}
            telling = tuple(each for each in verdict.because if f"{_SLOT}{each.rule.id}" in begun)
        case _:
            return 0
    told = 0
    for each in telling:
        if each.rule.action in _LASTING and not each.rule.is_to_be_told(today):
            continue
        told += await _tell(work, managed.portfolio, each, today, now, outcome)
    return told


async def _tell(
    work: UnitOfWork,
    portfolio: Portfolio,
    ruled: Ruled,
    today: date,
    now: datetime,
    outcome: str = "",
) -> int:
    """Tell once a session that a rule holds, and once of each time that this was told that it does so no more."""
    told = told_of(ruled, today, outcome)
    mark = f"over:{ruled.rule.told_on}" if told.is_over else f"holds:{today}"
    data = write_told(told)
    if not told.is_over:
        await work.rules.told(ruled.rule.id, today)
    items = [
        OutboxItem(
            MessageKind.RULE,
            chat,
            f"rule:{ruled.rule.id}:{mark}:{chat}",
            portfolio.id,
            data=data,
        )
        for chat in await deciders(work, portfolio)
    ]
    return await enqueue(work, items, now)
