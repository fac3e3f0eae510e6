"""Replies: a screen becomes one or more messages in a chat, or takes the place of an earlier one."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from telegram import (
    Bot,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, NetworkError, RetryAfter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from bot.telegram.html import CAPTION_LIMIT, TEXT_LIMIT, shown_length, split_html
from bot.telegram.keyboard import keyboard_for
from bot.telegram.screen import Screen

Answer = TypeVar("Answer")

LOG = logging.getLogger(__name__)

PATIENCE = 30.0
"""The longest wait, in seconds, that an answer obeys when Telegram says that we write too fast."""

ATTEMPTS = 3

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class Place:
    """One message: where a screen can be put in place of what stands there."""

    chat_id: int
    message_id: int
    topic_id: int | None = None


@dataclass(frozen=True, slots=True)
class _There:
    """Where something new is said: a chat, or a topic of it."""

    chat_id: int
    topic_id: int | None


async def send_screen(
    bot: Bot,
    chat_id: int,
    screen: Screen,
    key: bytes,
    *,
    reply_to: int | None = None,
    topic_id: int | None = None,
) -> int:
    """Send a screen, in a topic of its chat where one is named.

    Returns the id of the message that carries its buttons (the last one).

    Long texts are split at lines; a picture or document goes first, with the text as its caption where it fits.
    """
    there = _There(chat_id, topic_id)
    keyboard = keyboard_for(screen, chat_id, key)
    reply = ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None
    if screen.has_file:
        if _fits_caption(screen.text):
            return await _file(bot, there, screen, keyboard, reply)
        await _file(bot, there, replace(screen, text="", rows=()), None, reply)
        reply = None
    *firsts, last = split_html(screen.text)
    for part in firsts:
        await _text(bot, there, part, None, reply)
        reply = None
    return await _text(bot, there, last, keyboard, reply)


async def edit_screen(bot: Bot, place: Place, screen: Screen, key: bytes) -> int:
    """Put a screen in the place of a message; where that cannot be done, send it as a new one.

    A document is always sent: what was tapped for it stays where it is.
    Returns the id of the message that shows it now.
    """
    if not _fits_one_message(screen):
        return await send_screen(bot, place.chat_id, screen, key, topic_id=place.topic_id)
    try:
        await patiently(partial(_edit, bot, place, screen, key))
    except BadRequest as error:
        if "not modified" not in str(error).lower():
            LOG.info("Message %s cannot be edited (%s): sent anew", place.message_id, error)
            return await send_screen(bot, place.chat_id, screen, key, topic_id=place.topic_id)
    return place.message_id


def _fits_caption(text: str) -> bool:
    return shown_length(text) <= CAPTION_LIMIT


def _fits_one_message(screen: Screen) -> bool:
    if screen.document is not None:
        return False
    if screen.photo is not None:
        return _fits_caption(screen.text)
    return shown_length(screen.text) <= TEXT_LIMIT


async def _file(
    bot: Bot,
    there: _There,
    screen: Screen,
    keyboard: InlineKeyboardMarkup | None,
    reply: ReplyParameters | None,
) -> int:
    """Send the picture or the document of a screen, with its text as the caption."""

    def send() -> Awaitable[Message]:
        caption = screen.text or None
        if screen.document is not None:
            return bot.send_document(
                there.chat_id,
                screen.document.content,
                message_thread_id=there.topic_id,
                filename=screen.document.name,
                caption=caption,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard,
                reply_parameters=reply,
            )
        return bot.send_photo(
            there.chat_id,
            screen.photo or b"",
            message_thread_id=there.topic_id,
            caption=caption,
            parse_mode=ParseMode.HTML,
            reply_markup=keyboard,
            reply_parameters=reply,
        )

    return (await patiently(send)).message_id


async def _text(
    bot: Bot,
    there: _There,
    text: str,
    keyboard: InlineKeyboardMarkup | None,
    reply: ReplyParameters | None,
) -> int:
    def send() -> Awaitable[Message]:
        return bot.send_message(
            there.chat_id,
            text,
            message_thread_id=there.topic_id,
            parse_mode=ParseMode.HTML,
            link_preview_options=_NO_PREVIEW,
            reply_markup=keyboard,
            reply_parameters=reply,
        )

    return (await patiently(send)).message_id


async def _edit(bot: Bot, place: Place, screen: Screen, key: bytes) -> object:
    keyboard = keyboard_for(screen, place.chat_id, key)
    if screen.photo is not None:
        return await bot.edit_message_media(
            InputMediaPhoto(screen.photo, caption=screen.text, parse_mode=ParseMode.HTML),
            chat_id=place.chat_id,
            message_id=place.message_id,
            reply_markup=keyboard,
        )
    return await bot.edit_message_text(
        screen.text,
        chat_id=place.chat_id,
        message_id=place.message_id,
        parse_mode=ParseMode.HTML,
        link_preview_options=_NO_PREVIEW,
        reply_markup=keyboard,
    )


async def patiently(call: Callable[[], Awaitable[Answer]]) -> Answer:
    """Make a request of Telegram, waiting as told where we write too fast, again where the line broke.

    An answer may so be sent twice; it is never silently lost.
    """
    async for attempt in AsyncRetrying(
        stop=stop_after_attempt(ATTEMPTS),
        retry=retry_if_exception(_is_passing),
        wait=_wait,
        reraise=True,
    ):
        with attempt:
            return await call()
    raise AssertionError("tenacity either returns or raises")


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, RetryAfter):
        return _pause_asked(error) <= PATIENCE
    return isinstance(error, NetworkError) and not isinstance(error, BadRequest)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return _pause_asked(error) if isinstance(error, RetryAfter) else 0.5 * state.attempt_number


def _pause_asked(error: RetryAfter) -> float:
    pause = error.retry_after
    return float(pause if isinstance(pause, int) else pause.total_seconds())
