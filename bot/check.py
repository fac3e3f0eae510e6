"""Check: due work without a conversation, for cron, timers and cloud functions."""

from __future__ import annotations

import asyncio
import logging

from bot.bootstrap import open_runtime
from bot.channel_delivery import ChannelDeliverer
from bot.health import health_page
from bot.runtime import Runtime
from bot.settings import Settings
from bot.stopping import stopped_by_signals, unless_stopped
from bot.work import TelegramLease, Worker
from core.application.run_due_work import WorkDone

log = logging.getLogger(__name__)

PAUSE_SECONDS = 15.0


async def check_once(settings: Settings) -> WorkDone:
    """Reconcile, do what is due, schedule what comes next, and drain the outbox where the lease is free."""
    async with open_runtime(settings) as runtime:
        return await _once(runtime)


async def check_for_ever(settings: Settings) -> None:
    """Do the same again and again until told to stop."""
    stopping = stopped_by_signals()
    async with open_runtime(settings) as runtime, health_page(runtime):
        while not stopping.is_set():
            try:
                await unless_stopped(_once(runtime), stopping)
            except Exception:
                log.exception("a round of due work failed")
            try:
                await asyncio.wait_for(stopping.wait(), PAUSE_SECONDS)
            except TimeoutError:
                continue


async def _once(runtime: Runtime) -> WorkDone:
    worker = Worker(runtime, waits=True)
    try:
        await worker.reconcile()
        done = await worker.round()
    finally:
        await worker.stop()
    await _drain(runtime)
    return done


async def _drain(runtime: Runtime) -> None:
    lease = TelegramLease(runtime)
    if not await lease.take():
        return
    try:
        if runtime.settings.telegram_bot_token is None:
            await _drain_channels(ChannelDeliverer(runtime), lease)
        else:
            await _drain_both(runtime, lease)
    finally:
        await lease.give_back()


async def _drain_both(runtime: Runtime, lease: TelegramLease) -> None:
    """Telegram, and then the channels, whether Telegram could be reached or not."""
    from telegram.error import TelegramError

    from bot.telegram.client import build_bot, username_of
    from bot.telegram.delivery import Deliverer

    bot = build_bot(runtime.settings, runtime.pulse.metrics)
    channels = ChannelDeliverer(runtime, lambda: username_of(bot))
    try:
        async with bot:
            deliverer = Deliverer(runtime, bot)
            while await deliverer.drain(50):
                await lease.take()
    except TelegramError:
        await _drain_channels(channels, lease)
        raise
    await _drain_channels(channels, lease)


async def _drain_channels(channels: ChannelDeliverer, lease: TelegramLease) -> None:
    while await channels.drain():
        await lease.take()
