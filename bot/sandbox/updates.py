"""The line of updates that wait for the bot, and the long poll that fetches them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.sandbox.api_errors import Conflict
from bot.sandbox.faults import Faults
from bot.sandbox.model import JsonObject
from bot.sandbox.state import State

KEPT_FOR = timedelta(hours=24)
MOST_AT_ONCE = 100
LONGEST_POLL = 50
"""Seconds."""
ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}
"""Kinds that a bot gets only when it names them."""


class UpdateQueue:
    """Undelivered and unconfirmed updates; one poller at a time."""

    def __init__(
        self,
        state: State,
        now: Callable[[], datetime],
        changed: Callable[[], None],
        polled: Callable[[], None],
        faults: Faults,
    ) -> None:
        self._state = state
        self._now = now
        self._changed = changed
        self._polled = polled
        self._faults = faults
        self._waiting: asyncio.Future[None] | None = None

    def add(self, kind: str, value: JsonObject) -> None:
        """Queue an update, if the bot asked for its kind."""
        if not self._wanted(kind):
            return
        update = {"update_id": self._state.next_update_id, kind: value}
        self._state.next_update_id += 1
        self._state.pending.append({"at": int(self._now().timestamp()), "update": update})
        self._changed()
        self.wake()

    @property
    def pending_count(self) -> int:
        """How many updates are not confirmed."""
        return len(self._state.pending)

    @property
    def is_polled(self) -> bool:
        """Whether a long poll waits right now."""
        return self._waiting is not None and not self._waiting.done()

    def wake(self) -> None:
        """Let a waiting poll look again."""
        if self._waiting is not None and self.is_polled:
            self._waiting.set_result(None)

    def drop_all(self) -> None:
        """Forget what waits."""
        self._state.pending.clear()
        self._changed()

    async def poll(
        self, offset: int, limit: int, wait: int, allowed: list[str] | None
    ) -> list[JsonObject]:
        """The next updates; waits up to `wait` seconds for one, Conflict if another poll comes."""
        if self._waiting is not None and self.is_polled:
            self._waiting.set_exception(Conflict())
        if allowed is not None:
            self._state.allowed_updates = allowed
        self._confirm(offset)
        updates = self._next(limit)
        if not updates and wait > 0:
            await self._wait(min(wait, LONGEST_POLL))
            updates = self._next(limit)
        return updates

    async def _wait(self, seconds: float) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        self._polled()
        try:
            async with asyncio.timeout(seconds):
                await waiting
        except TimeoutError:
            pass
        finally:
            if self._waiting is waiting:
                self._waiting = None

    def _wanted(self, kind: str) -> bool:
        allowed = self._state.allowed_updates
        return kind in allowed if allowed else kind not in ON_REQUEST

    def _confirm(self, offset: int) -> None:
        oldest = self._now().timestamp() - KEPT_FOR.total_seconds()
        pending = [each for each in self._state.pending if each["at"] >= oldest]
        if offset < 0:
            pending = pending[offset:]
        kept = [each for each in pending if each["update"]["update_id"] >= offset]
        if len(kept) < len(pending) and self._faults.redeliveries > 0:
            self._faults.redeliveries -= 1
            kept = pending
        if len(kept) != len(self._state.pending):
            self._state.pending[:] = kept
            self._changed()

    def _next(self, limit: int) -> list[JsonObject]:
        count = limit if 0 < limit <= MOST_AT_ONCE else MOST_AT_ONCE
        updates: list[JsonObject] = [each["update"] for each in self._state.pending[:count]]
        if len(updates) > 1 and self._faults.reversals > 0:
            self._faults.reversals -= 1
            updates.reverse()
        return updates
