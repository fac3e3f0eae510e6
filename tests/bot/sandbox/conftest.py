"""A sandbox on a free port, the real client, and a plain one that shows every answer as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.sandbox import Sandbox, running_sandbox
from tests.bot.sandbox.bot_api_spec import faults_in_answer


@dataclass
class HandClock:
    """A clock that moves only by hand."""

    instant: datetime = field(default_factory=lambda: datetime(2020, 3, 12, 15, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.instant

    def advance(self, **by: float) -> None:
        self.instant += timedelta(**by)


class RawApi:
    """Calls a method with JSON; a good answer is held against the Bot API before it is given."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self.base = base

    async def call(self, method: str, **params: Any) -> Any:
        status, body = await self.raw(method, params)
        assert (status, body.get("ok")) == (200, True), body
        assert faults_in_answer(method, body["result"]) == []
        return body["result"]

    async def refusal(self, method: str, **params: Any) -> str:
        """The description of a refusal."""
        status, body = await self.raw(method, params)
        assert body["ok"] is False
        assert status == body["error_code"]
        description: str = body["description"]
        return description

    async def raw(self, method: str, params: dict[str, Any]) -> tuple[int, Any]:
        async with self._session.post(f"{self.base}/{method}", json=params) as answer:
            return answer.status, await answer.json()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def sandbox(clock: HandClock) -> AsyncIterator[Sandbox]:
    async with running_sandbox(now=clock) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
def api(sandbox: Sandbox, session: aiohttp.ClientSession) -> RawApi:
    return RawApi(session, f"{sandbox.origin}/bot{sandbox.token}")


@pytest.fixture
async def started(sandbox: Sandbox, api: RawApi) -> RawApi:
    """The plain client, Anna having pressed Start and the bot having read it."""
    sandbox.send_text(1001, 1001, "/start")
    (update,) = await api.call("getUpdates")
    await api.call("getUpdates", offset=update["update_id"] + 1)
    return api


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    """The real python-telegram-bot client."""
    made = Bot(
        sandbox.token,
        base_url=f"{sandbox.origin}/bot",
        base_file_url=f"{sandbox.origin}/file/bot",
        request=HTTPXRequest(),
        get_updates_request=HTTPXRequest(),
    )
    async with made:
        yield made
