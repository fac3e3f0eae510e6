"""The same as `driver`, for a sandbox in another process, over HTTP."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp

from bot.sandbox.guard import PAGE_HEADER
from bot.sandbox.model import JsonObject

Found = TypeVar("Found")


class SandboxRefused(RuntimeError):
    """The sandbox did not do what was asked."""


class SandboxClient:
    """Plays the members of a running sandbox; messages are Bot API objects."""

    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self._session = session
        self.origin = origin

    async def send_text(
        self, user_id: int, chat_id: int, text: str, reply_to: int | None = None
    ) -> JsonObject:
        """Say something; the message is returned."""
        said: JsonObject = await self.do(
            "send_text", user_id=user_id, chat_id=chat_id, text=text, reply_to=reply_to
        )
        return said

    async def press(self, user_id: int, chat_id: int, message_id: int, callback_data: str) -> str:
        """Tap an inline button; the query's id is returned."""
        query_id: str = await self.do(
            "press",
            user_id=user_id,
            chat_id=chat_id,
            message_id=message_id,
            callback_data=callback_data,
        )
        return query_id

    async def do(self, action: str, **arguments: object) -> Any:
        """Any member's action by its name in `People`."""
        async with self._session.post(
            f"{self.origin}/page/do/{action}", json=arguments, headers={PAGE_HEADER: "1"}
        ) as answer:
            body = await answer.json()
        if "error" in body:
            raise SandboxRefused(body["error"])
        return body["result"]

    async def state(self) -> JsonObject:
        """All that the page shows."""
        state: JsonObject = await self._get("state")
        return state

    async def messages(self, chat_id: int) -> list[JsonObject]:
        """What stands in a chat now, the oldest first."""
        for chat in (await self.state())["chats"]:
            if chat["id"] == chat_id:
                messages: list[JsonObject] = chat["messages"]
                return messages
        raise SandboxRefused(f"there is no chat {chat_id}")

    async def requests(self) -> list[JsonObject]:
        """What the bot asked for so far, in order."""
        requests: list[JsonObject] = await self._get("requests")
        return requests

    async def answers(self) -> list[JsonObject]:
        """What the bot answered to taps, in order."""
        answers: list[JsonObject] = await self._get("answers")
        return answers

    async def wait_for_message(
        self,
        chat_id: int,
        wanted: Callable[[JsonObject], bool],
        timeout: float = 10.0,  # noqa: ASYNC109 - as in asyncio.wait_for
    ) -> JsonObject:
        """The latest message in a chat that is wanted, as soon as there is one."""

        def look(state: JsonObject) -> JsonObject | None:
            chat = next(each for each in state["chats"] if each["id"] == chat_id)
            return next((each for each in reversed(chat["messages"]) if wanted(each)), None)

        return await self.wait_for(look, timeout)

    async def wait_for(
        self,
        predicate: Callable[[JsonObject], Found | None],
        timeout: float = 10.0,  # noqa: ASYNC109 - as in asyncio.wait_for
    ) -> Found:
        """What the predicate finds in `state()`, looked for again whenever something happens."""
        async with (
            asyncio.timeout(timeout),
            self._session.get(
                f"{self.origin}/page/events", timeout=aiohttp.ClientTimeout(total=None)
            ) as stream,
        ):
            async for _ in _events(stream):
                if found := predicate(await self.state()):
                    return found
        raise SandboxRefused("the sandbox stopped")

    async def _get(self, what: str) -> Any:
        async with self._session.get(f"{self.origin}/page/{what}") as answer:
            return await answer.json()


async def _events(stream: aiohttp.ClientResponse) -> AsyncIterator[JsonObject]:
    """One event at once (connected), then those that come."""
    async for line in stream.content:
        if line.startswith(b": connected"):
            yield {"type": "connected"}
        elif line.startswith(b"data: "):
            event: JsonObject = json.loads(line.removeprefix(b"data: "))
            yield event


@asynccontextmanager
async def sandbox_client(origin: str) -> AsyncIterator[SandboxClient]:
    """A client of the sandbox at an origin such as `http://127.0.0.1:8765`."""
    async with aiohttp.ClientSession() as session:
        yield SandboxClient(session, origin)


@asynccontextmanager
async def sandbox_process(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A sandbox in a process of its own, on a free port: the process and its origin."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.sandbox",
        "--port",
        "0",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process, await _ready_origin(process)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def _ready_origin(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    line = (await process.stdout.readline()).decode()
    if not line.startswith("sandbox ready on "):
        raise SandboxRefused(f"the sandbox did not start, it said {line!r}")
    return line.split()[-1]
