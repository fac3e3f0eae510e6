"""Talk: what people type. Who is it, which command is it, do it, and answer."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from weakref import WeakValueDictionary

from telegram import Bot, Message, Update
from telegram.constants import ChatAction
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot.runtime import Runtime
from bot.telegram import (
    code_question,
    hand_buttons,
    holdings_import,
    proposal_buttons,
    setup,
    typed_codes,
)
from bot.telegram.answers import carry_out, explain, note_refusal
from bot.telegram.change_buttons import offer
from bot.telegram.commands import accounts, all_commands, command_named
from bot.telegram.commands.channels import brings_an_address
from bot.telegram.commands.command import Command, Typed, Words, read_command
from bot.telegram.commands.notes import code, escape, note, tap
from bot.telegram.commands.start import clean_name, greet
from bot.telegram.context import NOTHING, AmountsHidden, Misunderstood, Reaction, Turn, say
from bot.telegram.dialogues import open_dialogue
from bot.telegram.entry import admit_command, admit_proposal
from bot.telegram.identity import (
    Door,
    Sender,
    Unwelcome,
    place_of,
    request_mark,
    sender_of,
)
from bot.telegram.links import LinkedCommand, is_link, linked_command, linked_proposal
from bot.telegram.pasted_keys import looks_like_a_key, remove
from bot.telegram.replies import send_screen
from bot.telegram.screen import Screen
from bot.telegram.veil import OPEN_COMMANDS, elsewhere, lifted
from bot.words.reader import reader_of, reading_as
from bot.words.refusals import refusal_sentence
from core.application import climb_ladder
from core.application.enter import Entered, enter
from core.application.identify import identify
from core.application.keep_reach import note_reach
from core.application.settings import remember_language
from core.domain.permissions import Act
from core.domain.refusals import BadInvitation, NeedsAgreement, NotAMember, Refusal
from core.ports.store import Chat, Dialogue

LINK_ACT = Act.SEE_PROPOSALS
"""What a link from a channel to a proposal asks for."""

ORDERLY = 5.0
"""Seconds that a message waits for the same person's one before it; a hanging broker holds nobody up longer."""

HIDDEN = (
    "I cannot see who you are while you write anonymously. Switch “Remain anonymous” off in the group's "
    "administrators, and try again."
)


class Talk:
    """Serves typed messages."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._door = Door(runtime.clock)
        self._queues: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()

    async def on_message(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Serve a message, or leave it alone."""
        message, bot = update.message, context.bot
        if message is None:
            return
        text = message.text or message.caption or ""
        typed = read_command(text)
        is_address = typed is not None and _is_for(typed, bot) and brings_an_address(typed)
        sender = sender_of(update)
        if looks_like_a_key(text) and not is_address and isinstance(sender, Sender):
            await self._remove_key(message, bot, sender)
            return
        if typed is not None and not _is_for(typed, bot):
            return
        match sender:
            case Unwelcome.ANONYMOUS if typed is not None:
                await self._turn_away(bot, message.chat.id, place_of(message.chat, message), HIDDEN)
            case Sender() if sender.is_private or typed is not None:
                async with self._in_order(sender):
                    await self._serve(request_mark(update), message, bot, sender, typed)

    async def _remove_key(self, message: Message, bot: Bot, sender: Sender) -> None:
        """Remove a key that a member pasted; a stranger's is nothing to us."""
        if sender.user_id in self._runtime.allowed_users or await self._is_member(sender):
            await self._say(bot, sender, await remove(message))

    async def _say(self, bot: Bot, sender: Sender, screen: Screen) -> None:
        """Answer where somebody has written, in the same topic."""
        chat, key = sender.chat, self._runtime.signing_key
        await send_screen(bot, chat.id, screen, key, topic_id=chat.topic_id)

    @asynccontextmanager
    async def _in_order(self, sender: Sender) -> AsyncIterator[None]:
        """Serve one person's messages one after the other, as they were written, within reason."""
        place = (sender.chat.id, sender.user_id)
        queue = self._queues.setdefault(place, asyncio.Lock())
        is_mine = False
        with suppress(TimeoutError):
            is_mine = await asyncio.wait_for(queue.acquire(), ORDERLY)
        try:
            yield
        finally:
            if is_mine:
                queue.release()

    async def _serve(
        self, mark: int, message: Message, bot: Bot, sender: Sender, typed: Typed | None
    ) -> None:
        try:
            entered = await self._admit(sender, typed)
        except (NotAMember, BadInvitation) as refusal:
            if await self._is_member(sender):
                await self._say(bot, sender, explain(refusal))
            elif sender.is_private or (typed is not None and typed.addressee):
                await self._refuse_stranger(bot, sender, refusal)
            return
        await self._note_reach(entered, sender)
        member = await remember_language(
            self._runtime.store, member=entered.member, language=sender.language
        )
        turn = Turn(self._runtime, bot, member, sender.chat, message.message_id, mark)
        with reading_as(reader_of(member, is_private=sender.is_private)):
            reaction = await self._react(turn, entered, typed, message)
            await carry_out(turn, reaction)

    async def _admit(self, sender: Sender, typed: Typed | None) -> Entered:
        """Say which member this is; whom the operator allows is one, and ``/start CODE`` makes one."""
        runtime = self._runtime
        is_start = typed is not None and typed.name == "start"
        if not is_start and sender.user_id not in runtime.allowed_users:
            member = await identify(runtime.store, user_id=sender.user_id)
            return Entered(member, "returning")
        words = typed.words.items if typed is not None and is_start and sender.is_private else ()
        return await enter(
            runtime.store,
            runtime.clock,
            user_id=sender.user_id,
            name=clean_name(sender),
            allowed=runtime.allowed_users,
            code=None if any(map(is_link, words[:1])) else next(iter(words), None),
        )

    async def _note_reach(self, entered: Entered, sender: Sender) -> None:
        """Who writes in private can be reached; who has only ever written in a group cannot, yet."""
        member = entered.member
        is_new = entered.how != "returning"
        if sender.is_private is member.is_reachable or not (sender.is_private or is_new):
            return
        async with self._runtime.store.begin() as work:
            now = self._runtime.clock.now()
            is_back = sender.is_private and not is_new
            await note_reach(work, member, now, reachable=sender.is_private, tell=is_back)
        self._runtime.work_arrived.set()

    async def _is_member(self, sender: Sender) -> bool:
        try:
            await identify(self._runtime.store, user_id=sender.user_id)
        except NotAMember:
            return False
        return True

    async def _refuse_stranger(self, bot: Bot, sender: Sender, refusal: Refusal) -> None:
        words = refusal_sentence(refusal)
        if isinstance(refusal, BadInvitation):
            words += f" Your id is {sender.user_id}."
        await self._turn_away(bot, sender.user_id, sender.chat, words)

    async def _turn_away(self, bot: Bot, who: int, chat: Chat, words: str) -> None:
        if self._door.may_answer(who):
            key = self._runtime.signing_key
            await send_screen(bot, chat.id, note(escape(words)), key, topic_id=chat.topic_id)

    async def _react(
        self, turn: Turn, entered: Entered, typed: Typed | None, message: Message
    ) -> Reaction:
        command = command_named(typed.name) if typed else None
        text = message.text or ""
        try:
            if message.document is not None and (typed is None or typed.name == "holdings"):
                slug = typed.words.slug if typed else None
                account = typed.words.account if typed else None
                return await holdings_import.receive(turn, message.document, slug, account)
            if typed is None:
                return await _answer_freely(turn, text)
            if command is None:
                return say(_unknown(typed.name)) if turn.is_private or typed.addressee else NOTHING
            if command.name == "start":
                return await self._start(turn, entered, typed.words)
            return await self._run(turn, command, typed.words)
        except AmountsHidden as hidden:
            return say(elsewhere(turn, hidden, typed.name if typed else "status"))
        except NeedsAgreement as held:
            return say(await offer(turn, held))
        except (Refusal, Misunderstood) as error:
            if isinstance(error, Refusal):
                await note_refusal(turn, error, typed.name if typed else "answer")
            return say(explain(error, command, text))

    async def _start(self, turn: Turn, entered: Entered, words: Words) -> Reaction:
        """Greet who comes in; a link leads to its proposal, or to what its command shows."""
        word = next(iter(words.items), "") if turn.is_private else ""
        if (proposal_id := linked_proposal(word)) is not None:
            await admit_proposal(turn, proposal_id, LINK_ACT)
            return await proposal_buttons.show(turn, proposal_id)
        linked = linked_command(word)
        command = command_named(linked.name) if linked else None
        if linked is None or command is None:
            return await greet(turn, entered)
        return await self._run(turn, command, await _words_of(turn, linked))

    async def _run(self, turn: Turn, command: Command, words: Words) -> Reaction:
        turn = lifted(turn, command.name, OPEN_COMMANDS)
        if not turn.is_private and not turn.is_amountless:
            await turn.current(words.slug)
        await admit_command(turn, command, words)
        if command.moves and not await self._is_new(turn.mark):
            return NOTHING
        if command.is_slow:
            with suppress(TelegramError):
                await turn.bot.send_chat_action(
                    turn.chat.id, ChatAction.TYPING, message_thread_id=turn.chat.topic_id
                )
        return await command.run(turn, words)

    async def _is_new(self, mark: int) -> bool:
        async with self._runtime.store.begin() as work:
            return await work.conversation.first_sight(mark, self._runtime.clock.now())


def _is_for(typed: Typed, bot: Bot) -> bool:
    return typed.addressee is None or typed.addressee.lower() == (bot.username or "").lower()


async def _words_of(turn: Turn, linked: LinkedCommand) -> Words:
    """What stands behind a command that a link runs: the portfolio, where it names one; raises UnknownPortfolio."""
    if linked.portfolio_id is None:
        return Words()
    portfolio = (await turn.of_id(linked.portfolio_id)).portfolio.portfolio
    return Words(f"@{portfolio.slug}")


async def _answer_freely(turn: Turn, text: str) -> Reaction:
    """Something that is no command: the answer to a question of ours, or small talk."""
    if text.startswith("/"):
        return say(_unknown(text.split(maxsplit=1)[0].strip("/")))
    dialogue = await open_dialogue(turn)
    if dialogue is not None and text:
        reaction = await _continue(turn, dialogue, text)
        if reaction is not None:
            return reaction
    return say(
        note(
            "I understand commands and buttons only.",
            rows=(
                (
                    tap("📊 Status", "status"),
                    tap("⚖️ Check now", "rebalance"),
                    tap("❔ Help", "help"),
                ),
            ),
        )
    )


async def _continue(turn: Turn, dialogue: Dialogue, text: str) -> Reaction | None:
    """The answer to what a dialogue asked last; None where it asks nothing."""
    match dialogue.name:
        case setup.NAME:
            return await setup.answer(turn, dialogue, text)
        case climb_ladder.DIALOGUE:
            return await accounts.typed_digits(turn, text)
        case hand_buttons.NAME:
            return await hand_buttons.typed_answer(turn, dialogue, text)
        case code_question.NAME:
            return await typed_codes.typed_answer(turn, dialogue, text)
        case _:
            return None


def _unknown(name: str) -> Screen:
    names = [command.name for command in all_commands()]
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    hint = f"Did you mean {code('/' + near[0])}?" if near else "/help shows what I know."
    return note(f"I do not know {code('/' + name[:32])}. {hint}")
