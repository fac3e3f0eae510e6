"""The chat page and what it asks for: state, a stream of events, and the members' actions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sandbox import page_view
from bot.sandbox.api_errors import ApiError, UnknownToSandbox
from bot.sandbox.bot_server import read_params
from bot.sandbox.messenger import Messenger
from bot.sandbox.model import JsonObject, Message
from bot.sandbox.people import People

STATIC = Path(__file__).parent / "static"
PING_AFTER = 20.0
"""Seconds of silence after which the event stream shows that it lives."""
_NO_STORE = {"Cache-Control": "no-store"}


class PageApi:
    """Everything under `/` that is not the Bot API."""

    def __init__(self, messenger: Messenger, people: People, *, has_market: bool) -> None:
        self._messenger = messenger
        self._people = people
        self._has_market = has_market

    def routes(self) -> list[web.AbstractRouteDef]:
        """Its addresses."""
        return [
            web.get("/", self.page),
            web.static("/static", STATIC),
            web.get("/page/state", self.state),
            web.get("/page/events", self.events),
            web.get("/page/requests", self.requests),
            web.get("/page/answers", self.answers),
            web.get("/page/files/{file_id}/{name}", self.file),
            web.post("/page/upload", self.upload),
            web.post("/page/do/{action}", self.do),
        ]

    async def page(self, _request: web.Request) -> web.FileResponse:
        """The page itself."""
        return web.FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def state(self, _request: web.Request) -> web.Response:
        """All conversations as they stand."""
        view = page_view.state_view(self._messenger.state) | {"market": self._has_market}
        return web.json_response(view, headers=_NO_STORE)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """What happens, as server-sent events."""
        headers = {"Content-Type": "text/event-stream", **_NO_STORE}
        response = web.StreamResponse(headers=headers)
        with self._messenger.events.subscribed() as subscription:
            await response.prepare(request)
            try:
                await response.write(b": connected\nretry: 700\n\n")
                while True:
                    event = await _next_or_ping(subscription.next)
                    if event is None:
                        break
                    await response.write(_as_sse(event))
            except ConnectionError:
                pass
        return response

    async def requests(self, _request: web.Request) -> web.Response:
        """The bot's requests so far."""
        return web.json_response([asdict(each) for each in self._messenger.requests])

    async def answers(self, _request: web.Request) -> web.Response:
        """The bot's answers to taps so far."""
        return web.json_response(
            [
                asdict(each) | {"tap": asdict(each.tap) | {"at": each.tap.at.isoformat()}}
                for each in self._messenger.callbacks.answers
            ]
        )

    async def file(self, request: web.Request) -> web.Response:
        """A photo to show, or a document to save."""
        file = self._messenger.state.files.get(request.match_info["file_id"])
        content = self._messenger.file_bytes.get(file.file_id) if file else None
        if file is None or content is None:
            return web.json_response({"error": "that file is gone"}, status=404)
        headers = {"Cache-Control": "private, max-age=31536000, immutable"}
        if not file.width:
            headers["Content-Disposition"] = "attachment"
        kind = file.mime_type if file.width else "application/octet-stream"
        return web.Response(body=content, content_type=kind, headers=headers)

    async def upload(self, request: web.Request) -> web.Response:
        """A member's photo or document, as a form with user_id, chat_id, caption and file."""
        form = await read_params(request)
        upload = form.files.get("file")
        if upload is None:
            return web.json_response({"error": "the form has no file"}, status=400)
        return self._answered(
            lambda: self._people.send_file(
                form.integer("user_id"), form.integer("chat_id"), upload, form.text("caption")
            )
        )

    async def do(self, request: web.Request) -> web.Response:
        """One member's action; its arguments are the body's fields."""
        action = _ACTIONS.get(request.match_info["action"])
        if action is None:
            known = ", ".join(_ACTIONS)
            return web.json_response({"error": f"expected one of {known}"}, status=404)
        body = await request.json()
        return self._answered(lambda: action(self._people, **body))

    def _answered(self, action: Callable[[], object]) -> web.Response:
        try:
            result = action()
        except ApiError as error:
            return web.json_response({"error": error.description}, status=400)
        except (UnknownToSandbox, TypeError, ValueError, KeyError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"result": self._described(result)})

    def _described(self, result: object) -> object:
        if isinstance(result, Message):
            return page_view.message_view(self._messenger.state, result)
        return getattr(result, "query_id", True)


_ACTIONS: dict[str, Callable[..., object]] = {
    "send_text": People.send_text,
    "press": People.press,
    "edit_text": People.edit_text,
    "delete": People.delete,
    "read": People.read,
    "block": People.block,
    "unblock": People.unblock,
    "add_bot": People.add_bot,
    "remove_bot": People.remove_bot,
    "add_user": People.add_user,
    "add_group": People.add_group,
    "open_topic": People.open_topic,
    "close_topic": People.close_topic,
    "delete_topic": People.delete_topic,
}


async def _next_or_ping(following: Callable[[], Any]) -> JsonObject | None:
    try:
        async with asyncio.timeout(PING_AFTER):
            event: JsonObject | None = await following()
            return event
    except TimeoutError:
        return {"type": "ping"}


def _as_sse(event: JsonObject) -> bytes:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
