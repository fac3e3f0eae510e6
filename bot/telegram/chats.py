"""Chats: what becomes of them: blocked, opened again, made into supergroups; the bot let into a group."""

from __future__ import annotations

import logging

from telegram import ChatMember, ChatMemberRestricted, Update
from telegram.ext import ContextTypes

from bot.runtime import Runtime
from bot.telegram.commands.notes import note, tap
from bot.telegram.identity import chat_of
from bot.telegram.replies import send_screen
from core.application.choose_portfolio import my_portfolios
from core.application.identify import identify
from core.application.keep_reach import note_reach
from core.application.lose_home import lose_home
from core.application.move_chat import move_chat
from core.domain.ids import ChatId, UserId
from core.domain.refusals import NotAMember

LOG = logging.getLogger(__name__)


def _may_write(bot: ChatMember) -> bool:
    """Whether the bot, as a chat says of it, may write there."""
    if isinstance(bot, ChatMemberRestricted):
        return bot.can_send_messages
    return bot.status in _PRESENT


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
                await move_chat(work, ChatId(old), ChatId(new), self._runtime.clock.now())
            self._runtime.work_arrived.set()

    async def on_my_membership(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """The bot was blocked or opened again by a person, let into a group, or put out of it by whomever."""
        change = update.my_chat_member
        if change is None:
            return
        is_present = _may_write(change.new_chat_member)
        was_present = _may_write(change.old_chat_member)
        chat = chat_of(change.chat)
        if not chat.is_private and not is_present:
            await self._lose(chat.id)
            return
        try:
            member = await identify(self._runtime.store, user_id=UserId(change.from_user.id))
        except NotAMember:
            LOG.info(
                "User %s, who is no member, changed chat %s", change.from_user.id, change.chat.id
            )
            return
        if chat.is_private:
            async with self._runtime.store.begin() as work:
                now = self._runtime.clock.now()
                await note_reach(work, member, now, reachable=is_present)
            self._runtime.work_arrived.set()
        elif is_present and not was_present:
            mine = await my_portfolios(self._runtime.store, member=member)
            rows = tuple((tap(f"This group is about {p.name}", "use", p.id),) for p, _ in mine)
            greeting = note(
                "👋 Hello. Commands work here for each member, by their own rights; everybody in this "
                "group reads the answers. Amounts are hidden here until an owner shows them: "
                "/portfolio amounts on",
                rows=rows,
            )
            await send_screen(context.bot, chat.id, greeting, self._runtime.signing_key)

    async def _lose(self, chat_id: ChatId) -> None:
        """A group that cannot be written to any more is no portfolio's home."""
        async with self._runtime.store.begin() as work:
            await lose_home(work, chat_id, self._runtime.clock.now())
        self._runtime.work_arrived.set()
