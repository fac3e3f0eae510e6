"""``evenkeel check`` without ``--once``: it goes on, whatever becomes of one round."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from bot import check
from bot.settings import Settings


@asynccontextmanager
async def open_runtime(_settings: object) -> AsyncIterator[object]:
    yield SimpleNamespace(settings=SimpleNamespace(health_port=None, health_host="127.0.0.1"))


async def test_a_round_that_fails_does_not_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = []

    async def once(_runtime: object) -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise ConnectionError("scripted")
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(check, "open_runtime", open_runtime)
    monkeypatch.setattr(check, "_once", once)
    monkeypatch.setattr(check, "PAUSE_SECONDS", 0.01)
    settings = Settings(_env_file=None)
    await check.check_for_ever(settings)
    assert len(rounds) == 2


@pytest.mark.fault(8)
async def test_a_round_that_hangs_is_broken_off_when_the_process_is_asked_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = []

    async def once(_runtime: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    monkeypatch.setattr(check, "open_runtime", open_runtime)
    monkeypatch.setattr(check, "_once", once)
    settings = Settings(_env_file=None)
    async with asyncio.timeout(10):
        await check.check_for_ever(settings)
    assert ended == ["cleaned up"]
