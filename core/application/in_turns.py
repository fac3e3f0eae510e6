"""In turns: a long walk over many portfolios lets everybody else have a turn now and then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")


async def in_turns(items: Iterable[_Item], count: int) -> AsyncIterator[_Item]:
    """Go through them, and let everybody else have a turn after every few."""
    for number, item in enumerate(items):
        if number % count == 0:
            await asyncio.sleep(0)
        yield item
