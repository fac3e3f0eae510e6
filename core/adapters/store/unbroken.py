"""What is not broken off half-way: a task may be cancelled at any await, a database must not."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Do something to its end even where the task is cancelled meanwhile; the cancellation is raised afterwards.

    A connection that is half opened, or a commit that nobody waits for, would be worse than a moment's delay.
    """
    task = asyncio.ensure_future(work)
    is_cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled:
        task.exception()
        raise asyncio.CancelledError
    return task.result()
