"""Drawing: screens with a picture are made beside the event loop, so that taps are answered meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec

from bot.telegram.screen import Screen

Parameters = ParamSpec("Parameters")

_EASEL = ThreadPoolExecutor(max_workers=1, thread_name_prefix="drawing")
"""One picture at a time: the library that draws is not made for more."""


async def drawn(
    view: Callable[Parameters, Screen], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Screen:
    """Make a screen that has a picture."""
    # The easel's thread knows of no reader but the one that is brought along.
    draw = partial(copy_context().run, partial(view, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_EASEL, draw)
