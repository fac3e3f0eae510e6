"""Puts the sandbox together as one web application."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from bot.sandbox.bot_server import BotServer
from bot.sandbox.guard import guard
from bot.sandbox.market_proxy import MarketProxy
from bot.sandbox.messenger import DOCUMENT_BYTES, Messenger
from bot.sandbox.model import User
from bot.sandbox.page_api import PageApi
from bot.sandbox.people import People

DEFAULT_TOKEN = "7000001:sandbox-token-that-opens-nothing-real"  # noqa: S105 - no secret
DEFAULT_USERNAME = "evenkeel_demo_bot"
_ROOM_FOR_FORMS = 1024 * 1024


class BadToken(ValueError):
    """A bot token that does not look like one."""

    def __init__(self) -> None:
        super().__init__("a bot token is digits, a colon and a secret, such as 7000001:abc")


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How a sandbox is set up; without `state_path` it forgets everything when it stops."""

    token: str = DEFAULT_TOKEN
    bot_username: str = DEFAULT_USERNAME
    bot_name: str = "Evenkeel"
    state_path: Path | None = None
    market_url: str | None = None
    market_token: str = ""

    @property
    def bot(self) -> User:
        """The bot that the token belongs to; BadToken if it is none."""
        matched = re.fullmatch(r"(\d{1,15}):\S+", self.token)
        if matched is None:
            raise BadToken
        return User(int(matched.group(1)), self.bot_name, self.bot_username, None, is_bot=True)


def utc_now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def create_messenger(options: SandboxOptions, now: Callable[[], datetime] = utc_now) -> Messenger:
    """The messenger that the options describe."""
    return Messenger(options.bot, now, options.state_path)


def create_app(options: SandboxOptions, messenger: Messenger | None = None) -> web.Application:
    """The web application: Bot API, page, and the market strip where there is a market."""
    messenger = messenger or create_messenger(options)
    app = web.Application(middlewares=[guard], client_max_size=DOCUMENT_BYTES + _ROOM_FOR_FORMS)
    app.add_routes(BotServer(messenger, options.token).routes())
    page = PageApi(messenger, People(messenger), has_market=options.market_url is not None)
    app.add_routes(page.routes())
    if options.market_url is not None:
        app.add_routes(MarketProxy(options.market_url, options.market_token).routes())

    async def close(_app: web.Application) -> None:
        messenger.close()

    app.on_shutdown.append(close)
    return app
