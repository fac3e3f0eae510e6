"""What the messenger keeps, written as objects of the Bot API."""

from __future__ import annotations

from bot.sandbox.model import BotStatus, Chat, JsonObject, Message, StoredFile, User
from bot.sandbox.state import State


def user_object(user: User) -> JsonObject:
    """A `User`."""
    return _without_none(
        id=user.id,
        is_bot=user.is_bot,
        first_name=user.first_name,
        username=user.username,
        language_code=None if user.is_bot else user.language_code,
    )


def me_object(bot: User) -> JsonObject:
    """The `User` that getMe answers."""
    return user_object(bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def chat_object(state: State, chat: Chat) -> JsonObject:
    """A `Chat`."""
    if not chat.is_private:
        group = {"id": chat.id, "type": chat.type, "title": chat.title}
        return group | {"is_forum": True} if chat.is_forum else group
    user = state.users[chat.id]
    return _without_none(
        id=chat.id, type="private", first_name=user.first_name, username=user.username
    )


def full_chat_object(state: State, chat: Chat) -> JsonObject:
    """A `ChatFullInfo`."""
    gifts = ("unlimited", "limited", "unique")
    full = chat_object(state, chat) | {
        "accent_color_id": abs(chat.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": {f"{each}_gifts": False for each in gifts}
        | {"premium_subscription": False, "gifts_from_channels": False},
    }
    if chat.pinned and chat.pinned[-1] in chat.messages:
        full["pinned_message"] = message_object(state, chat.messages[chat.pinned[-1]])
    return full


def message_object(state: State, message: Message, *, with_reply: bool = True) -> JsonObject:
    """A `Message`, or an `InaccessibleMessage` where it is gone."""
    chat = state.chats[message.chat_id]
    sender = state.user(message.sender_id)
    result = _without_none(
        message_id=message.message_id,
        **{"from": user_object(sender) if sender else None},
        chat=chat_object(state, chat),
        date=message.date,
        edit_date=message.edit_date,
        reply_markup=message.keyboard,
        message_thread_id=message.topic_id,
        is_topic_message=True if message.topic_id is not None else None,
    )
    result |= _content(message)
    if with_reply and message.reply_to in chat.messages:
        replied = chat.messages[message.reply_to]
        result["reply_to_message"] = message_object(state, replied, with_reply=False)
    if message.pinned_message is not None:
        result["pinned_message"] = known_message(state, chat, message.pinned_message)
    return result


def known_message(state: State, chat: Chat, message_id: int) -> JsonObject:
    """A chat's message as the bot may see it: whole, or `InaccessibleMessage` once deleted."""
    if message_id in chat.messages:
        return message_object(state, chat.messages[message_id], with_reply=False)
    return {"chat": chat_object(state, chat), "message_id": message_id, "date": 0}


def _content(message: Message) -> JsonObject:
    if message.attachment is None:
        named = {"text": message.text, "entities": list(message.entities)}
        return {key: value for key, value in named.items() if value}
    captioned = {"caption": message.text, "caption_entities": list(message.entities)}
    content = {key: value for key, value in captioned.items() if value}
    file = message.attachment.file
    if message.attachment.kind == "photo":
        size = {"width": file.width, "height": file.height}
        return content | {"photo": [_file_identity(file) | size]}
    names = {"file_name": file.name, "mime_type": file.mime_type}
    return content | {"document": _file_identity(file) | names}


def file_object(file: StoredFile) -> JsonObject:
    """A `File`."""
    return _file_identity(file) | {"file_path": file.path}


def _file_identity(file: StoredFile) -> JsonObject:
    return {"file_id": file.file_id, "file_unique_id": file.unique_id, "file_size": file.size}


def bot_member_object(bot: User, status: BotStatus) -> JsonObject:
    """A `ChatMember` for the bot itself."""
    member: JsonObject = {"status": status, "user": user_object(bot)}
    if status == "kicked":
        return member | {"until_date": 0}
    if status == "administrator":
        return member | _administrator_rights()
    return member


def person_member_object(chat: Chat, user: User) -> JsonObject:
    """A `ChatMember` for a person: the first of a group made it."""
    member: JsonObject = {"status": "member", "user": user_object(user)}
    if user.id not in chat.members:
        return member | {"status": "left"}
    if not chat.is_private and chat.members[0] == user.id:
        return member | {"status": "creator", "is_anonymous": False}
    return member


def _administrator_rights() -> JsonObject:
    granted = (
        "can_manage_chat",
        "can_delete_messages",
        "can_change_info",
        "can_invite_users",
        "can_pin_messages",
    )
    withheld = (
        "can_be_edited",
        "is_anonymous",
        "can_manage_video_chats",
        "can_restrict_members",
        "can_promote_members",
        "can_post_stories",
        "can_edit_stories",
        "can_delete_stories",
        "can_manage_topics",
    )
    return dict.fromkeys(granted, True) | dict.fromkeys(withheld, False)


def _without_none(**values: object) -> JsonObject:
    return {key: value for key, value in values.items() if value is not None}
