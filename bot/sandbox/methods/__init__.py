"""The Bot API's methods, as far as the bot could use them."""

from __future__ import annotations

from bot.sandbox.methods import chats, editing, polling, profile, sending
from bot.sandbox.methods.registry import METHODS, Method

__all__ = ["METHODS", "Method", "chats", "editing", "polling", "profile", "sending"]
