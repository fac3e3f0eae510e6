"""Answers: a reaction becomes messages, edits and remembered copies; a refusal becomes words with an example."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.telegram.commands.command import Command
from bot.telegram.commands.notes import code, escape, example, note
from bot.telegram.context import Misunderstood, Reaction, Said, Turn, say
from bot.telegram.ready_made import with_known_symbols
from bot.telegram.replies import Place, edit_screen, send_screen
from bot.telegram.screen import Screen
from bot.words.refusals import refusal_sentence
from core.application.note_attempt import note_attempt
from core.domain import refusals as r
from core.domain.money import parse_decimal
from core.domain.outbox import Copy
from core.domain.refusals import Refusal

_COMMA_NUMBER = re.compile(r"\d[\d.,]*,\d+")

WRONG_INPUT = (
    r.BadSymbol,
    r.BadAssetClass,
    r.UnknownSymbol,
    r.CurrencyMismatch,
    r.BadNumber,
    r.BadWeight,
    r.DuplicateTarget,
    r.TooManyTargets,
    r.UnknownPolicyName,
    r.BadPolicyValue,
    r.BadName,
    r.UnknownRole,
)
"""Refusals of what was typed: they are answered with an example as well."""

SUSPICIOUS = (r.NotAllowed, r.UnknownProposal, r.UnknownPortfolio)
"""Refusals that leave a line in the audit log: somebody tried what is not theirs to do."""


async def carry_out(turn: Turn, reaction: Reaction, place: Place | None = None) -> None:
    """Say and edit what a reaction says; ``place`` is the tapped message, None after a typed one."""
    reply_to = None if turn.is_private or place else turn.message_id
    if reaction.edit is not None:
        await _put(turn, reaction.edit, place, reply_to)
    for said in reaction.says:
        await _put(turn, said, None, reply_to)
    if reaction.later is not None:
        try:
            more = await reaction.later()
        except Refusal as refusal:
            more = say(explain(refusal))
        await carry_out(turn, more, place)


async def _put(turn: Turn, said: Said, place: Place | None, reply_to: int | None) -> None:
    key = turn.runtime.signing_key
    known = await turn.runtime.market.prices.known_symbols()
    screen = replace(said.screen, text=with_known_symbols(said.screen.text, known))
    if place is not None:
        message_id = await edit_screen(turn.bot, place, screen, key)
    else:
        message_id = await send_screen(
            turn.bot,
            turn.chat.id,
            screen,
            key,
            reply_to=reply_to,
            topic_id=turn.chat.topic_id,
        )
    if said.shows is not None:
        revision = said.shows.revision.number
        shown = Copy(said.shows.id, revision, turn.chat.id, message_id, turn.chat.topic_id)
        async with turn.runtime.store.begin() as work:
            await work.proposals.add_copy(shown)


def explain(
    error: Refusal | Misunderstood, command: Command | None = None, typed: str = ""
) -> Screen:
    """Say what was wrong, and what would work."""
    if isinstance(error, Misunderstood):
        return note(escape(error.sentence), example(error.example) if error.example else "")
    sentence = refusal_sentence(error)
    return note(escape(sentence), _what_works(error, sentence, command, typed))


def _what_works(error: Refusal, sentence: str, command: Command | None, typed: str) -> str:
    if isinstance(error, r.BadNumber) and error.correction and error.text in typed:
        return f"Try: {code(_with_points(typed)[:300])}"
    if command is None or f"/{command.name}" in sentence or not isinstance(error, WRONG_INPUT):
        return ""
    return example(command.example)


def _with_points(typed: str) -> str:
    """The words with every number in them as it has to be written."""
    return _COMMA_NUMBER.sub(lambda number: _corrected(number[0]), typed)


def _corrected(number: str) -> str:
    try:
        parse_decimal("", number)
    except r.BadNumber as wrong:
        return wrong.correction or number
    return number


async def note_refusal(turn: Turn, error: Refusal, what: str) -> None:
    """Leave a line in the audit log where somebody tried what is not theirs to do."""
    if isinstance(error, SUSPICIOUS):
        await note_attempt(
            turn.runtime.store,
            turn.runtime.clock,
            kind="refused",
            data=f"{what}: {type(error).__name__}",
            member=turn.member,
        )
