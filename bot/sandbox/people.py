"""What the members do: write, tap, edit, delete, block, and let the bot into groups."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256

from bot.sandbox.api_errors import UnknownToSandbox
from bot.sandbox.api_objects import (
    bot_member_object,
    chat_object,
    known_message,
    message_object,
    user_object,
)
from bot.sandbox.callbacks import Tap
from bot.sandbox.formatted import FormattedText, trimmed, utf16_slice, with_found_entities
from bot.sandbox.messenger import Messenger
from bot.sandbox.model import (
    Attachment,
    AttachmentKind,
    BotStatus,
    Chat,
    Message,
    Topic,
    Upload,
    User,
)
from bot.sandbox.state import add_user

_PHOTOS = {"image/png", "image/jpeg"}
_START = re.compile(r"/start(?:\s|$)")


class People:
    """The members' side of the messenger."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._state = messenger.state

    def add_user(
        self, user_id: int, first_name: str, username: str | None = None, language: str = "en"
    ) -> User:
        """Let another person in."""
        user = User(user_id, first_name, username, language)
        add_user(self._state, user)
        self._messenger.chat_changed(self._state.chats[user_id])
        return user

    def add_group(self, chat_id: int, title: str, members: list[int]) -> Chat:
        """Make a group, the bot not in it yet; its first member is its creator."""
        chat = Chat(chat_id, "supergroup", title, list(members), "left", started=True)
        self._state.chats[chat_id] = chat
        self._messenger.chat_changed(chat)
        return chat

    def open_topic(self, user_id: int, chat_id: int, name: str) -> int:
        """Open a topic in a group, which becomes a forum by it; returns the topic's number."""
        chat = self._own_chat(user_id, chat_id)
        if chat.type != "supergroup":
            raise UnknownToSandbox(f"a {chat.type} chat has no topics")
        chat.is_forum = True
        topic_id = chat.next_message_id
        chat.next_message_id += 1
        chat.topics[topic_id] = Topic(name)
        self._messenger.chat_changed(chat)
        return topic_id

    def close_topic(self, user_id: int, chat_id: int, topic_id: int) -> None:
        """Close a topic: only administrators write there now."""
        chat = self._own_chat(user_id, chat_id)
        chat.topics[topic_id].is_closed = True
        self._messenger.chat_changed(chat)

    def delete_topic(self, user_id: int, chat_id: int, topic_id: int) -> None:
        """Delete a topic with all that was said in it; the bot is not told."""
        chat = self._own_chat(user_id, chat_id)
        del chat.topics[topic_id]
        said = [number for number, each in chat.messages.items() if each.topic_id == topic_id]
        self._messenger.remove(chat, said)

    def send_text(
        self,
        user_id: int,
        chat_id: int,
        text: str,
        reply_to: int | None = None,
        topic_id: int | None = None,
    ) -> Message:
        """Say something, in a topic where one is named."""
        chat = self._own_chat(user_id, chat_id)
        content = with_found_entities(trimmed(FormattedText(text)))
        if not content.text:
            raise UnknownToSandbox("a message needs some text")
        return self._deliver(chat, user_id, content, None, reply_to, topic_id)

    def send_file(self, user_id: int, chat_id: int, upload: Upload, caption: str = "") -> Message:
        """Send a photo (a PNG or JPEG) or a document."""
        chat = self._own_chat(user_id, chat_id)
        kind: AttachmentKind = "photo" if upload.mime_type in _PHOTOS else "document"
        stored = self._messenger.store_upload(kind, upload)
        text = with_found_entities(trimmed(FormattedText(caption)))
        return self._deliver(chat, user_id, text, Attachment(kind, stored), None)

    def press(self, user_id: int, chat_id: int, message_id: int, callback_data: str) -> Tap:
        """Tap an inline button; the message may be gone, and the data need not be on it."""
        chat = self._own_chat(user_id, chat_id)
        tap = self._messenger.callbacks.open(user_id, chat_id, message_id, callback_data)
        secret = f"{self._state.bot.id}:{chat_id}".encode()
        self._messenger.updates.add(
            "callback_query",
            {
                "id": tap.query_id,
                "from": user_object(self._state.users[user_id]),
                "message": known_message(self._state, chat, message_id),
                "chat_instance": str(int.from_bytes(sha256(secret).digest()[:7])),
                "data": callback_data,
            },
        )
        return tap

    def edit_text(self, user_id: int, chat_id: int, message_id: int, text: str) -> Message:
        """Change one's own words."""
        message = self._own_message(user_id, chat_id, message_id)
        content = with_found_entities(trimmed(FormattedText(text)))
        edited = self._messenger.change(
            replace(message, text=content.text, entities=content.entities)
        )
        chat = self._state.chats[chat_id]
        if self._bot_sees(chat, edited):
            self._messenger.updates.add("edited_message", message_object(self._state, edited))
        return edited

    def delete(self, user_id: int, chat_id: int, message_id: int) -> None:
        """Delete a message for everybody; the bot is not told."""
        chat = self._own_chat(user_id, chat_id)
        self._messenger.remove(chat, [message_id])

    def read(self, user_id: int, chat_id: int, message_id: int) -> None:
        """Have read everything up to a message."""
        chat = self._own_chat(user_id, chat_id)
        if message_id > chat.read_up_to.get(user_id, 0):
            chat.read_up_to[user_id] = message_id
            self._messenger.chat_changed(chat)

    def block(self, user_id: int) -> None:
        """Block the bot in the private chat."""
        self._set_bot_status(self._own_chat(user_id, user_id), user_id, "kicked")

    def unblock(self, user_id: int) -> None:
        """Let the bot write again."""
        self._set_bot_status(self._own_chat(user_id, user_id), user_id, "member")

    def add_bot(self, user_id: int, chat_id: int, status: BotStatus = "member") -> None:
        """Let the bot into a group, or make it an administrator."""
        self._set_bot_status(self._own_chat(user_id, chat_id), user_id, status)

    def remove_bot(self, user_id: int, chat_id: int) -> None:
        """Put the bot out of a group."""
        self._set_bot_status(self._own_chat(user_id, chat_id), user_id, "kicked")

    def _deliver(
        self,
        chat: Chat,
        user_id: int,
        content: FormattedText,
        attachment: Attachment | None,
        reply_to: int | None,
        topic_id: int | None = None,
    ) -> Message:
        if topic_id is not None and topic_id not in chat.topics:
            raise UnknownToSandbox(f"{chat.title} has no topic {topic_id}")
        if chat.is_private:
            self._greet(chat, user_id, content.text)
        message = self._messenger.post(
            chat, user_id, content, attachment=attachment, reply_to=reply_to, topic_id=topic_id
        )
        chat.read_up_to[user_id] = message.message_id
        if self._bot_sees(chat, message):
            self._messenger.updates.add("message", message_object(self._state, message))
        return message

    def _greet(self, chat: Chat, user_id: int, text: str) -> None:
        """The first message lets the bot write; `/start` also ends a block, as Restart does."""
        if chat.bot_status == "kicked":
            if not _START.match(text):
                raise UnknownToSandbox(f"{chat.title} has blocked the bot; /start lifts it")
            self._set_bot_status(chat, user_id, "member")
        if not chat.started:
            chat.started = True
            self._messenger.chat_changed(chat)

    def _set_bot_status(self, chat: Chat, user_id: int, status: BotStatus) -> None:
        before, chat.bot_status = chat.bot_status, status
        if before == status:
            return
        bot = self._state.bot
        self._messenger.updates.add(
            "my_chat_member",
            {
                "chat": chat_object(self._state, chat),
                "from": user_object(self._state.users[user_id]),
                "date": self._messenger.timestamp(),
                "old_chat_member": bot_member_object(bot, before),
                "new_chat_member": bot_member_object(bot, status),
            },
        )
        self._messenger.chat_changed(chat)

    def _bot_sees(self, chat: Chat, message: Message) -> bool:
        """In groups a bot gets commands to it, mentions of it and replies to it (privacy mode)."""
        if chat.is_private or chat.bot_status == "administrator":
            return True
        if chat.bot_status != "member":
            return False
        replied = chat.messages.get(message.reply_to or 0)
        if replied is not None and replied.sender_id == self._state.bot.id:
            return True
        return any(self._addresses_bot(message, entity) for entity in message.entities)

    def _addresses_bot(self, message: Message, entity: dict[str, object]) -> bool:
        if entity["type"] not in {"bot_command", "mention"}:
            return False
        offset, length = entity["offset"], entity["length"]
        assert isinstance(offset, int)  # noqa: S101 - a found entity's fields
        assert isinstance(length, int)  # noqa: S101
        _, at, name = utf16_slice(message.text, offset, length).partition("@")
        return not at or name.lower() == (self._state.bot.username or "").lower()

    def _own_chat(self, user_id: int, chat_id: int) -> Chat:
        chat = self._state.chats.get(chat_id)
        if user_id not in self._state.users:
            raise UnknownToSandbox(f"no member {user_id}; there are {list(self._state.users)}")
        if chat is None or user_id not in chat.members:
            raise UnknownToSandbox(f"member {user_id} is in no chat {chat_id}")
        return chat

    def _own_message(self, user_id: int, chat_id: int, message_id: int) -> Message:
        message = self._own_chat(user_id, chat_id).messages.get(message_id)
        if message is None or message.sender_id != user_id:
            raise UnknownToSandbox(f"member {user_id} wrote no message {message_id} there")
        return message
