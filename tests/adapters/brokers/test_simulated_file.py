"""The simulated broker's file: what survives restarts, kills, locks and full disks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.ids import ClientOrderId
from core.domain.order import OrderState
from core.ports.broker import (
    BrokerUnavailable,
    DuplicateClientOrderId,
)
from tests.adapters.brokers.world import SPY, Worlds, buy

# --- one file, several accounts and processes ----------------------------------------------------


async def test_accounts_do_not_see_each_other(worlds: Worlds) -> None:
    world = worlds()
    rich, poor = await world.account("1000"), await world.account("10")
    await rich.submit(buy("1"))
    assert await poor.find_order(ClientOrderId("b")) is None
    assert (await poor.holdings()).cash == 10
    assert (await rich.account()).broker_account_id != (await poor.account()).broker_account_id


async def test_two_processes_on_one_file_agree(worlds: Worlds) -> None:
    world = worlds()
    broker = await world.account("1000")
    name = (await broker.account()).broker_account_id
    other_house = world.another_house()
    other = other_house.account(name)
    answers = await asyncio.gather(
        *(side.submit(buy("1")) for side in (broker, other) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, DuplicateClientOrderId) for answer in answers) == 9
    assert (await other.holdings()).positions == {SPY: Decimal(1)}
    await other_house.close()


async def test_everything_is_there_after_a_restart(worlds: Worlds) -> None:
    world = worlds()
    broker = await world.account("1000")
    await broker.submit(buy("2"))
    await broker.submit(buy("1", limit="50", id_="resting"))
    before = (await broker.holdings(), await broker.find_order(ClientOrderId("b")))
    await world.house.close()
    again = world.another_house()
    reopened = again.account("SIM-000001")
    assert (await reopened.holdings(), await reopened.find_order(ClientOrderId("b"))) == before
    with pytest.raises(DuplicateClientOrderId):
        await reopened.submit(buy("1", id_="resting"))
    await again.close()


@pytest.mark.fault(59)
async def test_a_locked_file_refuses_before_anything_is_kept(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.adapters.brokers.own_database.BUSY_SECONDS", 0)
    world = worlds()
    broker = await world.account("1000")
    lock = sqlite3.connect(world.folder / "broker.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with pytest.raises(BrokerUnavailable, match="locked"):
        await broker.submit(buy("1"))
    lock.execute("ROLLBACK")
    lock.close()
    assert await broker.find_order(ClientOrderId("b")) is None
    await broker.submit(buy("1"))


@pytest.mark.fault(60)
async def test_a_full_disk_refuses_the_order_whole(worlds: Worlds) -> None:
    world = worlds()
    broker = await world.account("100000")
    async with world.house._database.writing() as connection:
        (row,) = await connection.execute_fetchall("PRAGMA page_count")
        await connection.execute(f"PRAGMA max_page_count = {row[0]}")
    taken = 0
    with pytest.raises(BrokerUnavailable, match="full"):  # noqa: PT012 - who knows which one
        while taken < 500:
            await broker.submit(buy("1", id_=f"b{taken}"))
            taken += 1
    holdings = await broker.holdings()
    assert holdings.positions.get(SPY, 0) == taken
    assert holdings.cash == 100000 - 100 * taken
    assert await broker.find_order(ClientOrderId(f"b{taken}")) is None


async def test_a_file_of_a_newer_version_is_not_touched(worlds: Worlds) -> None:
    world = worlds()
    file = sqlite3.connect(world.folder / "broker.db")
    file.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(BrokerUnavailable, match="newer version"):
        await world.house.open_account("USD")


async def test_a_cancelled_task_leaves_no_half_order_and_no_lock(worlds: Worlds) -> None:
    world = worlds()
    broker = await world.account("1000")
    for steps in range(30):
        task = asyncio.create_task(broker.submit(buy("0.1", id_=f"b{steps}")))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    orders = [await broker.find_order(ClientOrderId(f"b{n}")) for n in range(30)]
    kept = sum(order is not None for order in orders)
    holdings = await broker.holdings()
    assert holdings.positions.get(SPY, Decimal(0)) == Decimal("0.1") * kept
    assert holdings.cash == 1000 - 10 * kept


KILLED_WHILE_TRADING = """
    import asyncio, sys
    from decimal import Decimal
    from pathlib import Path
    from tests.adapters.brokers.world import FREE, World, buy

    async def main():
        world = World(Path(sys.argv[1]), FREE)
        broker = await world.account("1000000")
        for n in range(100000):
            await broker.submit(buy("1", id_=f"b{n}"))
            print(n, flush=True)

    asyncio.run(main())
"""


@pytest.mark.fault(64)
@pytest.mark.parametrize("orders_before", [1, 7, 40])
async def test_a_killed_process_leaves_every_order_whole(
    worlds: Worlds, tmp_path: Path, orders_before: int
) -> None:
    process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs meanwhile
        [sys.executable, "-c", textwrap.dedent(KILLED_WHILE_TRADING), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    answered = 0
    while answered < orders_before:
        answered = int(process.stdout.readline()) + 1
    os.kill(process.pid, signal.SIGKILL)
    answered += len(process.stdout.read().splitlines())
    process.stdout.close()
    process.wait()

    broker = worlds().house.account("SIM-000001")
    holdings = await broker.holdings()
    shares = holdings.positions[SPY]
    assert shares in {answered, answered + 1}  # one more may have been kept, its answer lost
    assert holdings.cash == 1000000 - 100 * shares
    last = await broker.find_order(ClientOrderId(f"b{shares - 1}"))
    assert last is not None
    assert last.state is OrderState.FILLED
    assert await broker.find_order(ClientOrderId(f"b{shares}")) is None


async def test_the_file_is_kept_safely(worlds: Worlds) -> None:
    world = worlds()
    await world.account()
    async with world.house._database.reading() as connection:
        for pragma, value in (("synchronous", 2), ("foreign_keys", 1), ("journal_mode", "wal")):
            assert list(await connection.execute_fetchall(f"PRAGMA {pragma}")) == [(value,)]
        (row,) = await connection.execute_fetchall("SELECT typeof(cash) FROM accounts")
    assert row[0] == "text"
