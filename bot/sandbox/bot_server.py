"""The Bot API over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`."""

from __future__ import annotations

import hmac
import json

from aiohttp import BodyPartReader, web

from bot.sandbox.api_errors import ApiError, BadRequest, MethodNotFound, Unauthorized
from bot.sandbox.messenger import Messenger
from bot.sandbox.methods import METHODS
from bot.sandbox.methods.params import Params
from bot.sandbox.model import JsonObject, Upload
from bot.sandbox.recorder import RecordedRequest

_WORDS = {"text", "caption", "description", "short_description"}
"""Parameters that are words even where they look like JSON."""
_PROXY_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class BotServer:
    """Answers the bot as api.telegram.org does, trouble included."""

    def __init__(self, messenger: Messenger, token: str) -> None:
        self._messenger = messenger
        self._token = token

    def routes(self) -> list[web.AbstractRouteDef]:
        """Its addresses."""
        return [
            web.route("*", "/bot{token:[^/]+}/{method}", self.call),
            web.get("/file/bot{token:[^/]+}/{path:.+}", self.download),
        ]

    async def call(self, request: web.Request) -> web.Response:
        """Carry out one method."""
        if self._messenger.faults.outage_status is not None:
            return self._outage(request)
        method = request.match_info["method"]
        try:
            self._check_token(request)
            result = await self._run(method, await read_params(request))
        except ApiError as error:
            return _dropped_or(self._messenger, request, method, _refusal(error))
        answer = web.json_response({"ok": True, "result": result})
        return _dropped_or(self._messenger, request, method, answer)

    async def download(self, request: web.Request) -> web.Response:
        """Serve a file that getFile named."""
        try:
            self._check_token(request)
        except ApiError as error:
            return _refusal(error)
        for file in self._messenger.state.files.values():
            if file.path == request.match_info["path"]:
                content = self._messenger.file_bytes.get(file.file_id)
                if content is not None:
                    return web.Response(body=content, content_type="application/octet-stream")
        return _refusal(ApiError(404, "Not Found: file not found"))

    async def _run(self, method: str, params: Params) -> object:
        refusal: ApiError | None = None
        try:
            scripted = self._messenger.faults.take_failure(method.lower())
            if scripted is not None:
                raise scripted
            function = METHODS.get(method.lower())
            if function is None:
                raise MethodNotFound
            return await function(self._messenger, params)
        except ApiError as error:
            refusal = error
            raise
        finally:
            self._messenger.recorded(
                RecordedRequest(
                    method,
                    {name: _decoded(name, value) for name, value in params.values.items()},
                    tuple(params.files),
                    refusal.description if refusal else None,
                )
            )

    def _check_token(self, request: web.Request) -> None:
        if not hmac.compare_digest(request.match_info["token"].encode(), self._token.encode()):
            raise Unauthorized

    def _outage(self, request: web.Request) -> web.Response:
        status = self._messenger.faults.outage_status
        if not status:
            return hang_up(request)
        page = _PROXY_PAGE.format(f"{status} Bad Gateway")
        return web.Response(status=status, text=page, content_type="text/html")


def _dropped_or(
    messenger: Messenger, request: web.Request, method: str, answer: web.Response
) -> web.Response:
    """The answer, unless a fault swallows it or the line went dead meanwhile."""
    if messenger.faults.outage_status is not None or messenger.faults.take_drop(method.lower()):
        return hang_up(request)
    return answer


def hang_up(request: web.Request) -> web.Response:
    """Close the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _refusal(error: ApiError) -> web.Response:
    return web.json_response(error.body(), status=error.code)


async def read_params(request: web.Request) -> Params:
    """Parameters from the query and a JSON, form or multipart body."""
    values: JsonObject = dict(request.query)
    files: dict[str, Upload] = {}
    if request.content_type == "application/json":
        values |= await _json_body(request)
    elif request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader):
                await _read_part(part, values, files)
    elif request.content_type == "application/x-www-form-urlencoded":
        values |= dict((await request.post()).items())
    return Params(values, files)


async def _json_body(request: web.Request) -> JsonObject:
    text = await request.text()
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise BadRequest("can't parse JSON object")
    return body


async def _read_part(part: BodyPartReader, values: JsonObject, files: dict[str, Upload]) -> None:
    name = part.name or ""
    if part.filename is None:
        values[name] = await part.text()
        return
    mime_type = part.headers.get("Content-Type", "application/octet-stream")
    files[name] = Upload(part.filename, mime_type, bytes(await part.read()))


def _decoded(name: str, value: object) -> object:
    """A parameter as the bot meant it: what was sent as JSON text is parsed."""
    if isinstance(value, str) and value[:1] in {"{", "["} and name not in _WORDS:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
