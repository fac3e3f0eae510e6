"""The watchdog: a thread of its own that notices when the event loop stands still, and logs where."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 5.0
"""How long the loop may be busy with one thing before that is worth a line in the log."""


@asynccontextmanager
async def watchdog(patience: float = PATIENCE_SECONDS) -> AsyncIterator[None]:
    """Watch the running loop for as long as the block runs."""
    ended = threading.Event()
    loop = asyncio.get_running_loop()
    thread = threading.Thread(
        target=_watch,
        args=(loop, threading.get_ident(), patience, ended),
        name="watchdog",
        daemon=True,
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        await asyncio.to_thread(thread.join)


def _watch(
    loop: asyncio.AbstractEventLoop, watched: int, patience: float, ended: threading.Event
) -> None:
    """Ask the loop again and again for a sign of life, and say so once for each time that it keeps one waiting."""
    while not ended.wait(patience):
        began = time.monotonic()
        answered = threading.Event()
        loop.call_soon_threadsafe(answered.set)
        if answered.wait(patience):
            continue
        log.error(
            "the event loop has stood still for %.0f seconds; it is here:\n%s",
            time.monotonic() - began,
            _stack_of(watched),
        )
        answered.wait()
        log.warning("the event loop goes on, after %.0f seconds", time.monotonic() - began)


def _stack_of(thread: int) -> str:
    """Where a thread is now; it may have ended since."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - documented, and the only way from another thread
    return "".join(traceback.format_stack(frame)).rstrip() if frame is not None else "(gone)"
