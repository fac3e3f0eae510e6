"""What the fake Alpaca answers to each path, in earnest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.fakes.alpaca.exchange import Exchange, stamp
from tests.fakes.alpaca.model import ZERO, Account, ApiError
from tests.fakes.alpaca.shapes import (
    account_json,
    asset_json,
    calendar_json,
    clock_json,
    order_json,
    position_json,
    quote_json,
    trade_json,
)

MOST_ORDERS, USUAL_ORDERS = 500, 50
MOST_ACTIVITIES = 100


@dataclass(frozen=True)
class Asked:
    """One authorised request."""

    exchange: Exchange
    account: Account
    parts: dict[str, str]
    query: dict[str, str]
    body: str


Answer = tuple[int, Any]


def _account(asked: Asked) -> Answer:
    asked.exchange.look()
    return 200, account_json(asked.account, asked.exchange.assets)


def _positions(asked: Asked) -> Answer:
    asked.exchange.look()
    held = [a for a in asked.exchange.assets.values() if asked.account.held(a) != ZERO]
    return 200, [position_json(asked.account, asset) for asset in held]


def _position(asked: Asked) -> Answer:
    asset = asked.exchange.asset_of(asked.parts["name"])
    if asset is None or asked.account.held(asset) == ZERO:
        raise ApiError(404, 40410000, "position does not exist")
    return 200, position_json(asked.account, asset)


def _assets(asked: Asked) -> Answer:
    wanted = asked.query.get("status")
    listed = [asset_json(asset) for asset in asked.exchange.assets.values()]
    return 200, [asset for asset in listed if wanted in {None, asset["status"]}]


def _asset(asked: Asked) -> Answer:
    asset = asked.exchange.asset_of(asked.parts["name"])
    if asset is None:
        raise ApiError(404, 40410000, f"asset not found for {asked.parts['name']}")
    return 200, asset_json(asset)


def _clock(asked: Asked) -> Answer:
    return 200, clock_json(asked.exchange.time)


def _calendar(asked: Asked) -> Answer:
    time = asked.exchange.time
    day = date.fromisoformat(asked.query.get("start", time.today().isoformat())[:10])
    last = date.fromisoformat(asked.query.get("end", day.isoformat())[:10])
    days = []
    while day <= last:
        if (session := time.session_on(day)) is not None:
            days.append(calendar_json(*session, time.session_after(day).isoformat()))
        day += timedelta(days=1)
    return 200, days


def _submit(asked: Asked) -> Answer:
    try:
        body = json.loads(asked.body)
    except ValueError:
        raise ApiError(400, 40010000, "request body format is invalid") from None
    return 200, order_json(asked.exchange.submit(asked.account, body))


def _orders(asked: Asked) -> Answer:
    """A page of orders, by status and time of submission."""
    asked.exchange.look()
    query = asked.query
    status = query.get("status", "open")
    orders = [o for o in asked.account.orders if status == "all" or o.is_open == (status == "open")]
    if symbols := query.get("symbols"):
        orders = [o for o in orders if o.asset.symbol in symbols.split(",")]
    if after := query.get("after"):
        orders = [o for o in orders if stamp(o.submitted_at) > after]
    ids = [order.id for order in asked.account.orders]
    if first := query.get("after_order_id"):
        orders = [o for o in orders if ids.index(o.id) > ids.index(first)]
    if query.get("direction", "desc") == "desc":
        orders = orders[::-1]
    limit = min(int(query.get("limit", USUAL_ORDERS)), MOST_ORDERS)
    return 200, [order_json(order) for order in orders[:limit]]


def _order_by_client_id(asked: Asked) -> Answer:
    asked.exchange.look()
    found = asked.exchange.order_by_client_id(asked.account, asked.query.get("client_order_id", ""))
    return 200, order_json(found)


def _order(asked: Asked) -> Answer:
    asked.exchange.look()
    return 200, order_json(asked.exchange.order(asked.account, asked.parts["name"]))


def _cancel(asked: Asked) -> Answer:
    asked.exchange.cancel(asked.account, asked.parts["name"])
    return 204, None


def _activities(asked: Asked) -> Answer:
    """A page of activities, by kind and order."""
    query = asked.query
    kind = asked.parts.get("kind")
    found = [
        activity
        for activity in asked.exchange.visible_activities(asked.account)
        if kind in {None, activity["activity_type"]}
        and (query.get("category") != "non_trade_activity" or activity["activity_type"] != "FILL")
        and query.get("order_id") in {None, activity.get("order_id")}
    ]
    if query.get("direction", "desc") == "desc":
        found.reverse()
    if (token := query.get("page_token")) is not None:
        ids = [activity["id"] for activity in found]
        found = found[len(ids) - ids[::-1].index(token) :]
    size = min(int(query.get("page_size", MOST_ACTIVITIES)), MOST_ACTIVITIES)
    return 200, found[:size]


def _symbols(asked: Asked) -> list[str]:
    if asked.query.get("feed") == "sip":
        raise ApiError(403, 0, "subscription does not permit querying recent SIP data")
    symbols = asked.query.get("symbols", "").split(",")
    for symbol in symbols:
        if re.fullmatch(r"[A-Z][A-Z.]*", symbol) is None:
            raise ApiError(400, 0, f"invalid symbol: {symbol}")
    return [symbol for symbol in symbols if symbol in asked.exchange.assets]


def _snapshots(asked: Asked) -> Answer:
    """Symbols without a price are left out."""
    now = asked.exchange.time.now()
    assets = [asked.exchange.assets[symbol] for symbol in _symbols(asked)]
    return 200, {
        asset.symbol: {
            "latestTrade": trade_json(asset, now),
            "latestQuote": quote_json(asset, now),
        }
        for asset in assets
    }


def _trades(asked: Asked) -> Answer:
    now, assets = asked.exchange.time.now(), asked.exchange.assets
    return 200, {"trades": {s: trade_json(assets[s], now) for s in _symbols(asked)}}


def _quotes(asked: Asked) -> Answer:
    now, assets = asked.exchange.time.now(), asked.exchange.assets
    return 200, {"quotes": {s: quote_json(assets[s], now) for s in _symbols(asked)}}


def _route(method: str, path: str, handler: Callable[[Asked], Answer]) -> Route:
    return method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), handler


Route = tuple[str, re.Pattern[str], Callable[[Asked], Answer]]
ROUTES: tuple[Route, ...] = (
    _route("GET", "/v2/account", _account),
    _route("GET", "/v2/positions", _positions),
    _route("GET", "/v2/positions/{name}", _position),
    _route("GET", "/v2/assets", _assets),
    _route("GET", "/v2/assets/{name}", _asset),
    _route("GET", "/v2/clock", _clock),
    _route("GET", "/v2/calendar", _calendar),
    _route("POST", "/v2/orders", _submit),
    _route("GET", "/v2/orders", _orders),
    _route("GET", "/v2/orders:by_client_order_id", _order_by_client_id),
    _route("GET", "/v2/orders/{name}", _order),
    _route("DELETE", "/v2/orders/{name}", _cancel),
    _route("GET", "/v2/account/activities", _activities),
    _route("GET", "/v2/account/activities/{kind}", _activities),
    _route("GET", "/v2/stocks/snapshots", _snapshots),
    _route("GET", "/v2/stocks/trades/latest", _trades),
    _route("GET", "/v2/stocks/quotes/latest", _quotes),
)
