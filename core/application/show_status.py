"""Status: what a portfolio is worth and how far it is from its targets; nothing is checked or proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from core.application.access import managed_for
from core.application.market import Market, Moment
from core.application.take_snapshot import (
    drift_of,
    make_snapshot,
    read_holdings,
    read_settlement,
    read_tradable,
    symbols_needed,
)
from core.domain.drift import DriftReport
from core.domain.earmark import Earmark
from core.domain.hold import Hold
from core.domain.ids import PortfolioId, Symbol
from core.domain.membership import Member, Permission, Role
from core.domain.money import ZERO
from core.domain.portfolio import Holdings, ManagedPortfolio
from core.domain.proposal import Proposal
from core.domain.refusals import EmptyAccount, NegativeTotal, NoTargets, Refusal
from core.ports.broker import Brokers
from core.ports.store import CheckRecord, Store

ANY_AGE = timedelta(days=3650)
"""Status shows prices of any age, and says how old they are."""


@dataclass(frozen=True, slots=True)
class Status:
    """A portfolio at a glance; where ``drift`` is None, ``refusal`` says why."""

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
    estimates: Mapping[Symbol, Symbol] = field(default_factory=dict)
    unsettled: frozenset[Symbol] = frozenset()
    holds: tuple[Hold, ...] = ()
    earmark: Earmark | None = None

    @property
    def set_aside(self) -> Decimal:
        """How much of the cash waits to be taken out."""
        if self.earmark is None or self.holdings is None:
            return ZERO
        return self.earmark.kept(self.holdings.cash)


async def show_status(
    store: Store, brokers: Brokers, market: Market, *, member: Member, portfolio_id: PortfolioId
) -> Status:
    """Look at a portfolio without checking it; trouble with prices or the broker is part of the answer."""
    moment = await market.moment()
    async with store.read() as work:
        managed, role = await managed_for(
            work, member, portfolio_id, Permission.VIEW, "see the portfolio"
        )
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
            holds=await work.holds.standing(managed.account.id),
            earmark=(await work.earmarks.counting([managed.account.id], moment.today)).get(
                managed.account.id
            ),
        )
    status = await _with_drift(brokers, market, status, moment)
    return replace(status, unsettled=await _unsettled(store, brokers, market, managed, moment))


async def _unsettled(
    store: Store, brokers: Brokers, market: Market, managed: ManagedPortfolio, moment: Moment
) -> frozenset[Symbol]:
    """What may not be sold before the money has settled that bought it."""
    try:
        async with store.read() as work:
            return (await read_settlement(work, brokers, market, managed, moment)).held
    except Refusal:
        return frozenset()


async def _with_drift(brokers: Brokers, market: Market, status: Status, moment: Moment) -> Status:
    managed = status.managed
    try:
        holdings = await read_holdings(brokers, managed)
        status = replace(status, holdings=holdings)
        if managed.targets is None:
            return replace(status, refusal=NoTargets())
        if not holdings.positions and not holdings.with_bound.cash:
            return replace(status, refusal=EmptyAccount())
        return await _priced(brokers, market, status, holdings, moment)
    except NegativeTotal:
        return replace(status, refusal=EmptyAccount())
    except Refusal as refusal:
        return replace(status, refusal=refusal)


async def _priced(
    brokers: Brokers, market: Market, status: Status, holdings: Holdings, moment: Moment
) -> Status:
    managed = status.managed
    if managed.targets is None:
        raise NoTargets
    needed = symbols_needed(holdings, managed.targets, managed.policy)
    holdings = holdings.with_bound
    batch = await market.prices.quotes(needed.every)
    snapshot = make_snapshot(
        managed,
        needed,
        holdings,
        batch,
        moment,
        max_age=ANY_AGE,
        last_closes={},
        tradable=await read_tradable(brokers, managed, needed.every),
        set_aside=status.set_aside,
    )
    return replace(
        status,
        drift=drift_of(managed, snapshot),
        prices_at=snapshot.prices_at,
        estimates=snapshot.estimates,
    )
