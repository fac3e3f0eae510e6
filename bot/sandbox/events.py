"""What just happened, told to every open page and every waiting test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bot.sandbox.model import JsonObject


class Subscription:
    """One listener's line of events; None means that the sandbox stops."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[JsonObject | None] = asyncio.Queue()

    def put(self, event: JsonObject | None) -> None:
        """Append an event."""
        self._events.put_nowait(event)

    async def next(self) -> JsonObject | None:
        """The next event, as soon as there is one."""
        return await self._events.get()


class Events:
    """Hands every event to every subscription."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def publish(self, kind: str, **values: object) -> None:
        """Tell that something of this kind happened."""
        for subscription in self._subscriptions:
            subscription.put({"type": kind, **values})

    def close(self) -> None:
        """Let every listener go."""
        for subscription in self._subscriptions:
            subscription.put(None)

    @contextmanager
    def subscribed(self) -> Iterator[Subscription]:
        """Listen for as long as the block runs."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
