"""What the chat page shows: the Bot API's objects and the few things only a reader sees."""

from __future__ import annotations

from bot.sandbox.api_objects import message_object
from bot.sandbox.model import Chat, JsonObject, Message, User
from bot.sandbox.state import State

SHOWN = 400
"""Messages of a chat that the page gets when it opens; older ones stay in the file."""


def state_view(state: State) -> JsonObject:
    """All that a page needs to draw itself."""
    return {
        "bot": {
            "id": state.bot.id,
            "name": state.bot.first_name,
            "username": state.bot.username,
            "description": state.description,
            "short_description": state.short_description,
        },
        "members": [_member(user) for user in state.users.values()],
        "chats": [
            chat_view(chat)
            | {
                "messages": [
                    message_view(state, message)
                    for message in list(chat.messages.values())[-SHOWN:]
                ]
            }
            for chat in state.chats.values()
        ],
        "commands": {
            str(chat.id): {
                str(member): commands_for(state, chat, member) for member in chat.members
            }
            for chat in state.chats.values()
        },
        "menu_button": state.menu_button,
    }


def chat_view(chat: Chat) -> JsonObject:
    """A conversation without its messages."""
    return {
        "id": chat.id,
        "type": chat.type,
        "title": chat.title,
        "members": chat.members,
        "bot_status": chat.bot_status,
        "started": chat.started,
        "pinned": chat.pinned,
        "read_up_to": {str(user): message for user, message in chat.read_up_to.items()},
    }


def message_view(state: State, message: Message) -> JsonObject:
    """A message, with what the Bot API does not tell the bot."""
    view = message_object(state, message) | {
        "silent": message.silent,
        "force_reply": message.force_reply,
        "reactions": list(message.reactions),
    }
    if message.attachment:
        file = message.attachment.file
        view["file_url"] = f"/page/files/{file.file_id}/{file.name}"
    return view


def commands_for(state: State, chat: Chat, user_id: int) -> list[JsonObject]:
    """The commands that a member's menu shows: the narrowest scope and language set wins."""
    user = state.users[user_id]
    everywhere = "all_private_chats" if chat.is_private else "all_group_chats"
    scopes = [
        f"chat_member:{chat.id}:{user_id}",
        f"chat:{chat.id}",
        everywhere,
        "default",
    ]
    for scope in scopes:
        for language in (user.language_code or "", ""):
            if commands := state.commands.get(f"{scope}|{language}"):
                return commands
    return []


def _member(user: User) -> JsonObject:
    return {"id": user.id, "name": user.first_name, "username": user.username}
