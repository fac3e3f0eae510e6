"""Pace: how fast Telegram takes messages, so that we wait beforehand instead of being refused.

Telegram's limits: about 30 messages a second in all, one a second in a chat, 20 a minute in a group.
https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Quota:
    """At most ``most`` messages in any ``seconds``."""

    most: int
    seconds: float


OVERALL = Quota(30, 1.0)
PER_CHAT = Quota(1, 1.0)
PER_GROUP = Quota(20, 60.0)


@dataclass(slots=True)
class Pace:
    """What was sent when, to all chats and to each, by the clock that only grows."""

    clock: Clock
    _all: deque[float] = field(default_factory=deque)
    _by_chat: defaultdict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def wait_for(self, chat_id: int) -> float:
        """How many seconds until the next message may go to a chat; 0 is now."""
        now = self.clock.monotonic()
        quotas = [PER_CHAT, PER_GROUP] if chat_id < 0 else [PER_CHAT]
        chat = self._by_chat[chat_id]
        waits = [_wait(chat, quota, now) for quota in quotas]
        return max(_wait(self._all, OVERALL, now), *waits)

    async def turn(self, chat_id: int) -> None:
        """Wait for a message's turn in a chat, and take it."""
        while (wait := self.wait_for(chat_id)) > 0:
            await self.clock.sleep(wait)
        now = self.clock.monotonic()
        self._all.append(now)
        self._by_chat[chat_id].append(now)
        self._forget(now)

    def soonest(self, chat_ids: Iterable[int]) -> int:
        """The chat that may be written to first; of equals, the first one named."""
        return min(chat_ids, key=self.wait_for)

    def _forget(self, now: float) -> None:
        """Drop what no quota looks at any more, so that a long life needs no more memory."""
        _drop(self._all, now - OVERALL.seconds)
        for chat_id in list(self._by_chat):
            _drop(self._by_chat[chat_id], now - PER_GROUP.seconds)
            if not self._by_chat[chat_id]:
                del self._by_chat[chat_id]


def _wait(times: deque[float], quota: Quota, now: float) -> float:
    if len(times) < quota.most:
        return 0.0
    return max(times[-quota.most] + quota.seconds - now, 0.0)


def _drop(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
