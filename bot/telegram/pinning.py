"""Pinning: a portfolio's pinned message is made once, silently, and from then on only edited.

Telegram tells a bot nothing of an unpinned message, and unpinning is a person's wish: it goes on being edited where it
stands. One that was deleted is made anew, at most once a day.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from telegram import Bot
from telegram.error import BadRequest, Forbidden

from bot.runtime import Runtime
from bot.telegram.client import username_of
from bot.telegram.screen import Screen
from bot.telegram.views.pinned import farewell_screen, pinned_screen
from bot.telegram.views.veiled import veiled_pinned
from core.application.hide_amounts import amounts_hidden
from core.application.keep_pinned import pinned_in, read_board
from core.domain.ids import ChatId, TopicId
from core.domain.outbox import OutboxItem
from core.domain.pinned import Pinned
from core.ports.store import UnitOfWork

log = logging.getLogger(__name__)

Send = Callable[[ChatId, Screen, TopicId | None], Awaitable[int]]
"""Sends a screen silently, in its turn, into a topic where one is named; returns the message's id."""

Edit = Callable[[ChatId, int, Screen], Awaitable[bool]]
"""Puts a screen into a message, in its turn; False where the message is gone."""


class Pinning:
    """Keeps the pinned messages that items of the outbox speak of."""

    def __init__(self, runtime: Runtime, send: Send, edit: Edit) -> None:
        self._store = runtime.store
        self._clock = runtime.clock
        self._send = send
        self._edit = edit

    async def keep(self, bot: Bot, item: OutboxItem) -> None:
        """Edit the message of an item's portfolio and chat; make it where there is none, and it may be made."""
        if item.portfolio_id is None:
            return
        async with self._store.read() as work:
            pinned = await pinned_in(work, item.portfolio_id, item.chat_id)
            if pinned is None:
                return
            board = await read_board(work, item.portfolio_id, pinned)
            is_veiled = await amounts_hidden(work, item.portfolio_id, item.chat_id)
        screen = pinned_screen(board)
        if is_veiled:
            screen = veiled_pinned(screen, board.managed, username_of(bot) or "")
        if pinned.message_id is not None:
            if await self._edit(pinned.chat_id, pinned.message_id, screen):
                await self._pin_again(bot, pinned, pinned.message_id)
                return
            pinned = replace(pinned, message_id=None, is_pinned=False)
            await self._remember(pinned)
        if pinned.may_be_made(self._clock.now()):
            home = board.managed.portfolio
            is_home = home.home_chat_id == item.chat_id
            await self._make(bot, pinned, screen, home.home_topic_id if is_home else None)

    async def say_farewell(self, bot: Bot, item: OutboxItem) -> None:
        """Say in a message that it is no longer kept up, and take its pin away."""
        if item.portfolio_id is None:
            return
        async with self._store.read() as work:
            managed = await work.portfolios.get(item.portfolio_id)
        message_id = int(item.data["message"])
        if await self._edit(item.chat_id, message_id, farewell_screen(managed)):
            try:
                await bot.unpin_chat_message(item.chat_id, message_id)
            except (BadRequest, Forbidden) as error:
                log.info("message %s in chat %s stays pinned: %s", message_id, item.chat_id, error)

    async def _make(
        self, bot: Bot, pinned: Pinned, screen: Screen, topic_id: TopicId | None
    ) -> None:
        message_id = await self._send(pinned.chat_id, screen, topic_id)
        made = replace(pinned, message_id=message_id, made_at=self._clock.now())
        await self._remember(made)
        await self._pin(bot, made, message_id)

    async def _pin_again(self, bot: Bot, pinned: Pinned, message_id: int) -> None:
        """Where it could not be pinned, perhaps it can be by now: tried at most once a day."""
        if not pinned.is_pinned and pinned.may_be_made(self._clock.now()):
            await self._remember(replace(pinned, made_at=self._clock.now()))
            await self._pin(bot, pinned, message_id)

    async def _pin(self, bot: Bot, pinned: Pinned, message_id: int) -> None:
        try:
            await bot.pin_chat_message(pinned.chat_id, message_id, disable_notification=True)
        except (BadRequest, Forbidden) as error:
            log.info("message %s in chat %s is not pinned: %s", message_id, pinned.chat_id, error)
            return
        async with self._store.begin() as work:
            if (now := await _still(work, pinned)) is not None:
                await work.pinned.keep(replace(now, is_pinned=True))

    async def _remember(self, pinned: Pinned) -> None:
        """Keep where it stands, and what was learnt of a check meanwhile; nothing where it was given up meanwhile."""
        async with self._store.begin() as work:
            if (now := await _still(work, pinned)) is not None:
                await work.pinned.keep(replace(pinned, checked_at=now.checked_at))


async def _still(work: UnitOfWork, pinned: Pinned) -> Pinned | None:
    return await pinned_in(work, pinned.portfolio_id, pinned.chat_id)
