"""The bot's own process on the sandbox: how soon it runs, what it needs, and how long a tap takes."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.bench.table import Figure, milliseconds
from tests.e2e.running import OWNERS, Person, RunningDemo, data_of, running_demo

RUNNING = "Evenkeel is running"
PATIENCE = 60.0
IDLE = 10.0


async def process_figures(*, quick: bool) -> list[Figure]:
    """Measure start-up, memory and taps of a bot on the sandbox, over HTTP on loopback."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as folder:
        started = time.perf_counter()
        async with running_demo(Path(folder), is_warm=False) as running:
            await _until(lambda: _says(running.log, RUNNING))
            first = time.perf_counter() - started
            figures = await _start_and_memory(running, first, 1 if quick else 5, quick=quick)
            return figures + await _taps(running, 1 if quick else len(OWNERS))


async def _start_and_memory(
    running: RunningDemo, first: float, starts: int, *, quick: bool
) -> list[Figure]:
    again = [await _restart(running) for _ in range(starts)]
    at_once = _memory(running)
    await asyncio.sleep(1 if quick else IDLE)
    idle = _memory(running)
    return [
        Figure("start-up, with a new store", milliseconds(first), "sandbox's own start included"),
        Figure(
            f"start-up, median of {starts}",
            milliseconds(statistics.median(again)),
            f"`python -m bot run` until “{RUNNING}”",
        ),
        Figure("memory, idle (RSS)", f"{idle:.0f} MB", f"{at_once:.0f} MB right after the start"),
    ]


async def _restart(running: RunningDemo) -> float:
    await running.stop_bot()
    running.log.write_text("")
    started = time.perf_counter()
    await running.start_bot()
    await _until(lambda: _says(running.log, RUNNING))
    return time.perf_counter() - started


async def _taps(running: RunningDemo, count: int) -> list[Figure]:
    """Approve the first proposals of several people, one after the other."""
    answers, orders, reports = [], [], []
    for user_id in OWNERS[:count]:
        await running.client.do("add_user", user_id=user_id, first_name=f"Owner {user_id}")
        answer, order, report = await _tap(running, Person(running, user_id, user_id))
        answers.append(answer)
        orders.append(order)
        reports.append(report)
    note = f"median of {count}; at most"
    return [
        Figure("tap to answer", _median(answers), f"{note} {milliseconds(max(answers))}"),
        Figure(
            "tap to first order at the broker",
            _median(orders),
            f"{note} {milliseconds(max(orders))}",
        ),
        Figure(
            "tap to report in the chat", _median(reports), f"{note} {milliseconds(max(reports))}"
        ),
    ]


def _median(seconds: list[float]) -> str:
    return milliseconds(statistics.median(seconds))


async def _tap(running: RunningDemo, person: Person) -> tuple[float, float, float]:
    proposal = await person.set_up()
    number = proposal["message_id"]
    before = len(running.at_broker("orders"))
    started = time.perf_counter()
    query = await running.client.press(
        person.user_id, person.chat_id, number, data_of(proposal, "Approve")
    )

    async def answered() -> bool:
        return any(a["tap"]["query_id"] == query for a in await running.client.answers())

    async def ordered() -> bool:
        return len(running.at_broker("orders")) > before

    async def reported() -> bool:
        await person.said("filled", after=number)
        return True

    return tuple(  # type: ignore[return-value]
        await asyncio.gather(*(_moment(started, seen) for seen in (answered, ordered, reported)))
    )


async def _moment(started: float, is_there: Callable[[], Awaitable[bool]]) -> float:
    async with asyncio.timeout(PATIENCE):
        while not await is_there():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.005)
    return time.perf_counter() - started


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.01)


def _says(log: Path, words: str) -> bool:
    return log.exists() and words in log.read_text(errors="replace")


def _memory(running: RunningDemo) -> float:
    """The bot's resident memory in MB, as the kernel counts it."""
    if running.bot is None:
        raise RuntimeError("no bot runs")
    status = Path(f"/proc/{running.bot.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
