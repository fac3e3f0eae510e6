"""The heartbeat over loopback HTTP: a sign of life beside the work, never in its way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.heartbeat import PAUSE_SECONDS, Heartbeat
from bot.work import Worker
from tests.fakes.clock import FakeClock
from tests.fakes.pulse import runtime_of
from tests.fakes.world import small_world

CANARY = "canary-5d2f-of-the-heartbeat"


@dataclass
class Service:
    """A service that counts signs of life."""

    signs: list[str] = field(default_factory=list)
    status: int = 200
    hangs: asyncio.Event | None = None
    url: str = ""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        self.signs.append(request.path)
        self.arrived.set()
        if self.hangs is not None:
            await self.hangs.wait()
        return web.Response(status=self.status)


@asynccontextmanager
async def serving() -> AsyncIterator[Service]:
    service = Service()
    application = web.Application()
    application.router.add_get("/{path:.*}", service.answer)
    async with TestServer(application) as server:
        service.url = f"http://127.0.0.1:{server.port}/{CANARY}"
        yield service


async def _beat(heartbeat: Heartbeat, clock: FakeClock) -> None:
    clock.advance(timedelta(seconds=PAUSE_SECONDS))
    heartbeat.beat()
    await heartbeat.close()


async def test_a_round_that_went_well_gives_a_sign(tmp_path: Path) -> None:
    async with serving() as service, small_world(tmp_path) as world:
        heartbeat = Heartbeat(service.url, world.clock)
        await Worker(runtime_of(world, heartbeat)).round()
        await heartbeat.close()
        assert service.signs == [f"/{CANARY}"]


async def test_a_round_that_failed_gives_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.work.run_due_work", fail)
    async with serving() as service, small_world(tmp_path) as world:
        heartbeat = Heartbeat(service.url, world.clock)
        with pytest.raises(ZeroDivisionError):
            await Worker(runtime_of(world, heartbeat)).round()
        await heartbeat.close()
        assert service.signs == []


async def test_signs_come_twice_a_minute_at_most() -> None:
    clock = FakeClock()
    async with serving() as service:
        heartbeat = Heartbeat(service.url, clock)
        for _ in range(13):
            heartbeat.beat()
            await heartbeat.close()
            clock.advance(timedelta(seconds=5))
        assert len(service.signs) == 3


async def test_a_service_that_hangs_holds_nothing_up_and_gets_one_request_at_a_time() -> None:
    clock = FakeClock()
    async with serving() as service:
        service.hangs = asyncio.Event()
        heartbeat = Heartbeat(service.url, clock)
        heartbeat.beat()
        await service.arrived.wait()
        clock.advance(timedelta(hours=1))
        heartbeat.beat()
        service.hangs.set()
        await heartbeat.close()
        assert len(service.signs) == 1


async def test_gives_up_after_its_time_out(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as service:
        service.hangs = asyncio.Event()
        heartbeat = Heartbeat(service.url, FakeClock(), seconds=0.05)
        heartbeat.beat()
        await heartbeat.close()
        service.hangs.set()
    assert "does not get through (TimeoutError)" in caplog.text


@pytest.mark.fault(71)
async def test_failures_are_said_once_and_never_with_the_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="bot")
    clock = FakeClock()
    async with serving() as service:
        heartbeat = Heartbeat(service.url, clock)
        service.status = 503
        for _ in range(3):
            await _beat(heartbeat, clock)
        service.status = 200
        await _beat(heartbeat, clock)
        await _beat(heartbeat, clock)
    await _beat(heartbeat, clock)
    said = [record.getMessage() for record in caplog.records if record.name == "bot.heartbeat"]
    assert said == [
        "the heartbeat does not get through (HTTP 503); said once until it does",
        "the heartbeat gets through again",
        "the heartbeat does not get through (ConnectError); said once until it does",
    ]
    assert CANARY not in "".join(said)


async def test_without_an_address_nobody_is_asked() -> None:
    heartbeat = Heartbeat(None, FakeClock())
    heartbeat.beat()
    await heartbeat.close()
