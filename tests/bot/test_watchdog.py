"""A loop that stands still is noticed from outside, with the place where it stands."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from bot.watchdog import watchdog

PATIENCE = 0.02
LONG = 10.0
"""Seconds after which a test has failed instead of waiting on."""


class Heard(logging.Handler):
    """Sets an event when a word is logged, from whatever thread."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.event = threading.Event()
        self._word = word

    def emit(self, record: logging.LogRecord) -> None:
        if self._word in record.getMessage():
            self.event.set()


def stands_still_here(until: threading.Event) -> bool:
    return until.wait(LONG)


@pytest.mark.fault(69)
async def test_a_blocked_loop_is_logged_once_with_its_stack_and_then_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    noticed, goes_on = Heard("stood still"), Heard("goes on")
    logger = logging.getLogger("bot.watchdog")
    for handler in (noticed, goes_on):
        logger.addHandler(handler)
    try:
        async with watchdog(PATIENCE):
            assert stands_still_here(noticed.event)
            assert await asyncio.to_thread(goes_on.event.wait, LONG)
    finally:
        for handler in (noticed, goes_on):
            logger.removeHandler(handler)
    told = [record for record in caplog.records if record.name == "bot.watchdog"]
    assert [record.levelname for record in told] == ["ERROR", "WARNING"]
    assert "stands_still_here" in told[0].getMessage()


async def test_a_loop_that_answers_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    async with watchdog(LONG):
        await asyncio.sleep(0)
    assert [thread.name for thread in threading.enumerate() if thread.name == "watchdog"] == []
    assert caplog.records == []
