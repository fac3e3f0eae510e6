"""The sweep: every due portfolio checked, and every drifting one planned and proposed."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.application.check_drift import Outcome
from core.application.sweep_checks import run_due_checks
from tests.bench.many import LINES, Many, many_portfolios
from tests.bench.table import Figure, milliseconds, peak_memory


@dataclass
class Stall:
    """How long anybody else had to wait for the event loop, at most, in seconds."""

    longest: float = field(default=0.0)


async def sweep_figures(counts: list[int]) -> list[Figure]:
    """Measure sweeps of so many portfolios, all drifting and all on target."""
    figures = [
        await _measure(count, drifting=drifting) for count in counts for drifting in (False, True)
    ]
    return [*figures, Figure("peak memory of all this", peak_memory())]


async def _measure(count: int, *, drifting: bool) -> Figure:
    with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as folder:
        async with many_portfolios(Path(folder), count, drifting=drifting) as many:
            seconds, stall = await sweep(many, count, drifting=drifting)
    what = "all drifting, each planned and proposed" if drifting else "all on target"
    note = f"{count:,} × {LINES} lines in {milliseconds(seconds)}; loop held up {milliseconds(stall)} at most"
    return Figure(f"sweep, {what}", f"{count / seconds:,.0f} portfolios/s", note)


async def sweep(many: Many, count: int, *, drifting: bool) -> tuple[float, float]:
    """Run one sweep; how long it took, and the longest that it held the loop, in seconds."""
    async with _watching() as stall:
        started = time.perf_counter()
        done = await run_due_checks(many.store, many.brokers, many.market, many.clock)
        seconds = time.perf_counter() - started
    expected = {Outcome.PROPOSED if drifting else Outcome.ON_TARGET: count}
    if done.counts != expected:
        raise RuntimeError(f"the sweep came to {dict(done.counts)} instead of {expected}")
    return seconds, stall.longest


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
