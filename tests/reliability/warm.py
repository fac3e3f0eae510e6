"""Real processes that are there in a moment: forked from one that has read the code already.

Each has its own memory, files and end, and is killed as any other. What they leave out is the start of Python and the
reading of the code, most of a short life's time; the demo and the commands are started from nothing by tests of theirs.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from multiprocessing import forkserver, get_context
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READ = ("alembic.command", "bot.cli", "bot.serve", "bot.check", "tests.reliability.hanging")
"""What every such process would read first."""


@cache
def _nursery() -> ForkServerContext:
    """The process from which the others are forked; one for each that runs tests."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(READ))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        forkserver.ensure_running()
    return context


class WarmProcess:
    """One of them, to be waited for and sent signals to as asyncio's own."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its number in the system."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it has ended, a signal as a negative number; None while it lives."""
        return self._process.exitcode

    async def wait(self) -> int:
        """Wait for its end."""
        while (ended := self.returncode) is None:  # noqa: ASYNC110 - another process tells us nothing
            await asyncio.sleep(0.02)
        return ended

    def wait_within(self, seconds: float) -> int:
        """The same where nothing else goes on meanwhile; TimeoutError, and its end, after so many seconds."""
        self._process.join(seconds)
        if (ended := self.returncode) is None:
            self._process.kill()
            raise TimeoutError
        return ended

    def heard(self, words: str, file: Path, seconds: float) -> bool:
        """Whether it has said so in one of its files, waited for so many seconds while it lives."""
        until = time.monotonic() + seconds
        while self.returncode is None and time.monotonic() < until:
            if file.exists() and words in file.read_text():
                return True
            time.sleep(0.02)
        return False

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)


def start_bot(
    words: tuple[str, ...], environment: Mapping[str, str], said: Path, log: Path
) -> WarmProcess:
    """The command line with these words and this environment; what it says, and its log, are added to files."""
    return _start(_command_line, words, dict(environment), said, log)


def start(work: Callable[..., None], *given: object, said: Path, log: Path) -> WarmProcess:
    """Work of a module's own."""
    return _start(_work, work, given, said, log)


def _start(what: Callable[..., None], *given: object) -> WarmProcess:
    process = _nursery().Process(target=what, args=given, daemon=True)
    process.start()
    return WarmProcess(process)


def _command_line(
    words: tuple[str, ...], environment: dict[str, str], said: Path, log: Path
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    _speak_into(said, log)
    sys.argv = ["bot", *words]
    import_module("bot.cli").main()


def _work(work: Callable[..., None], given: tuple[object, ...], said: Path, log: Path) -> None:
    _speak_into(said, log)
    work(*given)


def _speak_into(said: Path, log: Path) -> None:
    """Let the process's own two streams go into files, whoever writes to them."""
    for number, file in ((1, said), (2, log)):
        opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
