"""The market's control: a small loopback server by which the demo's page moves the clock and troubles the broker."""

from __future__ import annotations

import hmac
from datetime import date, datetime
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.bootstrap import replay_range
from bot.runtime import Runtime
from bot.words.troubles import CHOICES, WELL, trouble_note
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
from core.ports.troubles import Trouble, Troubles

TOKEN_HEADER = "X-Evenkeel-Control"  # noqa: S105 - a header's name
FASTEST = 600.0

_EXPECTED = {
    "advance": '{"by": "session"}, {"by": "month"} or {"until": "YYYY-MM-DD"}',
    "play": f'{{"sessions_per_minute": 60}}, more than 0 and at most {FASTEST:.0f}',
    "broker": f'{{"trouble": ""}} or one of {", ".join(Trouble)}',
}
"""What a call's body must be."""


class MarketControl:
    """Looks at the replay's clock and moves it, and says what the broker does wrong; every call needs the token."""

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
        app.router.add_post("/market/broker", self._trouble)
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
            expected = _EXPECTED.get(request.path.rpartition("/")[2], "a JSON object")
            return web.json_response({"error": f"expected {expected}"}, status=400)

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

    async def _trouble(self, request: web.Request) -> web.Response:
        """Choose what goes wrong at the broker; an order that is under way does not hold the choice up."""
        wanted = (await request.json())["trouble"]
        troubles = self._runtime.troubles
        if troubles is None:
            return web.json_response({"error": "this broker has no troubles"}, status=409)
        troubles.choose(None if wanted == "" else Trouble(wanted))
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
                "broker": _broker(self._runtime.troubles),
            }
        )


def _broker(troubles: Troubles | None) -> dict[str, Any] | None:
    """What the page's choice shows: the chosen trouble, what it comes to, and what there is to choose."""
    if troubles is None:
        return None
    return {
        "trouble": troubles.chosen or "",
        "note": trouble_note(troubles),
        "choices": [["", WELL], *([trouble, words] for trouble, words in CHOICES.items())],
    }


def _exchange_time(instant: datetime) -> str:
    local = instant.astimezone(NEW_YORK)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} ET"
