"""`evenkeel check --once`, started now and then: a whole bot that answers slowly, modest beside one that runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bot.demo import prepare
from tests.e2e.running import ANNA, Person, RunningDemo, data_of
from tests.fakes.store import give_store
from tests.reliability.warm import start_bot

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = 60.0
"""Seconds that a slow machine gets for one run."""


@pytest_asyncio.fixture(loop_scope="session")
async def alone(tmp_path: Path) -> AsyncIterator[RunningDemo]:
    """A sandbox with its people, and no bot."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        running = RunningDemo(prepare(tmp_path, 0), http, tmp_path / "bot.log")
        give_store(running.demo.folder)
        await running.start_sandbox()
        stack.push_async_callback(running.stop_sandbox)
        yield running


async def run_once(running: RunningDemo) -> tuple[int, str]:
    """One run: its exit status, and what it said."""
    environment = running.demo.bot_environment()
    environment["TELEGRAM_ALLOWED_USERS"] = str(ANNA)
    said = running.demo.folder.parent / "said"
    said.unlink(missing_ok=True)
    process = start_bot(("check", "--once"), environment, said=said, log=running.log)
    async with asyncio.timeout(LONG):
        status = await process.wait()
    return status, said.read_text().strip()


async def test_a_run_now_and_then_is_a_whole_bot(alone: RunningDemo) -> None:
    """From /start to a filled trade, in four runs; a fifth has nothing to do."""
    anna = Person(alone, ANNA, ANNA)
    await anna.write("/start")
    assert (await run_once(alone))[1].startswith("checked 0; taps and messages 1")
    hello = await anna.said("What should it hold")
    await _tap(anna, hello, "QUAL 30")
    await run_once(alone)
    money = await anna.said("How much paper money")
    await _tap(anna, money, "$10,000")
    await run_once(alone)
    proposal = await anna.plan(after=hello["message_id"])
    await _tap(anna, proposal, "Approve")
    status, said = await run_once(alone)
    assert (status, said.split(";")[1]) == (0, " carried out 1")
    await anna.said("filled", after=proposal["message_id"] - 1)
    assert len(alone.at_broker("fills")) == 2
    assert await run_once(alone) == (0, "checked 0; taps and messages 0, sent 0")
    assert len(alone.at_broker("fills")) == 2


async def _tap(person: Person, message: dict[str, object], label: str) -> None:
    """Tap a button that nobody listens to yet."""
    number = message["message_id"]
    assert isinstance(number, int)
    await person.running.client.press(
        person.user_id, person.chat_id, number, data_of(message, label)
    )


async def test_beside_a_running_bot_it_leaves_telegram_alone(demo: RunningDemo) -> None:
    assert await run_once(demo) == (0, "checked 0")
