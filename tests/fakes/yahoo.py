"""Yahoo Finance on this machine: the shapes of its answers, served over HTTP, and a way to it.

yfinance believes that it speaks to Yahoo's hosts: `session` gives it a `requests` session whose
HTTPS adapter carries every request to this server instead.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import requests
from requests.adapters import HTTPAdapter

CRUMB = "Zc3.crumb/x"
NEW_YORK = {"exchangeTimezoneName": "America/New_York", "timezone": "EDT", "gmtoffset": -14400}


@dataclass
class Listed:
    """One symbol as Yahoo has it; `price` is JSON text, so that NaN can be said too."""

    price: str = "100.25"
    at: int | None = 1583766000
    currency: str | None = "USD"
    minutes: list[str] = field(default_factory=lambda: ["99.5", "100.25"])
    days: dict[date, str] = field(default_factory=dict)
    zone: str = "America/New_York"


@dataclass
class FakeYahoo:
    """What the server knows and how it misbehaves.

    `list_status` and `chart_status` other than 200 are answered instead, with `body`;
    `list_body` replaces the list's text. `spark_status` and `spark_body` are
    the same for sparks. `seen` has host and path of every request.
    """

    listed: dict[str, Listed] = field(default_factory=lambda: {"SPY": Listed()})
    list_status: int = 200
    chart_status: int = 200
    body: str = "<html><body>Too Many Requests</body></html>"
    list_body: str | None = None
    spark_status: int = 200
    spark_body: str | None = None
    hang: threading.Event | None = None
    seen: list[str] = field(default_factory=list)
    queries: list[dict[str, list[str]]] = field(default_factory=list)
    port: int = 0

    def session(self) -> requests.Session:
        """A session whose every request comes here."""
        session = requests.Session()
        session.mount("https://", _Here(self.port))
        return session

    def asked(self, part: str) -> int:
        """How many requests had this in host and path."""
        return sum(part in request for request in self.seen)

    def answer(self, host: str, path: str, query: dict[str, list[str]]) -> tuple[int, str]:
        """Status and text for one request."""
        self.seen.append(host + path)
        if path == "/v1/test/getcrumb":
            return 200, CRUMB
        if path == "/v7/finance/quote":
            return self._list(query)
        if path == "/v7/finance/spark":
            return self._sparks(query)
        if path.startswith("/v8/finance/chart/"):
            return self._chart(unquote(path.rpartition("/")[2]), query)
        return 404, "<html></html>"

    def _list(self, query: dict[str, list[str]]) -> tuple[int, str]:
        self.queries.append(query)
        if self.hang is not None:
            self.hang.wait(30)
        if self.list_status != 200:
            return self.list_status, self.body
        if self.list_body is not None:
            return 200, self.list_body
        if query.get("crumb") != [CRUMB]:
            error = {"code": "Unauthorized", "description": "Invalid Crumb"}
            return 401, json.dumps({"finance": {"result": None, "error": error}})
        asked = query["symbols"][0].split(",")
        records = ",".join(self._record(name) for name in asked if name in self.listed)
        return 200, f'{{"quoteResponse": {{"result": [{records}], "error": null}}}}'

    def _record(self, name: str) -> str:
        listed = self.listed[name]
        record: dict[str, Any] = {"language": "en-US", "quoteType": "ETF", "symbol": name}
        if listed.currency is not None:
            record["currency"] = listed.currency
        if listed.at is not None:
            record["regularMarketTime"] = listed.at
        text = json.dumps({**record, "marketState": "REGULAR", "priceHint": 2})
        return f'{text[:-1]}, "regularMarketPrice": {listed.price}}}' if listed.price else text

    def _sparks(self, query: dict[str, list[str]]) -> tuple[int, str]:
        self.queries.append(query)
        asked = query["symbols"][0].split(",")
        if self.spark_status != 200 or len(asked) > 20:
            return (self.spark_status if self.spark_status != 200 else 400), self.body
        if self.spark_body is not None:
            return 200, self.spark_body
        found = [
            {"symbol": name, "response": [self._result_of_days(name)]}
            for name in asked
            if name in self.listed
        ]
        return 200, json.dumps({"spark": {"result": found, "error": None}})

    def _result_of_days(self, name: str) -> dict[str, Any]:
        """A chart of days: each stands at the exchange's open, as Yahoo has it."""
        listed = self.listed[name]
        zone = ZoneInfo(listed.zone)
        opens = [datetime.combine(day, time(9, 30), zone).timestamp() for day in listed.days]
        closes = [None if text == "null" else float(text) for text in listed.days.values()]
        return self._record_of(listed, name, "1d", [int(at) for at in opens], closes)

    def _chart(self, name: str, query: dict[str, list[str]]) -> tuple[int, str]:
        if self.chart_status != 200:
            return self.chart_status, self.body
        if name not in self.listed:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return 404, json.dumps({"chart": {"result": None, "error": error}})
        is_daily = query.get("interval") == ["1d"] and "range" not in query
        result = self._result_of_days(name) if is_daily else self._result(name)
        return 200, json.dumps({"chart": {"result": [result], "error": None}})

    def _result(self, name: str) -> dict[str, Any]:
        listed = self.listed[name]
        closes = [None if text == "null" else float(text) for text in listed.minutes]
        end = listed.at or 1583766000
        times = [end - 60 * (len(closes) - n) for n in range(len(closes))]
        return self._record_of(listed, name, "1m", times, closes)

    def _record_of(
        self,
        listed: Listed,
        name: str,
        step: str,
        times: list[int],
        closes: list[float | None],
    ) -> dict[str, Any]:
        hours = {"timezone": "EDT", "start": 1583760600, "end": 1583784000, "gmtoffset": -14400}
        return {
            "meta": {
                **NEW_YORK,
                "exchangeTimezoneName": listed.zone,
                "currency": listed.currency,
                "symbol": name,
                "instrumentType": "ETF",
                "firstTradeDate": 728317800,
                "regularMarketTime": listed.at or 1583766000,
                "regularMarketPrice": 100.25,
                "priceHint": 2,
                "currentTradingPeriod": {"pre": hours, "regular": hours, "post": hours},
                "tradingPeriods": [[hours]],
                "dataGranularity": step,
                "range": "1d",
                "validRanges": ["1d", "5d", "1mo"],
            },
            "timestamp": times,
            "indicators": {
                "quote": [
                    dict.fromkeys(("open", "high", "low", "close"), closes)
                    | {"volume": [1000] * len(closes)}
                ]
            },
        }


class _Here(HTTPAdapter):
    """Carries a request for any host to the loopback server, and lets it look as if from there."""

    def __init__(self, port: int) -> None:
        self._port = port
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        url = str(request.url)
        parts = urlsplit(url)
        request.headers["X-Meant-For"] = parts.netloc
        request.url = urlunsplit(("http", f"127.0.0.1:{self._port}", parts.path, parts.query, ""))
        response = super().send(request, *args, **{**kwargs, "proxies": {}})
        request.url = response.url = url
        return response


@contextmanager
def serving(yahoo: FakeYahoo) -> Iterator[FakeYahoo]:
    """Serve a fake Yahoo on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            host = self.headers.get("X-Meant-For", "")
            status, text = yahoo.answer(host, parts.path, parse_qs(parts.query))
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    yahoo.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield yahoo
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
