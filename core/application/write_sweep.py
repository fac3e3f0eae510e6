"""Write a sweep down: close its checks, put what is proposed, and tell what was refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from core.application.check_drift import remember_closes
from core.application.check_result import CheckResult, Outcome, Standing, describe
from core.application.follow_rules import tell_rules
from core.application.keep_pinned import Wish, keep_pinned
from core.application.market import Market, Moment
from core.application.month_digest import Looked, tell_month, tells
from core.application.propose import (
    Draft,
    expiry,
    propose_many,
)
from core.application.schedule_checks import DueRow, next_row
from core.application.tax_looks import TaxDue, write_tax_look
from core.application.tell import deciders
from core.application.tell_channels import enqueue
from core.application.try_again import looks_after_settlement, next_try
from core.domain.ids import CheckId, PortfolioId
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Cause
from core.domain.refusals import (
    AccountHeld,
    EmptyAccount,
    HoldingsOld,
    NoTargets,
    Refusal,
)
from core.domain.risk import CODE_LIMITS, Limits, Rooms
from core.domain.rules import Verdict
from core.domain.session import DueCheck
from core.domain.slot import is_scheduled
from core.domain.told_faults import write_faults
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork

CHUNK = 200
"""How many portfolios of a sweep are read together, and how many outcomes are written in one unit of work."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Sweep:
    """The due checks of one moment, and what is known of their portfolios before any price is asked for."""

    moment: Moment
    checks: Mapping[PortfolioId, tuple[DueCheck, ...]]
    portfolios: tuple[ManagedPortfolio, ...]
    standings: Mapping[PortfolioId, Standing]
    limits: Limits = CODE_LIMITS
    rooms: Mapping[PortfolioId, Rooms] = field(default_factory=dict)
    tax_due: Mapping[PortfolioId, TaxDue] = field(default_factory=dict)
    verdicts: Mapping[PortfolioId, Verdict] = field(default_factory=dict)


def chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Cut a sweep into parts that are read or written in one unit of work."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


async def write_sweep(
    store: Store,
    market: Market,
    clock: Clock,
    sweep: Sweep,
    results: Mapping[PortfolioId, CheckResult],
) -> int:
    """Write every outcome, in parts; a portfolio that was touched meanwhile is left to the next round.

    Returns how often people are told that a rule for market conditions had a say, or why there is no plan.
    """
    told = 0
    by_id = {managed.portfolio.id: managed for managed in sweep.portfolios}
    snapshots = [result.snapshot for result in results.values() if result.snapshot is not None]
    for chunk in chunks(list(results.items())):
        async with store.begin() as work:
            latest = await _latest(work, [portfolio_id for portfolio_id, _ in chunk])
            # Where targets, policy or the kill switch were touched, the next round looks again.
            same = {pid: result for pid, result in chunk if latest[pid][0] == by_id[pid]}
            kept = {
                pid: CheckResult(Outcome.IN_FLIGHT) if latest[pid][1] else result
                for pid, result in same.items()
            }
            told += await _write_chunk(work, market, clock, sweep, by_id, kept)
    async with store.begin() as work:
        await remember_closes(work, sweep.moment, snapshots)
    return told


async def _latest(
    work: UnitOfWork, ids: Sequence[PortfolioId]
) -> dict[PortfolioId, tuple[ManagedPortfolio, bool]]:
    """What is true of the portfolios by now, and whether a proposal of theirs is being carried out."""
    blocking = await work.proposals.blocking(ids)
    return {
        managed.portfolio.id: (
            managed,
            Standing(blocking.get(managed.portfolio.id, ())).in_flight is not None,
        )
        for managed in await work.portfolios.many(ids)
    }


async def _write_chunk(
    work: UnitOfWork,
    market: Market,
    clock: Clock,
    sweep: Sweep,
    by_id: Mapping[PortfolioId, ManagedPortfolio],
    results: Mapping[PortfolioId, CheckResult],
) -> int:
    """Close the checks of some portfolios; put what is proposed, and tell what was refused and what rules said."""
    now, told = clock.now(), 0
    closing = [
        (check.id, result.outcome.value, describe(result))
        for pid, result in results.items()
        for check in sweep.checks[pid]
    ]
    won = await work.checks.finish_many(closing, now)
    drafts, repeated = [], []
    for pid, result in results.items():
        checks, managed = sweep.checks[pid], by_id[pid]
        if won.isdisjoint(check.id for check in checks):
            continue
        if (verdict := sweep.verdicts.get(pid)) is not None:
            today = sweep.moment.session.date
            told += await tell_rules(
                work, managed, checks, result.outcome, verdict, today=today, now=now
            )
        if result.outcome is Outcome.PROPOSED and result.plan and result.snapshot:
            expires_at = expiry(market, sweep.moment, managed.policy.expires_after)
            is_settled = looks_after_settlement(checks)
            drafts.append(
                Draft(
                    managed,
                    result.plan,
                    result.snapshot,
                    _cause(result, is_settled=is_settled),
                    expires_at,
                    checks[-1].id,
                    widening=result.widening,
                )
            )
        elif result.outcome is Outcome.REFUSED and result.refusal is not None:
            again = next_try(checks, result.refusal, sweep.moment)
            repeated += [] if again is None else [again]
            again_at = None if again is None else again[-1]
            session = sweep.moment.session.date
            told += await _tell_refused(work, managed, session, result.refusal, again_at, now)
    await work.checks.add_due_many([*repeated, *_following(market, sweep, by_id, won)])
    made = {
        proposal.portfolio_id: proposal.id for proposal in await propose_many(work, drafts, now)
    }
    for pid, result in results.items():
        if result.tax_look is not None and won.intersection(c.id for c in sweep.checks[pid]):
            check, look = sweep.checks[pid][-1], result.tax_look
            await write_tax_look(work, by_id[pid], check, look, made.get(pid), now)
    done = [by_id[pid] for pid in results if won.intersection(c.id for c in sweep.checks[pid])]
    wishes = [Wish(m.portfolio.id, m.portfolio.home_chat_id, m.policy.pinned) for m in done]
    await keep_pinned(work, wishes, now, checked_at=sweep.moment.now)
    before = [
        Looked(m.portfolio.id, m.portfolio.household_id, sweep.standings[m.portfolio.id].checked)
        for m in done
        if tells(m)
    ]
    await tell_month(work, before, sweep.moment.session.date, now)
    return told


def _following(
    market: Market,
    sweep: Sweep,
    by_id: Mapping[PortfolioId, ManagedPortfolio],
    won: Collection[CheckId],
) -> list[DueRow]:
    """The rows of the next scheduled checks, written with the outcome of these: a kill between would lose one."""
    rows = [
        next_row(market, by_id[pid], sweep.moment)
        for pid, checks in sweep.checks.items()
        if any(check.id in won and is_scheduled(check.slot) for check in checks)
    ]
    return [row for row in rows if row is not None]


def _cause(result: CheckResult, *, is_settled: bool) -> Cause:
    if result.tax_look is not None and result.tax_look.cause is not None:
        return result.tax_look.cause
    if result.is_new_cash:
        return Cause.NEW_CASH
    return Cause.AFTER_SALE if is_settled else Cause.SCHEDULED


def _mark(session: date, refusal: Refusal) -> str:
    """What is said once: a refusal once a session, the wish for a confirmation once a week."""
    if not isinstance(refusal, HoldingsOld):
        return str(session)
    week = session.isocalendar()
    return f"{week.year}-{week.week}"


async def _tell_refused(
    work: UnitOfWork,
    managed: ManagedPortfolio,
    session: date,
    refusal: Refusal,
    again_at: datetime | None,
    now: datetime,
) -> int:
    """Tell why a check made no plan, and when it is made again in its session (market time); how many are told anew."""
    if isinstance(refusal, EmptyAccount | NoTargets | AccountHeld):
        return 0
    faults = getattr(refusal, "faults", ())
    named = [str(getattr(fault, "symbol", "")) for fault in faults]
    code = type(refusal).__name__
    data = {
        "code": code,
        "symbols": " ".join([*named, *getattr(refusal, "symbols", ())]),
        "faults": write_faults(faults),
        "again": "" if again_at is None else again_at.isoformat(),
    }
    items = [
        OutboxItem(
            MessageKind.CHECK_REFUSED,
            chat,
            f"refused:{managed.portfolio.id}:{_mark(session, refusal)}:{code}:{chat}",
            managed.portfolio.id,
            data=data,
        )
        for chat in await deciders(work, managed.portfolio)
    ]
    told = await enqueue(work, items, now)
    await work.log.record(
        AuditEvent(now, "check_refused", None, managed.portfolio.id, data=str(refusal)[:500])
    )
    return told
