"""Calls: what is said to Telegram while the outbox is delivered: messages, pictures and edits, at Telegram's pace."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from telegram import Bot, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError

from bot.runtime import Runtime
from bot.telegram.html import CAPTION_LIMIT, plain, shown_length, split_html
from bot.telegram.keyboard import keyboard_for
from bot.telegram.letters.scene import Letter
from bot.telegram.pace import Pace
from bot.telegram.screen import Screen
from core.domain.ids import ChatId, TopicId

log = logging.getLogger(__name__)

REMEMBERED_EDITS = 500

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
NO_CHAT = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "have no rights to send",
    "not enough rights to send",
)
"""What Telegram says of a chat that does not take our messages any more."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a message goes: into which topic of its chat, and whether without a sound."""

    topic_id: TopicId | None
    is_silent: bool


class Calls:
    """Says things to Telegram; ``failures`` counts those of the line since it last took something."""

    def __init__(self, runtime: Runtime, bot: Bot) -> None:
        self.bot = bot
        self.pace = Pace(runtime.clock)
        self.failures = 0
        self._key = runtime.signing_key
        self._edited: dict[tuple[ChatId, int], Screen] = {}

    async def send(self, chat_id: ChatId, letter: Letter, manner: Manner) -> int:
        """Send a letter, in as many parts as it needs; returns the id of the one with the buttons."""
        screen, parts = letter.screen, split_html(letter.screen.text)
        message_id = 0
        if screen.photo is not None:
            if shown_length(screen.text) <= CAPTION_LIMIT:
                return await self._send_picture(chat_id, screen, manner)
            unheard = replace(manner, is_silent=True)
            await self._send_picture(chat_id, Screen("", photo=screen.photo), unheard)
        for number, part in enumerate(parts, 1):
            shown = Screen(part, screen.rows if number == len(parts) else ())
            message_id = await self._send_part(chat_id, shown, letter.reply_to, manner)
        return message_id

    async def _send_picture(self, chat_id: ChatId, screen: Screen, manner: Manner) -> int:
        """Send a picture with its text as the caption."""
        await self.pace.turn(chat_id)
        message = await self.bot.send_photo(
            chat_id,
            screen.photo or b"",
            caption=screen.text or None,
            parse_mode=ParseMode.HTML,
            message_thread_id=manner.topic_id,
            reply_markup=keyboard_for(screen, chat_id, self._key),
            disable_notification=manner.is_silent or None,
        )
        self.failures = 0
        return message.message_id

    async def send_silently(self, chat_id: ChatId, screen: Screen, topic_id: TopicId | None) -> int:
        """Send a screen without a sound."""
        manner = Manner(topic_id, is_silent=True)
        return await self._send_text(chat_id, screen, None, ParseMode.HTML, manner)

    async def _send_part(
        self, chat_id: ChatId, screen: Screen, reply_to: int | None, manner: Manner
    ) -> int:
        try:
            return await self._send_text(chat_id, screen, reply_to, ParseMode.HTML, manner)
        except BadRequest as error:
            if not _is_markup_trouble(error):
                raise
            log.warning("Telegram cannot read our markup (%s): sent as plain text", error)
            return await self._send_text(chat_id, screen, reply_to, None, manner)

    async def _send_text(
        self,
        chat_id: ChatId,
        screen: Screen,
        reply_to: int | None,
        mode: str | None,
        manner: Manner,
    ) -> int:
        await self.pace.turn(chat_id)
        reply = ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None
        message = await self.bot.send_message(
            chat_id,
            screen.text if mode else plain(screen.text),
            parse_mode=mode,
            message_thread_id=manner.topic_id,
            link_preview_options=_NO_PREVIEW,
            reply_markup=keyboard_for(screen, chat_id, self._key),
            reply_parameters=reply,
            disable_notification=manner.is_silent or None,
        )
        self.failures = 0
        return message.message_id

    async def edit(self, chat_id: ChatId, message_id: int, screen: Screen) -> bool:
        """Bring a message up to date; one that already shows this costs neither a request nor a wait.

        False where it cannot be edited any more.
        """
        if self._edited.get((chat_id, message_id)) == screen:
            return True
        await self.pace.turn(chat_id)
        try:
            await self.bot.edit_message_text(
                screen.text,
                chat_id=chat_id,
                message_id=message_id,
                parse_mode=ParseMode.HTML,
                link_preview_options=_NO_PREVIEW,
                reply_markup=keyboard_for(screen, chat_id, self._key),
            )
            self.failures = 0
            self._remember_edit(chat_id, message_id, screen)
        except BadRequest as error:
            if says(error, ("not modified",)):
                return True
            if says(error, NO_CHAT):
                raise
            # One message that cannot be edited must not keep the others from being.
            is_gone = says(error, _GONE)
            level = logging.INFO if is_gone else logging.ERROR
            log.log(level, "message %s in chat %s: %s", message_id, chat_id, error)
            return not is_gone
        return True

    def _remember_edit(self, chat_id: ChatId, message_id: int, screen: Screen) -> None:
        self._edited[chat_id, message_id] = screen
        while len(self._edited) > REMEMBERED_EDITS:
            del self._edited[next(iter(self._edited))]


def _is_markup_trouble(error: BadRequest) -> bool:
    return says(error, ("can't parse", "entity", "entities"))


def says(error: TelegramError, phrases: tuple[str, ...]) -> bool:
    """Whether Telegram's words hold one of these phrases."""
    text = str(error).lower()
    return any(phrase in text for phrase in phrases)
