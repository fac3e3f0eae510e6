"""The fake Alpaca over real HTTP: the trading and the data interface on one port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web

from tests.fakes.alpaca.exchange import Exchange
from tests.fakes.alpaca.faults import Answer, Fault, Faults
from tests.fakes.alpaca.model import Account, ApiError
from tests.fakes.alpaca.routes import ROUTES, Asked

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
REQUESTS_A_MINUTE = 200


@dataclass(frozen=True)
class Seen:
    """One request that arrived, and what was answered in earnest (before any scripted fault)."""

    method: str
    path: str
    query: dict[str, str]
    body: str
    status: int | None = None
    answer: Any = None


@dataclass
class FakeAlpaca:
    """The server; `seen` has every request, `faults` what is to go wrong."""

    exchange: Exchange = field(default_factory=Exchange)
    requests_a_minute: int = REQUESTS_A_MINUTE
    faults: Faults = field(default_factory=Faults)
    seen: list[Seen] = field(default_factory=list)
    origin: str = ""
    _used: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def orders(self) -> list[Any]:
        """Every order that the broker really has, of all accounts."""
        return [order for account in self.exchange.accounts for order in account.orders]

    def asked(self, method: str, path: str) -> list[Seen]:
        """The requests with this method and path."""
        return [seen for seen in self.seen if (seen.method, seen.path) == (method, path)]

    def app(self) -> web.Application:
        """The web application."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        fault = self.faults.take(request.method, request.path)
        if fault is not None and not fault.takes:
            self.seen.append(Seen(request.method, request.path, dict(request.query), body))
            return await self._spoil(request, fault, None)
        status, answer, headers = self._answer(request, body, fault)
        self.seen.append(
            Seen(request.method, request.path, dict(request.query), body, status, answer)
        )
        text = "" if answer is None else json.dumps(answer)
        response = web.Response(
            status=status, text=text, content_type="application/json", headers=headers
        )
        return response if fault is None else await self._spoil(request, fault, response)

    def _answer(
        self, request: web.Request, body: str, fault: Fault | None
    ) -> tuple[int, Any, dict[str, str]]:
        """Do what is asked: status, JSON and headers."""
        headers: dict[str, str] = {}
        try:
            account = self._account(request)
            headers = self._count(account)
            status, answer = self._route(request, account, body, fault)
        except ApiError as error:
            return error.status, error.body, headers
        return status, answer, headers

    def _account(self, request: web.Request) -> Account:
        keys = (
            request.headers.get("APCA-API-KEY-ID"),
            request.headers.get("APCA-API-SECRET-KEY"),
        )
        for account in self.exchange.accounts:
            if (account.key, account.secret) == keys:
                return account
        raise ApiError(401, 40110000, "request is not authorized")

    def _count(self, account: Account) -> dict[str, str]:
        """Use up one request of this minute; raises ApiError."""
        now = self.exchange.time.now()
        minute = int(now.timestamp()) // 60
        used = self._used[account.key, minute] = self._used.get((account.key, minute), 0) + 1
        headers = {
            "X-RateLimit-Limit": str(self.requests_a_minute),
            "X-RateLimit-Remaining": str(max(self.requests_a_minute - used, 0)),
            "X-RateLimit-Reset": str((minute + 1) * 60),
        }
        if used > self.requests_a_minute:
            raise ApiError(429, 42910000, "rate limit exceeded")
        return headers

    def _route(
        self, request: web.Request, account: Account, body: str, fault: Fault | None
    ) -> tuple[int, Any]:
        for method, pattern, handler in ROUTES:
            match = pattern.fullmatch(request.path)
            if method == request.method and match is not None:
                asked = Asked(self.exchange, account, match.groupdict(), dict(request.query), body)
                status, answer = handler(asked)
                if fault is not None and fault.hidden_looks and account.orders:
                    account.orders[-1].hidden_looks = fault.hidden_looks
                return status, answer
        raise ApiError(404, 40410000, "endpoint not found")

    async def _spoil(
        self, request: web.Request, fault: Fault, response: web.Response | None
    ) -> web.StreamResponse:
        match fault.answer:
            case Answer.SAY:
                return web.Response(
                    status=fault.status,
                    text=fault.body,
                    content_type=fault.content_type,
                    headers=fault.headers,
                )
            case Answer.REWRITE if response is not None and fault.rewrite is not None:
                changed = fault.rewrite(json.loads(response.text or "null"))
                return web.json_response(changed, status=response.status)
            case Answer.TRUNCATE if response is not None:
                return await _half(request, response)
            case Answer.HANG:
                with suppress(TimeoutError):
                    async with asyncio.timeout(fault.seconds):
                        await self.faults.ended.wait()
        return _hang_up(request)


async def _half(request: web.Request, response: web.Response) -> web.StreamResponse:
    text = (response.text or "").encode()
    half = web.StreamResponse(status=response.status, headers={"Content-Length": str(len(text))})
    half.content_type = "application/json"
    await half.prepare(request)
    await half.write(text[: len(text) // 2])
    if request.transport is not None:
        request.transport.close()
    return half


def _hang_up(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serving(alpaca: FakeAlpaca, *, port: int = 0) -> AsyncIterator[FakeAlpaca]:
    """Serve a fake Alpaca on a port of 127.0.0.1, by default any free one."""
    runner = web.AppRunner(alpaca.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        alpaca.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield alpaca
    finally:
        alpaca.faults.ended.set()
        await runner.cleanup()


async def run_life(alpaca: FakeAlpaca, every: timedelta) -> None:
    """For rehearsals: let orders live on by themselves, whether somebody looks or not."""
    while True:
        await asyncio.sleep(every.total_seconds())
        alpaca.exchange.tick()
