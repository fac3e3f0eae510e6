"""Rehearse: show what an alert would look like, on a copy with lower prices; nothing is stored or sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from core.application.access import managed_for
from core.application.market import Market
from core.application.take_snapshot import plan_request, take_snapshot
from core.domain.ids import PortfolioId, Symbol
from core.domain.membership import Member
from core.domain.money import HUNDRED
from core.domain.permissions import Act
from core.domain.plan import Plan
from core.domain.portfolio import ManagedPortfolio, Snapshot
from core.planning import calculate
from core.ports.broker import Brokers
from core.ports.store import Store

FALL = Decimal(20)
"""The fall of the rehearsal, in percent."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """An alert that did not happen: ``only`` is the one line that fell, or None where all fell together."""

    managed: ManagedPortfolio
    plan: Plan
    snapshot: Snapshot
    fall_percent: Decimal
    only: Symbol | None


async def rehearse(
    store: Store, brokers: Brokers, market: Market, *, member: Member, portfolio_id: PortfolioId
) -> Rehearsal:
    """Plan on a copy with all prices 20 % lower; where that moves no weight, with only the largest line lower."""
    async with store.read() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.REHEARSE)
    snapshot = await take_snapshot(store, brokers, market, managed, await market.moment())
    whole = _fallen(snapshot, frozenset(snapshot.quotes))
    plan = calculate(plan_request(managed, whole))
    if plan.needed:
        return Rehearsal(managed, plan, whole, FALL, None)
    largest = max(snapshot.quotes, key=lambda symbol: (_value(snapshot, symbol), symbol))
    alone = _fallen(snapshot, frozenset({largest}))
    return Rehearsal(
        managed, calculate(plan_request(managed, alone, force=True)), alone, FALL, largest
    )


def _value(snapshot: Snapshot, symbol: Symbol) -> Decimal:
    return snapshot.holdings.positions.get(symbol, Decimal(0)) * snapshot.quotes[symbol].price


def _fallen(snapshot: Snapshot, symbols: frozenset[Symbol]) -> Snapshot:
    factor = (HUNDRED - FALL) / HUNDRED
    quotes = {
        symbol: replace(quote, price=(quote.price * factor).quantize(Decimal("0.0001")))
        if symbol in symbols
        else quote
        for symbol, quote in snapshot.quotes.items()
    }
    return replace(snapshot, quotes=quotes)
