"""Methods that ask about chats, members and files."""

from __future__ import annotations

from bot.sandbox.api_errors import BadRequest, Forbidden
from bot.sandbox.api_objects import (
    bot_member_object,
    file_object,
    full_chat_object,
    me_object,
    person_member_object,
)
from bot.sandbox.messenger import Messenger
from bot.sandbox.methods.params import Params
from bot.sandbox.methods.registry import bot_method
from bot.sandbox.methods.targets import known_chat
from bot.sandbox.model import Chat, JsonObject


@bot_method("getMe")
async def get_me(messenger: Messenger, _params: Params) -> JsonObject:
    """Who the bot is."""
    return me_object(messenger.bot)


@bot_method("getChat")
async def get_chat(messenger: Messenger, params: Params) -> JsonObject:
    """All about a chat."""
    chat = known_chat(messenger, params)
    if chat.is_private and not chat.started:
        raise BadRequest("chat not found")
    _check_inside(chat)
    return full_chat_object(messenger.state, chat)


@bot_method("getChatMember")
async def get_chat_member(messenger: Messenger, params: Params) -> JsonObject:
    """What somebody is in a chat."""
    chat = known_chat(messenger, params)
    _check_inside(chat)
    user_id = params.integer("user_id")
    if user_id == messenger.bot.id:
        return bot_member_object(messenger.bot, chat.bot_status)
    user = messenger.state.users.get(user_id)
    if user is None:
        raise BadRequest("invalid user_id specified")
    return person_member_object(chat, user)


@bot_method("getChatAdministrators")
async def get_chat_administrators(messenger: Messenger, params: Params) -> list[JsonObject]:
    """Who runs a group: its creator."""
    chat = known_chat(messenger, params)
    if chat.is_private:
        raise BadRequest("there are no administrators in the private chat")
    _check_inside(chat)
    return [person_member_object(chat, messenger.state.users[chat.members[0]])]


@bot_method("leaveChat")
async def leave_chat(messenger: Messenger, params: Params) -> bool:
    """Go out of a group."""
    chat = known_chat(messenger, params)
    if chat.is_private:
        raise BadRequest("chat member status can't be changed in private chats")
    _check_inside(chat)
    chat.bot_status = "left"
    messenger.chat_changed(chat)
    return True


@bot_method("getFile")
async def get_file(messenger: Messenger, params: Params) -> JsonObject:
    """Where to fetch a file."""
    file = messenger.state.files.get(params.text("file_id"))
    if file is None:
        raise BadRequest("wrong file_id or the file is temporarily unavailable")
    return file_object(file)


def _check_inside(chat: Chat) -> None:
    if not chat.is_private and chat.bot_status == "kicked":
        raise Forbidden(f"bot was kicked from the {chat.type} chat")
