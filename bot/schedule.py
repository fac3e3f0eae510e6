"""The alarm clock: APScheduler wakes use cases up; what is due is known by the store alone."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobEvent,
    JobExecutionEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]


def build_alarm(jobs: dict[str, tuple[float, Job]]) -> AsyncIOScheduler:
    """Make the alarm clock: each job by its name, with its interval in seconds.

    Nothing is ever dropped because the loop was busy (``misfire_grace_time=None``), nothing piles up
    (``coalesce``), and the jobs live in memory: a restart begins them anew.
    """
    alarm = AsyncIOScheduler(
        timezone="UTC",
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    for name, (seconds, job) in jobs.items():
        alarm.add_job(job, "interval", seconds=seconds, id=name, name=name)
    alarm.add_listener(_note, EVENT_JOB_MISSED | EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES)
    return alarm


def _note(event: JobEvent) -> None:
    error: Any = event.exception if isinstance(event, JobExecutionEvent) else None
    if error is not None:
        log.error("alarm %s failed", event.job_id, exc_info=error)
    elif event.code == EVENT_JOB_MISSED:
        log.warning("alarm %s came late", event.job_id)
    else:
        log.debug("alarm %s is still at work", event.job_id)
