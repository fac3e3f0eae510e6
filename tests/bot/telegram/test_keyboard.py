"""Keyboards: signed for their chat, and what Telegram takes."""

from __future__ import annotations

import pytest

from bot.telegram.callback import decode
from bot.telegram.keyboard import keyboard_for
from bot.telegram.screen import Action, Button, Screen, tap

KEY = b"k" * 32


def test_buttons_carry_their_action_signed_for_the_chat() -> None:
    keyboard = keyboard_for(Screen("x", ((tap("Approve", "approve", 42, 1),),)), 1001, KEY)
    assert keyboard is not None
    data = keyboard.inline_keyboard[0][0].callback_data
    assert isinstance(data, str)
    assert decode(data, 1001, KEY) == Action("approve", (42, 1))
    assert decode(data, 1002, KEY) is None


def test_links_and_copied_texts_need_no_signature() -> None:
    rows = ((Button("Open", url="https://t.me/x"), Button("Copy", copy_text="/deposit 500")),)
    keyboard = keyboard_for(Screen("x", rows), 1001, KEY)
    assert keyboard is not None
    link, copy = keyboard.inline_keyboard[0]
    assert link.url == "https://t.me/x"
    assert copy.copy_text is not None
    assert copy.copy_text.text == "/deposit 500"


def test_no_buttons_no_keyboard() -> None:
    assert keyboard_for(Screen("x"), 1001, KEY) is None
    assert keyboard_for(Screen("x", ((),)), 1001, KEY) is None


def test_a_button_does_exactly_one_thing() -> None:
    with pytest.raises(ValueError, match="must have one of"):
        Button("nothing")
    with pytest.raises(ValueError, match="must have one of"):
        Button("two", Action("a"), url="https://x")
