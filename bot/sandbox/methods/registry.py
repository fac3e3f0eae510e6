"""Names of methods and the functions that carry them out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.sandbox.messenger import Messenger
from bot.sandbox.methods.params import Params

Method = Callable[[Messenger, Params], Awaitable[object]]
METHODS: dict[str, Method] = {}
"""By name in lower case: the Bot API does not mind the case."""


def bot_method(name: str) -> Callable[[Method], Method]:
    """Register a function under a method's name."""

    def register(function: Method) -> Method:
        METHODS[name.lower()] = function
        return function

    return register
