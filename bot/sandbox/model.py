"""The things a messenger keeps: people, chats, messages and files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

JsonObject = dict[str, Any]
"""An object of the Bot API as it travels: text keys, JSON values."""

ChatType = Literal["private", "group", "supergroup"]
AttachmentKind = Literal["photo", "document"]
BotStatus = Literal["member", "administrator", "left", "kicked"]


@dataclass(frozen=True, slots=True)
class User:
    """A person, or the bot itself."""

    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = "en"
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request or from a member."""

    name: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is known about an uploaded file; its bytes lie elsewhere."""

    file_id: str
    size: int
    name: str
    mime_type: str
    width: int = 0
    height: int = 0

    @property
    def unique_id(self) -> str:
        """The identifier that is the same for everybody who sees the file."""
        return "u" + self.file_id[2:18]

    @property
    def path(self) -> str:
        """Where `/file/bot<token>/` serves it."""
        return f"files/{self.file_id}/{self.name}"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A photo or document that hangs on a message."""

    kind: AttachmentKind
    file: StoredFile


@dataclass(frozen=True, slots=True)
class Button:
    """One inline button, as a person sees and a test presses it."""

    text: str
    callback_data: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `text` is the caption when something is attached."""

    message_id: int
    chat_id: int
    sender_id: int
    date: int
    text: str = ""
    entities: tuple[JsonObject, ...] = ()
    attachment: Attachment | None = None
    keyboard: JsonObject | None = None
    reply_to: int | None = None
    edit_date: int | None = None
    pinned_message: int | None = None
    reactions: tuple[str, ...] = ()
    silent: bool = False
    force_reply: bool = False
    topic_id: int | None = None

    @property
    def buttons(self) -> list[Button]:
        """The inline buttons, row after row."""
        rows = self.keyboard["inline_keyboard"] if self.keyboard else []
        return [
            Button(cell["text"], cell.get("callback_data"), cell.get("url"))
            for row in rows
            for cell in row
        ]

    def button(self, label: str) -> Button:
        """The first button whose text contains `label`; KeyError names those there are."""
        for button in self.buttons:
            if label in button.text:
                return button
        raise KeyError(f"no button {label!r} among {[each.text for each in self.buttons]}")


@dataclass(slots=True)
class Topic:
    """A topic of a forum."""

    name: str
    is_closed: bool = False


@dataclass(slots=True)
class Chat:
    """A conversation, with everything said in it.

    ``topics`` are those of a forum, by the number of the message that opened each; ``is_forum`` tells such a group
    from others, even while it has none. The topic "General", which every forum has, has no number.
    """

    id: int
    type: ChatType
    title: str
    members: list[int]
    bot_status: BotStatus = "member"
    started: bool = False
    next_message_id: int = 1
    messages: dict[int, Message] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    read_up_to: dict[int, int] = field(default_factory=dict)
    is_forum: bool = False
    topics: dict[int, Topic] = field(default_factory=dict)

    @property
    def is_private(self) -> bool:
        """Whether it is one person's conversation with the bot."""
        return self.type == "private"
