"""Check: due work by a process that does not stay, for cron, timers and cloud functions.

Where no other process speaks to Telegram, it also takes the taps and messages that wait there and sends what waits in
the outbox: run every few minutes, it is a whole bot that answers slowly.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from bot.bootstrap import open_runtime, operator_told
from bot.health import health_page
from bot.line import line_outside
from bot.runtime import Runtime
from bot.settings import Settings
from bot.stopping import stopped_by_signals, unless_stopped
from bot.work import Worker
from core.application.check_result import Outcome
from core.application.run_due_work import WorkDone

log = logging.getLogger(__name__)

PAUSE_SECONDS = 15.0

LONGEST = timedelta(seconds=240)
"""How long one run may take where nothing else is said: less than the five minutes between two."""


class ExitStatus(IntEnum):
    """What a run came to, for whoever started it; 1 is an error nobody expected, 2 a fault in the settings."""

    DONE = 0
    REFUSED = 3
    OUT_OF_TIME = 4


@dataclass(frozen=True, slots=True)
class OneRun:
    """What one run did; ``served`` is None without Telegram, both are where another process has the line."""

    work: WorkDone
    served: int | None = None
    sent: int | None = None

    @property
    def status(self) -> ExitStatus:
        """Whether all was done that was due."""
        return (
            ExitStatus.REFUSED if self.work.checks.counts.get(Outcome.REFUSED) else ExitStatus.DONE
        )


async def check_once(settings: Settings, longest: timedelta = LONGEST) -> OneRun | None:
    """One run, within its time; None where that was over: what was under way goes on at the next run.

    Breaking off is as safe as a crash: no order is lost, and none sent twice.
    """
    try:
        async with (
            asyncio.timeout(longest.total_seconds()) as timer,
            operator_told(settings),
            open_runtime(settings) as runtime,
        ):
            return await _once(runtime)
    except TimeoutError:
        if not timer.expired():
            raise
        return None


async def check_for_ever(settings: Settings) -> None:
    """Do the same again and again until told to stop."""
    stopping = stopped_by_signals()
    async with (
        operator_told(settings),
        open_runtime(settings) as runtime,
        health_page(runtime),
    ):
        while not stopping.is_set():
            try:
                await unless_stopped(_once(runtime), stopping)
            except Exception:
                log.exception("a round of due work failed")
            try:
                await asyncio.wait_for(stopping.wait(), PAUSE_SECONDS)
            except TimeoutError:
                continue


async def _once(runtime: Runtime) -> OneRun:
    """Agree with the brokers, take what waits at Telegram, do what is due, and send what is to be said."""
    worker = Worker(runtime, waits=True)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(worker.stop)
        line = await stack.enter_async_context(line_outside(runtime))
        await worker.reconcile()
        served = await line.collect() if line else None
        work = await worker.round()
        return OneRun(work, served, await line.drain() if line else None)
