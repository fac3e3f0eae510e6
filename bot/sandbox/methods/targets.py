"""Which chat, and which message in it, a call means."""

from __future__ import annotations

from bot.sandbox.api_errors import BadRequest, Forbidden
from bot.sandbox.messenger import Messenger
from bot.sandbox.methods.params import Params
from bot.sandbox.model import Chat, Message


def known_chat(messenger: Messenger, params: Params) -> Chat:
    """The chat that `chat_id` names; BadRequest where the bot never met it."""
    if not params.has("chat_id"):
        raise BadRequest("chat_id is empty")
    chat = messenger.state.chats.get(params.integer("chat_id"))
    if chat is None or (not chat.is_private and chat.bot_status == "left"):
        raise BadRequest("chat not found")
    return chat


def writable_chat(messenger: Messenger, params: Params) -> Chat:
    """A chat that the bot may write to; Forbidden where it may not."""
    chat = known_chat(messenger, params)
    if chat.bot_status == "kicked":
        if chat.is_private:
            raise Forbidden("bot was blocked by the user")
        raise Forbidden(f"bot was kicked from the {chat.type} chat")
    if not chat.started:
        raise Forbidden("bot can't initiate conversation with a user")
    return chat


def addressed_message(messenger: Messenger, params: Params, absent: str) -> tuple[Chat, Message]:
    """The message that `chat_id` and `message_id` name; BadRequest in the words of `absent`."""
    if params.has("inline_message_id"):
        raise BadRequest("MESSAGE_ID_INVALID")
    if not params.has("chat_id"):
        raise BadRequest("chat_id is empty")
    if not params.has("message_id"):
        raise BadRequest("message identifier is not specified")
    chat = writable_chat(messenger, params)
    message = chat.messages.get(params.integer("message_id"))
    if message is None:
        raise BadRequest(absent)
    return chat, message


def topic_of(chat: Chat, params: Params, reply_to: int | None) -> int | None:
    """The topic that a new message goes to: the one named, else that of the message which it answers.

    BadRequest where the chat has no such topic, or it is closed to whoever does not administer the group.
    """
    named = params.integer("message_thread_id") or None
    if named is None:
        replied = chat.messages.get(reply_to or 0)
        return replied.topic_id if replied else None
    if named not in chat.topics:
        raise BadRequest("message thread not found")
    if chat.topics[named].is_closed and chat.bot_status != "administrator":
        raise BadRequest("TOPIC_CLOSED")
    return named


def reply_target(chat: Chat, params: Params) -> int | None:
    """The message that a new one answers, or None."""
    parameters = params.json("reply_parameters", "reply parameters") or {}
    message_id = int(parameters.get("message_id") or params.integer("reply_to_message_id"))
    if not message_id or message_id in chat.messages:
        return message_id or None
    lenient = parameters.get("allow_sending_without_reply")
    if lenient or params.boolean("allow_sending_without_reply"):
        return None
    raise BadRequest("message to be replied not found")
