"""Receivers on loopback: a web address and a mail server that remember what came."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.smtp import SMTP


@dataclass
class Hook:
    """A web address; ``status`` is what it answers, ``hangs`` lets it not answer at all."""

    came: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    status: int = 200
    location: str = ""
    hangs: asyncio.Event | None = None
    host: str = ""

    @property
    def address(self) -> str:
        """The address of a member's channel."""
        return f"json://{self.host}/hook"

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.hangs is not None:
            await self.hangs.wait()
        if self.status == 200:
            self.came.append(await request.json())
        headers = {"Location": self.location} if self.location else None
        return web.Response(status=self.status, headers=headers)


@asynccontextmanager
async def hook() -> AsyncIterator[Hook]:
    """A web address for as long as the block runs."""
    made = Hook()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", made.answer)
    async with TestServer(application) as server:
        made.host = f"127.0.0.1:{server.port}"
        try:
            yield made
        finally:
            if made.hangs is not None:
                made.hangs.set()


@dataclass
class Mailbox:
    """A mail server's handler."""

    came: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.came.append(message)
        return "250 OK"


@asynccontextmanager
async def mailbox() -> AsyncIterator[tuple[Mailbox, str]]:
    """A mail server on loopback, and the address of a channel to it."""
    box = Mailbox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(box, hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    try:
        yield (
            box,
            f"mailto://127.0.0.1:{port}?from=bot@example.org&to=anna@example.org&mode=insecure",
        )
    finally:
        server.close()
        await server.wait_closed()
