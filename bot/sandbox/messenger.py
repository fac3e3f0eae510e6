"""The messaging service itself: what is said, changed and deleted, and who is told."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TypedDict, Unpack

from PIL import Image, UnidentifiedImageError

from bot.sandbox import page_view
from bot.sandbox.api_errors import BadRequest
from bot.sandbox.callbacks import CallbackAnswer, Callbacks
from bot.sandbox.events import Events
from bot.sandbox.faults import Faults
from bot.sandbox.formatted import FormattedText
from bot.sandbox.model import (
    Attachment,
    AttachmentKind,
    Chat,
    JsonObject,
    Message,
    StoredFile,
    Upload,
    User,
)
from bot.sandbox.persistence import FileBytes, StateFile, load_state
from bot.sandbox.recorder import RecordedRequest
from bot.sandbox.state import to_json
from bot.sandbox.updates import UpdateQueue

PHOTO_BYTES = 10 * 1024 * 1024
DOCUMENT_BYTES = 50 * 1024 * 1024
LONGEST_PHOTO_EDGES = 10_000
WIDEST_PHOTO = 20


class Extras(TypedDict, total=False):
    """What a message may have besides its words."""

    attachment: Attachment | None
    keyboard: JsonObject | None
    reply_to: int | None
    pinned_message: int | None
    silent: bool
    force_reply: bool
    topic_id: int | None


class Messenger:
    """Chats, members, one bot, and everything that happens among them."""

    def __init__(self, bot: User, now: Callable[[], datetime], state_path: Path | None) -> None:
        self.now = now
        self.state = load_state(state_path, bot)
        self.file_bytes = FileBytes(state_path)
        self.events = Events()
        self.saved = StateFile(state_path, lambda: to_json(self.state))
        self.callbacks = Callbacks(now)
        self.requests: list[RecordedRequest] = []
        self.faults = Faults(self._interrupt_poll)
        self.updates = UpdateQueue(
            self.state, now, self.saved.changed, lambda: self.events.publish("poll"), self.faults
        )

    @property
    def bot(self) -> User:
        """The one bot."""
        return self.state.bot

    def timestamp(self) -> int:
        """Now, in seconds since 1970, as messages are dated."""
        return int(self.now().timestamp())

    def post(
        self, chat: Chat, sender_id: int, content: FormattedText, **extras: Unpack[Extras]
    ) -> Message:
        """Put a new message into a chat."""
        message = Message(
            message_id=chat.next_message_id,
            chat_id=chat.id,
            sender_id=sender_id,
            date=self.timestamp(),
            text=content.text,
            entities=content.entities,
            **extras,
        )
        chat.next_message_id += 1
        chat.messages[message.message_id] = message
        self._changed("message", message)
        return message

    def change(self, message: Message) -> Message:
        """Put a changed message in its place; it counts as edited."""
        edited = replace(message, edit_date=self.timestamp())
        self.state.chats[message.chat_id].messages[message.message_id] = edited
        self._changed("edited", edited)
        return edited

    def react(self, message: Message, reactions: tuple[str, ...]) -> None:
        """Set the bot's reactions to a message; that is no edit."""
        reacted = replace(message, reactions=reactions)
        self.state.chats[message.chat_id].messages[message.message_id] = reacted
        self._changed("edited", reacted)

    def remove(self, chat: Chat, message_ids: list[int]) -> None:
        """Delete messages for everybody."""
        for message_id in message_ids:
            chat.messages.pop(message_id, None)
            if message_id in chat.pinned:
                chat.pinned.remove(message_id)
        self.saved.changed()
        self.events.publish("deleted", chat_id=chat.id, message_ids=message_ids, pinned=chat.pinned)

    def chat_changed(self, chat: Chat) -> None:
        """Tell that a chat's members, pins or read marks changed."""
        self.saved.changed()
        self.events.publish("chat", chat=page_view.chat_view(chat))

    def profile_changed(self) -> None:
        """Tell that the bot's commands or descriptions changed."""
        self.saved.changed()
        self.events.publish("profile")

    def show_action(self, chat: Chat, action: str) -> None:
        """Tell that the bot is typing, or the like."""
        self.events.publish("action", chat_id=chat.id, action=action)

    def answered(self, answer: CallbackAnswer) -> None:
        """Tell the member who tapped what the bot answered."""
        tap = asdict(answer.tap) | {"at": answer.tap.at.isoformat()}
        self.events.publish("answer", tap=tap, text=answer.text, show_alert=answer.show_alert)

    def recorded(self, request: RecordedRequest) -> None:
        """Keep a request of the bot for the tests to look at."""
        self.requests.append(request)
        self.events.publish("request", method=request.method)

    def store_upload(self, kind: AttachmentKind, upload: Upload) -> StoredFile:
        """Keep an upload; BadRequest if Telegram would not take it as that kind."""
        content = upload.content
        if not content:
            raise BadRequest("file must be non-empty")
        if len(content) > (PHOTO_BYTES if kind == "photo" else DOCUMENT_BYTES):
            raise BadRequest("file is too big")
        mime_type, width, height = upload.mime_type, 0, 0
        if kind == "photo":
            mime_type, width, height = _photo_size(content)
        file_id = ("AgAC" if kind == "photo" else "BQAC") + secrets.token_urlsafe(40)
        name = Path(upload.name).name or "file"
        file = StoredFile(file_id, len(content), name, mime_type, width, height)
        self.file_bytes.put(file_id, content)
        self.state.files[file_id] = file
        return file

    def close(self) -> None:
        """Let listeners go and write what is not written."""
        self.updates.wake()
        self.events.close()
        self.saved.flush()

    def _changed(self, kind: str, message: Message) -> None:
        self.saved.changed()
        self.events.publish(kind, message=page_view.message_view(self.state, message))

    def _interrupt_poll(self) -> None:
        self.updates.wake()


def _photo_size(content: bytes) -> tuple[str, int, int]:
    """MIME type, and width and height in pixels, of a photo."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            mime_type, (width, height) = Image.MIME[image.format or ""], image.size
    except (UnidentifiedImageError, OSError, KeyError):
        raise BadRequest("IMAGE_PROCESS_FAILED") from None
    too_narrow = max(width, height) > WIDEST_PHOTO * min(width, height)
    if width + height > LONGEST_PHOTO_EDGES or too_narrow:
        raise BadRequest("PHOTO_INVALID_DIMENSIONS")
    return mime_type, width, height
