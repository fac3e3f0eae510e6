"""The fake Alpaca as a process of its own, for rehearsals: `python -m tests.fakes.alpaca --port 9090`.

`POST /control` with JSON moves it (and needs no keys): `{"price": {"SPY": "90"}}`, `{"now":
"2026-03-09T15:00:00Z"}`, `{"advance": 3600}`, `{"fault": "accept_then_drop"}` (optionally with
`"times"`, `"method"`, `"path"`), `{"clear": true}`, `{"split": ["SPY", "10"]}`, `{"rename": ["FB",
"META"]}`, `{"reset": true}`. `GET /control` says what it has.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from aiohttp import web

from tests.fakes.alpaca.exchange import Exchange
from tests.fakes.alpaca.faults import BY_NAME
from tests.fakes.alpaca.market import ExchangeTime
from tests.fakes.alpaca.server import FakeAlpaca, run_life, serving
from tests.fakes.alpaca.shapes import account_json, order_json

DEFAULT_PRICES = {
    "SPY": "500.00",
    "VTI": "287.14",
    "BND": "73.43",
    "AGG": "100.00",
    "BRK.B": "412.30",
}


class Rehearsal(FakeAlpaca):
    """A fake Alpaca that can be moved from outside."""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/control", self._report)
        app.router.add_post("/control", self._control)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _report(self, request: web.Request) -> web.Response:
        exchange = self.exchange
        return web.json_response(
            {
                "now": exchange.time.now().isoformat(),
                "is_open": exchange.time.is_open,
                "prices": {symbol: str(a.price) for symbol, a in exchange.assets.items()},
                "accounts": [account_json(a, exchange.assets) for a in exchange.accounts],
                "orders": [order_json(order) for order in self.orders],
                "requests": len(self.seen),
            }
        )

    async def _control(self, request: web.Request) -> web.Response:
        asked: dict[str, Any] = await request.json()
        try:
            for name, value in asked.items():
                if name not in {"times", "method", "path"}:
                    self._do(name, value, asked)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return await self._report(request)

    def _do(self, name: str, value: Any, asked: dict[str, Any]) -> None:  # noqa: C901 - a list
        exchange = self.exchange
        match name:
            case "price":
                for symbol, price in value.items():
                    if symbol in exchange.assets:
                        exchange.set_price(symbol, str(price))
                    else:
                        exchange.list_asset(symbol, str(price))
            case "now":
                exchange.time.set(datetime.fromisoformat(value))
            case "advance":
                exchange.time.advance(timedelta(seconds=float(value)))
            case "fault":
                where = {k: asked[k] for k in ("times", "method", "path") if k in asked}
                self.faults.add(BY_NAME[value](**where))
            case "clear":
                self.faults.clear()
            case "split":
                exchange.split(*value)
            case "rename":
                exchange.rename(*value)
            case "reset":
                exchange.reset(exchange.accounts[0])
            case _:
                raise ValueError(f"there is no “{name}” to move")


def made(
    *, cash: str, prices: dict[str, str], keys: tuple[str, str], margin: bool, time: ExchangeTime
) -> Rehearsal:
    """A rehearsal with one account."""
    exchange = Exchange(time)
    exchange.ticks_on_look = False
    for symbol, price in prices.items():
        exchange.list_asset(symbol, price)
    exchange.open_account(*keys, cash=cash, multiplier=4 if margin else 1)
    return Rehearsal(exchange)


async def serve(alpaca: Rehearsal, port: int, every: float) -> None:
    """Serve until stopped."""
    async with serving(alpaca, port=port):
        click.echo(f"fake Alpaca on {alpaca.origin} (ALPACA_BASE_URL and ALPACA_DATA_URL)")
        await run_life(alpaca, timedelta(seconds=every))


@click.command()
@click.option("--port", default=9090, show_default=True, help="0: any free one.")
@click.option("--cash", default="100000", show_default=True)
@click.option("--price", "prices", multiple=True, help="Such as SPY=500; may be repeated.")
@click.option("--key", default="PKFAKE", show_default=True)
@click.option("--secret", default="fake-secret", show_default=True)
@click.option("--margin", is_flag=True, help="An account with margin, as Alpaca's paper accounts.")
@click.option("--now", "instant", help="Stand at this time instead of running with the machine's.")
@click.option("--real-hours", is_flag=True, help="Close outside the exchange's hours.")
@click.option("--every", default=0.3, show_default=True, help="Seconds between steps of an order.")
def main(
    port: int,
    cash: str,
    prices: tuple[str, ...],
    key: str,
    secret: str,
    margin: bool,
    instant: str | None,
    real_hours: bool,
    every: float,
) -> None:
    """Serve a fake Alpaca on 127.0.0.1."""
    start = datetime.fromisoformat(instant) if instant else datetime.now(UTC)
    time = ExchangeTime(start, is_running=instant is None, always_open=not real_hours)
    listed = dict(item.split("=", 1) for item in prices) or DEFAULT_PRICES
    alpaca = made(cash=cash, prices=listed, keys=(key, secret), margin=margin, time=time)
    asyncio.run(serve(alpaca, port, every))


if __name__ == "__main__":
    main()
