"""The heartbeat: a sign of life to a service outside, which raises an alarm when the signs stay away.

It never holds up the work: a sign is sent beside it, with a time-out, and one at a time. A service that cannot be
reached is told of once in the log, and once when it answers again.
"""

from __future__ import annotations

import asyncio
import logging

import httpx

from core.ports.clock import Clock

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
PAUSE_SECONDS = 30.0
"""Rounds come every few seconds; a service that counts minutes need not hear of each."""


class Heartbeat:
    """Asks for an address after rounds of work that went well; does nothing without an address."""

    def __init__(self, url: str | None, clock: Clock, *, seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = url
        self._clock = clock
        self._seconds = seconds
        self._last: float | None = None
        self._sending: asyncio.Task[None] | None = None
        self._is_failing = False

    def beat(self) -> None:
        """Give a sign, unless one was given a moment ago or is still on its way."""
        now = self._clock.monotonic()
        is_recent = self._last is not None and now - self._last < PAUSE_SECONDS
        if self._url is None or is_recent or self._sending is not None:
            return
        self._last = now
        self._sending = asyncio.create_task(self._send(self._url))

    async def close(self) -> None:
        """Wait for a sign that is on its way, at most as long as it may take."""
        if self._sending is not None:
            await asyncio.wait([self._sending])

    async def _send(self, url: str) -> None:
        try:
            async with asyncio.timeout(self._seconds), httpx.AsyncClient() as client:
                response = await client.get(url)
            fault = "" if response.is_success else f"HTTP {response.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            # The class alone: the text may hold the address, which is a secret.
            fault = type(error).__name__
        finally:
            self._sending = None
        self._note(fault)

    def _note(self, fault: str) -> None:
        if fault and not self._is_failing:
            log.warning("the heartbeat does not get through (%s); said once until it does", fault)
        elif self._is_failing and not fault:
            log.info("the heartbeat gets through again")
        self._is_failing = bool(fault)
