"""Status: what a portfolio is worth and how far it is from its targets; nothing is checked or proposed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from core.application.access import managed_for
from core.application.market import Market, Moment
from core.application.side_by_side import side_by_side
from core.application.take_snapshot import (
    drift_of,
    make_snapshot,
    of_account,
    read_all_holdings,
    read_settlement,
    read_tradable,
    symbols_needed,
)
from core.domain.change import PENDING, PendingChange
from core.domain.drift import DriftReport
from core.domain.earmark import Earmark
from core.domain.hold import Hold
from core.domain.ids import PortfolioId, Symbol
from core.domain.membership import Member, Role
from core.domain.money import ZERO
from core.domain.permissions import Act
from core.domain.portfolio import Account, Holdings, ManagedPortfolio, together
from core.domain.proposal import Proposal
from core.domain.refusals import EmptyAccount, NegativeTotal, NoTargets, Refusal
from core.ports.broker import Brokers
from core.ports.store import CheckRecord, Store, UnitOfWork

ANY_AGE = timedelta(days=3650)
"""Status shows prices of any age, and says how old they are."""


@dataclass(frozen=True, slots=True)
class AccountWorth:
    """What one account holds, and what that is worth with its cash; None where a price is missing."""

    account: Account
    holdings: Holdings
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """A portfolio at a glance; where ``drift`` is None, ``refusal`` says why. ``changes`` are those that wait."""

    managed: ManagedPortfolio
    role: Role
    holdings: Holdings | None
    drift: DriftReport | None
    refusal: Refusal | None
    prices_at: datetime | None
    source: str
    market_now: datetime
    is_open: bool
    next_check_at: datetime | None
    last_check: CheckRecord | None
    open_proposals: tuple[Proposal, ...]
    accounts: tuple[AccountWorth, ...] = ()
    estimates: Mapping[Symbol, Symbol] = field(default_factory=dict)
    unsettled: frozenset[Symbol] = frozenset()
    holds: tuple[Hold, ...] = ()
    earmarks: tuple[Earmark, ...] = ()
    changes: tuple[PendingChange, ...] = ()

    @property
    def aside(self) -> tuple[tuple[Earmark, Decimal], ...]:
        """What is to be taken out of accounts, each with how much of the account's cash waits for it."""
        cash = {each.account.id: each.holdings.cash for each in self.accounts}
        return tuple(
            (mark, mark.kept(cash[mark.account_id]))
            for mark in self.earmarks
            if mark.account_id in cash
        )

    @property
    def set_aside(self) -> Decimal:
        """How much of the cash waits to be taken out."""
        return sum((kept for _, kept in self.aside), ZERO)


async def show_status(
    store: Store, brokers: Brokers, market: Market, *, member: Member, portfolio_id: PortfolioId
) -> Status:
    """Look at a portfolio without checking it; trouble with prices or the broker is part of the answer."""
    moment = await market.moment()
    async with store.read() as work:
        managed, role = await managed_for(work, member, portfolio_id, Act.SEE_PORTFOLIO)
        blocking = await work.proposals.blocking([portfolio_id])
        status = Status(
            managed=managed,
            role=role,
            holdings=None,
            drift=None,
            refusal=None,
            prices_at=None,
            source=market.prices.name,
            market_now=moment.now,
            is_open=moment.is_open,
            next_check_at=await work.checks.next_due_of(portfolio_id),
            last_check=await work.checks.last(portfolio_id),
            open_proposals=blocking.get(portfolio_id, ()),
            holds=(await work.holds.standing_in([portfolio_id])).get(portfolio_id, ()),
            earmarks=await _earmarks(work, managed, moment),
            changes=await work.changes.in_states(PENDING, portfolio_id),
        )
    status = await _with_drift(brokers, market, status, moment)
    return replace(status, unsettled=await _unsettled(store, brokers, market, managed, moment))


async def _earmarks(
    work: UnitOfWork, managed: ManagedPortfolio, moment: Moment
) -> tuple[Earmark, ...]:
    counting = await work.earmarks.counting([each.id for each in managed.accounts], moment.today)
    return tuple(counting[each.id] for each in managed.accounts if each.id in counting)


async def _unsettled(
    store: Store, brokers: Brokers, market: Market, managed: ManagedPortfolio, moment: Moment
) -> frozenset[Symbol]:
    """What may not be sold before the money has settled that bought it."""
    try:
        async with store.read() as work:
            settled = [
                await read_settlement(work, brokers, market, each, moment) for each in managed.parts
            ]
    except Refusal:
        return frozenset()
    return frozenset[Symbol]().union(*(each.held for each in settled))


async def _with_drift(brokers: Brokers, market: Market, status: Status, moment: Moment) -> Status:
    managed = status.managed
    try:
        each_holds = await read_all_holdings(brokers, managed.parts)
        holdings = together(each_holds)
        worths = tuple(map(AccountWorth, managed.accounts, each_holds))
        status = replace(status, holdings=holdings, accounts=worths)
        if managed.targets is None:
            return replace(status, refusal=NoTargets())
        if not holdings.positions and not holdings.with_bound.cash:
            return replace(status, refusal=EmptyAccount())
        return await _priced(brokers, market, status, each_holds, moment)
    except NegativeTotal:
        return replace(status, refusal=EmptyAccount())
    except Refusal as refusal:
        return replace(status, refusal=refusal)


async def _priced(
    brokers: Brokers,
    market: Market,
    status: Status,
    each_holds: Sequence[Holdings],
    moment: Moment,
) -> Status:
    managed = status.managed
    if managed.targets is None:
        raise NoTargets
    each_holds = [each.with_bound for each in each_holds]
    needed = symbols_needed(together(each_holds), managed.targets, managed.policy)
    batch = await market.prices.quotes(needed.every)
    tradable = await side_by_side(
        [partial(read_tradable, brokers, each, needed.every) for each in managed.parts]
    )
    aside = {mark.account_id: kept for mark, kept in status.aside}
    parts = zip(managed.parts, each_holds, tradable, strict=True)
    snapshot = make_snapshot(
        managed,
        needed,
        [
            of_account(each, held, trades, set_aside=aside.get(each.account.id, ZERO))
            for each, held, trades in parts
        ],
        batch,
        moment,
        max_age=ANY_AGE,
        last_closes={},
    )
    return replace(
        status,
        accounts=tuple(
            replace(each, value=_worth(each.holdings, snapshot.prices)) for each in status.accounts
        ),
        drift=drift_of(managed, snapshot),
        prices_at=snapshot.prices_at,
        estimates=snapshot.estimates,
    )


def _worth(holdings: Holdings, prices: Mapping[Symbol, Decimal]) -> Decimal | None:
    held = {symbol: quantity for symbol, quantity in holdings.positions.items() if quantity}
    if not held.keys() <= prices.keys():
        return None
    return holdings.cash + sum((held[symbol] * prices[symbol] for symbol in held), ZERO)
