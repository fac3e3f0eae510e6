"""``evenkeel check`` without ``--once``: it goes on, whatever becomes of one round."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot import check


async def test_a_round_that_fails_does_not_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = []

    @asynccontextmanager
    async def open_runtime(_settings: object) -> AsyncIterator[object]:
        yield object()

    async def once(_runtime: object) -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise ConnectionError("scripted")
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(check, "open_runtime", open_runtime)
    monkeypatch.setattr(check, "_once", once)
    monkeypatch.setattr(check, "PAUSE_SECONDS", 0.01)
    settings: Any = object()
    await check.check_for_ever(settings)
    assert len(rounds) == 2
