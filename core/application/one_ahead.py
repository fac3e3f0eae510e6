"""One ahead: while an answer is worked on, the next question is under way; and a search for cycles that can wait."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

_Answer = TypeVar("_Answer")


async def one_ahead(
    questions: Iterable[Callable[[], Awaitable[_Answer]]],
) -> AsyncIterator[_Answer]:
    """The answers in order; each question is asked before the answer to the one before it is given."""
    coming: asyncio.Future[_Answer] | None = None
    try:
        for ask in questions:
            asked, coming = coming, asyncio.ensure_future(ask())
            if asked is not None:
                yield await asked
        if coming is not None:
            asked, coming = coming, None
            yield await asked
    finally:
        if coming is not None:
            coming.cancel()
            with suppress(asyncio.CancelledError):
                await coming


@contextmanager
def collected_later() -> Iterator[None]:
    """Put off the search for cycles among very many plain values: it would take as long as making them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
