"""Check: price, measure, plan, and propose, because a person asks; the sweep of due checks uses the same judgement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal

from core.application.access import managed_for, require_role
from core.application.check_result import CheckResult, Outcome, Standing, describe
from core.application.gate import rooms_today
from core.application.hand_kept import require_confirmed
from core.application.hold_account import raise_if_all_held, raise_if_trades_held
from core.application.market import Market, Moment
from core.application.others_orders import require_nobody_else
from core.application.plan_within import Planner, plan_within
from core.application.propose import Draft, expiry, propose
from core.application.refresh_pinned import refresh_pinned
from core.application.take_snapshot import plan_request, take_snapshot
from core.domain.ids import AccountId, ChatId, CheckId, PortfolioId
from core.domain.membership import Member
from core.domain.money import CENT, ZERO
from core.domain.permissions import Act
from core.domain.plan import Plan
from core.domain.policy import Direction
from core.domain.portfolio import ManagedPortfolio, Snapshot
from core.domain.proposal import Cause
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
from core.planning import calculate
from core.ports.broker import Brokers
from core.ports.clock import Clock
from core.ports.store import Store, UnitOfWork

ASKED = "asked:"
"""How the slot of a check begins that a person asked for."""

SETTLED = "settled"
"""The slot of the look that invests what was sold in an earlier session, once its money has settled."""


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
