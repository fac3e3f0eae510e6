"""Identity: who wrote or tapped, by numeric user id alone; everybody else is turned away.

Anonymous administrators, channels and bots have no person behind the id that Telegram gives, so
nothing can be permitted to them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import Enum, auto

from telegram import Chat as TelegramChat
from telegram import MaybeInaccessibleMessage, Message, Update, User
from telegram.constants import ChatType

from core.domain.ids import ChatId, TopicId, UserId
from core.ports.clock import Clock
from core.ports.store import Chat

ANONYMOUS_ADMIN = 1087968824
"""The id under which Telegram shows an administrator who writes as the group."""

FAKE_CHANNEL = 136817688
"""The id under which Telegram shows a person who writes as a channel."""

SERVICE = 777000
"""The id of Telegram itself, which forwards a linked channel's posts into its group."""

REFUSAL_PAUSE = 60.0
"""Seconds during which the same stranger is not answered again."""

_MOST_STRANGERS = 10_000


class Unwelcome(Enum):
    """Why an update is not listened to, before anybody is looked up."""

    ANONYMOUS = auto()
    """A person hidden behind a group: can be told how to show themselves."""
    NOBODY = auto()
    """A channel, a bot, a message through a bot, or no sender at all: not answered."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The person behind an update, and the chat it came from; ``language`` is that of their app, as an IETF tag."""

    user_id: UserId
    name: str
    chat: Chat
    language: str | None = None

    @property
    def is_private(self) -> bool:
        """Whether nobody else reads this chat."""
        return self.chat.kind == "private"


def sender_of(update: Update) -> Sender | Unwelcome:
    """Say who is behind a message or a tap."""
    if update.callback_query is not None:
        return _sender_of_tap(update)
    message = update.message
    if message is None or message.from_user is None:
        return Unwelcome.NOBODY
    if _is_hidden(message):
        return Unwelcome.ANONYMOUS
    if _comes_through_something(message) or not _is_person(message.from_user):
        return Unwelcome.NOBODY
    return _sender(message.from_user, place_of(message.chat, message))


def _sender_of_tap(update: Update) -> Sender | Unwelcome:
    query = update.callback_query
    if query is None or query.message is None or not _is_person(query.from_user):
        return Unwelcome.NOBODY
    return _sender(query.from_user, place_of(query.message.chat, query.message))


def _sender(user: User, chat: Chat) -> Sender:
    return Sender(UserId(user.id), user.full_name, chat, user.language_code)


def _is_hidden(message: Message) -> bool:
    return message.from_user is not None and message.from_user.id == ANONYMOUS_ADMIN


def _comes_through_something(message: Message) -> bool:
    return (
        message.sender_chat is not None
        or message.via_bot is not None
        or message.forward_origin is not None
        or message.chat.type == ChatType.CHANNEL
    )


def _is_person(user: User) -> bool:
    return not user.is_bot and user.id not in {ANONYMOUS_ADMIN, FAKE_CHANNEL, SERVICE}


def request_mark(update: Update) -> int:
    """A number for what was asked, the same when Telegram delivers it twice.

    The update's own number is not enough: a bot with another token, or a local server that was set up anew,
    begins to count again.
    """
    query = update.callback_query
    parts = [update.update_id, query.id if query else "", place_mark(update.effective_message)]
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def place_mark(message: MaybeInaccessibleMessage | None) -> str:
    """A name for one message in one chat, where numbers may begin anew."""
    if message is None:
        return ""
    written = int(message.date.timestamp()) if message.is_accessible else 0
    return f"{message.chat.id}:{message.message_id}:{written}"


def chat_of(chat: TelegramChat) -> Chat:
    """Translate Telegram's chat; every kind but a private one is a group to us."""
    kind = "private" if chat.type == ChatType.PRIVATE else "group"
    return Chat(ChatId(chat.id), kind, chat.title or chat.full_name or "")


def place_of(chat: TelegramChat, message: MaybeInaccessibleMessage) -> Chat:
    """The chat of a message, and its topic where the group has topics.

    A thread of replies has a number too, without being a topic.
    """
    found = chat_of(chat)
    if not isinstance(message, Message) or not message.is_topic_message:
        return found
    number = message.message_thread_id
    return found if number is None else replace(found, topic_id=TopicId(number))


class Door:
    """Remembers whom it has just refused, so that a stranger is answered once a minute at most."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refused: dict[int, float] = {}

    def may_answer(self, user_id: int) -> bool:
        """Whether this stranger may be answered now; from now on it counts as answered."""
        now = self._clock.monotonic()
        last = self._refused.get(user_id)
        if last is not None and now - last < REFUSAL_PAUSE:
            return False
        if len(self._refused) >= _MOST_STRANGERS:
            self._forget(now)
        self._refused[user_id] = now
        return True

    def _forget(self, now: float) -> None:
        fresh = {who: at for who, at in self._refused.items() if now - at < REFUSAL_PAUSE}
        self._refused = fresh if len(fresh) < _MOST_STRANGERS else {}
