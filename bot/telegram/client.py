"""The client: requests to Telegram that are timed, and a bare bot for commands that only say something once."""

from __future__ import annotations

import ssl
import time
from functools import cache
from typing import Any

import httpx
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.metrics import Metrics
from bot.settings import Settings
from core.ports.meter import CallEnd

GOOD = range(200, 300)
LONG_WAIT = "getUpdates"
"""It waits for updates by design: how long it took says nothing."""


CONNECTIONS = 256
"""How many connections a request may have open, as the library has it; the long wait needs one."""


@cache
def _trusted() -> ssl.SSLContext:
    """Whose word every connection takes for who somebody is; the long list is read once a process."""
    return httpx.create_ssl_context()


class TimedRequest(HTTPXRequest):
    """The library's own way of asking Telegram, with every request but the long wait timed."""

    def __init__(self, metrics: Metrics, connections: int = CONNECTIONS) -> None:
        super().__init__(connections, httpx_kwargs={"verify": _trusted()})
        self._metrics = metrics

    async def do_request(self, url: str, *args: Any, **values: Any) -> tuple[int, bytes]:
        """Ask, and note how long it took."""
        method = url.rpartition("/")[2]
        began, end = time.monotonic(), CallEnd.UNAVAILABLE
        try:
            status, content = await super().do_request(url, *args, **values)
            end = CallEnd.OK if status in GOOD else CallEnd.REFUSED
            return status, content
        finally:
            if method != LONG_WAIT:
                self._metrics.telegram_request(method, time.monotonic() - began, end)


def build_bot(settings: Settings, metrics: Metrics | None = None) -> Bot:
    """Make a client for ``async with``; ValueError without a token."""
    if settings.telegram_bot_token is None:
        message = "TELEGRAM_BOT_TOKEN is not set"
        raise ValueError(message)
    origin, metrics = settings.telegram_api_base_url, metrics or Metrics()
    return Bot(
        settings.telegram_bot_token.get_secret_value(),
        base_url=f"{origin}/bot",
        base_file_url=f"{origin}/file/bot",
        request=TimedRequest(metrics),
        get_updates_request=TimedRequest(metrics, connections=1),
    )


def username_of(bot: Bot) -> str | None:
    """The bot's name, once Telegram has said it."""
    try:
        return bot.username
    except RuntimeError:
        return None
