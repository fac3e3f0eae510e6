"""Methods that put something new before people."""

from __future__ import annotations

from bot.sandbox.api_errors import BadRequest
from bot.sandbox.api_objects import message_object
from bot.sandbox.formatted import FormattedText
from bot.sandbox.messenger import Messenger
from bot.sandbox.methods.content import caption, message_text, sent_file
from bot.sandbox.methods.keyboards import forces_reply, inline_keyboard
from bot.sandbox.methods.params import Params
from bot.sandbox.methods.registry import bot_method
from bot.sandbox.methods.targets import reply_target, topic_of, writable_chat
from bot.sandbox.model import Attachment, AttachmentKind, Chat, JsonObject

ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}


@bot_method("sendMessage")
async def send_message(messenger: Messenger, params: Params) -> JsonObject:
    """Say something."""
    chat = writable_chat(messenger, params)
    return _send(messenger, params, chat, message_text(messenger, params))


@bot_method("sendPhoto")
async def send_photo(messenger: Messenger, params: Params) -> JsonObject:
    """Show a picture."""
    return _send_file(messenger, params, "photo")


@bot_method("sendDocument")
async def send_document(messenger: Messenger, params: Params) -> JsonObject:
    """Hand over a file."""
    return _send_file(messenger, params, "document")


@bot_method("sendChatAction")
async def send_chat_action(messenger: Messenger, params: Params) -> bool:
    """Show that the bot is at work; for five seconds or until its next message."""
    chat = writable_chat(messenger, params)
    topic_of(chat, params, None)
    action = params.text("action")
    if action not in ACTIONS:
        raise BadRequest("wrong parameter action in request")
    messenger.show_action(chat, action)
    return True


def _send_file(messenger: Messenger, params: Params, kind: AttachmentKind) -> JsonObject:
    chat = writable_chat(messenger, params)
    words = caption(messenger, params)
    return _send(messenger, params, chat, words, sent_file(messenger, params, kind))


def _send(
    messenger: Messenger,
    params: Params,
    chat: Chat,
    content: FormattedText,
    attachment: Attachment | None = None,
) -> JsonObject:
    reply_to = reply_target(chat, params)
    message = messenger.post(
        chat,
        messenger.bot.id,
        content,
        attachment=attachment,
        keyboard=inline_keyboard(params),
        reply_to=reply_to,
        topic_id=topic_of(chat, params, reply_to),
        silent=params.boolean("disable_notification"),
        force_reply=forces_reply(params),
    )
    return message_object(messenger.state, message)
