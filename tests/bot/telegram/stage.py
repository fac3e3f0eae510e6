"""The stage for whole conversations: the sandbox's Bot API, the real client, store, broker and replay.

What runs is what `evenkeel run` runs; only Telegram is on this machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.bootstrap import open_runtime
from bot.runtime import Runtime
from bot.sandbox.driver import Sandbox, running_sandbox
from bot.sandbox.model import Message
from bot.serve import run_until
from bot.settings import Settings
from bot.telegram.pace import Quota
from core.domain.ids import UserId
from core.domain.membership import Member
from core.domain.portfolio import ManagedPortfolio
from core.ports.store import AuditEvent
from tests.fakes.store import give_store

ANNA, BEN, CARL = 1001, 1002, 1003
FAMILY = -1_000_000_002_001
"""The sandbox's group of Anna and Ben, with the bot in it."""


UNHURRIED = 10.0
"""Seconds that a tap may take on a busy machine, before its outcome comes as a message instead."""


@dataclass
class Stage:
    """A running bot and its people."""

    sandbox: Sandbox
    runtime: Runtime

    async def said(self, chat: int, *words: str, after: int = 0) -> Message:
        """The bot's latest message in a chat with all of these words, once there is one."""

        def is_it(message: Message) -> bool:
            return message.message_id > after and all(word in message.text for word in words)

        return await self.sandbox.wait_for_message(chat, is_it)

    async def ask(self, who: int, text: str, *words: str, chat: int | None = None) -> Message:
        """Somebody writes, and the bot answers with these words."""
        place = chat or who
        written = self.sandbox.send_text(who, place, text)
        return await self.said(place, *words, after=written.message_id)

    async def tap(self, who: int, message: Message, label: str, *words: str) -> Message:
        """Somebody taps a button; the bot answers with these words, in place or below."""
        newest = max(self.sandbox.chat(message.chat_id).messages)
        before = self.sandbox.chat(message.chat_id).messages[message.message_id].text
        self.press(who, message, label)

        def is_it(seen: Message) -> bool:
            is_new = seen.message_id > newest
            is_edited = seen.message_id == message.message_id and seen.text != before
            return (is_new or is_edited) and all(word in seen.text for word in words)

        return await self.sandbox.wait_for_message(message.chat_id, is_it)

    def press(self, who: int, message: Message, label: str) -> str:
        """Somebody taps a button, and nobody waits; returns the tap's id."""
        now = self.sandbox.chat(message.chat_id).messages.get(message.message_id, message)
        data = now.button(label).callback_data
        assert data is not None, f"{label} does nothing"
        return self.press_data(who, message, data)

    def press_data(self, who: int, message: Message, data: str) -> str:
        """Somebody sends any callback data from a message."""
        return self.sandbox.press(who, message.chat_id, message.message_id, data).query_id

    async def answer(self, query_id: str) -> tuple[str, bool]:
        """What a tap was answered with: its words, and whether as an alert."""
        found = await self.sandbox.wait_for(
            lambda sandbox: [a for a in sandbox.answers if a.tap.query_id == query_id]
        )
        return found[0].text, found[0].show_alert

    async def settle(self) -> None:
        """Wait until every update sent so far was taken and served."""
        await self.sandbox.wait_for(lambda sandbox: sandbox.pending_updates == 0 or None)
        await self.ask(ANNA, "/whoami", "You are")

    async def portfolio(self, user_id: int = ANNA) -> ManagedPortfolio:
        """The person's first portfolio."""
        member = await self.member(user_id)
        async with self.runtime.store.read() as work:
            mine = await work.portfolios.of_member(member.id)
            return await work.portfolios.get(mine[0].id)

    async def member(self, user_id: int = ANNA) -> Member:
        """A person as the store knows them."""
        async with self.runtime.store.read() as work:
            member = await work.people.member_of_user(UserId(user_id))
        assert member is not None
        return member

    async def events(self, kind: str) -> list[AuditEvent]:
        """The audit log's entries of one kind."""
        async with self.runtime.store.read() as work:
            return [event for event in await work.log.events(None, 500) if event.kind == kind]

    async def set_up(self, who: int = ANNA, amount: str = "$10,000") -> Message:
        """Lead somebody from /start to a first open proposal, and return its message."""
        hello = await self.ask(who, "/start", "What should it hold")
        money = await self.tap(who, hello, "QUAL 30", "How much paper money")
        await self.tap(who, money, amount, "is set up")
        return await self.said(who, "proposal 1" if who == ANNA else "proposal", "Calculated")


def settings_for(sandbox: Sandbox, folder: Path, allowed: tuple[int, ...] = (ANNA,)) -> Settings:
    """The settings of a bot that speaks to a sandbox, on the replay of March 2020."""
    return Settings(
        _env_file=None,
        telegram_bot_token=SecretStr(sandbox.token),
        telegram_api_base_url=sandbox.origin,
        telegram_allowed_users=allowed,
        data_dir=folder,
        market_data="replay",
        replay_start=date(2020, 2, 3),
    )


async def until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that nobody reports."""
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


async def eventually(is_so: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Wait for something that only a look into the store tells."""
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 - as in until
            await asyncio.sleep(0.01)


Adapt = Callable[[Runtime], Runtime]


@asynccontextmanager
async def brisk() -> AsyncIterator[None]:
    """Let messages follow one another as quickly as they are there: this Telegram takes any number in a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.telegram.pace.PER_CHAT", Quota(1, 0.0))
        patch.setattr("bot.serve.OUTBOX_PAUSE", 0.1)
        yield


@asynccontextmanager
async def running_bot(
    sandbox: Sandbox,
    folder: Path,
    *,
    allowed: tuple[int, ...] = (ANNA,),
    adapt: Adapt | None = None,
) -> AsyncIterator[Stage]:
    """The bot, running against a sandbox for as long as the block does; it stops in an orderly way."""
    give_store(folder)
    async with brisk(), open_runtime(settings_for(sandbox, folder, allowed)) as opened:
        unhurried = replace(opened, tap_patience=UNHURRIED)
        runtime = adapt(unhurried) if adapt else unhurried
        stopping = asyncio.Event()
        running = asyncio.create_task(run_until(runtime, stopping))
        try:
            yield Stage(sandbox, runtime)
        finally:
            stopping.set()
            async with asyncio.timeout(15):
                await running


@asynccontextmanager
async def stage(
    folder: Path, *, allowed: tuple[int, ...] = (ANNA,), adapt: Adapt | None = None
) -> AsyncIterator[Stage]:
    """A sandbox and a bot."""
    async with (
        running_sandbox() as sandbox,
        running_bot(sandbox, folder, allowed=allowed, adapt=adapt) as bot,
    ):
        yield bot
