"""A small world for tests of use cases: a real store, a broker, a market and a family."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.market_data.history import load_history
from core.adapters.store import SqlStore
from core.application.choose_portfolio import Current
from core.application.create_portfolio import create_portfolio
from core.application.desk import Desk
from core.application.enter import enter
from core.application.market import Market
from core.application.set_targets import set_targets
from core.domain.ids import ChatId, PortfolioId, Symbol, UserId
from core.domain.membership import Member, Role
from core.domain.outbox import MessageKind
from core.domain.proposal import Proposal
from core.domain.targets import TargetAllocation
from core.ports.store import Chat
from tests.fakes.broker import FakeBroker, FakeBrokers
from tests.fakes.clock import FakeClock, FakeMarketClock
from tests.fakes.market_data import FakeMarketData
from tests.fakes.store import make_store

ANNA, BEN = UserId(1001), UserId(1002)
PRICES = {"AAA": 100, "BBB": 50, "CCC": 10}


class TwinBrokers(FakeBrokers):
    """A family of brokers whose first account is there already; later ones are made alike."""

    def __init__(self, first: FakeBroker) -> None:
        super().__init__(first)
        self.first = first
        self._is_taken = False

    async def open_account(self, broker: str, currency: str) -> str:
        if not self._is_taken:
            self._is_taken = True
            return self.first.account_id
        number = f"FAKE-{len(self.by_id) + 1}"
        self.by_id[number] = replace(self.first, account_id=number, currency=currency, name=broker)
        return number


@dataclass
class World:
    """Everything that use cases need, with handles to set the scene."""

    store: SqlStore
    broker: FakeBroker
    brokers: FakeBrokers
    prices: FakeMarketData
    market_clock: FakeMarketClock
    clock: FakeClock
    market: Market
    desk: Desk

    async def person(self, user_id: UserId = ANNA, name: str = "Anna") -> Member:
        """Let somebody in."""
        allowed = frozenset({int(user_id)})
        entered = await enter(
            self.store, self.clock, user_id=user_id, name=name, allowed=allowed, code=None
        )
        return entered.member

    async def portfolio(
        self, member: Member, targets: dict[str, Any] | None = None, name: str = "Family"
    ) -> Current:
        """Make a portfolio on the fake broker, with targets."""
        chat = Chat(ChatId(member.user_id), "private", member.name)
        current = await create_portfolio(
            self.store,
            self.brokers,
            self.clock,
            member=member,
            name=name,
            chat=chat,
            broker=self.broker.name,
        )
        if targets:
            await self.set_targets(member, current.portfolio.portfolio.id, targets)
        return current

    async def set_targets(
        self, member: Member, portfolio_id: PortfolioId, targets: dict[str, Any]
    ) -> None:
        """Set targets without a preview."""
        await set_targets(
            self.store,
            self.market,
            self.clock,
            member=member,
            portfolio_id=portfolio_id,
            targets=TargetAllocation.of(targets),
        )

    def hold(self, cash: Decimal | int | str, **positions: Decimal | int | str) -> None:
        """Say what the account (or each of them) holds."""
        for broker in self.brokers.by_id.values():
            broker.cash = Decimal(cash)
            broker.positions = {Symbol(s): Decimal(q) for s, q in positions.items()}

    def price(self, **prices: Decimal | int | str) -> None:
        """Set prices, for the market and the broker alike."""
        self.prices.set_prices(prices)
        self.broker.prices.update({Symbol(s): Decimal(p) for s, p in prices.items()})

    def pass_time(self, step: timedelta) -> None:
        """Move both clocks on."""
        self.clock.advance(step)
        self.market_clock.advance(step)

    async def give_role(self, member: Member, portfolio_id: PortfolioId, role: Role) -> None:
        """Give somebody a role, whoever may."""
        async with self.store.begin() as work:
            await work.people.set_role(member.id, portfolio_id, role)

    async def proposal(self, number: Any) -> Proposal:
        """A proposal as the store has it now."""
        async with self.store.read() as work:
            found = await work.proposals.get(number)
        assert found is not None
        return found

    async def outbox(self) -> list[tuple[str, int]]:
        """What waits to be told, as kind and chat, but for silent edits of the pinned message."""
        async with self.store.read() as work:
            queued = await work.outbox.queued(self.clock.now() + timedelta(days=1), 1000)
        return [
            (str(q.item.kind), q.item.chat_id)
            for q in queued
            if q.item.kind is not MessageKind.PINNED
        ]


@asynccontextmanager
async def small_world(folder: Path) -> AsyncIterator[World]:
    """A family on 9 March 2020 at 11:00 in New York, with a fake broker that fills at once."""
    clock, market_clock = FakeClock(), FakeMarketClock()
    broker = FakeBroker(market_clock=market_clock)
    brokers = TwinBrokers(broker)
    prices = FakeMarketData(clock=market_clock)
    days = [day for day in load_history().sessions if date(2020, 1, 1) <= day <= date(2020, 12, 31)]
    market = Market(prices, market_clock, ReplayCalendar(days), prices)
    store = await make_store(folder)
    desk = Desk(store, brokers, market, clock, holder="test:1")
    world = World(store, broker, brokers, prices, market_clock, clock, market, desk)
    world.price(**PRICES)
    try:
        yield world
    finally:
        await store.aclose()
