"""Chats: what becomes of them: blocked, opened again, made into supergroups; the bot let into a group."""

from __future__ import annotations

import logging

from telegram import ChatMember, Update
from telegram.ext import ContextTypes

from bot.runtime import Runtime
from bot.telegram.commands.notes import note, tap
from bot.telegram.identity import chat_of
from bot.telegram.replies import send_screen
from core.application.choose_portfolio import my_portfolios
from core.application.identify import identify
from core.domain.ids import ChatId, UserId
from core.domain.refusals import NotAMember

LOG = logging.getLogger(__name__)

_PRESENT = frozenset({ChatMember.MEMBER, ChatMember.ADMINISTRATOR})


class Chats:
    """Keeps up with what Telegram says about chats."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def on_migration(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """A group became a supergroup under a new id: everything about it moves there."""
        message = update.message
        if message is None:
            return
        old, new = message.chat.id, message.migrate_to_chat_id
        if message.migrate_from_chat_id is not None:
            old, new = message.migrate_from_chat_id, message.chat.id
        if new is not None:
            async with self._runtime.store.begin() as work:
                await work.conversation.migrate_chat(ChatId(old), ChatId(new))

    async def on_my_membership(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """The bot was blocked or opened again by a person, or let into a group."""
        change = update.my_chat_member
        if change is None:
            return
        try:
            member = await identify(self._runtime.store, user_id=UserId(change.from_user.id))
        except NotAMember:
            LOG.info(
                "User %s, who is no member, changed chat %s", change.from_user.id, change.chat.id
            )
            return
        is_present = change.new_chat_member.status in _PRESENT
        was_present = change.old_chat_member.status in _PRESENT
        chat = chat_of(change.chat)
        if chat.kind == "private":
            async with self._runtime.store.begin() as work:
                await work.people.set_reachable(member.id, reachable=is_present)
        elif is_present and not was_present:
            mine = await my_portfolios(self._runtime.store, member=member)
            rows = tuple((tap(f"This group is about {p.name}", "use", p.id),) for p, _ in mine)
            greeting = note(
                "👋 Hello. Commands work here for each member, by their own rights; everybody in this "
                "group reads the answers.",
                rows=rows,
            )
            await send_screen(context.bot, chat.id, greeting, self._runtime.signing_key)
