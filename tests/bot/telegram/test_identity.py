"""Who is behind an update; everybody without a person behind them is turned away."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Update

from bot.telegram.identity import (
    ANONYMOUS_ADMIN,
    FAKE_CHANNEL,
    REFUSAL_PAUSE,
    SERVICE,
    Door,
    Sender,
    Unwelcome,
    request_mark,
    sender_of,
)
from tests.fakes.clock import FakeClock

GROUP = {"id": -100123, "type": "supergroup", "title": "Family"}
PRIVATE = {"id": 1001, "type": "private", "first_name": "Anna"}
ANNA = {"id": 1001, "is_bot": False, "first_name": "Anna", "last_name": "Smith"}


def message_update(**fields: Any) -> Update:
    message = {"message_id": 5, "date": 1_583_000_000, "chat": PRIVATE, "from": ANNA, "text": "hi"}
    update = Update.de_json({"update_id": 1, "message": {**message, **fields}}, None)
    assert update is not None
    return update


def tap_update(**fields: Any) -> Update:
    message = {"message_id": 5, "date": 0, "chat": GROUP}
    query = {"id": "7", "from": ANNA, "chat_instance": "1", "data": "x", "message": message}
    query.update(fields)
    update = Update.de_json({"update_id": 1, "callback_query": query}, None)
    assert update is not None
    return update


def test_a_person_is_known_by_the_numeric_id() -> None:
    sender = sender_of(message_update())
    assert isinstance(sender, Sender)
    assert (sender.user_id, sender.name, sender.chat.kind) == (1001, "Anna Smith", "private")
    assert sender.is_private


@pytest.mark.fault(53)
def test_a_tap_is_the_tappers_even_under_a_message_that_is_gone() -> None:
    sender = sender_of(tap_update())
    assert isinstance(sender, Sender)
    assert (sender.user_id, sender.chat.id, sender.chat.kind) == (1001, -100123, "group")


@pytest.mark.fault(51)
@pytest.mark.parametrize(
    "fields",
    [
        {"from": None},
        {"from": {"id": 1, "is_bot": True, "first_name": "Robot"}},
        {
            "from": {"id": FAKE_CHANNEL, "is_bot": True, "first_name": "Channel"},
            "sender_chat": {"id": -100999, "type": "channel", "title": "News"},
            "chat": GROUP,
        },
        {"from": {"id": SERVICE, "is_bot": False, "first_name": "Telegram"}},
        {"sender_chat": {"id": -100999, "type": "channel", "title": "News"}},
        {"via_bot": {"id": 2, "is_bot": True, "first_name": "Inline"}},
        {"chat": {"id": -100999, "type": "channel", "title": "News"}},
        {
            "forward_origin": {
                "type": "user",
                "date": 1_583_000_000,
                "sender_user": {"id": 3, "is_bot": False, "first_name": "Eve"},
            }
        },
    ],
    ids=[
        "no sender",
        "a bot",
        "a channel's mask",
        "Telegram itself",
        "a channel",
        "through a bot",
        "channel post",
        "forwarded",
    ],
)
def test_nobody_is_listened_to_without_a_person_behind_the_words(fields: dict[str, Any]) -> None:
    assert sender_of(message_update(**fields)) is Unwelcome.NOBODY


@pytest.mark.fault(51)
def test_an_anonymous_administrator_is_told_apart() -> None:
    update = message_update(
        **{
            "from": {"id": ANONYMOUS_ADMIN, "is_bot": True, "first_name": "Group"},
            "sender_chat": GROUP,
            "chat": GROUP,
        }
    )
    assert sender_of(update) is Unwelcome.ANONYMOUS


@pytest.mark.fault(51)
@pytest.mark.parametrize(
    "fields",
    [
        {"from": {"id": ANONYMOUS_ADMIN, "is_bot": True, "first_name": "Group"}},
        {"from": {"id": 9, "is_bot": True, "first_name": "Robot"}},
        {"message": None, "inline_message_id": "abc"},
    ],
)
def test_a_tap_without_a_person_or_a_chat_is_nobodys(fields: dict[str, Any]) -> None:
    assert sender_of(tap_update(**fields)) is Unwelcome.NOBODY


@pytest.mark.fault(51)
def test_edited_messages_and_channel_posts_are_nobodys() -> None:
    message = {"message_id": 5, "date": 1, "edit_date": 2, "chat": PRIVATE, "from": ANNA}
    for kind in ("edited_message", "channel_post"):
        update = Update.de_json({"update_id": 1, kind: message}, None)
        assert update is not None
        assert sender_of(update) is Unwelcome.NOBODY


@pytest.mark.fault(5)
def test_a_request_is_the_same_when_delivered_twice_and_no_other() -> None:
    first = message_update()
    assert request_mark(first) == request_mark(message_update())
    others = [
        message_update(message_id=6),
        message_update(date=1_583_000_001),
        message_update(chat=GROUP),
        tap_update(),
        tap_update(id="8"),
    ]
    marks = {request_mark(update) for update in (first, *others)}
    assert len(marks) == len(others) + 1
    assert all(0 <= mark < 2**63 for mark in marks)


def test_a_stranger_is_answered_once_a_minute() -> None:
    clock = FakeClock()
    door = Door(clock)
    assert door.may_answer(5)
    assert not door.may_answer(5)
    assert door.may_answer(6)
    clock._elapsed += REFUSAL_PAUSE
    assert door.may_answer(5)


def test_the_door_does_not_remember_strangers_for_ever() -> None:
    clock = FakeClock()
    door = Door(clock)
    for user_id in range(10_000):
        door.may_answer(user_id)
    assert door.may_answer(10_001)
    assert len(door._refused) == 1
