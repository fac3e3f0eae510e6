"""Side by side: the same for many accounts at once, so that a broker that hangs delays nobody but its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

AT_ONCE = 8
"""For so many accounts things are done at once."""

_Result = TypeVar("_Result")


async def side_by_side(
    jobs: Sequence[Callable[[], Awaitable[_Result]]], at_once: int = AT_ONCE
) -> list[_Result]:
    """Do all of them, so many at once, and return their results in order.

    Where one breaks off, its error is raised and the others are broken off with it; jobs that must not touch one
    another keep their errors to themselves.
    """
    places = asyncio.Semaphore(at_once)

    async def do(job: Callable[[], Awaitable[_Result]]) -> _Result:
        async with places:
            return await job()

    tasks = [asyncio.create_task(do(job)) for job in jobs]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
