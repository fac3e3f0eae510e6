"""Stopping: a process that is asked to end breaks off what it waits for, and ends in order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any


def stopped_by_signals() -> asyncio.Event:
    """What is set when the system, or somebody with Ctrl-C, asks this process to end."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    return stopping


async def unless_stopped(work: Coroutine[Any, Any, Any], stopping: asyncio.Event) -> bool:
    """Wait for some work, or for the wish to stop; False where that came first, and the work was broken off."""
    task = asyncio.create_task(work)
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not task.done():
        await end(task)
        return False
    task.result()
    return True


async def end(task: asyncio.Task[Any]) -> None:
    """Break a task off, and wait until it has cleaned up."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
