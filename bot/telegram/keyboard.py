"""Keyboards: a screen's buttons as Telegram's inline keyboard, each signed for its chat."""

from __future__ import annotations

from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from bot.telegram import callback
from bot.telegram.screen import Button, Screen


def keyboard_for(screen: Screen, chat_id: int, key: bytes) -> InlineKeyboardMarkup | None:
    """The keyboard of a screen in one chat; None where it has no buttons."""
    rows = [[_button(button, chat_id, key) for button in row] for row in screen.rows if row]
    return InlineKeyboardMarkup(rows) if rows else None


def _button(button: Button, chat_id: int, key: bytes) -> InlineKeyboardButton:
    if button.action is not None:
        data = callback.encode(button.action, chat_id, key)
        return InlineKeyboardButton(button.label, callback_data=data)
    if button.url is not None:
        return InlineKeyboardButton(button.label, url=button.url)
    return InlineKeyboardButton(button.label, copy_text=CopyTextButton(button.copy_text or ""))
