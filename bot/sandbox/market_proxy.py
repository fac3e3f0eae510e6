"""Passes the page's market strip through to the bot's control server."""

from __future__ import annotations

import json

import aiohttp
from aiohttp import web

LOOK = aiohttp.ClientTimeout(total=5)
WALK = aiohttp.ClientTimeout(total=300)
"""A walk of years, session by session, may take a while."""
TOKEN_HEADER = "X-Evenkeel-Control"  # noqa: S105 - a header's name
_MOVES = {"advance", "play", "pause", "broker"}


class MarketProxy:
    """The strip's calls to `GET /market` and `POST /market/...`, with the control token added."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {TOKEN_HEADER: token}

    def routes(self) -> list[web.AbstractRouteDef]:
        """Its addresses on the page's side."""
        return [
            web.get("/page/market", self.look),
            web.post("/page/market/{move}", self.move),
        ]

    async def look(self, _request: web.Request) -> web.Response:
        """Where the market's clock stands."""
        return await self._forward("GET", "/market", None, LOOK)

    async def move(self, request: web.Request) -> web.Response:
        """Advance, play or pause; or choose what goes wrong at the broker."""
        move = request.match_info["move"]
        if move not in _MOVES:
            return web.json_response({"error": f"the market has no {move}"}, status=404)
        body = await request.json() if request.can_read_body else {}
        return await self._forward("POST", f"/market/{move}", body, WALK)

    async def _forward(
        self, method: str, path: str, body: object, patience: aiohttp.ClientTimeout
    ) -> web.Response:
        try:
            async with (
                aiohttp.ClientSession(timeout=patience, headers=self._headers) as session,
                session.request(method, self._url + path, json=body) as answer,
            ):
                return web.json_response(await _said(answer), status=answer.status)
        except (aiohttp.ClientError, TimeoutError):
            return web.json_response({"error": "the bot is not running"}, status=503)


async def _said(answer: aiohttp.ClientResponse) -> object:
    try:
        return json.loads(await answer.text())
    except ValueError:
        return {"error": f"the bot's market control answered {answer.status} without JSON"}
