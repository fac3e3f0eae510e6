"""Keyboards under messages, checked as Telegram checks them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.api_errors import BadRequest
from bot.sandbox.methods.params import Params
from bot.sandbox.model import JsonObject

LONGEST_DATA = 64
"""Bytes of `callback_data`."""
MOST_BUTTONS = 100
WIDEST_ROW = 8
_ACTIONS = (
    "callback_data",
    "url",
    "copy_text",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "callback_game",
    "pay",
)
_OTHER_MARKUPS = {"keyboard", "remove_keyboard", "force_reply"}
_WHAT = "reply keyboard markup"


def inline_keyboard(params: Params) -> JsonObject | None:
    """The inline keyboard of a message, or None; other keyboards belong to no message."""
    markup = params.json("reply_markup", _WHAT)
    if not markup:
        return None
    if not isinstance(markup, dict):
        raise BadRequest("object expected as reply markup")
    if "inline_keyboard" not in markup:
        if not _OTHER_MARKUPS & markup.keys():
            raise BadRequest("can't parse reply markup: unsupported type")
        return None
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise BadRequest(
            'can\'t parse inline keyboard: field "inline_keyboard" must be of type Array of Array'
        )
    checked = [[_button(cell) for cell in row] for row in rows if row]
    if sum(map(len, checked)) > MOST_BUTTONS or any(len(row) > WIDEST_ROW for row in checked):
        raise BadRequest("reply markup is too long")
    return {"inline_keyboard": checked} if checked else None


def forces_reply(params: Params) -> bool:
    """Whether people's next words should answer the message (`ForceReply`)."""
    markup = params.json("reply_markup", _WHAT)
    return isinstance(markup, dict) and bool(markup.get("force_reply"))


def _button(cell: Any) -> JsonObject:
    fault = "can't parse inline keyboard button: "
    if not isinstance(cell, dict):
        raise BadRequest(fault + "InlineKeyboardButton must be an Object")
    text = cell.get("text")
    if not isinstance(text, str):
        raise BadRequest(fault + 'can\'t find field "text"')
    if not text.strip():
        raise BadRequest("inline keyboard button text must be non-empty")
    actions = [name for name in _ACTIONS if cell.get(name) is not None]
    if len(actions) != 1:
        raise BadRequest(fault + "Text buttons are unallowed in the inline keyboard")
    if actions == ["callback_data"]:
        _check_data(cell["callback_data"])
    if actions == ["url"]:
        _check_url(str(cell["url"]))
    return dict(cell)


def _check_data(data: Any) -> None:
    if not isinstance(data, str) or not 1 <= len(data.encode()) <= LONGEST_DATA:
        raise BadRequest("BUTTON_DATA_INVALID")


def _check_url(url: str) -> None:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    is_web = parts.scheme in {"http", "https"} and "." in (parts.hostname or "")
    if not is_web and parts.scheme not in {"tg", "ton"}:
        raise BadRequest(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
