"""A family and its world for runs by the thousand: set up once, kept as a database, and filled in anew for each run."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Coroutine
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.market_data.history import load_history
from core.application.desk import Desk, WatchMemory
from core.application.market import Market
from core.domain.ids import PortfolioId, UserId
from core.domain.membership import Member, Role
from tests.fakes.clock import FakeClock, FakeMarketClock
from tests.fakes.market_data import FakeMarketData
from tests.fakes.store import _template
from tests.fakes.world import BEN, PRICES, TwinBrokers, World
from tests.reliability.direct_store import DirectDatabase
from tests.reliability.watched import MOVES, WatchedBroker

CLEO, DORA, EVE, NOBODY = UserId(1003), UserId(1004), UserId(1005), UserId(6666)
TARGETS = {"AAA": 50, "BBB": 45, "CASH": 5}


@cache
def database() -> DirectDatabase:
    """This process's one database."""
    return DirectDatabase()


@cache
def calendar() -> ReplayCalendar:
    """The sessions of 2019 to 2022."""
    days = [day for day in load_history().sessions if day >= date(2019, 1, 1)]
    return ReplayCalendar(days)


@cache
def loop() -> asyncio.AbstractEventLoop:
    """This process's one loop."""
    return asyncio.new_event_loop()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Do something to its end."""
    return loop().run_until_complete(work)


def empty_world() -> World:
    """A world on whatever the database holds."""
    clock, market_clock = FakeClock(), FakeMarketClock()
    broker = WatchedBroker(market_clock=market_clock)
    brokers = TwinBrokers(broker)
    prices = FakeMarketData(clock=market_clock)
    market = Market(prices, market_clock, calendar(), prices)
    store = database().store()
    desk = Desk(store, brokers, market, clock, holder="life:1")
    desk = replace(desk, deadline=timedelta(seconds=3), poll=timedelta(seconds=4))
    world = World(store, broker, brokers, prices, market_clock, clock, market, desk)
    world.price(**PRICES)
    return world


@cache
def settled() -> tuple[sqlite3.Connection, dict[str, Member], PortfolioId]:
    """The family as each run finds it, with everybody's member and the portfolio.

    Anna owns it; Ben may approve, Cleo may look; Dora was an approver and was removed; Eve never had a role.
    """
    with sqlite3.connect(_template()) as fresh:
        database().fill(fresh)
    fresh.close()
    people, portfolio_id = run(_settle(empty_world()))
    return database().saved(), people, portfolio_id


async def _settle(world: World) -> tuple[dict[str, Member], PortfolioId]:
    people = {"anna": await world.person()}
    for name, user_id in (("ben", BEN), ("cleo", CLEO), ("dora", DORA), ("eve", EVE)):
        people[name] = await world.person(user_id, name.capitalize())
    current = await world.portfolio(people["anna"], TARGETS)
    portfolio_id = current.portfolio.portfolio.id
    await world.give_role(people["ben"], portfolio_id, Role.APPROVER)
    await world.give_role(people["cleo"], portfolio_id, Role.VIEWER)
    return people, portfolio_id


def family_world() -> tuple[World, dict[str, Member], PortfolioId]:
    """The family once more at its beginning: cash 1000 · AAA 70 @ 100 · BBB 60 @ 50."""
    content, people, portfolio_id = settled()
    database().fill(content)
    database().raw.executescript(MOVES)
    database().raw.execute("DELETE FROM moves")
    world = empty_world()
    world.brokers._is_taken = True  # type: ignore[attr-defined]
    world.hold(1000, AAA=70, BBB=60)
    return world, dict(people), portfolio_id


def restarted(world: World, life: int) -> World:
    """The same world with a new process in it, which remembers nothing."""
    store = database().store()
    desk = replace(world.desk, store=store, holder=f"life:{life}", watched=WatchMemory())
    return replace(world, store=store, desk=desk)
