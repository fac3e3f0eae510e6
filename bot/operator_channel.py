"""The operator's channel: errors go to whoever runs the bot, with the number under which the log has the details."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from bot.incidents import Once, Report, hearing_errors
from bot.settings import Settings
from bot.stopping import end
from bot.words.faults import fault_sentence
from bot.words.numbers import count
from core.domain.refusals import OperatorChannelRefused, Refusal
from core.ports.channel import Channel, Notice
from core.ports.clock import Clock

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""How often it is looked whether a minute is over in which errors were held back."""

LAST_SECONDS = 5.0
"""For so long the end waits for what is still to be told."""

MOST_WAITING = 50
"""Reports that wait for a slow channel; what comes beyond is in the log alone."""


class OperatorChannel:
    """Tells one address of errors, beside the work; safe to be told from any thread."""

    def __init__(
        self, channel: Channel, address: str, clock: Clock, redact: Callable[[str], str]
    ) -> None:
        self._channel = channel
        self._address = address
        self._once = Once(clock.monotonic)
        self._redact = redact
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[Report] = asyncio.Queue(MOST_WAITING)
        self._is_failing = False

    def hear(self, report: Report) -> None:
        """Take note of an error."""
        self._loop.call_soon_threadsafe(self._take, report)

    def _take(self, report: Report) -> None:
        passed = self._once.let_through(report)
        if passed is not None:
            with suppress(asyncio.QueueFull):
                self._waiting.put_nowait(passed)

    async def run(self) -> None:
        """Send what comes, one after the other, for ever."""
        while True:
            with suppress(TimeoutError):
                report = await asyncio.wait_for(self._waiting.get(), LOOK_SECONDS)
                await self._send(report)
                self._waiting.task_done()
            await self.tell_counts()

    async def tell_counts(self) -> None:
        """Tell what was held back in minutes that are over."""
        for report in self._once.counts_due():
            await self._send(report)

    async def flush(self) -> None:
        """Wait a moment for what is still to be told."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS):
                await asyncio.sleep(0)
                await self._waiting.join()

    async def _send(self, report: Report) -> None:
        try:
            await self._channel.send(self._address, self._notice(report))
        except Exception as error:  # noqa: BLE001 - its text may hold the address; and it must not end the telling
            if not self._is_failing:
                # A warning, not an error: that would be told here again.
                log.warning(
                    "the operator's channel does not take messages: %s", type(error).__name__
                )
            self._is_failing = True
        else:
            self._is_failing = False

    def _notice(self, report: Report) -> Notice:
        words = self._redact(report.words)
        if report.is_count:
            title = f"Evenkeel: {report.more} more like incident {report.incident}"
            return Notice(title, f"{words}\nHeld back within a minute; the log has each of them.")
        more = ""
        if report.more:
            more = f"\n{count(report.more, 'more')} of this kind before it."
        title = f"Evenkeel: incident {report.incident}"
        return Notice(title, f"{words}{more}\nThe log has the details under this number.")


@asynccontextmanager
async def telling_operator(
    settings: Settings, channel: Channel, clock: Clock, redact: Callable[[str], str]
) -> AsyncIterator[OperatorChannel | None]:
    """Tell OPERATOR_CHANNEL of errors while the block runs, where it is set; raises OperatorChannelRefused."""
    if settings.operator_channel is None:
        yield None
        return
    address = settings.operator_channel.get_secret_value()
    try:
        await channel.kind_of(address)
    except Refusal as refusal:
        raise OperatorChannelRefused from refusal
    operator = OperatorChannel(channel, address, clock, redact)
    running = asyncio.create_task(operator.run())
    try:
        with hearing_errors(operator.hear):
            try:
                yield operator
            except Exception as error:
                if fault_sentence(error) is None:
                    log.critical("ended by an error", exc_info=error)
                raise
            finally:
                await operator.flush()
    finally:
        await end(running)
