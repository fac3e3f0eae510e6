"""Methods that set what people see of the bot: commands, descriptions, menu."""

from __future__ import annotations

import re

from bot.sandbox.api_errors import BadRequest
from bot.sandbox.formatted import utf16_length
from bot.sandbox.messenger import Messenger
from bot.sandbox.methods.params import Params
from bot.sandbox.methods.registry import bot_method
from bot.sandbox.model import JsonObject

MOST_COMMANDS = 100
LONGEST_COMMAND_DESCRIPTION = 256
LONGEST_DESCRIPTION = 512
LONGEST_SHORT_DESCRIPTION = 120
_COMMAND = re.compile(r"/?([a-z0-9_]{1,32})")
_SCOPES = {
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
    "chat",
    "chat_administrators",
    "chat_member",
}


@bot_method("setMyCommands")
async def set_my_commands(messenger: Messenger, params: Params) -> bool:
    """Set the commands of a scope and language."""
    commands = params.json("commands", "bot commands")
    if not isinstance(commands, list):
        raise BadRequest("can't parse commands JSON object")
    if len(commands) > MOST_COMMANDS:
        raise BadRequest("BOT_COMMANDS_TOO_MUCH")
    checked = [_command(each) for each in commands]
    messenger.state.commands[_scope_key(params)] = checked
    messenger.profile_changed()
    return True


@bot_method("getMyCommands")
async def get_my_commands(messenger: Messenger, params: Params) -> list[JsonObject]:
    """The commands set for just this scope and language."""
    return messenger.state.commands.get(_scope_key(params), [])


@bot_method("deleteMyCommands")
async def delete_my_commands(messenger: Messenger, params: Params) -> bool:
    """Let the wider scope's commands show again."""
    messenger.state.commands.pop(_scope_key(params), None)
    messenger.profile_changed()
    return True


@bot_method("setMyDescription")
async def set_my_description(messenger: Messenger, params: Params) -> bool:
    """Set what an empty chat shows."""
    description = params.text("description")
    if utf16_length(description) > LONGEST_DESCRIPTION:
        raise BadRequest("BOT_DESCRIPTION_INVALID")
    if not params.has("language_code"):
        messenger.state.description = description
    messenger.profile_changed()
    return True


@bot_method("setMyShortDescription")
async def set_my_short_description(messenger: Messenger, params: Params) -> bool:
    """Set what the bot's profile shows."""
    description = params.text("short_description")
    if utf16_length(description) > LONGEST_SHORT_DESCRIPTION:
        raise BadRequest("BOT_SHORT_DESCRIPTION_INVALID")
    if not params.has("language_code"):
        messenger.state.short_description = description
    messenger.profile_changed()
    return True


@bot_method("setChatMenuButton")
async def set_chat_menu_button(messenger: Messenger, params: Params) -> bool:
    """Set what the button beside the input does."""
    button = params.json("menu_button", "menu button") or {"type": "default"}
    if button.get("type") not in {"commands", "default", "web_app"}:
        raise BadRequest("MenuButton has unsupported type")
    messenger.state.menu_button = button
    messenger.profile_changed()
    return True


def _command(given: JsonObject) -> JsonObject:
    named = _COMMAND.fullmatch(str(given.get("command", "")))
    description = str(given.get("description", ""))
    if named is None:
        raise BadRequest("BOT_COMMAND_INVALID")
    if not 1 <= utf16_length(description) <= LONGEST_COMMAND_DESCRIPTION:
        raise BadRequest("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": named.group(1), "description": description}


def _scope_key(params: Params) -> str:
    scope = params.json("scope", "BotCommandScope") or {"type": "default"}
    kind = scope.get("type")
    if kind not in _SCOPES:
        raise BadRequest("can't parse BotCommandScope: unsupported type specified")
    parts = [str(scope[name]) for name in ("chat_id", "user_id") if name in scope]
    return ":".join([kind, *parts]) + "|" + params.text("language_code")
