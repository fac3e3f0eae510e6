"""Compare: what a portfolio came to, against never having traded: both at the closes of the last session.

Checks value at the prices of their minute, and closes are of the end of a session, so neither is held against the
other: what is held now, and what was held in the beginning, are both priced with the same closes. What was held is
known from the snapshots of proposals, and from our own executions since each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from core.application.market import Market, Moment
from core.application.measured import Span
from core.domain.drift import managed_symbols
from core.domain.ids import ProposalId, Symbol
from core.domain.ledger import Split, distinct_splits, shares_today
from core.domain.money import ONE, ZERO
from core.domain.order import Order
from core.domain.performance import Flow, Kept, left_alone
from core.domain.portfolio import Holdings, ManagedPortfolio, Snapshot
from core.domain.refusals import PriceSourceDown
from core.domain.session import NEW_YORK, Session
from core.ports.store import Store

_PROPOSALS_READ = 200
_ORDERS_READ = 2000
_SESSIONS_READ = 4000


class Lack(StrEnum):
    """Why the comparison is not told."""

    NOT_SIMULATED = "not_simulated"
    """Others may trade in an account, and dividends come: it would not be the same but for our trades."""
    NOT_INVESTED = "not_invested"
    """Nothing was held, or no session has ended since something was."""
    NOTHING_TRADED = "nothing_traded"
    """Nothing was traded: it is the same."""
    NO_CLOSES = "no_closes"
    """The source of prices has no closes for it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both values at the close of a session: of what is held, and of what was held on the day ``since``, left alone.

    ``traded`` is the number of executions in between.
    """

    since: date
    until: date
    held: Decimal
    alone: Decimal
    traded: int

    @property
    def difference(self) -> Decimal:
        """What trading has brought (below 0: has taken), in money."""
        return self.held - self.alone


@dataclass(frozen=True, slots=True)
class _Trade:
    at: datetime
    proposal: ProposalId
    symbol: Symbol
    shares: Decimal
    """Above 0 where they were bought."""
    cash: Decimal


@dataclass(frozen=True, slots=True)
class _Past:
    """What is known of a portfolio's holdings: proposals' snapshots, our executions, flows, and splits since.

    A proposal's snapshot is from before its own executions and after those of earlier ones, whatever their instants
    say: in a replay all of them may be the same.
    """

    snapshots: tuple[tuple[ProposalId, Snapshot], ...]
    trades: tuple[_Trade, ...]
    flows: tuple[Flow, ...]
    splits: tuple[Split, ...]

    def at(self, instant: datetime) -> Kept:
        """What was held at an instant, from the nearest snapshot before it, or else the first one after."""
        before = [each for each in self.snapshots if each[1].taken_at <= instant]
        if before:
            number, shot = before[-1]
            since = [t for t in self.trades if t.proposal >= number and t.at <= instant]
            return self._moved(shot, since, (shot.taken_at, instant), ONE)
        number, shot = self.snapshots[0]
        until = [t for t in self.trades if t.proposal < number and t.at > instant]
        return self._moved(shot, until, (instant, shot.taken_at), -ONE)

    def _moved(
        self,
        shot: Snapshot,
        trades: Sequence[_Trade],
        span: tuple[datetime, datetime],
        sign: Decimal,
    ) -> Kept:
        """A snapshot with trades and the flows of a span done to it, or (``sign`` −1) undone."""
        holdings, (early, late) = shot.holdings.with_bound, span
        held = self._today(holdings.positions.items(), shot.taken_at)
        for trade in trades:
            ((symbol, shares),) = self._today([(trade.symbol, trade.shares)], trade.at).items()
            held[symbol] = held.get(symbol, ZERO) + sign * shares
        came = [trade.cash for trade in trades]
        came += [flow.amount for flow in self.flows if early < flow.at <= late]
        cash = holdings.cash + sign * sum(came, ZERO)
        return Kept(cash, {symbol: shares for symbol, shares in held.items() if shares})

    def between(self, early: datetime, late: datetime) -> tuple[_Trade, ...]:
        """Our executions after one instant, up to another."""
        return tuple(trade for trade in self.trades if early < trade.at <= late)

    def _today(self, held: Iterable[tuple[Symbol, Decimal]], at: datetime) -> dict[Symbol, Decimal]:
        """Shares of an instant in those of today."""
        day = at.astimezone(NEW_YORK).date()
        return {s: shares_today(s, quantity, day, self.splits) for s, quantity in held}


async def compare(
    store: Store, market: Market, managed: ManagedPortfolio, span: Span, moment: Moment
) -> Comparison | Lack:
    """Hold what is there against what was there in the beginning, for a portfolio whose money moves through us alone.

    Asks for closes at most once, and never refuses.
    """
    past = await _read(store, managed, span)
    begins = next((v.at for v in span.valued if past.snapshots and past.at(v.at).positions), None)
    end = _last_over(market, moment)
    if begins is None or end is None or end.closes_at <= begins:
        return Lack.NOT_INVESTED
    trades = past.between(begins, end.closes_at)
    if not trades:
        return Lack.NOTHING_TRADED
    return await _priced(market, managed, past, begins, end, len(trades))


async def _read(store: Store, managed: ManagedPortfolio, span: Span) -> _Past:
    portfolio_id = managed.portfolio.id
    async with store.read() as work:
        proposals = await work.proposals.recent(portfolio_id, _PROPOSALS_READ)
        orders = await work.orders.recent(portfolio_id, _ORDERS_READ)
        splits = distinct_splits(await work.taxes.splits(date.min))
    shots = [(proposal.id, proposal.revision.snapshot) for proposal in proposals]
    return _Past(
        tuple(sorted(shots, key=lambda each: (each[1].taken_at, each[0]))),
        tuple(sorted(_trades(orders), key=lambda trade: trade.at)),
        span.flows or (),
        splits,
    )


def _trades(orders: Sequence[Order]) -> list[_Trade]:
    return [
        _Trade(
            fill.at,
            order.proposal_id,
            order.symbol,
            sign * fill.quantity,
            -sign * fill.quantity * fill.price - fill.commission,
        )
        for order in orders
        for sign in [1 if order.signed_filled > ZERO else -1]
        for fill in order.fills
    ]


def _last_over(market: Market, moment: Moment) -> Session | None:
    known = market.calendar.up_to(moment.session.date, 2)
    return next((each for each in reversed(known) if each.closes_at <= moment.now), None)


async def _priced(
    market: Market,
    managed: ManagedPortfolio,
    past: _Past,
    begins: datetime,
    end: Session,
    traded: int,
) -> Comparison | Lack:
    begun, held = past.at(begins), past.at(end.closes_at)
    known = [s for s in market.calendar.up_to(end.date, _SESSIONS_READ) if s.closes_at >= begins]
    flows = [
        (next(s.date for s in known if s.closes_at >= flow.at), flow.amount)
        for flow in past.flows
        if begins < flow.at <= end.closes_at
    ]
    counted = _counted(managed, past, begun, held)
    begun, held = _only(begun, counted), _only(held, counted)
    days = sorted({*(day for day, _ in flows), end.date})
    try:
        batch = await market.history.history(sorted(counted), days)
    except PriceSourceDown:
        return Lack.NO_CLOSES
    closes = {day: {s: c[day] for s, c in batch.closes.items() if day in c} for day in days}
    try:
        alone = left_alone(begun, flows, closes)
        if alone is None:
            return Lack.NOT_INVESTED
        prices = closes[end.date]
        return Comparison(
            begins.astimezone(NEW_YORK).date(),
            end.date,
            held.worth(prices),
            alone.worth(prices),
            traded,
        )
    except KeyError:
        return Lack.NO_CLOSES


def _counted(managed: ManagedPortfolio, past: _Past, *kept: Kept) -> frozenset[Symbol]:
    """The symbols that belong to the managed part; what has no target and was never traded may be left outside."""
    every = {symbol: shares for each in kept for symbol, shares in each.positions.items()}
    if managed.targets is None:
        return frozenset(every)
    inside = managed_symbols(Holdings(ZERO, every), managed.targets, managed.policy)
    traded = {trade.symbol for trade in past.trades}
    return frozenset(symbol for symbol in every if symbol in inside or symbol in traded)


def _only(kept: Kept, symbols: frozenset[Symbol]) -> Kept:
    return Kept(kept.cash, {s: q for s, q in kept.positions.items() if s in symbols})
