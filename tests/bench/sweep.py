"""The sweep: every due portfolio checked, every drifting one planned; each figure from a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from core.application import sweep_checks
from core.application.check_result import Outcome
from core.application.sweep_checks import run_due_checks
from tests.bench.many import Many, many_portfolios, write_many
from tests.bench.objects import load_objects
from tests.bench.table import Table, milliseconds, peak_megabytes

T = TypeVar("T")

COLUMNS = (
    "portfolios",
    "what",
    "time",
    "CPU time",
    "of it writing",
    "memory",
    "requests",
    "loop held",
)


@dataclass
class Stall:
    """How long anybody else had to wait for the event loop, at most, in seconds."""

    longest: float = field(default=0.0)


@dataclass(frozen=True)
class Swept:
    """What a sweep took: seconds on the clock, at work, and of these in writing; the process' memory in MB."""

    seconds: float
    at_work: float
    writing: float
    megabytes: float
    requests: int
    stall: float


@dataclass(frozen=True)
class Loaded:
    """What it took to load rows as objects."""

    rows: int
    seconds: float
    at_work: float
    megabytes: float


def sweep_table(counts: Sequence[int], drifting: Sequence[int]) -> Table:
    """Measure sweeps of so many portfolios on target, beside loading their rows as objects, and of so many drifting."""
    table = Table("A sweep of due checks on SQLite, 20 lines each, 500 symbols in all", COLUMNS)
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as folder:
            alone(_write, Path(folder), count, 0)
            loaded = alone(_load, Path(folder))
            swept = alone(_sweep, Path(folder), {Outcome.ON_TARGET: count})
            _add(table, count, "all on target", swept)
            _add_objects(table, count, loaded, swept)
        if count in drifting:
            with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as folder:
                alone(_write, Path(folder), count, count)
                swept = alone(_sweep, Path(folder), {Outcome.PROPOSED: count})
                _add(table, count, "all drifting", swept)
    return table


def alone(work: Callable[..., T], *args: Any) -> T:
    """Do something in a process of its own, whose memory nothing else has used."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(work, *args).result()


def _add(table: Table, count: int, what: str, swept: Swept) -> None:
    table.add(
        f"{count:,}",
        what,
        milliseconds(swept.seconds),
        milliseconds(swept.at_work),
        milliseconds(swept.writing),
        f"{swept.megabytes:.0f} MB",
        f"{swept.requests}",
        milliseconds(swept.stall),
    )


def _add_objects(table: Table, count: int, loaded: Loaded, swept: Swept) -> None:
    """Loading alone, and how many times as much time and memory that takes as the whole check before writing."""
    slower = loaded.at_work / (swept.at_work - swept.writing)
    leaner = loaded.megabytes / swept.megabytes
    table.add(
        f"{count:,}",
        f"its rows as objects ({slower:.1f} ×, {leaner:.1f} ×)",
        milliseconds(loaded.seconds),
        milliseconds(loaded.at_work),
        "",
        f"{loaded.megabytes:,.0f} MB",
        "",
        "",
    )


def _write(folder: Path, count: int, drifting: int) -> None:
    asyncio.run(write_many(folder, count, drifting=drifting))


def _load(folder: Path) -> Loaded:
    started, at_work = time.perf_counter(), time.process_time()
    rows = load_objects(folder)
    seconds, at_work = time.perf_counter() - started, time.process_time() - at_work
    return Loaded(rows, seconds, at_work, peak_megabytes())


def _sweep(folder: Path, expected: dict[Outcome, int]) -> Swept:
    return asyncio.run(_swept(folder, expected))


async def _swept(folder: Path, expected: dict[Outcome, int]) -> Swept:
    async with many_portfolios(folder) as many, _timed_writing() as writing, _watching() as stall:
        started, at_work = time.perf_counter(), time.process_time()
        await sweep(many, expected)
        seconds, at_work = time.perf_counter() - started, time.process_time() - at_work
    requests = len(many.prices.requests)
    return Swept(seconds, at_work, sum(writing), peak_megabytes(), requests, stall.longest)


async def sweep(many: Many, expected: dict[Outcome, int]) -> None:
    """Run one sweep, which must come to these outcomes."""
    done = await run_due_checks(many.store, many.brokers, many.market, many.clock)
    if done.counts != expected:
        raise RuntimeError(f"the sweep came to {dict(done.counts)} instead of {expected}")


@asynccontextmanager
async def _timed_writing() -> AsyncIterator[list[float]]:
    """Remember how long the process is at work in each writing of outcomes."""
    spent: list[float] = []
    names = ("write_sure", "write_sweep")
    real = {name: getattr(sweep_checks, name) for name in names}

    def timed(write: Callable[..., Any]) -> Callable[..., Any]:
        async def writing(*args: Any) -> Any:
            before = time.process_time()
            try:
                return await write(*args)
            finally:
                spent.append(time.process_time() - before)

        return writing

    for name, write in real.items():
        setattr(sweep_checks, name, timed(write))
    try:
        yield spent
    finally:
        for name, write in real.items():
            setattr(sweep_checks, name, write)


@asynccontextmanager
async def _watching() -> AsyncIterator[Stall]:
    stall = Stall()
    task = asyncio.create_task(_watch(stall))
    try:
        yield stall
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _watch(stall: Stall) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        stall.longest = max(stall.longest, time.perf_counter() - before - 0.001)
