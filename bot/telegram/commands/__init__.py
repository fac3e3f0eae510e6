"""Commands: one file each: read the words, call one use case, show what came of it.

A module of this folder that has a ``COMMAND`` is a command; nothing else needs to be changed to add one.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from bot.telegram.commands.command import Command

MENU = ("status", "rebalance", "deposit", "targets", "history", "help")
"""What Telegram's menu shows, in this order; everything else works by typing it or through a button."""


@cache
def all_commands() -> tuple[Command, ...]:
    """Every command: those of the menu first, then by name."""
    found: list[Command] = []
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        command = getattr(loaded, "COMMAND", None)
        found += [command] if isinstance(command, Command) else getattr(loaded, "COMMANDS", [])
    return tuple(sorted(found, key=_place))


def command_named(name: str) -> Command | None:
    """The command with this name, without the slash."""
    return next((command for command in all_commands() if command.name == name), None)


def _place(command: Command) -> tuple[int, str]:
    place = MENU.index(command.name) if command.name in MENU else len(MENU)
    return place, command.name
