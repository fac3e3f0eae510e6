"""Check: price, measure, plan, and propose, because a person asks; the sweep of due checks uses the same judgement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from core.application.access import managed_for, require_role
from core.application.gate import rooms_today
from core.application.hand_kept import require_confirmed
from core.application.hold_account import raise_if_all_held, raise_if_trades_held
from core.application.market import Market, Moment
from core.application.others_orders import require_nobody_else
from core.application.plan_within import Planner, plan_within
from core.application.propose import Draft, expiry, propose
from core.application.refresh_pinned import refresh_pinned
from core.application.take_snapshot import plan_request, take_snapshot
from core.domain.drift import DriftReport
from core.domain.harvest import TaxLook
from core.domain.hold import Hold
from core.domain.ids import AccountId, ChatId, CheckId, PortfolioId
from core.domain.membership import Member
from core.domain.money import CENT, ZERO
from core.domain.permissions import Act
from core.domain.plan import Plan
from core.domain.policy import Direction
from core.domain.portfolio import ManagedPortfolio, Snapshot
from core.domain.proposal import IN_FLIGHT, Cause, Proposal, ProposalState
from core.domain.refusals import (
    CannotRaise,
    EmptyAccount,
    MarketClosed,
    NegativeTotal,
    NoTargets,
    PortfolioPaused,
    Refusal,
)
from core.domain.risk import CODE_LIMITS, Limits, Rooms, rooms_of
from core.domain.rules import Widening
from core.planning import calculate
from core.ports.broker import Brokers
from core.ports.clock import Clock
from core.ports.store import Store, UnitOfWork

ASKED = "asked:"
"""How the slot of a check begins that a person asked for."""


SETTLED = "settled"
"""The slot of the look that invests what was sold in an earlier session, once its money has settled."""


class Outcome(StrEnum):
    """What a check came to."""

    ON_TARGET = "on_target"
    PROPOSED = "proposed"
    STILL_OPEN = "still_open"
    NOTHING_HELPS = "nothing_helps"
    REFUSED = "refused"
    COOLING_DOWN = "cooling_down"
    IN_FLIGHT = "in_flight"
    REPEATED = "repeated"
    PAUSED = "paused"
    HELD_OFF = "held_off"


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


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found: the drift, the plan where one was made, the proposal where one was put, or the refusal.

    ``widening``: rules for market conditions have widened the bands that it was measured by.
    """

    outcome: Outcome
    drift: DriftReport | None = None
    plan: Plan | None = None
    snapshot: Snapshot | None = None
    proposal: Proposal | None = None
    refusal: Refusal | None = None
    tax_look: TaxLook | None = None
    is_new_cash: bool = False
    widening: Widening | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What came before: proposals not yet ended, the last settled session, the last one checked, holds.

    ``answered`` is the proposal whose answer has begun a cool-down that still lasts.
    """

    proposals: tuple[Proposal, ...] = ()
    settled: date | None = None
    checked: date | None = None
    holds: tuple[Hold, ...] = ()
    answered: Proposal | None = None

    @property
    def in_flight(self) -> Proposal | None:
        """A proposal that is being carried out, if any."""
        return next((p for p in self.proposals if p.state in IN_FLIGHT), None)

    @property
    def open(self) -> Proposal | None:
        """A proposal that waits for a decision or for the market, if any."""
        waiting = {ProposalState.OPEN, ProposalState.SCHEDULED}
        return next((p for p in reversed(self.proposals) if p.state in waiting), None)


async def request_rebalance(  # noqa: PLR0913 - the ways in which a person asks
    store: Store,
    brokers: Brokers,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    request_key: str,
    chat_id: ChatId | None = None,
    buy_only: bool = False,
    force: bool = False,
    limits: Limits = CODE_LIMITS,
) -> CheckResult:
    """Check a portfolio because a person asks, and propose; the same ``request_key`` is one request.

    Refusals come as a result, but for missing permission, which raises.
    """
    return await request_plan(
        store,
        brokers,
        market,
        clock,
        member=member,
        portfolio_id=portfolio_id,
        request_key=request_key,
        chat_id=chat_id,
        direction=Direction.BUY_ONLY if buy_only else None,
        force=force,
        limits=limits,
    )


async def request_plan(  # noqa: PLR0913 - the ways in which a person asks
    store: Store,
    brokers: Brokers,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    request_key: str,
    chat_id: ChatId | None,
    direction: Direction | None = None,
    force: bool = False,
    limits: Limits,
    planner: Planner = calculate,
    cause: Cause = Cause.REQUESTED,
) -> CheckResult:
    """Look at a portfolio by one way to plan, because a person asks, and propose what comes of it; once by key."""
    moment = await market.moment()
    async with store.begin() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.ASK_FOR_PLAN)
        slot = f"{ASKED}{request_key}"
        if not await work.checks.add_due(portfolio_id, moment.session.date, slot, moment.now):
            return CheckResult(Outcome.REPEATED)
        record = await work.checks.by_slot(portfolio_id, moment.session.date, slot)
        standing = await standing_of(work, portfolio_id)
        rooms = await rooms_today(work, managed, moment)
    result = await look(
        store,
        brokers,
        market,
        managed,
        moment,
        standing,
        direction=direction,
        force=force,
        limits=limits,
        rooms=rooms,
        planner=planner,
    )
    check_id = record.check.id if record else None
    also = () if chat_id is None else (chat_id,)
    return await _settle_request(
        store, market, clock, member, managed, moment, result, check_id, also, cause
    )


async def standing_of(work: UnitOfWork, portfolio_id: PortfolioId) -> Standing:
    """What a portfolio's proposals have to say before it is looked at, and the holds on its accounts."""
    proposals = await work.proposals.blocking([portfolio_id])
    holds = await work.holds.standing_in([portfolio_id])
    return Standing(proposals.get(portfolio_id, ()), holds=holds.get(portfolio_id, ()))


async def look(  # noqa: PLR0913 - all that a look depends on
    store: Store,
    brokers: Brokers,
    market: Market,
    managed: ManagedPortfolio,
    moment: Moment,
    standing: Standing,
    *,
    direction: Direction | None,
    force: bool,
    limits: Limits = CODE_LIMITS,
    rooms: Rooms | None = None,
    to_raise: Mapping[AccountId, Decimal] | None = None,
    planner: Planner = calculate,
) -> CheckResult:
    """Look at a portfolio because a person asks: what stands against it comes as a result.

    ``to_raise`` is money that is to be taken out of an account, and that sales must bring as far as it is not there.
    """
    try:
        require_ready(managed, moment)
        if standing.in_flight is not None:
            return CheckResult(Outcome.IN_FLIGHT, proposal=standing.in_flight)
        raise_if_all_held(managed, standing.holds)
        for each in managed.parts:
            await require_confirmed(brokers, each, moment)
        snapshot = await take_snapshot(store, brokers, market, managed, moment, set_aside=to_raise)
        result = judge_snapshot(
            managed,
            snapshot,
            direction=direction,
            force=force,
            limits=limits,
            rooms=rooms,
            planner=planner,
        )
        if result.plan is not None:
            await require_unhindered(store, brokers, managed, result.plan, standing)
        return result
    except Refusal as refusal:
        return CheckResult(Outcome.REFUSED, refusal=refusal)


async def require_unhindered(
    store: Store, brokers: Brokers, managed: ManagedPortfolio, plan: Plan, standing: Standing
) -> None:
    """Raise AccountHeld or ForeignOrder where something stands against a plan in an account that it trades in."""
    raise_if_trades_held(plan, standing.holds)
    for each in managed.parts:
        await require_nobody_else(store, brokers, each, plan)


def require_ready(managed: ManagedPortfolio, moment: Moment) -> None:
    """Raise the refusal that stands before any price is asked for."""
    if managed.targets is None:
        raise NoTargets
    if managed.portfolio.is_paused:
        raise PortfolioPaused(managed.portfolio.name)
    if not moment.is_open:
        raise MarketClosed(moment.session.opens_at)


def judge_snapshot(
    managed: ManagedPortfolio,
    snapshot: Snapshot,
    *,
    direction: Direction | None = None,
    force: bool = False,
    date_due: bool = False,
    limits: Limits = CODE_LIMITS,
    rooms: Rooms | None = None,
    planner: Planner = calculate,
) -> CheckResult:
    """Measure and plan: pure. A plan with trades comes as PROPOSED, to be stored by the caller.

    Without ``rooms`` nothing was used of any account's day.
    """
    try:
        request = plan_request(
            managed, snapshot, direction=direction, force=force, date_due=date_due
        )
        plan = plan_within(request, rooms or rooms_of(managed.accounts), limits, planner)
    except NegativeTotal as nothing:
        refusal = _nothing_left(managed, snapshot, nothing.total)
        return CheckResult(Outcome.REFUSED, snapshot=snapshot, refusal=refusal)
    except Refusal as refusal:
        return CheckResult(Outcome.REFUSED, snapshot=snapshot, refusal=refusal)
    if plan.trades:
        return CheckResult(Outcome.PROPOSED, plan.before, plan, snapshot)
    outcome = Outcome.NOTHING_HELPS if plan.needed else Outcome.ON_TARGET
    return CheckResult(outcome, plan.before, plan, snapshot)


def _nothing_left(managed: ManagedPortfolio, snapshot: Snapshot, left: Decimal) -> Refusal:
    """Why there is nothing to plan with: more is to be taken out than there is, or there was nothing before."""
    worth, asked = snapshot.set_aside + left, snapshot.set_aside
    if worth <= ZERO:
        return EmptyAccount()
    most = worth.quantize(CENT, ROUND_FLOOR) - CENT
    try:
        calculate(plan_request(managed, snapshot.with_aside(most)), exact=False)
    except CannotRaise as refusal:
        most = refusal.most
    most = max(most, snapshot.holdings.cash)
    return CannotRaise(asked - most, most, managed.portfolio.currency)


async def _settle_request(  # noqa: PLR0913, PLR0917
    store: Store,
    market: Market,
    clock: Clock,
    member: Member,
    managed: ManagedPortfolio,
    moment: Moment,
    result: CheckResult,
    check_id: CheckId | None,
    also: tuple[ChatId, ...],
    cause: Cause,
) -> CheckResult:
    now = clock.now()
    expires_at = expiry(market, moment, managed.policy.expires_after)
    async with store.begin() as work:
        await require_role(work, member, managed.portfolio.id, Act.ASK_FOR_PLAN)
        details = describe(result)
        if check_id and not await work.checks.finish(check_id, result.outcome, details, now):
            return CheckResult(Outcome.REPEATED)
        await refresh_pinned(work, [managed.portfolio.id], now, checked_at=moment.now)
        if result.outcome is not Outcome.PROPOSED or result.plan is None or result.snapshot is None:
            return result
        standing = await standing_of(work, managed.portfolio.id)
        if standing.in_flight is not None:
            return CheckResult(Outcome.IN_FLIGHT, result.drift, proposal=standing.in_flight)
        draft = Draft(
            managed,
            result.plan,
            result.snapshot,
            cause,
            expires_at,
            check_id,
            by=member.id,
            also=also,
        )
        proposal = await propose(work, draft, now)
        await remember_closes(work, moment, [result.snapshot])
    return CheckResult(Outcome.PROPOSED, result.drift, result.plan, result.snapshot, proposal)


async def remember_closes(work: UnitOfWork, moment: Moment, snapshots: Iterable[Snapshot]) -> None:
    """Keep the prices of these snapshots, so that tomorrow's can be held against them."""
    closes = {
        symbol: quote.price for snapshot in snapshots for symbol, quote in snapshot.quotes.items()
    }
    if closes:
        await work.instruments.record_closes(moment.session.date, closes)


def describe(result: CheckResult) -> str:
    """The numbers of a result as a small document, for the check's row.

    ``beyond`` names the lines that are beyond their bands; on target, where none is, it is left out.
    """
    details: dict[str, str] = {}
    if result.drift is not None:
        drift, total = result.drift.portfolio_drift, result.drift.total
        details = measured_details(f"{drift:.4f}", f"{total:.2f}")
        if result.snapshot is not None and result.snapshot.set_aside:
            details["set_aside"] = f"{result.snapshot.set_aside:.2f}"
        if result.drift.breached or result.outcome is not Outcome.ON_TARGET:
            details["beyond"] = " ".join(line.symbol for line in result.drift.breached)
    if result.refusal is not None:
        details["refusal"] = type(result.refusal).__name__
    return json.dumps(details)


def measured_details(portfolio_drift: str, total: str) -> dict[str, str]:
    """The numbers of a check that measured: points with four decimals, money with two."""
    return {"portfolio_drift": portfolio_drift, "total": total}
