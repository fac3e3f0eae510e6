"""The line outside, as a process has it that does not stay: taps and messages that wait, and what is to be said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.channel_delivery import ChannelDeliverer
from bot.runtime import Runtime
from bot.stopping import end
from bot.work import RENEW_SECONDS, TelegramLease

if TYPE_CHECKING:
    from bot.telegram.app import AnyApplication


@dataclass(frozen=True, slots=True)
class Line:
    """Telegram where there is a token, and members' other channels, for the one process that speaks to them now."""

    runtime: Runtime
    lease: TelegramLease
    application: AnyApplication | None

    async def collect(self) -> int | None:
        """Serve the taps and messages that wait at Telegram, and return how many they were; None without a token."""
        if self.application is None:
            return None
        from bot.telegram.collecting import collect

        return await collect(self.application, self.lease.is_held)

    async def drain(self) -> int:
        """Send what waits in the outbox, and return how much was dealt with; channels follow, be Telegram up or not."""
        sent = 0
        channels = ChannelDeliverer(self.runtime)
        if self.application is not None:
            from bot.telegram.client import username_of
            from bot.telegram.delivery import Deliverer

            bot = self.application.bot
            channels = ChannelDeliverer(self.runtime, lambda: username_of(bot))
            deliverer = Deliverer(self.runtime, bot)
            while await self.lease.is_held() and (done := await deliverer.drain(50)):
                sent += done
        while await self.lease.is_held() and (done := await channels.drain()):
            sent += done
        return sent


@asynccontextmanager
async def line_outside(runtime: Runtime) -> AsyncIterator[Line | None]:
    """Hold the line for as long as the block runs; None where another process has it."""
    lease = TelegramLease(runtime)
    if not await lease.take():
        yield None
        return
    holding = asyncio.create_task(_hold(lease))
    try:
        async with _application(runtime) as application:
            yield Line(runtime, lease, application)
    finally:
        await end(holding)
        await lease.give_back()


@asynccontextmanager
async def _application(runtime: Runtime) -> AsyncIterator[AnyApplication | None]:
    if runtime.settings.telegram_bot_token is None:
        yield None
        return
    from bot.telegram.app import build_application

    application = build_application(runtime)
    try:
        yield application
    finally:
        await application.shutdown()


async def _hold(lease: TelegramLease) -> None:
    """Renew the lease until it is another's: a run may take longer than it lasts."""
    while True:
        if not await lease.take():
            return
        await asyncio.sleep(RENEW_SECONDS)
