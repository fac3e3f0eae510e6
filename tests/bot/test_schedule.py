"""The alarm clock drops nothing that came late, and one job's failure is no other's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.schedule import build_alarm

LONG_AGO = datetime.now(UTC) - timedelta(hours=3)
OFTEN = 7200.0
PATIENCE = 10.0


@pytest.mark.fault(68, 69)
async def test_a_job_that_is_hours_late_is_done_once_and_not_dropped() -> None:
    """By its library's default it would be, after one second."""
    done: list[str] = []
    ran = asyncio.Event()

    async def job() -> None:
        done.append("job")
        ran.set()

    alarm = build_alarm({"job": (OFTEN, job)})
    alarm.start(paused=True)
    alarm.get_job("job").modify(next_run_time=LONG_AGO)
    alarm.resume()
    async with asyncio.timeout(PATIENCE):
        await ran.wait()
    alarm.shutdown(wait=False)
    assert done == ["job"]


async def test_a_job_that_fails_is_logged_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran = asyncio.Event()

    async def fail() -> None:
        raise RuntimeError("on purpose")

    async def job() -> None:
        ran.set()

    alarm = build_alarm({"bad": (OFTEN, fail), "good": (OFTEN, job)})
    alarm.start(paused=True)
    for name in ("bad", "good"):
        alarm.get_job(name).modify(next_run_time=LONG_AGO)
    alarm.resume()
    async with asyncio.timeout(PATIENCE):
        await ran.wait()
        while "alarm bad failed" not in caplog.text:  # noqa: ASYNC110 - nothing else tells
            await asyncio.sleep(0)
    alarm.shutdown(wait=False)
