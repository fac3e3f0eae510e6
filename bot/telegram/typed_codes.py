"""Typed one-time codes: each is deleted from the chat at once, and with a right one the approval goes on as usual."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from telegram.error import TelegramError

from bot.telegram import approve_buttons, change_buttons
from bot.telegram.answers import explain
from bot.telegram.code_question import Question, read_code, read_question
from bot.telegram.commands.notes import escape, note
from bot.telegram.context import Reaction, Said, Turn, say
from bot.telegram.dialogues import end_dialogue
from core.domain.refusals import BadCode
from core.ports.store import Dialogue

TOO_LATE = "That took too long, so nothing was approved. Tap the button again, and I ask anew."
NO_CODE = "I wait for the six digits that your authenticator app shows. /cancel approves nothing."


async def typed_answer(turn: Turn, dialogue: Dialogue, text: str) -> Reaction | None:
    """The answer to the question for a code; None where the question is forgotten, and something else was said."""
    question, code = read_question(dialogue), read_code(text)
    is_late = turn.runtime.clock.now() >= question.until
    if code is None:
        if is_late:
            await end_dialogue(turn)
        return None if is_late else say(note(escape(NO_CODE)))
    with suppress(TelegramError):
        await turn.bot.delete_message(turn.chat.id, turn.message_id)
    if is_late:
        await end_dialogue(turn)
        return say(note(escape(TOO_LATE)))
    try:
        reaction = await _go_on(turn, question, code)
    except BadCode as refusal:
        return say(explain(refusal))
    except BaseException:
        await end_dialogue(turn)
        raise
    await end_dialogue(turn)
    return _as_messages(reaction)


async def _go_on(turn: Turn, question: Question, code: str) -> Reaction:
    """Do what the code was asked for."""
    if question.change:
        return await change_buttons.say_with(turn, question.change, question.verb, code)
    return await approve_buttons.approve_with(turn, question.proposal, question.revision, code)


def _as_messages(reaction: Reaction) -> Reaction:
    """What a tap is answered with, as an answer to something typed."""
    toast = (Said(note(escape(reaction.toast))),) if reaction.toast else ()
    shown = (reaction.edit,) if reaction.edit else ()
    return replace(reaction, edit=None, toast="", says=(*toast, *shown, *reaction.says))
