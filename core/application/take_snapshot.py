"""Snapshot: what an account holds and what it is worth, at one instant, judged before anything is made from it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from core.application.broker_faults import as_refusal
from core.application.market import Market, Moment, judge
from core.application.read_tax import methods_at, read_taxes, read_typed_lots
from core.domain.drift import DriftReport, managed_symbols, measure_drift
from core.domain.ids import AccountId, Symbol
from core.domain.money import ZERO
from core.domain.plan import PlanAccount, PlanRequest
from core.domain.policy import Direction, Policy, whole_shares
from core.domain.portfolio import (
    AT_ONCE,
    Holdings,
    KnownTaxes,
    ManagedPortfolio,
    Settlement,
    Snapshot,
    Tradable,
)
from core.domain.quote import QuoteBatch
from core.domain.refusals import NoTargets, PricesRefused
from core.domain.settlement import held_until_settled, trades_by_session
from core.domain.targets import TargetAllocation
from core.ports.broker import BrokerError, Brokers
from core.ports.store import Store, UnitOfWork

ORDERS_LOOKED_AT = 300
"""So many of a portfolio's latest orders can have been traded with money that has not settled."""

LONGEST = timedelta(days=10)
"""No sale takes longer to settle, whatever holidays lie between."""


@dataclass(frozen=True, slots=True)
class Needed:
    """The symbols that a look at a portfolio asks prices for: those it must have, and those it would like.

    Of the latter, ``substitutes`` may be bought, and are left alone where their price is not in order.
    """

    managed: tuple[Symbol, ...]
    outside: tuple[Symbol, ...]
    substitutes: tuple[Symbol, ...] = ()

    @property
    def every(self) -> tuple[Symbol, ...]:
        """All of them."""
        return (*self.managed, *self.outside, *self.substitutes)


def symbols_needed(
    holdings: Holdings,
    targets: TargetAllocation,
    policy: Policy,
    traded: Collection[Symbol] = (),
) -> Needed:
    """Which prices a look at these holdings needs; an outside position without a price does no harm.

    What is about to be ``traded`` needs one in any case.
    """
    managed = tuple(dict.fromkeys((*managed_symbols(holdings, targets, policy), *traded)))
    outside = tuple(
        symbol
        for symbol, quantity in sorted(holdings.positions.items())
        if quantity and symbol not in managed
    )
    others = (symbol for line in targets.lines for symbol in line.substitutes)
    known = {*managed, *outside}
    return Needed(managed, outside, tuple(symbol for symbol in others if symbol not in known))


def make_snapshot(  # noqa: PLR0913 - what a snapshot is made of
    managed: ManagedPortfolio,
    needed: Needed,
    holdings: Holdings,
    batch: QuoteBatch,
    moment: Moment,
    *,
    max_age: timedelta,
    last_closes: dict[Symbol, Decimal],
    tradable: Tradable,
    settlement: Settlement = AT_ONCE,
    taxes: KnownTaxes | None = None,
    set_aside: Decimal = ZERO,
) -> Snapshot:
    """Judge the quotes and put everything together; raises PricesRefused."""
    quotes = judge(
        batch,
        needed.managed,
        moment,
        max_age=max_age,
        currency=managed.portfolio.currency,
        last_closes=last_closes,
    )
    extra = {
        symbol: batch.quotes[symbol]
        for symbol in needed.outside
        if symbol in batch.quotes and batch.quotes[symbol].price > 0
    }
    for symbol in needed.substitutes:
        with suppress(PricesRefused):
            extra |= judge(
                batch,
                (symbol,),
                moment,
                max_age=max_age,
                currency=managed.portfolio.currency,
                last_closes=last_closes,
            )
    return Snapshot(
        account_id=managed.account.id,
        holdings=holdings,
        quotes={**quotes, **extra},
        taken_at=moment.now,
        session=moment.session.date,
        fractionable=tradable.in_parts,
        settlement=settlement,
        untradable=tradable.never,
        taxes=taxes or KnownTaxes(),
        set_aside=set_aside,
    )


async def take_snapshot(
    store: Store,
    brokers: Brokers,
    market: Market,
    managed: ManagedPortfolio,
    moment: Moment,
    targets: TargetAllocation | None = None,
    traded: Collection[Symbol] = (),
    set_aside: Decimal | None = None,
) -> Snapshot:
    """Ask the broker and the price source about one portfolio.

    ``targets`` stands in for the portfolio's own where a change is only being looked at; what is about to be ``traded``
    needs a price whatever policy says by now. ``set_aside`` is money to be raised and taken out; without it, what is
    there and set aside already is left alone. Raises NoTargets, BrokerDown, PriceSourceDown or PricesRefused.
    """
    targets = targets or managed.targets
    if targets is None:
        raise NoTargets
    holdings = await read_holdings(brokers, managed)
    needed = symbols_needed(holdings, targets, managed.policy, traded)
    symbols = needed.every
    batch = await market.prices.quotes(symbols)
    tradable = await read_tradable(brokers, managed, symbols)
    typed = await read_typed_lots(brokers, managed)
    async with store.read() as work:
        closes = await work.instruments.last_closes(symbols, moment.jumps_since)
        settlement = await read_settlement(work, brokers, market, managed, moment)
        taxes = await read_taxes(work, [managed], moment)
        if set_aside is None:
            set_aside = await read_set_aside(work, managed.account.id, holdings, moment)
    return make_snapshot(
        managed,
        needed,
        holdings,
        batch,
        moment,
        max_age=market.prices.max_age,
        last_closes=closes,
        tradable=tradable,
        settlement=settlement,
        taxes=taxes.of(managed, typed, methods_at(brokers, managed)),
        set_aside=set_aside,
    )


async def read_set_aside(
    work: UnitOfWork, account_id: AccountId, holdings: Holdings, moment: Moment
) -> Decimal:
    """How much of an account's cash waits to be taken out, and so is not managed."""
    counting = await work.earmarks.counting([account_id], moment.today)
    return counting[account_id].kept(holdings.cash) if account_id in counting else ZERO


async def read_settlement(
    work: UnitOfWork, brokers: Brokers, market: Market, managed: ManagedPortfolio, moment: Moment
) -> Settlement:
    """How the account's money settles, and what was bought with money that has not: by our own orders."""
    traits = brokers.of(managed.account).traits
    if traits.settles_at_once:
        return AT_ONCE
    recent = await work.orders.recent(managed.portfolio.id, ORDERS_LOOKED_AT)
    trades = trades_by_session(recent)
    first = min((day.session for day in trades), default=moment.today)
    sessions = [
        session.date
        for session in market.calendar.between(max(first, moment.today - LONGEST), moment.today)
    ]
    held = held_until_settled(trades, sessions, moment.today)
    return Settlement(held, buys_wait=not traits.may_use_unsettled)


async def read_holdings(brokers: Brokers, managed: ManagedPortfolio) -> Holdings:
    """Ask the account's broker what it holds; raises BrokerDown."""
    try:
        return await brokers.of(managed.account).holdings()
    except BrokerError as error:
        raise as_refusal(error, managed.account) from error


async def read_tradable(
    brokers: Brokers, managed: ManagedPortfolio, symbols: Collection[Symbol]
) -> Tradable:
    """Ask the account's broker what it trades in parts, and what not at all now; raises BrokerDown.

    What it does not know, it does not trade.
    """
    account = managed.account
    try:
        in_parts = await brokers.fractionable(account, symbols)
        assets = await brokers.of(account).assets(symbols)
    except BrokerError as error:
        raise as_refusal(error, account) from error
    never = (s for s in symbols if s not in assets or not assets[s].is_tradable)
    return Tradable(in_parts, frozenset(never))


def drift_of(managed: ManagedPortfolio, snapshot: Snapshot) -> DriftReport:
    """Measure a snapshot against the portfolio's targets; raises NoTargets or NegativeTotal."""
    if managed.targets is None:
        raise NoTargets
    whole = whole_shares(managed.policy, snapshot.quotes, snapshot.fractionable)
    return measure_drift(
        snapshot.remaining, snapshot.prices, managed.targets, managed.policy, whole
    )


def plan_request(
    managed: ManagedPortfolio,
    snapshot: Snapshot,
    *,
    targets: TargetAllocation | None = None,
    direction: Direction | None = None,
    force: bool = False,
    date_due: bool = False,
) -> PlanRequest:
    """Ask planning about a snapshot under the portfolio's policy; raises NoTargets."""
    targets = targets or managed.targets
    if targets is None:
        raise NoTargets
    policy = managed.policy if direction is None else replace(managed.policy, direction=direction)
    account = PlanAccount(
        snapshot.holdings,
        treatment=managed.account.tax_treatment,
        tax_owner=snapshot.taxes.owner,
        lots=snapshot.taxes.lots,
        lot_methods=snapshot.taxes.lot_methods,
        fractionable=snapshot.fractionable,
        held=snapshot.settlement.held,
        untradable=snapshot.untradable,
        withdraw=snapshot.set_aside,
    )
    return PlanRequest(
        accounts=(account,),
        prices=snapshot.prices,
        targets=targets,
        policy=policy,
        currency=managed.portfolio.currency,
        force=force,
        date_due=date_due,
        tax=snapshot.taxes.situation,
    )
