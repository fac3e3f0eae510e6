"""Methods that change, delete or pin what stands in a chat."""

from __future__ import annotations

from dataclasses import replace

from bot.sandbox.api_errors import BadRequest
from bot.sandbox.api_objects import message_object
from bot.sandbox.formatted import FormattedText
from bot.sandbox.messenger import Messenger
from bot.sandbox.methods.content import caption, media_file, message_text
from bot.sandbox.methods.keyboards import inline_keyboard
from bot.sandbox.methods.params import Params
from bot.sandbox.methods.reactions import REACTIONS
from bot.sandbox.methods.registry import bot_method
from bot.sandbox.methods.targets import addressed_message, known_chat, writable_chat
from bot.sandbox.model import Chat, JsonObject, Message

DELETABLE_FOR = 48 * 3600
"""Seconds."""
MOST_DELETED = 100
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)


@bot_method("editMessageText")
async def edit_message_text(messenger: Messenger, params: Params) -> JsonObject:
    """Change a text; without a keyboard the old one goes."""
    message = _own_message(messenger, params)
    content = message_text(messenger, params)
    if message.attachment or message.pinned_message is not None:
        raise BadRequest("there is no text in the message to edit")
    return _with_text(messenger, message, content, inline_keyboard(params))


@bot_method("editMessageCaption")
async def edit_message_caption(messenger: Messenger, params: Params) -> JsonObject:
    """Change what stands under a photo or document."""
    message = _own_message(messenger, params)
    content = caption(messenger, params)
    if not message.attachment:
        raise BadRequest("there is no caption in the message to edit")
    return _with_text(messenger, message, content, inline_keyboard(params))


@bot_method("editMessageMedia")
async def edit_message_media(messenger: Messenger, params: Params) -> JsonObject:
    """Change a photo or document, with its caption."""
    message = _own_message(messenger, params)
    media = params.json("media", "input media")
    if not isinstance(media, dict):
        raise BadRequest("can't parse input media JSON object")
    attachment = media_file(messenger, params, media)
    words = caption(messenger, Params(media))
    changed = replace(
        message,
        attachment=attachment,
        text=words.text,
        entities=words.entities,
        keyboard=inline_keyboard(params),
    )
    return _changed(messenger, message, changed)


@bot_method("editMessageReplyMarkup")
async def edit_message_reply_markup(messenger: Messenger, params: Params) -> JsonObject:
    """Change or take away the buttons."""
    message = _own_message(messenger, params)
    return _changed(messenger, message, replace(message, keyboard=inline_keyboard(params)))


def _with_text(
    messenger: Messenger, message: Message, content: FormattedText, keyboard: JsonObject | None
) -> JsonObject:
    changed = replace(message, text=content.text, entities=content.entities, keyboard=keyboard)
    return _changed(messenger, message, changed)


def _changed(messenger: Messenger, before: Message, after: Message) -> JsonObject:
    if before == after:
        raise BadRequest(_NOT_MODIFIED)
    return message_object(messenger.state, messenger.change(after))


def _own_message(messenger: Messenger, params: Params) -> Message:
    _, message = addressed_message(messenger, params, "message to edit not found")
    if message.sender_id != messenger.bot.id:
        raise BadRequest("message can't be edited")
    return message


@bot_method("deleteMessage")
async def delete_message(messenger: Messenger, params: Params) -> bool:
    """Delete a message for everybody, within 48 hours of its sending."""
    chat, message = addressed_message(messenger, params, "message to delete not found")
    _check_deletable(messenger, chat, message)
    messenger.remove(chat, [message.message_id])
    return True


@bot_method("deleteMessages")
async def delete_messages(messenger: Messenger, params: Params) -> bool:
    """Delete several messages; those that are gone are passed over."""
    chat = writable_chat(messenger, params)
    message_ids = params.json("message_ids", "message identifiers")
    if not message_ids:
        raise BadRequest("message identifiers are not specified")
    if len(message_ids) > MOST_DELETED:
        raise BadRequest("too many message identifiers specified")
    present = [chat.messages[each] for each in message_ids if each in chat.messages]
    for message in present:
        _check_deletable(messenger, chat, message)
    messenger.remove(chat, [message.message_id for message in present])
    return True


def _check_deletable(messenger: Messenger, chat: Chat, message: Message) -> None:
    is_own = message.sender_id == messenger.bot.id
    if not is_own and not chat.is_private and chat.bot_status != "administrator":
        raise BadRequest("message can't be deleted")
    if messenger.timestamp() - message.date > DELETABLE_FOR:
        raise BadRequest("message can't be deleted for everyone")


@bot_method("pinChatMessage")
async def pin_chat_message(messenger: Messenger, params: Params) -> bool:
    """Pin a message at the top; the chat says so."""
    chat, message = addressed_message(messenger, params, "message to pin not found")
    _check_may_pin(chat)
    if message.message_id in chat.pinned:
        chat.pinned.remove(message.message_id)
    chat.pinned.append(message.message_id)
    messenger.chat_changed(chat)
    messenger.post(
        chat,
        messenger.bot.id,
        FormattedText(""),
        pinned_message=message.message_id,
        silent=params.boolean("disable_notification"),
    )
    return True


@bot_method("unpinChatMessage")
async def unpin_chat_message(messenger: Messenger, params: Params) -> bool:
    """Take a pin away: the one named, or the latest."""
    chat = writable_chat(messenger, params)
    _check_may_pin(chat)
    latest = chat.pinned[-1] if chat.pinned else 0
    message_id = params.integer("message_id", latest)
    if message_id not in chat.messages:
        raise BadRequest("message to unpin not found")
    if message_id in chat.pinned:
        chat.pinned.remove(message_id)
        messenger.chat_changed(chat)
    return True


def _check_may_pin(chat: Chat) -> None:
    if not chat.is_private and chat.bot_status != "administrator":
        raise BadRequest("not enough rights to manage pinned messages in the chat")


@bot_method("setMessageReaction")
async def set_message_reaction(messenger: Messenger, params: Params) -> bool:
    """Set or take away the bot's reaction to a message."""
    known_chat(messenger, params)
    _, message = addressed_message(messenger, params, "message to react not found")
    chosen = params.json("reaction", "reaction") or []
    emoji = tuple(str(each.get("emoji", "")) for each in chosen)
    if len(emoji) > 1:
        raise BadRequest("REACTIONS_TOO_MANY")
    if not REACTIONS.issuperset(emoji):
        raise BadRequest("REACTION_INVALID")
    messenger.react(message, emoji)
    return True
