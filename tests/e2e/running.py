"""A demo as its user runs it: the sandbox and the bot, each in a process of its own, and its people.

What is started is what `evenkeel demo` starts; nothing of the bot runs in the test's process.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.demo import Demo, prepare
from bot.market_control import TOKEN_HEADER
from bot.sandbox.client import SandboxClient
from bot.sandbox.model import JsonObject
from bot.sandbox.recorder import RecordedRequest
from tests.fakes.store import give_store
from tests.reliability.warm import WarmProcess, start_bot

ANNA, BEN, CARL = 1001, 1002, 1003
FAMILY = -1_000_000_002_001
"""The sandbox's group of Anna and Ben, with the bot in it."""

OWNERS = tuple(range(2001, 2009))
"""People who may come in without an invitation, one for each test that wants a portfolio of its own."""

PATIENCE = 20.0
"""Seconds that a slow machine gets for what takes a moment on a quick one."""


@dataclass
class RunningDemo:
    """The two processes, and what is known of them from outside."""

    demo: Demo
    http: aiohttp.ClientSession
    log: Path
    sandbox: Process | None = None
    bot: Process | WarmProcess | None = None
    said_before: list[JsonObject] = field(default_factory=list)
    """What the bot asked of sandboxes that are gone."""
    is_warm: bool = True
    """Whether bots are forked from a process that has read their code, or started from nothing."""

    @property
    def client(self) -> SandboxClient:
        """The members' hands and eyes."""
        return SandboxClient(self.http, self.demo.origin)

    async def start_sandbox(self) -> None:
        """Let Telegram be there."""
        command = self.demo.sandbox_command()
        self.sandbox = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE
        )
        assert self.sandbox.stdout is not None
        line = await self.sandbox.stdout.readline()
        assert line.startswith(b"sandbox ready"), line

    async def stop_sandbox(self) -> None:
        """Let Telegram be gone, as in an outage; its chats come back with it."""
        self.said_before += await self.client.requests()
        await _end(self.sandbox, signal.SIGTERM)

    async def start_bot(self) -> None:
        """Start a bot, the first or one after another; its words go to the log."""
        self.bot = await self.another_bot()

    async def wait_until_heard(self) -> None:
        """Wait until the bot has spoken to Telegram; one that ended has failed."""
        assert self.bot is not None
        ended = asyncio.create_task(self.bot.wait())
        spoken = asyncio.create_task(self._spoken())
        await asyncio.wait({ended, spoken}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
        has_spoken = spoken.done()
        for task in (ended, spoken):
            task.cancel()
        assert has_spoken, f"the bot did not come up: {self.last_log()}"

    async def _spoken(self) -> None:
        while not await self.client.requests():  # noqa: ASYNC110 - another process tells us nothing
            await asyncio.sleep(0.1)

    async def another_bot(self) -> Process | WarmProcess:
        """A bot on the same data, whether or not one runs already."""
        environment = self.demo.bot_environment()
        environment["TELEGRAM_ALLOWED_USERS"] = ",".join(map(str, (ANNA, *OWNERS)))
        if self.is_warm:
            return start_bot(("run",), environment, said=self.log, log=self.log)
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run"), env=environment, stdout=log, stderr=log
            )

    async def kill_bot(self) -> None:
        """As a power cut does."""
        await _end(self.bot, signal.SIGKILL)

    async def stop_bot(self) -> int:
        """As an orderly system does; the exit status is returned."""
        return await _end(self.bot, signal.SIGTERM)

    async def walk_market(self, until: str) -> JsonObject:
        """Move the replay's clock, until a day or the first news; the bot's control is asked itself."""
        url = f"http://127.0.0.1:{self.demo.control_port}/market/advance"
        headers = {TOKEN_HEADER: self.demo.control_token}
        async with self.http.post(url, json={"until": until}, headers=headers) as answer:
            moved: JsonObject = await answer.json()
            assert answer.status == 200, moved
            return moved

    async def trouble(self, trouble: str) -> None:
        """Choose what goes wrong at the broker, as the page does; nothing goes wrong with an empty word."""
        url = f"http://127.0.0.1:{self.demo.control_port}/market/broker"
        headers = {TOKEN_HEADER: self.demo.control_token}
        async with self.http.post(url, json={"trouble": trouble}, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async def requests(self) -> list[RecordedRequest]:
        """All that bots asked of Telegram so far."""
        said = self.said_before + await self.client.requests()
        return [RecordedRequest(**{**each, "files": tuple(each["files"])}) for each in said]

    def last_log(self) -> str:
        """The end of what the bots wrote to their log."""
        return self.log.read_text(encoding="utf-8")[-800:]

    def at_broker(self, what: str) -> list[sqlite3.Row]:
        """The simulated broker's own book: `orders` or `fills`, as a person with a copy would read it."""
        book = f"file:{self.demo.folder / 'broker.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(book, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(f"SELECT * FROM {what} ORDER BY id").fetchall()


async def _end(process: Process | WarmProcess | None, number: signal.Signals) -> int:
    assert process is not None
    if process.returncode is None:
        process.send_signal(number)
    async with asyncio.timeout(PATIENCE):
        return await process.wait()


@asynccontextmanager
async def running_demo(
    folder: Path, port: int = 0, *, is_warm: bool = True
) -> AsyncIterator[RunningDemo]:
    """A demo in a folder, on free ports, for as long as the block runs; one from nothing makes its store itself."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        running = RunningDemo(prepare(folder, port), http, folder / "bot.log", is_warm=is_warm)
        if is_warm:
            give_store(running.demo.folder)
        stack.push_async_callback(_end_all, running)
        await running.start_sandbox()
        await running.start_bot()
        await running.wait_until_heard()
        yield running


async def _end_all(running: RunningDemo) -> None:
    for process in (running.bot, running.sandbox):
        if process is not None and process.returncode is None:
            await _end(process, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Person:
    """One member at one chat: writes, taps, and waits for what the bot says."""

    running: RunningDemo
    user_id: int
    chat_id: int

    async def messages(self) -> list[JsonObject]:
        """What stands in the chat now."""
        return await self.running.client.messages(self.chat_id)

    async def said(self, *words: str, after: int = 0, button: str = "") -> JsonObject:
        """The bot's latest message here with all of these words and this button, once there is one."""

        def is_it(message: JsonObject) -> bool:
            is_bots = bool(message["from"]["is_bot"]) and message["message_id"] > after
            return is_bots and has(message, *words, button=button)

        return await self._seen(is_it, f"{words} {button}")

    async def _seen(self, is_it: Callable[[JsonObject], bool], wanted: str) -> JsonObject:
        try:
            return await self.running.client.wait_for_message(self.chat_id, is_it, PATIENCE)
        except TimeoutError:
            heard = [text_of(each) for each in (await self.messages())[-4:]]
            raise AssertionError(
                f"never said {wanted}; last words: {heard}; the log ends: {self.running.last_log()}"
            ) from None

    async def becomes(self, message: JsonObject, *words: str) -> JsonObject:
        """A message of the bot once all of these words stand on it."""
        place = message["message_id"]

        def is_it(seen: JsonObject) -> bool:
            return bool(seen["message_id"] == place and has(seen, *words))

        return await self._seen(is_it, str(words))

    async def heard(self, *words: str) -> int:
        """How many of the bot's messages here have all of these words now."""
        return sum(each["from"]["is_bot"] and has(each, *words) for each in await self.messages())

    async def write(self, text: str) -> int:
        """Say something; the message's number is returned."""
        sent = await self.running.client.send_text(self.user_id, self.chat_id, text)
        number: int = sent["message_id"]
        return number

    async def ask(self, text: str, *words: str) -> JsonObject:
        """Say something, and the bot answers with these words."""
        return await self.said(*words, after=await self.write(text))

    async def plan(self, *words: str, after: int = 0) -> JsonObject:
        """The latest message with a plan to approve, once there is one."""
        return await self.said(*words, after=after, button="Approve")

    async def press(self, message: JsonObject, label: str) -> tuple[str, bool]:
        """Tap a button as it stood on a message; what the tap was answered with, and if as an alert."""
        client = self.running.client
        number = message["message_id"]
        query = await client.press(self.user_id, self.chat_id, number, data_of(message, label))
        async with asyncio.timeout(PATIENCE):
            while True:
                for answer in await client.answers():
                    if answer["tap"]["query_id"] == query:
                        return answer["text"] or "", bool(answer["show_alert"])
                await asyncio.sleep(0.05)

    async def tap(self, message: JsonObject, label: str, *words: str) -> JsonObject:
        """Tap a button; the bot then says these words, in place or below."""
        before = {each["message_id"]: text_of(each) for each in await self.messages()}
        await self.press(message, label)

        def is_it(seen: JsonObject) -> bool:
            is_changed = before.get(seen["message_id"]) != text_of(seen)
            return is_changed and bool(seen["from"]["is_bot"]) and has(seen, *words)

        return await self._seen(is_it, str(words))

    async def set_up(self, amount: str = "$10,000") -> JsonObject:
        """From /start to a first open proposal, whose message is returned."""
        hello = await self.ask("/start", "What should it hold")
        money = await self.tap(hello, "QUAL 30", "How much paper money")
        await self.tap(money, amount, "is set up")
        return await self.plan(after=hello["message_id"])

    async def first_trade(self) -> JsonObject:
        """From /start to a filled paper trade; its report is returned."""
        proposal = await self.set_up()
        await self.press(proposal, "Approve")
        return await self.said("filled", after=proposal["message_id"] - 1)


def text_of(message: JsonObject) -> str:
    """A message's words, wherever they stand."""
    return str(message.get("text") or message.get("caption") or "")


def labels_of(message: JsonObject) -> list[str]:
    """A message's buttons."""
    return [cell["text"] for cell in _cells(message)]


def data_of(message: JsonObject, label: str) -> str:
    """What a button sends when it is tapped."""
    for cell in _cells(message):
        if label in cell["text"]:
            return str(cell["callback_data"])
    raise AssertionError(f"no button {label!r}; there are {labels_of(message)}")


def has(message: JsonObject, *words: str, button: str = "") -> bool:
    """Whether all of these words stand on a message, and this on one of its buttons."""
    text = text_of(message)
    is_offered = not button or any(button in label for label in labels_of(message))
    return is_offered and all(word in text for word in words)


def _cells(message: JsonObject) -> list[dict[str, Any]]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [cell for row in rows for cell in row]
