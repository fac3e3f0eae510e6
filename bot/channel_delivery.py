"""Delivery to channels: outbox rows become messages to members' other addresses, beside Telegram and never before it.

One message at a time to each channel, all channels side by side; one that hangs or fails holds up only itself. What
does not get through is tried again, for a day; a member whose channel fails for an hour is told in the chat, once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from bot.channel_notices import channel_notice
from bot.runtime import Runtime
from bot.telegram.letters.scene import read_scene
from bot.words.reader import reader_of, reading_as
from core.application.heed_wishes import hold_back, member_in, treatment_of
from core.application.member_channels import address_of
from core.application.tell_channels import channel_of, tell_failing
from core.domain.channel import GIVE_UP_AFTER, TELL_AFTER, retry_after
from core.domain.notices import Loudness
from core.domain.outbox import QueuedItem
from core.domain.refusals import Refusal
from core.ports.channel import Notice
from core.ports.store.channels import KeptChannel
from core.ports.vault import VaultError

log = logging.getLogger(__name__)

Username = Callable[[], str | None]


def nobody() -> None:
    """The name of a bot that has none, or is not known yet."""
    return


class ChannelDeliverer:
    """Sends what waits for channels. One at a time: the caller holds the lease for Telegram."""

    def __init__(self, runtime: Runtime, username: Username = nobody) -> None:
        self._runtime = runtime
        self._store = runtime.store
        self._username = username

    async def drain(self) -> int:
        """Try the first waiting message of each channel; returns how many were dealt with for good."""
        async with self._store.read() as work:
            waiting = await work.outbox.queued_for_channels(self._runtime.clock.now())
        return sum(await asyncio.gather(*map(self._deliver, waiting)))

    async def _deliver(self, queued: QueuedItem) -> bool:
        now, market_now = self._runtime.clock.now(), await self._runtime.market.clock.now()
        async with self._store.read() as work:
            member = await member_in(work, queued.item.chat_id)
            treatment = await treatment_of(work, queued.item, now, market_now)
            kept = await work.channels.get(channel_of(queued.item))
            scene = await read_scene(work, queued.item)
        if kept is None:
            return await self._give_up(queued, "no such channel")
        if treatment.until is not None or treatment.loudness is Loudness.OFF:
            async with self._store.begin() as work:
                await hold_back(work, queued, treatment, now)
            return True
        try:
            with reading_as(reader_of(member)):
                notice = channel_notice(queued.item, scene, market_now, self._username())
        except Exception:
            log.exception("message %s (%s) cannot be rendered", queued.id, queued.item.kind)
            return await self._give_up(queued, "cannot be rendered")
        return await self._send(queued, kept, notice)

    async def _send(self, queued: QueuedItem, kept: KeptChannel, notice: Notice | None) -> bool:
        try:
            if notice is not None:
                await self._runtime.channel.send(address_of(self._runtime.vault, kept), notice)
        except (Refusal, VaultError) as error:
            return await self._fail(queued, kept, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - its text may hold the address
            log.error("channel %s failed unexpectedly: %s", kept.channel.id, type(error).__name__)  # noqa: TRY400
            return await self._fail(queued, kept, type(error).__name__)
        async with self._store.begin() as work:
            await work.outbox.mark_sent(queued.id, self._runtime.clock.now())
            if notice is not None:
                await work.channels.note_success(kept.channel.id)
        return True

    async def _fail(self, queued: QueuedItem, kept: KeptChannel, why: str) -> bool:
        """Put a message off, or give it up after a day; tell the member of a channel that fails for long."""
        now, channel = self._runtime.clock.now(), kept.channel
        if channel.failing_since is None:
            log.warning("channel %s (%s) does not take messages: %s", channel.id, channel.kind, why)
        is_over = now - queued.created_at >= GIVE_UP_AFTER
        retry_at = None if is_over else now + retry_after(queued.attempts + 1)
        async with self._store.begin() as work:
            await work.outbox.mark_failed(queued.id, retry_at=retry_at, error=why)
            await work.channels.note_failure(channel.id, now)
            if _fails_for_long(kept, now):
                await tell_failing(work, kept, now)
        return is_over

    async def _give_up(self, queued: QueuedItem, why: str) -> bool:
        async with self._store.begin() as work:
            await work.outbox.mark_failed(queued.id, retry_at=None, error=why)
        return True


def _fails_for_long(kept: KeptChannel, now: datetime) -> bool:
    since = kept.channel.failing_since
    return since is not None and now - since >= TELL_AFTER
