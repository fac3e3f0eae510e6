"""``/settings``: how one likes to read, which messages come how, quiet hours, time zone and number format."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.telegram.commands import channels
from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Misunderstood, Reaction, Turn, put, say
from bot.telegram.screen import Screen
from bot.telegram.views.settings import (
    format_screen,
    kinds_screen,
    quiet_screen,
    settings_screen,
    zone_screen,
)
from core.application.settings import change_preferences, set_layout, set_picture, show_anew
from core.domain.membership import Member
from core.domain.notices import Loudness, NoticeKind
from core.domain.permissions import Act
from core.domain.preferences import (
    Preferences,
    read_loudness,
    read_numbers,
    read_quiet,
    read_switch,
    read_zone,
)

EXAMPLE = "/settings layout list"
UNKNOWN = (
    "The settings are: layout, picture, plain, quiet, zone, format, channel, and the kinds of message "
    f"({', '.join(NoticeKind)}, or all) with on, silent or off."
)
READS = frozenset({"plain", "zone", "format"})
"""Settings that change how messages read which stand there already."""

ALIASES = {
    "drifts": "drift",
    "alert": "drift",
    "alerts": "drift",
    "fills": "orders",
    "fill": "orders",
    **{kind.value.removesuffix("s"): kind.value for kind in NoticeKind if kind.value.endswith("s")},
}
"""What else may be typed for a kind of message."""


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the settings, or change one."""
    match words.raw.split():
        case [word, *rest] if word.lower() == channels.WORD:
            return await channels.run(turn, rest)
    match [item.lower() for item in words.items]:
        case []:
            return say(_screen(turn, turn.member))
        case ["layout", layout]:
            return await choose(turn, layout)
        case ["picture", picture]:
            return await choose_picture(turn, picture)
        case [name, *values] if values:
            return say(_screen(turn, await _change(turn, name, " ".join(values))))
        case _:
            raise Misunderstood(UNKNOWN, EXAMPLE)


async def choose(turn: Turn, layout: str) -> Reaction:
    """Change the layout."""
    await set_layout(turn.runtime.store, member=turn.member, layout=layout)
    return say(_screen(turn, replace(turn.member, layout=layout)))


async def choose_picture(turn: Turn, picture: str) -> Reaction:
    """Change the pictures."""
    await set_picture(turn.runtime.store, member=turn.member, picture=picture)
    return say(_screen(turn, replace(turn.member, picture=picture)))


async def show_choices(turn: Turn, name: str) -> Reaction:
    """One setting: show what it can be."""
    return put(_choices(turn, name, turn.member))


async def back(turn: Turn) -> Reaction:
    """[← Back] from the choices of one setting."""
    return put(_screen(turn, turn.member))


async def set_to(turn: Turn, name: str, value: str) -> Reaction:
    """One choice: set it, and show what is set then."""
    changed = await _change(turn, name, value)
    if name == "plain":
        return put(_screen(turn, changed), toast="Kept.")
    return put(_choices(turn, "kinds" if name in set(NoticeKind) else name, changed), toast="Kept.")


def _choices(turn: Turn, name: str, member: Member) -> Screen:
    match name:
        case "kinds":
            return kinds_screen(member)
        case "quiet":
            return quiet_screen(member)
        case "zone":
            return zone_screen(member, turn.runtime.clock.now())
        case "format":
            return format_screen(member)
        case _:
            raise Misunderstood("This choice is from an older version of me.", "/settings")


async def _change(turn: Turn, name: str, value: str) -> Member:
    """Change one setting; raises BadPolicyValue."""
    change = _reading(name, value)
    runtime = turn.runtime
    changed = await change_preferences(runtime.store, member=turn.member, change=change)
    if name in READS:
        await show_anew(runtime.store, runtime.clock, member=changed)
    turn.wake()
    return changed


def _reading(name: str, value: str) -> Callable[[Preferences], Preferences]:
    """What a setting's words change."""
    match ALIASES.get(name, name):
        case "quiet":
            quiet = read_quiet(value)
            return lambda before: replace(before, quiet=quiet)
        case "plain":
            is_plain = read_switch("plain", value)
            return lambda before: replace(before, is_plain=is_plain)
        case "zone":
            zone = read_zone(value)
            return lambda before: replace(before, zone=zone)
        case "format":
            numbers = read_numbers(value)
            return lambda before: replace(before, numbers=numbers)
        case "all":
            every = [(kind, read_loudness(kind, value)) for kind in NoticeKind]
            return lambda before: _wishing(before, every)
        case other if other in set(NoticeKind):
            kind = NoticeKind(other)
            loudness = read_loudness(kind, value)
            return lambda before: before.wishing(kind, loudness)
        case _:
            raise Misunderstood(UNKNOWN, EXAMPLE)


def _wishing(before: Preferences, every: list[tuple[NoticeKind, Loudness]]) -> Preferences:
    for kind, loudness in every:
        before = before.wishing(kind, loudness)
    return before


def _screen(turn: Turn, member: Member) -> Screen:
    return settings_screen(member, turn.runtime.clock.now())


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "layout": choose,
    "picture": choose_picture,
    "st_of": show_choices,
    "st_back": back,
    "st_set": set_to,
}
"""The buttons of the screens."""

COMMAND = Command(
    "settings", run, "messages, quiet hours, plain words, layout", EXAMPLE, Act.SET_OWN
)
