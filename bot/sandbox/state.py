"""Everything the sandbox remembers, and its form as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from bot.sandbox.model import Attachment, Chat, JsonObject, Message, StoredFile, Topic, User

FORMAT = 1
FIRST_UPDATE = 700_000_001
ANNA = User(1001, "Anna", "anna")
BEN = User(1002, "Ben", "ben")
FAMILY = -1_000_000_002_001


@dataclass(slots=True)
class State:
    """The people, chats, messages, files and undelivered updates of one sandbox."""

    bot: User
    users: dict[int, User] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    pending: list[JsonObject] = field(default_factory=list)
    next_update_id: int = FIRST_UPDATE
    allowed_updates: list[str] = field(default_factory=list)
    commands: dict[str, list[JsonObject]] = field(default_factory=dict)
    description: str = ""
    short_description: str = ""
    menu_button: JsonObject = field(default_factory=lambda: {"type": "commands"})

    def user(self, user_id: int) -> User | None:
        """A person or the bot, by id."""
        return self.bot if user_id == self.bot.id else self.users.get(user_id)


def first_state(bot: User) -> State:
    """Anna and Ben, who never wrote to the bot yet, and their group with the bot in it."""
    state = State(bot)
    for member in (ANNA, BEN):
        add_user(state, member)
    state.chats[FAMILY] = Chat(
        FAMILY, "supergroup", "Family", [ANNA.id, BEN.id], "member", started=True
    )
    return state


def add_user(state: State, user: User) -> None:
    """Let a person in, with an empty private chat."""
    state.users[user.id] = user
    state.chats[user.id] = Chat(user.id, "private", user.first_name, [user.id])


def to_json(state: State) -> JsonObject:
    """The state as JSON values."""
    return {
        "format": FORMAT,
        "bot": asdict(state.bot),
        "users": [asdict(user) for user in state.users.values()],
        "chats": [_chat_to_json(chat) for chat in state.chats.values()],
        "files": [asdict(file) for file in state.files.values()],
        "pending": state.pending,
        "next_update_id": state.next_update_id,
        "allowed_updates": state.allowed_updates,
        "commands": state.commands,
        "description": state.description,
        "short_description": state.short_description,
        "menu_button": state.menu_button,
    }


def from_json(stored: JsonObject, bot: User) -> State:
    """The state that `to_json` described, now of `bot`; ValueError if it is another format."""
    if stored.get("format") != FORMAT:
        raise ValueError(f"format {stored.get('format')!r}, expected {FORMAT}")
    old_bot_id = stored["bot"]["id"]
    chats = [_chat_from_json(each, {old_bot_id: bot.id}) for each in stored["chats"]]
    return State(
        bot=bot,
        users={each["id"]: User(**each) for each in stored["users"]},
        chats={chat.id: chat for chat in chats},
        files={each["file_id"]: StoredFile(**each) for each in stored["files"]},
        pending=stored["pending"],
        next_update_id=stored["next_update_id"],
        allowed_updates=stored["allowed_updates"],
        commands=stored["commands"],
        description=stored["description"],
        short_description=stored["short_description"],
        menu_button=stored["menu_button"],
    )


def _chat_to_json(chat: Chat) -> JsonObject:
    return {
        **{
            name: getattr(chat, name)
            for name in (
                "id",
                "type",
                "title",
                "members",
                "bot_status",
                "started",
                "next_message_id",
                "pinned",
                "is_forum",
            )
        },
        "messages": [asdict(message) for message in chat.messages.values()],
        "topics": [[number, asdict(topic)] for number, topic in chat.topics.items()],
        "read_up_to": [[user, message] for user, message in chat.read_up_to.items()],
    }


def _chat_from_json(stored: JsonObject, renamed: dict[int, int]) -> Chat:
    messages = [_message_from_json(each, renamed) for each in stored["messages"]]
    return Chat(
        **{
            **stored,
            "messages": {message.message_id: message for message in messages},
            "topics": {number: Topic(**topic) for number, topic in stored.get("topics", [])},
            "read_up_to": dict(stored["read_up_to"]),
        }
    )


def _message_from_json(stored: JsonObject, renamed: dict[int, int]) -> Message:
    values: dict[str, Any] = dict(stored)
    values["entities"] = tuple(values["entities"])
    values["reactions"] = tuple(values["reactions"])
    values["sender_id"] = renamed.get(values["sender_id"], values["sender_id"])
    if values["attachment"]:
        attachment = values["attachment"]
        values["attachment"] = Attachment(attachment["kind"], StoredFile(**attachment["file"]))
    return Message(**values)
