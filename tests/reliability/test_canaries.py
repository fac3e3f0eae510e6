"""Canaries: no secret of a running bot is found in anything that it writes."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.e2e.running import ANNA, Person, RunningDemo, running_demo

REFUSED = "999999999:" + "CanaryTokenThatTelegramDoesNotKnow1"
THEIRS = {"token", "sandbox.json"}
"""The demo's own copy of the token, and what the sandbox keeps of its chats: neither is the bot's."""


@pytest.mark.fault(71, 72)
@pytest.mark.slow
async def test_no_secret_is_in_the_log_or_in_any_file(tmp_path: Path) -> None:
    async with running_demo(tmp_path) as running:
        anna = Person(running, ANNA, ANNA)
        await anna.first_trade()
        await running.kill_bot()
        said = await _refused_by_telegram(running)
        secrets = (running.demo.token, running.demo.control_token, REFUSED)
        files = [path for path in _files(running.demo.folder) if path.name not in THEIRS]
        names = {path.name for path in files}
        assert {"evenkeel.db", "broker.db"} <= names
        for secret in secrets:
            for part in (secret, secret.partition(":")[2] or secret):
                assert part.encode() not in said
                for path in (*files, running.log):
                    assert part.encode() not in path.read_bytes(), path


async def _refused_by_telegram(running: RunningDemo) -> bytes:
    """What a bot says whose token Telegram does not know; its library puts the token into the error."""
    environment = {**running.demo.bot_environment(), "TELEGRAM_BOT_TOKEN": REFUSED}
    environment["DATA_DIR"] = str(running.demo.folder / "refused")
    environment["LOG_LEVEL"] = "DEBUG"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        said, _ = await process.communicate()
    assert process.returncode == 2, said
    assert said
    return said


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
