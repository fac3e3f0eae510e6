"""Ten thousand accounts are read quickly, and nobody else waits long for it."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

from core.adapters.brokers.simulated.brokerage import NAMES
from tests.adapters.brokers.world import Worlds

ACCOUNTS, LINES = 10_000, 20


async def test_holdings_of_ten_thousand_accounts_of_twenty_lines(worlds: Worlds) -> None:
    world = worlds()
    async with world.house._database.writing() as db:
        await db.executemany(
            "INSERT INTO accounts (id, currency, cash, opened_at) VALUES (?, 'USD', '12.50', '')",
            [(n,) for n in range(1, ACCOUNTS + 1)],
        )
        await db.executemany(
            "INSERT INTO positions (account_id, symbol, quantity) VALUES (?, ?, ?)",
            [
                (n, f"SYM{line}", f"{n}.{line:03d}")
                for n in range(1, ACCOUNTS + 1)
                for line in range(LINES)
            ],
        )
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    watcher = asyncio.create_task(watch())
    names = [NAMES.name(n) for n in range(1, ACCOUNTS + 1)]
    started = time.perf_counter()
    held = await world.house.holdings(names)
    seconds = time.perf_counter() - started
    watcher.cancel()
    print(
        f"{ACCOUNTS} accounts in {seconds:.2f} s; the loop waited {longest * 1000:.0f} ms at most"
    )
    assert len(held) == ACCOUNTS
    assert held["SIM-009999"].cash == Decimal("12.50")
    assert held["SIM-009999"].positions["SYM7"] == Decimal("9999.007")  # type: ignore[index]
    assert seconds < 10  # about one on an idle machine; far less than asking one by one
