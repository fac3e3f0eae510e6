"""Taps: what people press. The tap is answered within a second, whatever its work then takes.

Telegram takes one answer to a tap, and the alert that says what happened is that answer: so quick work is waited for,
and slow work is answered with nothing, its outcome following as a message.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace

from telegram import CallbackQuery, Message, Update
from telegram.constants import CallbackQueryLimit, ChatAction
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot.runtime import Runtime
from bot.telegram import callback
from bot.telegram.answers import carry_out, note_refusal
from bot.telegram.buttons import OF_PROPOSAL, SLOW, act
from bot.telegram.change_buttons import offer
from bot.telegram.commands.notes import escape, note
from bot.telegram.context import (
    AmountsHidden,
    Misunderstood,
    Reaction,
    Said,
    Turn,
    alert,
    put,
)
from bot.telegram.identity import Sender, place_mark, request_mark, sender_of
from bot.telegram.proposal_taps import with_present_state
from bot.telegram.replies import Place
from bot.telegram.screen import Action
from bot.telegram.veil import OPEN_VERBS, guard_tap, lifted, not_here
from bot.words.reader import reader_of, reading_as
from bot.words.refusals import refusal_sentence
from core.application.identify import identify
from core.application.note_attempt import note_attempt
from core.domain.refusals import NeedsAgreement, NotAMember, Refusal, UnknownProposal

LOG = logging.getLogger(__name__)

TOAST_LIMIT = int(CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH)

OUTDATED = "This button comes from another version of me. Send /help to see what works now."


class Taps:
    """Serves taps on buttons."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def on_tap(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Serve a tap: read its payload, ask who it is, do it, and answer."""
        query = update.callback_query
        if query is None:
            return
        sender = sender_of(update)
        if not isinstance(sender, Sender) or query.message is None:
            await answer(query)
            return
        place = Place(sender.chat.id, query.message.message_id, sender.chat.topic_id)
        action = callback.decode(query.data, place.chat_id, self._runtime.signing_key)
        if action is None:
            await self._forged(query, sender)
            return
        try:
            member = await identify(self._runtime.store, user_id=sender.user_id)
        except NotAMember as refusal:
            await answer(query, Reaction(toast=refusal_sentence(refusal), is_alert=True))
            await note_attempt(
                self._runtime.store,
                self._runtime.clock,
                kind="refused",
                data=f"{action.verb}: user {sender.user_id} is no member",
            )
            return
        turn = Turn(
            self._runtime,
            context.bot,
            member,
            sender.chat,
            place.message_id,
            request_mark(update),
            place_mark(query.message),
            is_on_picture=isinstance(query.message, Message) and bool(query.message.photo),
        )
        with reading_as(reader_of(member, is_private=sender.is_private)):
            await self._serve(turn, action, query, place)

    async def _forged(self, query: CallbackQuery, sender: Sender) -> None:
        """Say nothing to a payload that we did not make for this chat; only the log hears of it."""
        await answer(query)
        await note_attempt(
            self._runtime.store,
            self._runtime.clock,
            kind="forged_button",
            data=f"user {sender.user_id} in chat {sender.chat.id}",
        )

    async def _serve(self, turn: Turn, action: Action, query: CallbackQuery, place: Place) -> None:
        work = asyncio.create_task(react(turn, action))
        try:
            await asyncio.wait({work}, timeout=turn.runtime.tap_patience)
            if not work.done():
                await answer(query)
                await _type(turn, action)
                reaction = _as_message(await work)
            else:
                reaction = work.result()
                if not await answer(query, reaction):
                    reaction = _as_message(reaction)
        finally:
            work.cancel()
        await carry_out(turn, reaction, place)


async def react(turn: Turn, action: Action) -> Reaction:
    """Do what a button says; a refusal says why not, and brings the message to its present state."""
    turn = lifted(turn, action.verb, OPEN_VERBS)
    try:
        await guard_tap(turn, action, is_of_proposal=action.verb in OF_PROPOSAL)
        reaction = await act(turn, action)
    except AmountsHidden:
        return _behind_the_veil(turn, action)
    except Misunderstood as error:
        return alert(error.sentence)
    except NeedsAgreement as held:
        return put(await offer(turn, held))
    except Refusal as refusal:
        await note_refusal(turn, refusal, action.verb)
        return _refused(turn, action, refusal)
    if reaction is None:
        LOG.warning("A button of another version was tapped: %s", action)
        return alert(OUTDATED)
    return reaction


def _behind_the_veil(turn: Turn, action: Action) -> Reaction:
    """Amounts were hidden after the button was made: a proposal's message is brought to what may be seen there."""
    refused = not_here()
    number = next(iter(action.args), None)
    if action.verb not in OF_PROPOSAL or not isinstance(number, int):
        return refused
    return with_present_state(turn, number, refused.toast)


def _refused(turn: Turn, action: Action, refusal: Refusal) -> Reaction:
    sentence = refusal_sentence(refusal)
    if action.verb in OF_PROPOSAL and not isinstance(refusal, UnknownProposal):
        number = action.args[0]
        if isinstance(number, int):
            return with_present_state(turn, number, sentence)
    return alert(sentence)


async def answer(query: CallbackQuery, reaction: Reaction | None = None) -> bool:
    """Answer a tap, with the toast if there is one; False where its words could not be shown that way."""
    toast = reaction.toast if reaction else ""
    shown = toast if len(toast) <= TOAST_LIMIT else ""
    try:
        await query.answer(shown or None, show_alert=bool(shown and reaction and reaction.is_alert))
    except TelegramError as error:
        LOG.info("A tap could not be answered: %s", error)
        return not toast
    return shown == toast


def _as_message(reaction: Reaction) -> Reaction:
    """The same, with the alert's words as a message, for a tap that cannot be answered with them any more."""
    if not reaction.toast or (not reaction.is_alert and (reaction.edit or reaction.says)):
        return reaction
    words = Said(note(escape(reaction.toast)))
    return replace(reaction, toast="", says=(words, *reaction.says))


async def _type(turn: Turn, action: Action) -> None:
    if action.verb in SLOW:
        with suppress(TelegramError):
            await turn.bot.send_chat_action(
                turn.chat.id, ChatAction.TYPING, message_thread_id=turn.chat.topic_id
            )
