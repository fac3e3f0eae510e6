"""Many portfolios at once, written straight into the store and the simulated broker's book."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, cast

from sqlalchemy import insert

from core.adapters.brokers.registry import BrokerRegistry
from core.adapters.brokers.simulated import SimulatedBrokerage
from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.market_data.history import load_history
from core.adapters.store import SqlStore, open_store
from core.adapters.store.documents import write_policy
from core.adapters.store.store import SqlUnitOfWork
from core.adapters.store.tables import (
    ACCOUNTS,
    DUE_CHECKS,
    HOUSEHOLDS,
    INSTRUMENTS,
    MEMBERS,
    MEMBERSHIPS,
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

SYMBOLS = 60
LINES = 20
VALUE = Decimal(50_000)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Many:
    """A store with many portfolios that are due, and the ports that a sweep needs."""

    store: SqlStore
    brokers: BrokerRegistry
    market: Market
    clock: FakeClock
    market_clock: FakeMarketClock


@asynccontextmanager
async def many_portfolios(folder: Path, count: int, *, drifting: bool) -> AsyncIterator[Many]:
    """``count`` portfolios of twenty lines, all due now; drifting ones are all far beyond a band."""
    chance = Random(20200309)
    prices = {f"S{n:02}": Decimal(chance.randint(1_000, 40_000)) / 100 for n in range(SYMBOLS)}
    clock, market_clock = FakeClock(), FakeMarketClock()
    days = [day for day in load_history().sessions if date(2020, 1, 1) <= day <= date(2020, 12, 31)]
    source = FakeMarketData(prices, market_clock)
    market = Market(source, market_clock, ReplayCalendar(days), source)
    store = await open_store(f"sqlite:///{folder / 'evenkeel.db'}", folder)
    house = SimulatedBrokerage(folder / "broker.db", source, market.calendar, market_clock)
    try:
        targets = [_weights(chance, prices) for _ in range(count)]
        await _write_store(store, prices, targets)
        await _write_broker(house, [_holdings(w, prices, drifting=drifting) for w in targets])
        yield Many(store, BrokerRegistry({"simulated": house}), market, clock, market_clock)
    finally:
        await house.close()
        await store.aclose()


def _weights(chance: Random, prices: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Nineteen instruments and 5 % cash, in steps of 0.01 percent."""
    names = chance.sample(sorted(prices), LINES - 1)
    parts = [chance.randint(300, 700) for _ in names]
    weights = {
        n: Decimal(9_500 * part // sum(parts)) / 100 for n, part in zip(names, parts, strict=True)
    }
    weights[names[0]] += 95 - sum(weights.values())
    return weights


def _holdings(
    weights: Mapping[str, Decimal], prices: Mapping[str, Decimal], *, drifting: bool
) -> tuple[Decimal, dict[str, Decimal]]:
    """Cash and shares on target, or with eight points too much of the first line, and too little of others."""
    actual = dict(weights)
    if drifting:
        first, *others = actual
        actual[first] += 8
        for name in others[:8]:
            actual[name] -= 1
    shares = {
        name: (VALUE * weight / 100 / prices[name]).quantize(Decimal("0.001"))
        for name, weight in actual.items()
    }
    held = sum((shares[name] * prices[name] for name in shares), Decimal(0))
    return (VALUE - held).quantize(Decimal("0.01")), shares


async def _write_store(
    store: SqlStore, prices: Mapping[str, Decimal], targets: list[dict[str, Decimal]]
) -> None:
    instruments = {name: number for number, name in enumerate(sorted(prices), start=1)}
    async with store.begin() as work:
        database = cast("SqlUnitOfWork", work)._database
        for table, rows in _tables(instruments, targets).items():
            for start in range(0, len(rows), 5_000):
                await database.write(insert(table), rows[start : start + 5_000])


def _tables(
    instruments: Mapping[str, int], targets: list[dict[str, Decimal]]
) -> dict[Any, list[dict[str, Any]]]:
    numbers = range(1, len(targets) + 1)
    at: datetime = MONDAY_ELEVEN - DAY
    policy = write_policy(Policy())
    return {
        HOUSEHOLDS: [{"id": 1, "name": "Family"}],
        MEMBERS: [
            {"id": n, "household_id": 1, "user_id": 100_000 + n, "name": f"Member {n}"}
            for n in numbers
        ],
        INSTRUMENTS: [
            {"id": n, "symbol": symbol, "currency": "USD"} for symbol, n in instruments.items()
        ],
        PORTFOLIOS: [
            {"id": n, "household_id": 1, "slug": f"p{n}", "name": f"P {n}", "currency": "USD"}
            for n in numbers
        ],
        MEMBERSHIPS: [
            {"portfolio_id": n, "member_id": n, "role": Role.OWNER.value} for n in numbers
        ],
        ACCOUNTS: [
            {
                "id": n,
                "portfolio_id": n,
                "name": f"P {n}",
                "broker": "simulated",
                "broker_account_id": f"SIM-{n:06d}",
                "currency": "USD",
                "tax_treatment": TaxTreatment.TAXABLE.value,
                "rung": Rung.SIMULATED.value,
            }
            for n in numbers
        ],
        TARGETS: [
            {"id": n, "portfolio_id": n, "version": 1, "set_by": n, "set_at": at} for n in numbers
        ],
        TARGET_LINES: [
            {
                "targets_id": n,
                "position": place,
                "instrument_id": instruments.get(symbol),
                "weight": weight,
            }
            for n, weights in zip(numbers, targets, strict=True)
            for place, (symbol, weight) in enumerate([*weights.items(), ("CASH", Decimal(5))])
        ],
        POLICIES: [{"portfolio_id": n, "version": 1, "document": policy} for n in numbers],
        DUE_CHECKS: [
            {
                "portfolio_id": n,
                "session": MONDAY_ELEVEN.date(),
                "slot": "11:00",
                "due_at": MONDAY_ELEVEN,
                "detail": "",
            }
            for n in numbers
        ],
    }


async def _write_broker(
    house: SimulatedBrokerage, held: list[tuple[Decimal, dict[str, Decimal]]]
) -> None:
    async with house._database.writing() as connection:
        await connection.executemany(
            "INSERT INTO accounts (id, currency, cash, opened_at) VALUES (?, 'USD', ?, '')",
            [(n, f"{cash:f}") for n, (cash, _) in enumerate(held, start=1)],
        )
        await connection.executemany(
            "INSERT INTO positions (account_id, symbol, quantity) VALUES (?, ?, ?)",
            [
                (n, symbol, f"{quantity:f}")
                for n, (_, shares) in enumerate(held, start=1)
                for symbol, quantity in shares.items()
            ],
        )
