"""A sandbox in this process, for tests: start it, play the members, look at what the bot did.

async with running_sandbox() as sandbox:
sandbox.send_text(1001, 1001, "/start")
reply = await sandbox.wait_for_message(1001, lambda m: "Welcome" in m.text)
sandbox.press(1001, 1001, reply.message_id, reply.button("Begin").callback_data)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

from aiohttp import web

from bot.sandbox.app import SandboxOptions, create_app, create_messenger, utc_now
from bot.sandbox.callbacks import CallbackAnswer
from bot.sandbox.faults import Faults
from bot.sandbox.guard import NotLoopback, is_loopback
from bot.sandbox.messenger import Messenger
from bot.sandbox.model import Chat, Message
from bot.sandbox.people import People
from bot.sandbox.recorder import RecordedRequest

Found = TypeVar("Found")
_GRACE = 0.5
"""Seconds that open requests get when the server stops."""


class Sandbox(People):
    """A running sandbox: the members' actions, and what came of them."""

    def __init__(self, messenger: Messenger, options: SandboxOptions, origin: str) -> None:
        super().__init__(messenger)
        self.options = options
        self.origin = origin
        """Where it listens, such as `http://127.0.0.1:8765`; the bot adds `/bot<token>`."""

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.options.token

    @property
    def faults(self) -> Faults:
        """Trouble on order."""
        return self._messenger.faults

    @property
    def requests(self) -> list[RecordedRequest]:
        """What the bot asked for so far, in order."""
        return self._messenger.requests

    @property
    def answers(self) -> list[CallbackAnswer]:
        """What the bot answered to taps, in order."""
        return self._messenger.callbacks.answers

    @property
    def pending_updates(self) -> int:
        """Updates that the bot has not confirmed."""
        return self._messenger.updates.pending_count

    @property
    def is_polled(self) -> bool:
        """Whether the bot waits in a long poll right now."""
        return self._messenger.updates.is_polled

    def chat(self, chat_id: int) -> Chat:
        """A conversation."""
        return self._messenger.state.chats[chat_id]

    def messages(self, chat_id: int) -> list[Message]:
        """What stands in a chat now, the oldest first."""
        return list(self.chat(chat_id).messages.values())

    def bot_messages(self, chat_id: int) -> list[Message]:
        """What the bot said there, the oldest first."""
        return [m for m in self.messages(chat_id) if m.sender_id == self._messenger.bot.id]

    def file_bytes(self, message: Message) -> bytes:
        """The photo or document on a message."""
        assert message.attachment is not None, "nothing is attached"  # noqa: S101 - for tests
        content = self._messenger.file_bytes.get(message.attachment.file.file_id)
        assert content is not None, "the file is gone"  # noqa: S101
        return content

    async def wait_for(
        self,
        predicate: Callable[[Sandbox], Found | None],
        timeout: float = 10.0,  # noqa: ASYNC109 - as in asyncio.wait_for
    ) -> Found:
        """What the predicate finds, looked for again whenever something happens.

        TimeoutError, with what was said last, after `timeout` seconds.
        """
        with self._messenger.events.subscribed() as subscription:
            try:
                async with asyncio.timeout(timeout):
                    while not (found := predicate(self)):
                        await subscription.next()
                    return found
            except TimeoutError:
                raise TimeoutError(
                    f"not seen within {timeout} s; last words: {self._last_words()}"
                ) from None

    async def wait_for_message(
        self,
        chat_id: int,
        wanted: Callable[[Message], bool],
        timeout: float = 10.0,  # noqa: ASYNC109 - as in asyncio.wait_for
    ) -> Message:
        """The latest message of the bot in a chat that is wanted, as soon as there is one."""

        def look(sandbox: Sandbox) -> Message | None:
            said = reversed(sandbox.bot_messages(chat_id))
            return next((message for message in said if wanted(message)), None)

        return await self.wait_for(look, timeout)

    def _last_words(self) -> dict[int, list[str]]:
        return {
            chat.id: [message.text for message in list(chat.messages.values())[-3:]]
            for chat in self._messenger.state.chats.values()
        }


@asynccontextmanager
async def running_sandbox(
    options: SandboxOptions | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    now: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Sandbox]:
    """A sandbox that listens for as long as the block runs; port 0 takes a free one."""
    if not is_loopback(host):
        raise NotLoopback(host)
    options = options or SandboxOptions()
    messenger = create_messenger(options, now)
    runner = web.AppRunner(create_app(options, messenger), access_log=None, shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        yield Sandbox(messenger, options, f"http://{shown}:{bound}")
    finally:
        await runner.cleanup()
