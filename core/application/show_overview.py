"""Overview: all of a member's portfolios at a glance, by household; nothing is checked or proposed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

from core.application.choose_portfolio import my_portfolios
from core.application.market import Market
from core.application.show_status import Status, show_status
from core.application.side_by_side import side_by_side
from core.domain.ids import PortfolioId, Symbol
from core.domain.membership import Member
from core.domain.money import ZERO
from core.domain.quote import QuoteBatch
from core.domain.refusals import NoPortfolio
from core.ports.broker import Brokers
from core.ports.market_data import MarketData
from core.ports.store import Store


@dataclass(frozen=True, slots=True)
class HouseholdOverview:
    """A household's name, and how each of the member's portfolios in it stands."""

    name: str
    statuses: tuple[Status, ...]

    @property
    def totals(self) -> dict[str, Decimal]:
        """What the portfolios whose value is known are worth together, by currency."""
        found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for status in self.statuses:
            if (worth := worth_of(status)) is not None:
                found[status.managed.portfolio.currency] += worth
        return dict(found)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of the portfolios that no total counts."""
        return tuple(
            each.managed.portfolio.name for each in self.statuses if worth_of(each) is None
        )


def worth_of(status: Status) -> Decimal | None:
    """What a portfolio's accounts are worth, with what waits to be taken out; None where a price is missing."""
    if status.drift is not None:
        return status.drift.total + status.set_aside
    held = status.holdings
    return held.with_bound.cash if held is not None and not held.positions else None


async def show_overview(
    store: Store, brokers: Brokers, market: Market, *, member: Member
) -> tuple[HouseholdOverview, ...]:
    """Look at every portfolio of a member, with one request for the prices of all; trouble is part of the answer.

    Raises NoPortfolio.
    """
    mine = [portfolio.id for portfolio, _ in await my_portfolios(store, member=member)]
    if not mine:
        raise NoPortfolio
    request = _OneRequest(market.prices, len(mine))

    async def look(portfolio_id: PortfolioId) -> Status:
        seat = _Seat(market.prices, request)
        try:
            return await show_status(
                store,
                brokers,
                replace(market, prices=seat),
                member=member,
                portfolio_id=portfolio_id,
            )
        finally:
            seat.leave()

    statuses = await side_by_side([partial(look, each) for each in mine], len(mine))
    houses: dict[int, list[Status]] = {}
    for status in statuses:
        houses.setdefault(status.managed.portfolio.household_id, []).append(status)
    async with store.read() as work:
        return tuple(
            [
                HouseholdOverview(
                    (await work.households.named(each[0].managed.portfolio.household_id)).name,
                    tuple(each),
                )
                for each in houses.values()
            ]
        )


class _OneRequest:
    """Asks once for the prices of all that several looks need, when each has said what it needs, or has ended."""

    def __init__(self, prices: MarketData, looks: int) -> None:
        self._prices = prices
        self._awaited = looks
        self._wanted: set[Symbol] = set()
        self._is_asked = asyncio.Event()
        self._answer: asyncio.Task[QuoteBatch] | None = None

    def heard(self, symbols: Collection[Symbol] = ()) -> None:
        """One more look has said what it needs, if anything."""
        self._wanted.update(symbols)
        self._awaited -= 1
        if not self._awaited and self._wanted:
            self._answer = asyncio.create_task(self._ask())
            self._is_asked.set()

    async def _ask(self) -> QuoteBatch:
        return await self._prices.quotes(sorted(self._wanted))

    async def answer(self) -> QuoteBatch:
        """Everybody's prices; raises what the source raises."""
        await self._is_asked.wait()
        if self._answer is None:
            raise RuntimeError("prices are asked for before they are waited for")
        return await asyncio.shield(self._answer)


class _Seat:
    """The source of prices as one look sees it."""

    def __init__(self, prices: MarketData, request: _OneRequest) -> None:
        self._prices = prices
        self._request = request
        self._has_spoken = False

    @property
    def name(self) -> str:
        return self._prices.name

    @property
    def max_age(self) -> timedelta:
        return self._prices.max_age

    async def known_symbols(self) -> frozenset[Symbol] | None:
        return await self._prices.known_symbols()

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        self._speak(symbols)
        return await self._request.answer()

    def leave(self) -> None:
        """Wait for nobody who has ended without asking."""
        self._speak(())

    def _speak(self, symbols: Collection[Symbol]) -> None:
        if not self._has_spoken:
            self._has_spoken = True
            self._request.heard(symbols)
