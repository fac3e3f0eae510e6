"""Snapshot: what accounts hold and what it is worth, at one instant, judged before anything is made from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

from core.application.broker_faults import as_refusal
from core.application.market import Market, Moment, judge
from core.application.read_tax import methods_at, read_taxes, read_typed_lots
from core.application.side_by_side import side_by_side
from core.domain.drift import DriftReport, managed_symbols, measure_drift
from core.domain.ids import AccountId, Symbol
from core.domain.money import ZERO
from core.domain.plan import PlanAccount, PlanRequest
from core.domain.policy import Direction, Policy, whole_shares
from core.domain.portfolio import (
    AT_ONCE,
    AccountSnapshot,
    Holdings,
    KnownTaxes,
    ManagedAccount,
    ManagedPortfolio,
    Settlement,
    Snapshot,
    Tradable,
    together,
)
from core.domain.quote import QuoteBatch
from core.domain.refusals import NoTargets, PricesRefused
from core.domain.settlement import held_until_settled, trades_by_session
from core.domain.targets import TargetAllocation
from core.domain.tax import TaxSituation
from core.domain.tax_treatment import TaxTreatment
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


def of_account(
    managed: ManagedAccount,
    holdings: Holdings,
    tradable: Tradable,
    settlement: Settlement = AT_ONCE,
    taxes: KnownTaxes | None = None,
    *,
    set_aside: Decimal = ZERO,
) -> AccountSnapshot:
    """Put together what one account brings to a snapshot."""
    return AccountSnapshot(
        managed.account.id,
        holdings,
        fractionable=tradable.in_parts,
        settlement=settlement,
        untradable=tradable.never,
        taxes=taxes or KnownTaxes(),
        set_aside=set_aside,
    )


def make_snapshot(
    managed: ManagedPortfolio,
    needed: Needed,
    accounts: Sequence[AccountSnapshot],
    batch: QuoteBatch,
    moment: Moment,
    *,
    max_age: timedelta,
    last_closes: dict[Symbol, Decimal],
    situation: TaxSituation | None = None,
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
        accounts=tuple(accounts),
        quotes={**quotes, **extra},
        taken_at=moment.now,
        session=moment.session.date,
        situation=situation or TaxSituation(),
    )


async def take_snapshot(  # noqa: PLR0913 - all that may be said of a look
    store: Store,
    brokers: Brokers,
    market: Market,
    managed: ManagedPortfolio,
    moment: Moment,
    targets: TargetAllocation | None = None,
    *,
    traded: Collection[Symbol] = (),
    set_aside: Mapping[AccountId, Decimal] | None = None,
    known: Sequence[AccountSnapshot] = (),
) -> Snapshot:
    """Ask the brokers and the price source about one portfolio.

    ``targets`` stands in for the portfolio's own where a change is only being looked at; what is about to be ``traded``
    needs a price whatever policy says by now. ``set_aside`` is money to be raised and taken out, by account; without
    it, what is there and set aside already is left alone. The accounts that are ``known`` are not asked about again.
    Raises NoTargets, BrokerDown, PriceSourceDown or PricesRefused.
    """
    targets = targets or managed.targets
    if targets is None:
        raise NoTargets
    given = {each.account_id: each for each in known}
    asked = [each for each in managed.parts if each.account.id not in given]
    holdings = await read_all_holdings(brokers, asked)
    needed = symbols_needed(
        together([*holdings, *(each.holdings for each in known)]), targets, managed.policy, traded
    )
    symbols = needed.every
    batch = await market.prices.quotes(symbols)
    tradable = await side_by_side([partial(read_tradable, brokers, m, symbols) for m in asked])
    typed = await side_by_side([partial(read_typed_lots, brokers, each) for each in asked])
    async with store.read() as work:
        closes = await work.instruments.last_closes(symbols, moment.jumps_since)
        settled = [await read_settlement(work, brokers, market, each, moment) for each in asked]
        taxes = await read_taxes(work, [managed], moment)
        if set_aside is None:
            set_aside = await read_set_aside(work, asked, holdings, moment)
    for each, held, trades, lots, settlement in zip(
        asked, holdings, tradable, typed, settled, strict=True
    ):
        taxed = taxes.of(each, lots, methods_at(brokers, each))
        aside = set_aside.get(each.account.id, ZERO)
        given[each.account.id] = of_account(each, held, trades, settlement, taxed, set_aside=aside)
    return make_snapshot(
        managed,
        needed,
        [given[account.id] for account in managed.accounts],
        batch,
        moment,
        max_age=market.prices.max_age,
        last_closes=closes,
        situation=taxes.situation(managed.portfolio.household_id),
    )


async def read_set_aside(
    work: UnitOfWork,
    accounts: Sequence[ManagedAccount],
    holdings: Sequence[Holdings],
    moment: Moment,
) -> dict[AccountId, Decimal]:
    """How much of each account's cash waits to be taken out, and so is not managed."""
    ids = [each.account.id for each in accounts]
    counting = await work.earmarks.counting(ids, moment.today)
    cash = dict(zip(ids, (held.cash for held in holdings), strict=True))
    return {number: mark.kept(cash[number]) for number, mark in counting.items()}


async def read_settlement(
    work: UnitOfWork, brokers: Brokers, market: Market, managed: ManagedAccount, moment: Moment
) -> Settlement:
    """How the account's money settles, and what was bought with money that has not: by our own orders."""
    traits = brokers.of(managed.account).traits
    if traits.settles_at_once:
        return AT_ONCE
    recent = await work.orders.recent(managed.portfolio.id, ORDERS_LOOKED_AT)
    trades = trades_by_session(o for o in recent if o.account_id == managed.account.id)
    first = min((day.session for day in trades), default=moment.today)
    sessions = [
        session.date
        for session in market.calendar.between(max(first, moment.today - LONGEST), moment.today)
    ]
    held = held_until_settled(trades, sessions, moment.today)
    return Settlement(held, buys_wait=not traits.may_use_unsettled)


async def read_all_holdings(brokers: Brokers, accounts: Sequence[ManagedAccount]) -> list[Holdings]:
    """Ask the brokers of these accounts what each holds, side by side; raises BrokerDown."""
    return await side_by_side([partial(_read_holdings, brokers, each) for each in accounts])


async def read_holdings(brokers: Brokers, managed: ManagedPortfolio) -> Holdings:
    """Ask the brokers of a portfolio what it holds in all its accounts together; raises BrokerDown."""
    return together(await read_all_holdings(brokers, managed.parts))


async def _read_holdings(brokers: Brokers, managed: ManagedAccount) -> Holdings:
    try:
        return await brokers.of(managed.account).holdings()
    except BrokerError as error:
        raise as_refusal(error, managed.account) from error


async def read_tradable(
    brokers: Brokers, managed: ManagedAccount, symbols: Collection[Symbol]
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
    treatments = {account.id: account.tax_treatment for account in managed.accounts}
    return PlanRequest(
        accounts=tuple(
            _plan_account(each, treatments[each.account_id]) for each in snapshot.accounts
        ),
        prices=snapshot.prices,
        targets=targets,
        policy=policy,
        currency=managed.portfolio.currency,
        force=force,
        date_due=date_due,
        tax=snapshot.situation,
    )


def _plan_account(known: AccountSnapshot, treatment: TaxTreatment) -> PlanAccount:
    """An account as planning sees it; its trades name it by its number."""
    return PlanAccount(
        known.holdings,
        name=f"{known.account_id}",
        treatment=treatment,
        tax_owner=known.taxes.owner,
        lots=known.taxes.lots,
        lot_methods=known.taxes.lot_methods,
        lots_first=known.taxes.lots_first,
        fractionable=known.fractionable,
        held=known.settlement.held,
        untradable=known.untradable,
        withdraw=known.set_aside,
    )
