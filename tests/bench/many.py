"""Many portfolios at once, written straight into the store's file and the simulated broker's book."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Table
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from core.adapters.brokers.registry import BrokerRegistry
from core.adapters.brokers.simulated import SimulatedBrokerage
from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.market_data.history import load_history
from core.adapters.store import SqlStore, open_store
from core.adapters.store.documents import write_policy
from core.adapters.store.tables import (
    ACCOUNTS,
    DUE_CHECKS,
    HOUSEHOLDS,
    INSTRUMENTS,
    MEMBERS,
    MEMBERSHIPS,
    PINNED,
    POLICIES,
    PORTFOLIOS,
    TARGET_LINES,
    TARGETS,
)
from core.application.market import Market
from core.domain.membership import Role
from core.domain.policy import Policy
from core.domain.portfolio import Rung, TaxTreatment
from tests.fakes.clock import MONDAY_ELEVEN, FakeClock, FakeMarketClock
from tests.fakes.market_data import FakeMarketData

SYMBOLS = 500
LINES = 20
CENTS = 5_000_000
"""What each portfolio is worth, in cents."""
STORE, BROKER = "evenkeel.db", "broker.db"
DAY = timedelta(days=1)

Weights = dict[str, int]
"""Hundredths of a percent by symbol."""


@dataclass(frozen=True)
class Many:
    """A store with many portfolios that are due, and the ports that a sweep needs."""

    store: SqlStore
    brokers: BrokerRegistry
    market: Market
    clock: FakeClock
    market_clock: FakeMarketClock
    prices: FakeMarketData


@asynccontextmanager
async def many_portfolios(folder: Path) -> AsyncIterator[Many]:
    """Open what ``write_many`` has left in a folder."""
    clock, market_clock = FakeClock(), FakeMarketClock()
    days = [day for day in load_history().sessions if date(2020, 1, 1) <= day <= date(2020, 12, 31)]
    in_cents = _prices()
    prices = {name: Decimal(cents) / 100 for name, cents in in_cents.items()}
    source = FakeMarketData(prices, market_clock)
    market = Market(source, market_clock, ReplayCalendar(days), source)
    store = await open_store(f"sqlite:///{folder / STORE}", folder)
    house = SimulatedBrokerage(folder / BROKER, source, market.calendar, market_clock)
    try:
        brokers = BrokerRegistry({"simulated": house})
        yield Many(store, brokers, market, clock, market_clock, source)
    finally:
        await house.close()
        await store.aclose()


async def write_many(folder: Path, count: int, *, drifting: int) -> None:
    """``count`` portfolios of twenty lines, all due now; the first ones are far beyond a band, the others on target."""
    async with many_portfolios(folder) as many:
        await many.brokers.open_account("simulated", "USD")  # makes the file; of no portfolio
    prices, chance = _prices(), Random(20200309)
    with closing(opened(folder / STORE)) as store, closing(opened(folder / BROKER)) as broker:
        broker.execute("DELETE FROM accounts")
        insert_rows(store, HOUSEHOLDS, [{"id": 1, "name": "Family"}])
        instruments = {name: number for number, name in enumerate(sorted(prices), start=1)}
        rows = [
            {"id": n, "symbol": s, "name": "", "currency": "USD"} for s, n in instruments.items()
        ]
        insert_rows(store, INSTRUMENTS, rows)
        for first in range(1, count + 1, 5_000):
            numbers = range(first, min(first + 5_000, count + 1))
            weights = {n: _weights(chance, prices) for n in numbers}
            for table, each in _tables(numbers).items():
                insert_rows(store, table, each)
            insert_rows(store, TARGET_LINES, _lines(weights, instruments))
            _hold(
                broker, {n: _shares(w, prices, n <= drifting) for n, w in weights.items()}, prices
            )
        store.execute("ANALYZE")
        broker.execute("ANALYZE")


def _prices() -> dict[str, int]:
    """Prices in cents."""
    chance = Random(500)
    return {f"S{n:03}": chance.randint(1_000, 40_000) for n in range(SYMBOLS)}


def _weights(chance: Random, prices: Mapping[str, int]) -> Weights:
    """Nineteen instruments; with 5 % cash they are 100 percent."""
    names = chance.sample(list(prices), LINES - 1)
    parts = [chance.randint(300, 700) for _ in names]
    weights = {n: 9_500 * part // sum(parts) for n, part in zip(names, parts, strict=True)}
    weights[names[0]] += 9_500 - sum(weights.values())
    return weights


def _shares(weights: Weights, prices: Mapping[str, int], is_drifting: bool) -> dict[str, int]:
    """Thousandths of shares on target, or with eight points too much of the first line, and too little of others."""
    actual = dict(weights)
    if is_drifting:
        first, *others = actual
        actual[first] += 800
        for name in others[:8]:
            actual[name] -= 100
    return {name: CENTS * weight // (10 * prices[name]) for name, weight in actual.items()}


def opened(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    return connection


def insert_rows(
    connection: sqlite3.Connection, table: Table, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Write rows into a table, with the defaults that the store's own statements would give them."""
    defaults = {
        c.name: c.default.arg for c in table.c if isinstance(c.default, ScalarElementColumnDefault)
    }
    full = ({**defaults, **row} for row in rows)
    first = next(full)
    names, marks = ", ".join(first), ", ".join(f":{name}" for name in first)
    connection.execute("BEGIN")
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"
    connection.execute(statement, first)
    connection.executemany(statement, full)
    connection.execute("COMMIT")


def _tables(numbers: range) -> dict[Any, Iterator[dict[str, Any]]]:
    at = (MONDAY_ELEVEN - DAY).isoformat(timespec="microseconds")
    policy = write_policy(Policy())
    common = {"currency": "USD"}
    return {
        MEMBERS: (
            {"id": n, "household_id": 1, "user_id": 100_000 + n, "name": f"Member {n}"}
            for n in numbers
        ),
        PORTFOLIOS: (
            {"id": n, "household_id": 1, "slug": f"p{n}", "name": f"P {n}", **common}
            for n in numbers
        ),
        MEMBERSHIPS: (
            {"portfolio_id": n, "member_id": n, "role": Role.OWNER.value} for n in numbers
        ),
        ACCOUNTS: (
            {
                "id": n,
                "portfolio_id": n,
                "name": f"P {n}",
                "broker": "simulated",
                "broker_account_id": f"SIM-{n:06d}",
                "tax_treatment": TaxTreatment.TAXABLE.value,
                "rung": Rung.SIMULATED.value,
                **common,
            }
            for n in numbers
        ),
        TARGETS: (
            {"id": n, "portfolio_id": n, "version": 1, "set_by": n, "set_at": at} for n in numbers
        ),
        POLICIES: ({"portfolio_id": n, "version": 1, "document": policy} for n in numbers),
        PINNED: (
            {"portfolio_id": n, "chat_id": 100_000 + n, "message_id": 7, "is_pinned": True}
            for n in numbers
        ),
        DUE_CHECKS: (
            {
                "portfolio_id": n,
                "session": f"{session:%Y-%m-%d}",
                "slot": "11:00",
                "due_at": session.isoformat(timespec="microseconds"),
                "outcome": "on_target" if session < MONDAY_ELEVEN else None,
                "finished_at": at if session < MONDAY_ELEVEN else None,
            }
            for session in (MONDAY_ELEVEN - 3 * DAY, MONDAY_ELEVEN)
            for n in numbers
        ),
    }


def _lines(
    weights: Mapping[int, Weights], instruments: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    for number, ours in weights.items():
        lines = [(instruments[name], weight) for name, weight in ours.items()]
        for place, (instrument, weight) in enumerate([*lines, (None, 500)]):
            yield {
                "targets_id": number,
                "position": place,
                "instrument_id": instrument,
                "weight": f"{weight // 100}.{weight % 100:02}",
            }


def _hold(
    connection: sqlite3.Connection, held: Mapping[int, dict[str, int]], prices: Mapping[str, int]
) -> None:
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO accounts (id, currency, cash, opened_at) VALUES (?, 'USD', ?, '')",
        ((n, _cash(shares, prices)) for n, shares in held.items()),
    )
    connection.executemany(
        "INSERT INTO positions (account_id, symbol, quantity) VALUES (?, ?, ?)",
        (
            (n, symbol, f"{quantity // 1000}.{quantity % 1000:03}")
            for n, shares in held.items()
            for symbol, quantity in shares.items()
        ),
    )
    connection.execute("COMMIT")


def _cash(shares: Mapping[str, int], prices: Mapping[str, int]) -> str:
    spent = sum(quantity * prices[name] for name, quantity in shares.items()) // 1000
    cents = CENTS - spent
    return f"{cents // 100}.{cents % 100:02}"
