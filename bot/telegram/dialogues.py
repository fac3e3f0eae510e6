"""Dialogues: conversations of more than one step; their state is a row in the store, so a restart loses none."""

from __future__ import annotations

from dataclasses import replace

from bot.telegram.context import Turn
from core.ports.store import Dialogue


async def open_dialogue(turn: Turn) -> Dialogue | None:
    """The member's dialogue in this chat, if one is in progress."""
    async with turn.runtime.store.read() as work:
        return await work.conversation.dialogue(turn.chat.id, turn.member.id)


async def at_step(turn: Turn, name: str, step: str) -> Dialogue | None:
    """The dialogue in progress, if it has this name and stands at this step."""
    dialogue = await open_dialogue(turn)
    return dialogue if dialogue and (dialogue.name, dialogue.step) == (name, step) else None


async def save_dialogue(turn: Turn, dialogue: Dialogue) -> None:
    """Remember where a dialogue stands; it takes the place of any other in this chat."""
    async with turn.runtime.store.begin() as work:
        await work.conversation.save_dialogue(turn.chat.id, turn.member.id, dialogue)


async def take_step(turn: Turn, name: str, before: str, after: str) -> Dialogue | None:
    """Move a dialogue from one step to another, and return it as it was; None where it stands elsewhere.

    Of two taps on the same button only one gets it.
    """
    async with turn.runtime.store.begin() as work:
        dialogue = await work.conversation.dialogue(turn.chat.id, turn.member.id)
        if dialogue is None or (dialogue.name, dialogue.step) != (name, before):
            return None
        moved = replace(dialogue, step=after)
        await work.conversation.save_dialogue(turn.chat.id, turn.member.id, moved)
    return dialogue


async def end_dialogue(turn: Turn) -> bool:
    """End the dialogue in progress; returns whether there was one."""
    async with turn.runtime.store.begin() as work:
        was = await work.conversation.dialogue(turn.chat.id, turn.member.id)
        await work.conversation.save_dialogue(turn.chat.id, turn.member.id, None)
    return was is not None
