"""``/settings channel …``: other ways to reach a member, whose addresses are secrets: nothing of them is said again."""

from __future__ import annotations

from contextlib import suppress

from telegram.error import TelegramError

from bot.channel_notices import TEST
from bot.telegram.commands.command import Typed
from bot.telegram.commands.notes import bold, code, escape, note, tap
from bot.telegram.context import Misunderstood, Reaction, Turn, put, say
from bot.telegram.screen import Button, Screen
from bot.words.numbers import count, listed
from bot.words.refusals import refusal_sentence
from core.application.member_channels import (
    add_channel,
    choose_wants,
    my_channels,
    remove_channel,
    try_channel,
)
from core.domain.channel import Channel
from core.domain.ids import ChannelId
from core.domain.refusals import PrivateOnly

WORD = "channel"
PROPOSALS, RULES = "proposals", "rules"
MORE = frozenset({PROPOSALS, RULES})
"""What is written behind an address that those should go to as well."""

EXAMPLE = f"/settings {WORD} ntfys://your-topic {PROPOSALS}"


def brings_an_address(typed: Typed) -> bool:
    """Whether a command has an address with it, which is a secret and yet no pasted key."""
    words = typed.words.raw.split() if typed.name == "settings" else []
    return len(words) > 1 and words[0].lower() == WORD


async def run(turn: Turn, words: list[str]) -> Reaction:
    """Show the member's channels, or add one: its message is deleted first, whatever comes of it."""
    is_gone = await _deleted(turn) if words else True
    if not turn.is_private:
        return _only_in_private(is_gone=is_gone)
    match words:
        case []:
            return say(await _screen(turn))
        case [address, *more] if {word.lower() for word in more} <= MORE:
            return await _add(turn, address, [word.lower() for word in more], is_gone=is_gone)
        case _:
            raise Misunderstood(
                f"A channel is one address without spaces, and “{PROPOSALS}” or “{RULES}” behind it if "
                "those should go there too.",
                EXAMPLE,
            )


def _only_in_private(*, is_gone: bool) -> Reaction:
    """Where others read along nothing is taken; an address that still stands there is to be deleted."""
    words = escape(refusal_sentence(PrivateOnly("set up a channel")))
    left = (
        ""
        if is_gone
        else "Delete your message now: I may not do it here. Then change the secret in it."
    )
    return say(note(words, left))


async def show(turn: Turn) -> Reaction:
    """[My channels]."""
    return await run(turn, [])


async def _deleted(turn: Turn) -> bool:
    """Delete the message with the address, where that is permitted."""
    with suppress(TelegramError):
        return await turn.bot.delete_message(turn.chat.id, turn.message_id)
    return False


async def _add(turn: Turn, address: str, more: list[str], *, is_gone: bool) -> Reaction:
    runtime = turn.runtime
    await add_channel(
        runtime.store,
        runtime.channel,
        runtime.vault,
        runtime.clock,
        member=turn.member,
        address=address,
        wants_proposals=PROPOSALS in more,
        wants_rules=RULES in more,
    )
    first = (
        "The channel is kept, encrypted; I deleted your message, because its address is a secret."
        if is_gone
        else "The channel is kept, encrypted. Delete your message now: I may not, and its address is a secret."
    )
    return say(await _screen(turn, first))


async def send_test(turn: Turn, channel_id: int) -> Reaction:
    """[Send a test]: at once, so that it is known whether it got through."""
    runtime = turn.runtime
    channel = await try_channel(
        runtime.store,
        runtime.channel,
        runtime.vault,
        member=turn.member,
        channel_id=ChannelId(channel_id),
        notice=TEST,
    )
    return say(note(f"A test is sent to {code(channel.shown)}: look whether it has come."))


async def want_proposals(turn: Turn, channel_id: int, wanted: int) -> Reaction:
    """[Proposals too] and [No proposals]."""
    store, channel = turn.runtime.store, ChannelId(channel_id)
    await choose_wants(store, member=turn.member, channel_id=channel, proposals=bool(wanted))
    return put(await _screen(turn))


async def want_rules(turn: Turn, channel_id: int, wanted: int) -> Reaction:
    """[Rules too] and [No rules]."""
    store, channel = turn.runtime.store, ChannelId(channel_id)
    await choose_wants(store, member=turn.member, channel_id=channel, rules=bool(wanted))
    return put(await _screen(turn))


async def remove(turn: Turn, channel_id: int) -> Reaction:
    """[Remove]."""
    runtime = turn.runtime
    await remove_channel(
        runtime.store, runtime.clock, member=turn.member, channel_id=ChannelId(channel_id)
    )
    return put(await _screen(turn, "The channel is removed, and its address forgotten."))


async def _screen(turn: Turn, first: str = "") -> Screen:
    """The member's channels by kind, with their buttons."""
    channels = await my_channels(turn.runtime.store, member=turn.member)
    if not channels:
        return note(
            first,
            "You have no other channel: everything is told here. One more way to reach you:",
            f"{code(EXAMPLE)} or a mailto://, jsons:// or other address of appriseit.com/services. What "
            "fails, what is down and what looks wrong goes there too.",
        )
    rows = [_line(number, channel) for number, channel in enumerate(channels, 1)]
    buttons = [row for number, each in enumerate(channels, 1) for row in _buttons(number, each)]
    title = bold(count(len(channels), "other channel"))
    return note(first, "\n".join([title, *rows]), rows=tuple(buttons))


def _line(number: int, channel: Channel) -> str:
    wanted = {PROPOSALS: channel.wants_proposals, RULES: channel.wants_rules}
    what = listed(["trouble", *(kind for kind, is_wanted in wanted.items() if is_wanted)])
    failing = ", not getting through" if channel.failing_since is not None else ""
    return f"{number}. {code(channel.shown)}: {what}{failing}"


def _buttons(number: int, channel: Channel) -> tuple[tuple[Button, ...], ...]:
    return (
        (
            tap(f"{number}: send a test", "ch_test", channel.id),
            tap(f"{number}: remove", "ch_remove", channel.id),
        ),
        (
            _switch(number, PROPOSALS, "ch_want", channel.id, is_on=channel.wants_proposals),
            _switch(number, RULES, "ch_rules", channel.id, is_on=channel.wants_rules),
        ),
    )


def _switch(number: int, kind: str, verb: str, channel_id: ChannelId, *, is_on: bool) -> Button:
    label = f"no {kind}" if is_on else f"{kind} too"
    return tap(f"{number}: {label}", verb, channel_id, int(not is_on))
