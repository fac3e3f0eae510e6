"""The market's control: a small loopback server by which the demo's page moves the replay's clock."""

from __future__ import annotations

import hmac
from datetime import date, datetime

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.bootstrap import replay_range
from bot.runtime import Runtime
from bot.work import Worker
from core.application.advance_market import (
    Advanced,
    advance_market,
    advance_month,
    advance_session,
    set_speed,
)
from core.domain.refusals import Refusal
from core.domain.session import NEW_YORK
from core.ports.store import MarketRow

TOKEN_HEADER = "X-Evenkeel-Control"  # noqa: S105 - a header's name
FASTEST = 600.0


class MarketControl:
    """Looks at the replay's clock and moves it; every call needs the token."""

    def __init__(self, runtime: Runtime, worker: Worker, token: str) -> None:
        self._runtime = runtime
        self._worker = worker
        self._token = token
        self._range = replay_range()
        self._stopped_for: str | None = None
        self._pauses_at_news = False

    def application(self) -> web.Application:
        """The server's routes."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/market", self._look)
        app.router.add_post("/market/advance", self._advance)
        app.router.add_post("/market/play", self._play)
        app.router.add_post("/market/pause", self._pause)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return web.json_response({"error": "the control token is missing or wrong"}, status=403)
        try:
            return await handler(request)
        except Refusal as refusal:
            return web.json_response({"error": str(refusal)}, status=409)
        except (ValueError, TypeError, KeyError, OverflowError):
            error = 'expected {"by": "session"}, {"by": "month"} or {"until": "YYYY-MM-DD"}'
            return web.json_response({"error": error}, status=400)

    async def _look(self, _request: web.Request) -> web.Response:
        return await self._answer()

    async def _advance(self, request: web.Request) -> web.Response:
        body = await request.json()
        async with self._worker.lock:
            self._note(await self._walk(body))
        return await self._answer()

    async def _walk(self, body: dict[str, str]) -> Advanced:
        store, market = self._runtime.store, self._runtime.market
        if "until" in body:
            return await advance_market(
                store, market, self._work, until=date.fromisoformat(body["until"])
            )
        if body["by"] == "month":
            return await advance_month(store, market, self._work)
        if body["by"] == "session":
            return await advance_session(store, market, self._work)
        raise ValueError(body["by"])

    async def _work(self) -> bool:
        return (await self._worker.round_within()).has_news

    async def _play(self, request: web.Request) -> web.Response:
        speed = float((await request.json())["sessions_per_minute"])
        if not 0 < speed <= FASTEST:
            raise ValueError(speed)
        self._stopped_for = None
        self._pauses_at_news = True
        await set_speed(self._runtime.store, speed)
        return await self._answer()

    async def _pause(self, _request: web.Request) -> web.Response:
        await set_speed(self._runtime.store, 0)
        return await self._answer()

    def _note(self, advanced: Advanced) -> None:
        self._stopped_for = advanced.stopped_for

    async def step(self) -> None:
        """One session further while playing.

        Playing that a person began pauses at the first news; the operator's own speed (``REPLAY_SPEED``) goes on.
        """
        async with self._worker.lock:
            advanced = await advance_session(self._runtime.store, self._runtime.market, self._work)
        self._note(advanced)
        if advanced.stopped_for == "end" or (advanced.stopped_for and self._pauses_at_news):
            await set_speed(self._runtime.store, 0)

    async def row(self) -> MarketRow | None:
        """The replay's row."""
        async with self._runtime.store.read() as work:
            return await work.log.market()

    async def _answer(self) -> web.Response:
        row = await self.row()
        if row is None:
            return web.json_response({"error": "this market is not a replay"}, status=409)
        first, last = self._range
        return web.json_response(
            {
                "instant": row.instant.isoformat(),
                "session": row.instant.astimezone(NEW_YORK).date().isoformat(),
                "exchange_time": _exchange_time(row.instant),
                "playing": row.sessions_per_minute > 0,
                "sessions_per_minute": row.sessions_per_minute,
                "first": first.isoformat(),
                "last": last.isoformat(),
                "stopped_for": self._stopped_for,
            }
        )


def _exchange_time(instant: datetime) -> str:
    local = instant.astimezone(NEW_YORK)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} ET"
