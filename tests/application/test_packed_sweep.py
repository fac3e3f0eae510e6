"""A sweep in columns writes the same rows as one that looks at every portfolio as an object."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

from core.adapters.brokers.registry import BrokerRegistry
from core.adapters.store.documents import write_policy
from core.adapters.store.tables import (
    ACCOUNT_HOLDS,
    ACCOUNTS,
    DUE_CHECKS,
    EARMARKS,
    HOUSEHOLDS,
    INSTRUMENTS,
    MEMBERS,
    MEMBERSHIPS,
    METADATA,
    POLICIES,
    PORTFOLIOS,
    RULES,
    SUBSTITUTES,
    TARGET_LINES,
    TARGETS,
)
from core.application.check_result import Outcome
from core.application.sweep_checks import run_due_checks
from core.domain.ids import PortfolioId, Symbol
from core.domain.packed import PackedHoldings
from core.domain.policy import Band, CalendarRule, Fractional, Outside, Policy, Trigger
from core.domain.quote import PriceFaultKind
from tests.bench.many import BROKER, STORE, Many, insert_rows, many_portfolios, opened
from tests.fakes.clock import MONDAY_ELEVEN
from tests.fakes.market_data import FakeMarketData

MANY = 120
SEED = 2020
PRICES = {"AAA": "100", "BBB": "50", "CCC": "12.34", "DDD": "7.77", "EEE": "1", "FFF": "250.5"}
FAULTY = ("GGG", "HHH", "III", "JJJ")
"""Without a price; stale; no number; in another currency."""
NAMES = (*PRICES, *FAULTY)
DAY = timedelta(days=1)
SESSION = MONDAY_ELEVEN.date()

Row = dict[str, Any]


class OneByOne(BrokerRegistry):
    """The same houses; no account is packed, so that each portfolio is looked at as an object."""

    async def packed_holdings(
        self, broker: str, broker_account_ids: Collection[str]
    ) -> PackedHoldings:
        return PackedHoldings()


# --- portfolios of every kind --------------------------------------------------------------------


@dataclass
class Street:
    """Rows by table, and what the accounts hold."""

    rows: dict[Any, list[Row]]
    held: dict[int, tuple[str, dict[str, str]]]


def street(chance: Random) -> Street:
    """Nearly all are on target and ordinary; the others are out of the ordinary in one way or another."""
    made = Street({table: [] for table in _TABLES}, {})
    made.rows[HOUSEHOLDS] = [{"id": 1, "name": "Street"}]
    made.rows[INSTRUMENTS] = [
        {"id": n, "symbol": name, "currency": "USD"} for n, name in enumerate(NAMES, start=3)
    ]
    for number in range(1, MANY + 1):
        _house(made, number, chance)
    return made


_TABLES = (
    HOUSEHOLDS,
    MEMBERS,
    INSTRUMENTS,
    PORTFOLIOS,
    MEMBERSHIPS,
    ACCOUNTS,
    TARGETS,
    TARGET_LINES,
    SUBSTITUTES,
    POLICIES,
    ACCOUNT_HOLDS,
    EARMARKS,
    RULES,
    DUE_CHECKS,
)


def _house(made: Street, number: int, chance: Random) -> None:
    at = _instant(MONDAY_ELEVEN - DAY)
    rows = made.rows
    odd = chance.choice(("paused", "two", "untargeted", "held", "aside", "rule", "twice", "gone"))
    odd = odd if chance.random() < 0.2 else ""
    rows[MEMBERS].append(
        {"id": number, "household_id": 1, "user_id": 9_000 + number, "name": f"Person {number}"}
    )
    rows[PORTFOLIOS].append(
        {
            "id": number,
            "household_id": 1,
            "slug": f"p{number}",
            "name": f"P {number}",
            "currency": "USD",
            "is_paused": odd == "paused",
            "home_chat_id": -number if chance.random() < 0.1 else None,
        }
    )
    role = "owner" if chance.random() < 0.95 else "viewer"
    rows[MEMBERSHIPS].append({"portfolio_id": number, "member_id": number, "role": role})
    for account in (number, number + 10_000) if odd == "two" else (number,):
        rows[ACCOUNTS].append(
            _account(account, number, "elsewhere" if odd == "gone" else "simulated")
        )
    lines = _targets(chance)
    if odd != "untargeted":
        _write_targets(rows, number, lines, chance)
    policy = _policy(chance, lines)
    rows[POLICIES].append({"portfolio_id": number, "version": 1, "document": write_policy(policy)})
    made.held[number] = _holdings(chance, lines, policy)
    if odd == "two":
        made.held[number + 10_000] = ("12.50", {"BBB": "1"})
    if odd == "held":
        hold = {"account_id": number, "reason": "account_replaced", "detail": "", "since": at}
        rows[ACCOUNT_HOLDS].append(hold)
    if odd == "aside":
        mark = {"account_id": number, "amount": "5", "asked_at": at, "lapses_on": "2020-12-31"}
        rows[EARMARKS].append({**mark, "member_id": number})
    if odd == "rule":
        rule = {"text": "vix > 30", "action": "hold_off", "is_enabled": True, "created_at": at}
        rows[RULES].append({**rule, "portfolio_id": number, "created_by": number})
    slots = ("11:00", "settled") if odd == "twice" else ("11:00",)
    rows[DUE_CHECKS] += [_due(number, SESSION, slot) for slot in slots]
    if (before := chance.choice((None, date(2020, 3, 6), date(2020, 2, 28)))) is not None:
        rows[DUE_CHECKS].append(
            _due(number, before, "11:00") | {"outcome": "on_target", "finished_at": at}
        )


def _account(account: int, number: int, broker: str) -> Row:
    return {
        "id": account,
        "portfolio_id": number,
        "name": f"A {account}",
        "broker": broker,
        "broker_account_id": f"SIM-{account:06d}",
        "currency": "USD",
        "tax_treatment": "taxable",
        "rung": "simulated",
    }


def _due(number: int, session: date, slot: str) -> Row:
    due_at = _instant(MONDAY_ELEVEN)
    outcome = {"outcome": None, "finished_at": None, "detail": ""}
    return {
        "portfolio_id": number,
        "session": f"{session}",
        "slot": slot,
        "due_at": due_at,
        **outcome,
    }


def _targets(chance: Random) -> dict[str, Decimal]:
    names = chance.sample(list(PRICES), chance.randint(1, 5))
    if chance.random() < 0.05:
        names.append(chance.choice(FAULTY))
    if chance.random() < 0.6:
        names.append("CASH")
    cuts = sorted(chance.randint(0, 100) for _ in names[1:])
    parts = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    return {name: Decimal(part) for name, part in zip(names, parts, strict=True)}


def _write_targets(
    rows: dict[Any, list[Row]], number: int, lines: Mapping[str, Decimal], chance: Random
) -> None:
    at = _instant(MONDAY_ELEVEN - DAY)
    rows[TARGETS].append(
        {"id": number, "portfolio_id": number, "version": 1, "set_by": number, "set_at": at}
    )
    numbers = {name: n for n, name in enumerate(NAMES, start=3)}
    for place, (name, weight) in enumerate(lines.items()):
        line = {"targets_id": number, "position": place, "weight": str(weight)}
        rows[TARGET_LINES].append({**line, "instrument_id": numbers.get(name)})
    others = [name for name in PRICES if name not in lines]
    if others and next(iter(lines)) != "CASH" and chance.random() < 0.05:
        other = numbers[chance.choice(others)]
        rows[SUBSTITUTES].append(
            {"targets_id": number, "position": 0, "rank": 0, "instrument_id": other}
        )


def _policy(chance: Random, lines: Mapping[str, Decimal]) -> Policy:
    policy = replace(
        Policy(),
        band=chance.choice((Band(), Band(None, Decimal(25)), Band(Decimal(3), None))),
        pinned=chance.random() < 0.8,
        digest=chance.random() < 0.8,
        cool_down=chance.choice((0, 1, 5)),
        calendar=chance.choice((*[CalendarRule.OFF] * 6, CalendarRule.WEEKLY)),
        fractional=Fractional.OFF,
        outside=chance.choice((Outside.KEEP, Outside.KEEP, Outside.SELL)),
    )
    odd: dict[str, Any] = chance.choice(
        (
            {"bands": MappingProxyType({Symbol(next(iter(lines))): Band(Decimal("0.5"), None)})},
            {"portfolio_band": Decimal("0.4")},
            {"trigger": Trigger.BAND_ON_DATE},
            {"new_cash": Decimal(300)},
            {"harvest_loss": Decimal(50)},
        )
    )
    return replace(policy, **odd) if chance.random() < 0.2 else policy


def _holdings(
    chance: Random, lines: Mapping[str, Decimal], policy: Policy
) -> tuple[str, dict[str, str]]:
    """On target, a little off it, exactly at a band, or far beyond."""
    worth = Decimal(chance.choice((1_000, 10_000, 54_321)))
    weights = dict(lines)
    names = list(lines)
    off = chance.choice(
        (Decimal(0), Decimal("0.7"), policy.band.absolute or Decimal(1), Decimal(9))
    )
    off = off if chance.random() < 0.3 else Decimal("0.1")
    if len(names) > 1 and weights[names[-1]] > off:
        weights[names[0]] += off
        weights[names[-1]] -= off
    prices = {**PRICES, **dict.fromkeys(FAULTY, "10")}
    step = chance.choice((Decimal("0.001"), Decimal("0.000001")))
    positions = {
        name: str((worth * weight / 100 / Decimal(prices[name])).quantize(step))
        for name, weight in weights.items()
        if name != "CASH" and weight
    }
    if chance.random() < 0.2:
        positions.setdefault(chance.choice(NAMES), "1.5")
    cash = (worth * weights.get("CASH", Decimal(0)) / 100).quantize(Decimal("0.01"))
    if chance.random() < 0.03:
        return "0", {}
    return str(cash), positions


def _instant(at: Any) -> str:
    return str(at.isoformat(timespec="microseconds"))


def write_street(folder: Path, made: Street) -> None:
    with closing(opened(folder / STORE)) as store, closing(opened(folder / BROKER)) as broker:
        for table in _TABLES:
            if made.rows[table]:
                insert_rows(store, table, made.rows[table])
        broker.execute("DELETE FROM accounts")
        for number, (cash, positions) in made.held.items():
            broker.execute("INSERT INTO accounts VALUES (?, 'USD', ?, '')", (number, cash))
            each = [(number, *position) for position in positions.items()]
            broker.executemany("INSERT INTO positions VALUES (?, ?, ?)", each)


# --- sweeps, and what they leave -----------------------------------------------------------------


@asynccontextmanager
async def swept(folder: Path, seed: int) -> AsyncIterator[Many]:
    """A street of this seed, whose checks are due."""
    async with many_portfolios(folder) as many:
        await many.brokers.open_account("simulated", "USD")
        write_street(folder, street(Random(seed)))
        many.prices.set_prices(PRICES)
        yield many


def trouble(prices: FakeMarketData) -> None:
    prices.set_fault("GGG", PriceFaultKind.SOURCE)
    prices.set_price("HHH", 10, at=MONDAY_ELEVEN - DAY)
    prices.set_price("III", Decimal("NaN"))
    prices.set_price("JJJ", 10, currency="EUR")


async def three_sessions(
    many: Many, brokers: BrokerRegistry, folder: Path
) -> list[Mapping[Any, int]]:
    """Sweep on three days; prices move, and half of what is proposed is rejected."""
    done: list[Mapping[Any, int]] = []
    for number in range(3):
        if number:
            many.clock.advance(DAY)
            many.market_clock.advance(DAY)
            many.prices.set_prices({"AAA": 100 + 3 * number, "DDD": 7 - number})
        trouble(many.prices)
        result = await run_due_checks(many.store, brokers, many.market, many.clock)
        done.append(dict(result.counts))
        with closing(sqlite3.connect(folder / STORE)) as store, store:
            store.execute(
                "UPDATE proposals SET state = 'rejected' WHERE state = 'open' AND portfolio_id % 2"
            )
    return done


UNNAMED = {"id", "proposal_id", "check_id", "current_revision"}
"""Columns of numbers that are given in the order of writing, which is not the same."""


def everything(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the store, in one order, proposals and checks named by their portfolio."""
    with closing(sqlite3.connect(folder / STORE)) as store:
        proposals = dict(store.execute("SELECT id, portfolio_id FROM proposals"))
        tables = [table for table in METADATA.tables if table != "installation"]
        return {table: sorted(_rows(store, table, proposals), key=repr) for table in tables}


def _rows(
    store: sqlite3.Connection, table: str, proposals: Mapping[int, int]
) -> Iterator[tuple[Any, ...]]:
    cursor = store.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in cursor.description]
    for row in cursor:
        values = dict(zip(names, row, strict=True))
        if values.get("proposal_id") is not None:
            values["of"] = proposals[values["proposal_id"]]
        if "dedup_key" in values:
            key = str(values["dedup_key"])
            values["dedup_key"] = re.sub(
                r"^(proposal|refresh):(\d+)",
                lambda found: f"{found[1]} of {proposals[int(found[2])]}",
                key,
            )
        yield tuple((name, value) for name, value in values.items() if name not in UNNAMED)


async def test_columns_and_objects_come_to_the_same_rows(tmp_path: Path) -> None:
    left = []
    for name, kind in (("columns", BrokerRegistry), ("objects", OneByOne)):
        folder = tmp_path / name
        folder.mkdir()
        async with swept(folder, SEED) as many:
            done = await three_sessions(many, kind(many.brokers._houses), folder)
        left.append((done, everything(folder)))
    (columns, rows), (objects, expected) = left
    assert columns == objects
    assert {Outcome.ON_TARGET, Outcome.PROPOSED, Outcome.REFUSED} <= set(columns[0])
    assert len(expected["due_checks"]) > 4 * MANY
    for table, each in expected.items():
        assert rows[table] == each, table


async def test_most_of_a_street_is_never_made_an_object(tmp_path: Path, monkeypatch: Any) -> None:
    async with swept(tmp_path, SEED) as many:
        loaded: list[PortfolioId] = []
        async with many.store.read() as work:
            portfolios = type(work.portfolios)
        read = portfolios.many

        async def count(self: Any, ids: Collection[PortfolioId]) -> Any:
            loaded.extend(ids)
            return await read(self, ids)

        monkeypatch.setattr(portfolios, "many", count)
        result = await run_due_checks(many.store, many.brokers, many.market, many.clock)
    assert result.checked == MANY
    assert len(set(loaded)) < MANY * 0.6
    assert many.prices.requests[1:] == [frozenset(NAMES)], "after that for rules"
