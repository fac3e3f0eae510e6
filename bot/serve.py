"""Serve: the running bot: Telegram, the alarm clock, due work and the outbox in one loop, with an orderly end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from bot.bootstrap import open_runtime, operator_told
from bot.channel_delivery import ChannelDeliverer
from bot.claim import offer_claim
from bot.executions import holder_of_executions
from bot.health import health_page
from bot.only_process import AnotherProcess, only_process
from bot.runtime import Runtime
from bot.schedule import build_alarm
from bot.settings import Settings
from bot.starts import Starts, recorded_start
from bot.stopping import end, stopped_by_signals, unless_stopped
from bot.telegram.app import AnyApplication, build_application, start, stop
from bot.telegram.client import username_of
from bot.telegram.delivery import Deliverer
from bot.watchdog import watchdog
from bot.work import RENEW_SECONDS, TelegramLease, Worker, beat
from core.ports.store_errors import StoreError

log = logging.getLogger(__name__)

ROUND_SECONDS = 5.0
BEAT_SECONDS = 15.0
OUTBOX_PAUSE = 0.3
AT_A_TIME = 20
CHANNEL_PAUSE = 2.0
LEASE_TRIES = 4


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; raises AnotherProcess, or what the store refuses."""
    stopping = stopped_by_signals()
    async with operator_told(settings), open_runtime(settings) as runtime:
        await run_until(runtime, stopping)


async def run_until(runtime: Runtime, stopping: asyncio.Event) -> None:
    """Run a process over an open runtime until told to stop; whatever hangs meanwhile is then broken off."""
    async with (
        _alone(runtime),
        recorded_start(runtime) as starts,
        watchdog(),
        health_page(runtime),
        _telegram_lease(runtime) as lease,
        AsyncExitStack() as stack,
    ):
        worker = Worker(runtime)
        if not await unless_stopped(worker.reconcile(), stopping):
            return
        await _start_control(runtime, worker, stack)
        _start_alarm(runtime, lease, starts, stopping, stack)
        working = asyncio.create_task(worker.run())
        stack.push_async_callback(end, working)
        runtime.work_arrived.set()
        application = build_application(runtime)
        channels = ChannelDeliverer(runtime, lambda: username_of(application.bot))
        beside = _deliver("delivering to channels", channels.drain, lease, CHANNEL_PAUSE)
        await _together(stack, beside)
        starting = _start_telegram(runtime, application, lease, stack)
        if await unless_stopped(starting, stopping):
            log.info("Evenkeel is running")
            await stopping.wait()
        log.info("Evenkeel is stopping")
        await end(working)  # before anything that takes its time: no further order is sent


@asynccontextmanager
async def _alone(runtime: Runtime) -> AsyncIterator[None]:
    """Be the only bot on this data folder; what a process that was killed there still held is given back."""
    folder = runtime.settings.data_dir
    async with only_process(folder, runtime.holder, runtime.clock) as before:
        if before is not None:
            async with runtime.store.begin() as work:
                await work.leases.release_all(before)
                await work.leases.release_all(holder_of_executions(before))
        yield


def _start_alarm(
    runtime: Runtime,
    lease: TelegramLease,
    starts: Starts,
    stopping: asyncio.Event,
    stack: AsyncExitStack,
) -> None:
    alarm = build_alarm(
        {
            "rounds": (ROUND_SECONDS, _waking(runtime)),
            "lease": (RENEW_SECONDS, _renewing(lease, stopping)),
            "heartbeat": (BEAT_SECONDS, _beating(runtime, starts)),
        }
    )
    alarm.start()
    stack.callback(alarm.shutdown, wait=False)
    beat(runtime.settings.data_dir)


async def _start_telegram(
    runtime: Runtime, application: AnyApplication, lease: TelegramLease, stack: AsyncExitStack
) -> None:
    """Begin the conversation, however long Telegram cannot be reached; checks go on meanwhile."""
    stack.push_async_callback(stop, application)
    await start(application)
    await offer_claim(runtime, application.bot)
    deliverer = Deliverer(runtime, application.bot)
    drain = partial(deliverer.drain, AT_A_TIME)
    await _together(stack, _deliver("delivering", drain, lease, OUTBOX_PAUSE))


async def _together(stack: AsyncExitStack, *jobs: Coroutine[Any, Any, None]) -> None:
    for job in jobs:
        task = asyncio.create_task(job)
        stack.push_async_callback(end, task)


@asynccontextmanager
async def _telegram_lease(runtime: Runtime) -> AsyncIterator[TelegramLease]:
    lease = TelegramLease(runtime)
    for attempt in range(LEASE_TRIES):
        if await lease.take():
            break
        if attempt + 1 == LEASE_TRIES:
            raise AnotherProcess
        await runtime.clock.sleep(1)
    try:
        yield lease
    finally:
        await lease.give_back()


def _waking(runtime: Runtime) -> Any:
    async def wake() -> None:
        runtime.work_arrived.set()

    return wake


def _renewing(lease: TelegramLease, stopping: asyncio.Event) -> Any:
    async def renew() -> None:
        if not await lease.take():
            log.error("another process has taken over Telegram; this one stops")
            stopping.set()

    return renew


def _beating(runtime: Runtime, starts: Starts) -> Any:
    async def leave_a_sign() -> None:
        beat(runtime.settings.data_dir)
        starts.forget_if_grown()

    return leave_a_sign


async def _deliver(
    what: str, drain: Callable[[], Awaitable[int]], lease: TelegramLease, pause: float
) -> None:
    """Send what waits, as long as this process may; ``pause`` is how long, in seconds, after finding nothing."""
    while True:
        sent = 0
        try:
            sent = await drain() if await lease.is_held() else 0
        except StoreError as error:
            log.error("%s waits: %s", what, error)  # noqa: TRY400 - its sentence says it all, again and again
            await asyncio.sleep(ROUND_SECONDS)
        except Exception:
            log.exception("%s failed", what)
        if not sent:
            await asyncio.sleep(pause)


async def _start_control(runtime: Runtime, worker: Worker, stack: AsyncExitStack) -> None:
    """In a replay: play by itself as told, and let the demo's page move the clock."""
    settings = runtime.settings
    if settings.market_data != "replay":
        return
    from bot.market_control import MarketControl

    token = settings.evenkeel_control_token
    control = MarketControl(runtime, worker, token.get_secret_value() if token else "")
    await _together(stack, _play(control))
    if settings.evenkeel_control_port is None or token is None:
        return
    from aiohttp import web

    runner = web.AppRunner(control.application(), access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", settings.evenkeel_control_port).start()


async def _play(control: Any) -> None:
    """Walk on by itself while the replay's speed is above 0."""
    while True:
        try:
            row = await control.row()
            if row is None or row.sessions_per_minute <= 0:
                await asyncio.sleep(0.3)
                continue
            await asyncio.sleep(60 / row.sessions_per_minute)
            latest = await control.row()
            if latest is not None and latest.sessions_per_minute > 0:
                await control.step()
        except Exception:
            log.exception("the replay could not go on")
            await asyncio.sleep(1)
