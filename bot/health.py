"""Health: a small page for machines that watch over the bot, on this machine only unless the operator says otherwise.

``/health`` says whether rounds of work come to their end; ``/metrics`` is for Prometheus. Neither says anything of
people, money or secrets.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from bot.runtime import Runtime
from core.ports.store.counts import StoreCounts
from core.ports.store_errors import StoreError

log = logging.getLogger(__name__)

PATIENCE = 120.0
"""Seconds without a finished round of work after which the process does not count as well."""

FRESH = 5.0
"""Seconds for which the store is not counted again, however often somebody asks."""


class Health:
    """Answers those who watch over one process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._began = runtime.clock.monotonic()
        self._counted: tuple[float, StoreCounts] | None = None
        self._counting = asyncio.Lock()

    def application(self) -> web.Application:
        """The page."""
        application = web.Application()
        application.router.add_get("/health", self._health)
        application.router.add_get("/metrics", self._metrics)
        return application

    async def _health(self, _request: web.Request) -> web.Response:
        since = self._runtime.clock.monotonic() - max(self._runtime.pulse.last, self._began)
        is_well = since < PATIENCE
        said = {
            "status": "ok" if is_well else "no round of work has ended",
            "seconds": round(since, 1),
        }
        return web.json_response(said, status=200 if is_well else 503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        try:
            counts = await self._counts()
        except StoreError as error:
            return web.Response(status=503, text=f"{type(error).__name__}\n")
        text = self._runtime.pulse.metrics.text(counts)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _counts(self) -> StoreCounts:
        """The store's counts, at most a few seconds old."""
        async with self._counting:
            clock = self._runtime.clock
            if self._counted is None or clock.monotonic() - self._counted[0] >= FRESH:
                self._counted = (clock.monotonic(), await self._count())
            return self._counted[1]

    async def _count(self) -> StoreCounts:
        market_now = await self._runtime.market.clock.now()
        async with self._runtime.store.read() as work:
            return await work.counts.take(
                now=self._runtime.clock.now(),
                market_now=market_now,
                is_replay=self._runtime.settings.market_data == "replay",
            )


@asynccontextmanager
async def health_page(runtime: Runtime) -> AsyncIterator[None]:
    """Serve the page for as long as the block runs, where HEALTH_PORT asks for it.

    A port that is taken costs the page alone, never the work.
    """
    port, host = runtime.settings.health_port, runtime.settings.health_host
    if port is None:
        yield
        return
    runner = web.AppRunner(Health(runtime).application(), access_log=None)
    await runner.setup()
    try:
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
        except OSError as error:
            why = error.strerror or type(error).__name__
            log.warning("HEALTH_PORT %s at %s cannot be used (%s): no health page", port, host, why)
        else:
            log.info("health and metrics are at %s", " ".join(map(str, runner.addresses)))
        yield
    finally:
        await runner.cleanup()
