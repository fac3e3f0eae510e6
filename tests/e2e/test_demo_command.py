"""`evenkeel demo` as its user starts and stops it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.client import SandboxClient

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_ctrl_c_ends_the_demo_without_a_complaint(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    """A terminal sends Ctrl-C to all processes of the foreground group."""
    command = ["-m", "bot", "demo", "--data", str(tmp_path), "--port", str(unused_tcp_port)]
    demo = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    async with asyncio.timeout(60), aiohttp.ClientSession() as http:
        assert demo.stdout is not None
        while f"http://127.0.0.1:{unused_tcp_port}" not in (await demo.stdout.readline()).decode():
            pass
        client = SandboxClient(http, f"http://127.0.0.1:{unused_tcp_port}")
        await client.send_text(1001, 1001, "/start")
        await client.wait_for_message(1001, lambda each: each["from"]["is_bot"], 30)
        os.killpg(demo.pid, signal.SIGINT)
        rest = (await demo.stdout.read()).decode()
        assert await demo.wait() == 0
    assert "Traceback" not in rest
    assert "ERROR" not in rest
