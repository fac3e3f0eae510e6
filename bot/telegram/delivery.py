"""Delivery: outbox rows become messages within Telegram's limits, and every copy is remembered.

Nothing counts as sent before Telegram has accepted it; a crash in between makes a message come twice,
never go missing. What cannot reach one chat never holds up another.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from enum import Enum, auto

from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.runtime import Runtime
from bot.telegram.calls import NO_CHAT, Calls, Manner, says
from bot.telegram.client import username_of
from bot.telegram.drawing import drawn
from bot.telegram.letters.scene import Letter, Scene, read_scene
from bot.telegram.letters.writing import copy_screen, veiled, write_letter
from bot.telegram.outage import Backlog, outage_letter
from bot.telegram.pinning import Pinning
from bot.telegram.views.digest import digest_screen
from bot.words.reader import reader_of, reading_as
from core.application.heed_wishes import hold_back, member_in, treatment_of
from core.application.keep_reach import note_reach
from core.application.lose_home import lose_home
from core.application.month_digest import read_month
from core.application.move_chat import move_chat
from core.domain.ids import ChatId, TopicId, UserId
from core.domain.notices import Loudness, Treatment
from core.domain.outbox import Copy, MessageKind, OutboxItem, Priority, QueuedItem
from core.domain.proposal import Proposal, ProposalState
from core.ports.store import UnitOfWork

log = logging.getLogger(__name__)

LONGEST_PAUSE = 60.0
"""After failures of the line, the longest time in seconds between two tries."""

TRIES_TO_RENDER = 3

_NO_TOPIC = ("message thread not found", "topic_closed", "topic_deleted")


class Fate(Enum):
    """What became of one try."""

    SETTLED = auto()
    """Sent, or given up: the next of its chat may follow."""

    MOVED = auto()
    """Its chat has another id now: it is found there by the next look."""

    WAITS = auto()
    """It is tried again later, and nothing of its chat may overtake it."""


class Deliverer:
    """Sends what waits in the outbox. One at a time: the caller holds the lease for Telegram."""

    def __init__(self, runtime: Runtime, bot: Bot) -> None:
        self._runtime = runtime
        self._store = runtime.store
        self._clock = runtime.clock
        self._calls = Calls(runtime, bot)
        self._quiet_until = 0.0
        self._told_to_wait: dict[ChatId, float] = {}
        self._backlog = Backlog(runtime)
        self._pinning = Pinning(runtime, self._calls.send_silently, self._calls.edit)

    async def drain(self, limit: int) -> int:
        """Send up to ``limit`` waiting messages; returns how many were dealt with for good.

        0 means that there is nothing to do now: nothing waits, or the line is down.
        """
        if self._clock.monotonic() < self._quiet_until:
            return 0
        waiting = await self._waiting(limit)
        if await self._backlog.fold(waiting):
            waiting = await self._waiting(limit)
        done = 0
        while waiting and self._clock.monotonic() >= self._quiet_until:
            queued = self._next_of(waiting)
            waiting.remove(queued)
            fate = await self._deliver(queued)
            done += fate is not Fate.WAITS
            if fate is not Fate.SETTLED:
                waiting = [other for other in waiting if other.item.chat_id != queued.item.chat_id]
        return done

    async def _waiting(self, limit: int) -> list[QueuedItem]:
        async with self._store.read() as work:
            return list(await work.outbox.queued(self._clock.now(), limit))

    def _next_of(self, waiting: list[QueuedItem]) -> QueuedItem:
        """The first message whose chat may be written to now; the order within a chat stays."""
        chats = dict.fromkeys(queued.item.chat_id for queued in waiting)
        chat = self._calls.pace.soonest(chats)
        return next(queued for queued in waiting if queued.item.chat_id == chat)

    async def _deliver(self, queued: QueuedItem) -> Fate:
        try:
            await self._send_or_edit(queued)
        except TelegramError as error:
            return await self._fail(queued, error)
        except Exception:
            log.exception("message %s (%s) cannot be rendered", queued.id, queued.item.kind)
            return await self._cannot_render(queued)
        return Fate.SETTLED

    async def _send_or_edit(self, queued: QueuedItem) -> None:
        item = queued.item
        market_now = await self._runtime.market.clock.now()
        async with self._store.read() as work:
            member = await member_in(work, item.chat_id)
            treatment = await treatment_of(work, item, self._clock.now(), market_now)
        if treatment.until is not None or treatment.loudness is Loudness.OFF:
            await self._hold_back(queued, treatment)
            return
        with reading_as(reader_of(member)):
            is_silent = treatment.loudness is Loudness.SILENT
            await self._render(queued, market_now, is_silent=is_silent)

    async def _render(self, queued: QueuedItem, market_now: datetime, *, is_silent: bool) -> None:
        item = queued.item
        if item.kind in {MessageKind.PINNED, MessageKind.UNPINNED}:
            keep = (
                self._pinning.keep
                if item.kind is MessageKind.PINNED
                else self._pinning.say_farewell
            )
            await keep(self._calls.bot, item)
            await self._mark_sent(queued)
            return
        async with self._store.read() as work:
            told = await self._told_apart(work, item)
            scene = await read_scene(work, item, username_of(self._calls.bot))
            topic_id = await _topic_of(work, scene, item.chat_id)
        if item.kind is MessageKind.REFRESH:
            for message_id in sorted({copy.message_id for copy in scene.copies}):
                screen = copy_screen(scene, message_id, market_now)
                if screen is not None:
                    await self._calls.edit(item.chat_id, message_id, screen)
            await self._mark_sent(queued)
            return
        if item.kind is MessageKind.DIGEST:
            letter = await self._month(item)
        elif told is not None:
            letter = veiled(item, told, scene, market_now)
        else:
            letter = write_letter(item, scene, market_now)
        if letter is None:
            log.info("%s of proposal %s has nothing to say any more", item.kind, item.proposal_id)
            await self._mark_sent(queued)
            return
        manner = Manner(topic_id, is_silent=is_silent)
        message_id = await self._calls.send(item.chat_id, letter, manner)
        await self._mark_sent(queued, letter.shows, message_id, topic_id)

    async def _hold_back(self, queued: QueuedItem, treatment: Treatment) -> None:
        """Keep a message for the end of its member's quiet hours, or for good; the next of its chat may follow."""
        async with self._store.begin() as work:
            await hold_back(work, queued, treatment, self._clock.now())

    async def _told_apart(self, work: UnitOfWork, item: OutboxItem) -> Letter | None:
        """What tells of more than a scene knows: an outage."""
        if item.kind is MessageKind.OUTAGE:
            return await outage_letter(work, item, self._clock.now())
        return None

    async def _month(self, item: OutboxItem) -> Letter | None:
        """What a month has brought to whose chat this is; nothing where no portfolio is left to tell of."""
        async with self._store.read() as work:
            member = await member_in(work, item.chat_id)
            if member is None or item.portfolio_id is None:
                return None
            digest = await read_month(work, member, item.portfolio_id, item.data["month"])
        if not digest.parts:
            return None
        return Letter(await drawn(digest_screen, digest, dark=member.picture == "dark"))

    # --- what the store must know ----------------------------------------------------------------

    async def _mark_sent(
        self,
        queued: QueuedItem,
        shows: Proposal | None = None,
        message_id: int = 0,
        topic_id: TopicId | None = None,
    ) -> None:
        now = self._clock.now()
        async with self._store.begin() as work:
            await work.outbox.mark_sent(queued.id, now)
            if shows is not None:
                copy = Copy(
                    shows.id, shows.revision.number, queued.item.chat_id, message_id, topic_id
                )
                await self._remember(work, copy, shows)

    async def _remember(self, work: UnitOfWork, copy: Copy, shown: Proposal) -> None:
        """Remember a copy; bring this chat up to date where something changed meanwhile."""
        chat_id, message_id = copy.chat_id, copy.message_id
        others = [c for c in await work.proposals.copies(shown.id) if c.chat_id == chat_id]
        await work.proposals.add_copy(copy)
        latest = await work.proposals.get(shown.id)
        if others or latest is None or _mark_of(latest) != _mark_of(shown):
            refresh = OutboxItem(
                MessageKind.REFRESH,
                chat_id,
                f"refresh:{shown.id}:shown:{chat_id}:{message_id}",
                shown.portfolio_id,
                shown.id,
                Priority.REPORT,
            )
            await work.outbox.enqueue([refresh], self._clock.now())

    async def _mark_failed(self, queued: QueuedItem, seconds: float | None, error: str) -> None:
        """Put a message off, or (None) give it up."""
        retry_at = None
        if seconds is not None:
            retry_at = self._clock.now() + timedelta(seconds=seconds)
        async with self._store.begin() as work:
            await work.outbox.mark_failed(queued.id, retry_at=retry_at, error=error)

    # --- trouble ---------------------------------------------------------------------------------

    async def _fail(self, queued: QueuedItem, error: TelegramError) -> Fate:
        """Act on what Telegram answered."""
        chat_id = queued.item.chat_id
        match error:
            case RetryAfter():
                await self._wait_as_told(queued, _pause_asked(error))
                return Fate.WAITS
            case ChatMigrated():
                log.info("chat %s is now %s", chat_id, error.new_chat_id)
                async with self._store.begin() as work:
                    await move_chat(work, chat_id, ChatId(error.new_chat_id), self._clock.now())
                await self._mark_failed(queued, 0, "chat migrated")
                return Fate.MOVED
            case Forbidden():
                await self._give_up_chat(queued, error)
            case BadRequest() if says(error, NO_CHAT):
                await self._give_up_chat(queued, error)
            case BadRequest() if says(error, _NO_TOPIC) and await self._forget_topic(queued):
                return Fate.MOVED
            case BadRequest():
                log.error("message %s (%s) is refused: %s", queued.id, queued.item.kind, error)
                await self._mark_failed(queued, None, str(error)[:200])
            case _:
                await self._mark_failed(queued, self._line_is_down(error), type(error).__name__)
                return Fate.WAITS
        return Fate.SETTLED

    async def _wait_as_told(self, queued: QueuedItem, seconds: float) -> None:
        """One chat is too fast; where a second one is told so too, we are too fast for all."""
        now = self._clock.monotonic()
        self._told_to_wait = {c: t for c, t in self._told_to_wait.items() if t > now}
        self._told_to_wait[queued.item.chat_id] = now + seconds
        if len(self._told_to_wait) > 1:
            self._quiet_until = now + seconds
        log.info("told to wait %.0f s with chat %s", seconds, queued.item.chat_id)
        await self._mark_failed(queued, seconds, "told to wait")

    def _line_is_down(self, error: TelegramError) -> float:
        """Wait before anything else is tried: what failed for one chat would fail for all."""
        pause = min(2.0**self._calls.failures, LONGEST_PAUSE)
        self._calls.failures = min(self._calls.failures + 1, 10)
        self._quiet_until = self._clock.monotonic() + pause
        # The class alone: the text of some of these errors holds the bot's token.
        name = type(error).__name__
        level = logging.WARNING if isinstance(error, NetworkError) else logging.ERROR
        log.log(level, "Telegram cannot be reached (%s); next try in %.0f s", name, pause)
        return pause

    async def _cannot_render(self, queued: QueuedItem) -> Fate:
        is_last = queued.attempts + 1 >= TRIES_TO_RENDER
        await self._mark_failed(queued, None if is_last else 5.0, "cannot be rendered")
        return Fate.SETTLED if is_last else Fate.WAITS

    async def _give_up_chat(self, queued: QueuedItem, error: TelegramError) -> None:
        """A chat that does not take our messages any more: its other messages are tried no more."""
        item = queued.item
        log.warning("chat %s cannot be written to: %s", item.chat_id, error)
        await self._mark_failed(queued, None, str(error)[:200])
        async with self._store.begin() as work:
            member = await work.people.member_of_user(UserId(item.chat_id))
            now = self._clock.now()
            if member is not None:
                await note_reach(work, member, now, reachable=False)
            elif item.chat_id < 0:
                await lose_home(work, item.chat_id, now)

    async def _forget_topic(self, queued: QueuedItem) -> bool:
        """A topic was deleted or closed: its messages go to the group itself, this one at once; False without one."""
        async with self._store.begin() as work:
            scene = await read_scene(work, queued.item)
            topic_id = await _topic_of(work, scene, queued.item.chat_id)
            if topic_id is None:
                return False
            await work.conversation.forget_topic(queued.item.chat_id, topic_id)
        log.info("topic %s of chat %s is no longer there", topic_id, queued.item.chat_id)
        await self._mark_failed(queued, 0, "topic is gone")
        return True


async def _topic_of(work: UnitOfWork, scene: Scene, chat_id: ChatId) -> TopicId | None:
    """The topic that a message goes to: where its proposal stands, or the portfolio's home, or what is about it."""
    if scene.copies:
        return max(scene.copies, key=lambda copy: copy.message_id).topic_id
    if scene.managed is None or chat_id > 0:
        return None
    portfolio = scene.managed.portfolio
    if portfolio.home_chat_id == chat_id:
        return portfolio.home_topic_id
    return await work.conversation.topic_about(portfolio.id, chat_id)


def _mark_of(proposal: Proposal) -> tuple[ProposalState, int, int]:
    return proposal.state, proposal.revision.number, len(proposal.decisions)


def _pause_asked(error: RetryAfter) -> float:
    pause = error.retry_after
    return pause.total_seconds() if isinstance(pause, timedelta) else float(pause)
