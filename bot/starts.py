"""The record of starts: after several quick deaths in a row, a process starts with everything paused.

A process that is killed again and again, for want of memory or by a defect, must not trade in between.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from bot.runtime import Runtime
from bot.words.faults import fault_sentence
from core.application.stop_all import stop_after_crashes
from core.ports.clock import Clock

log = logging.getLogger(__name__)

STARTS_FILE = "starts"
TOO_MANY = 3
"""So many quick deaths in a row, and the next start is a paused one."""

YOUNG = timedelta(minutes=10)
"""A process that lived longer has not died quickly."""

TOGETHER = timedelta(hours=1)
"""Starts further back than this have nothing to do with the present trouble."""


class Starts:
    """The starts of processes whose lives were short and whose ends nobody saw, in a file of the data folder."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = folder / STARTS_FILE
        self._clock = clock
        self._began = clock.monotonic()

    def note(self) -> int:
        """Note this process's start; returns how many before it ended abruptly while they were young."""
        now = self._clock.now()
        before = [at for at in self._read() if timedelta(0) <= now - at < TOGETHER]
        self._write([*before, now])
        return len(before)

    def forget_if_grown(self) -> None:
        """Forget them once this process has lived long enough; called now and then."""
        if self._clock.monotonic() - self._began >= YOUNG.total_seconds():
            self.forget()

    def forget(self) -> None:
        """Begin the record anew: this process ends in an orderly way, or has grown old."""
        self._file.unlink(missing_ok=True)

    def _read(self) -> list[datetime]:
        try:
            lines = self._file.read_text("ascii", errors="replace").splitlines()
        except OSError:
            return []
        found = []
        for line in lines:
            with suppress(ValueError):
                found.append(datetime.fromisoformat(line))
        return [at for at in found if at.tzinfo is not None]

    def _write(self, starts: list[datetime]) -> None:
        try:
            self._file.write_text("".join(f"{at.isoformat()}\n" for at in starts), "ascii")
        except OSError as error:
            log.warning("the start could not be noted: %s", error)


@asynccontextmanager
async def recorded_start(runtime: Runtime) -> AsyncIterator[Starts]:
    """A start with its end in the record: what ends in order, or with a sentence for people, is no crash."""
    starts = Starts(runtime.settings.data_dir, runtime.clock)
    crashes = starts.note()
    if crashes >= TOO_MANY:
        paused = await stop_after_crashes(runtime.store, runtime.clock)
        log.error(
            "the last %s starts ended abruptly; %s portfolios are paused until an owner resumes",
            crashes,
            paused,
        )
    try:
        yield starts
    except Exception as error:
        if fault_sentence(error) is not None:
            starts.forget()
        raise
    starts.forget()
