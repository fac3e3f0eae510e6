"""Alpaca's prices: one request, exact, and each symbol's fault told apart."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.adapters.market_data.alpaca import AlpacaMarketData
from core.adapters.market_data.alpaca.snapshots import read_snapshot
from core.domain.ids import Symbol
from core.domain.quote import PriceFault, PriceFaultKind, Quote, QuoteRules, judge_quotes
from core.domain.refusals import PriceSourceDown, PricesRefused
from tests.fakes.alpaca import faults
from tests.fakes.alpaca.faults import Answer, Fault
from tests.fakes.alpaca.server import FakeAlpaca, serving

SPY, AGG, BRKB = Symbol("SPY"), Symbol("AGG"), Symbol("BRK.B")
SNAPSHOTS = "/v2/stocks/snapshots"
NOW = datetime(2020, 3, 9, 15, 0, tzinfo=UTC)


@dataclass
class Stage:
    server: FakeAlpaca
    source: AlpacaMarketData

    def go_wrong(self, fault: Fault) -> None:
        fault.method, fault.path = "GET", SNAPSHOTS
        self.server.faults.add(fault)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with serving(FakeAlpaca()) as server:
        server.exchange.open_account("key", "secret")
        for symbol, price in ((SPY, "268.21"), (AGG, "115.30"), (BRKB, "201.5")):
            server.exchange.list_asset(symbol, price)
        time = server.exchange.time
        source = AlpacaMarketData("key", "secret", server.origin, time, seconds=2.0)
        yield Stage(server, source)
        await source.close()


async def test_all_symbols_are_asked_for_once_and_of_iex(stage: Stage) -> None:
    batch = await stage.source.quotes([SPY, AGG, BRKB, SPY])
    assert {symbol: str(quote.price) for symbol, quote in batch.quotes.items()} == {
        "SPY": "268.21",
        "AGG": "115.3",
        "BRK.B": "201.5",
    }
    (seen,) = stage.server.seen
    assert (seen.path, seen.query) == (SNAPSHOTS, {"symbols": "SPY,AGG,BRK.B", "feed": "iex"})


@pytest.mark.fault(34)
async def test_a_price_of_two_minutes_ago_is_refused_by_the_rule_of_one(stage: Stage) -> None:
    stage.server.exchange.assets["AGG"].traded_at = NOW - timedelta(minutes=2)
    batch = await stage.source.quotes([SPY, AGG])
    with pytest.raises(PricesRefused) as caught:
        judge_quotes(batch, [SPY, AGG], now=NOW, rules=QuoteRules(stage.source.max_age, "USD"))
    (fault,) = caught.value.faults
    assert isinstance(fault, PriceFault)
    assert (fault.symbol, fault.kind, fault.age_seconds) == (AGG, PriceFaultKind.STALE, 120)


async def test_a_symbol_that_alpaca_cannot_even_read_does_not_spoil_the_others(
    stage: Stage,
) -> None:
    batch = await stage.source.quotes([SPY, Symbol("A1"), AGG, Symbol("B2")])
    assert set(batch.quotes) == {SPY, AGG}
    assert {fault.symbol: fault.kind for fault in batch.faults} == {
        "A1": PriceFaultKind.MISSING,
        "B2": PriceFaultKind.MISSING,
    }


async def test_too_many_such_symbols_end_the_trying(stage: Stage) -> None:
    with pytest.raises(PriceSourceDown, match="invalid symbol"):
        await stage.source.quotes([SPY, *(Symbol(f"A{n}") for n in range(9))])
    assert len(stage.server.seen) == 4


UNUSABLE: dict[str, Callable[[], Fault]] = {
    "500": faults.server_error,
    "502 page": faults.proxy_page,
    "dropped": faults.drop_before_recording,
    "hangs": faults.hang,
    "truncated": faults.truncated,
    "malformed": faults.malformed,
    "null": lambda: faults.malformed("null"),
    "a list": lambda: faults.malformed("[1]"),
    "empty": lambda: faults.malformed(""),
    "not a number": lambda: faults.malformed('{"SPY": {"latestTrade": {"p": NaN}}}'),
    "401": faults.unauthorised,
    "no SIP": lambda: Fault(
        Answer.SAY,
        status=403,
        body='{"message":"subscription does not permit querying recent SIP data"}',
    ),
}


@pytest.mark.fault(19)
@pytest.mark.parametrize("name", UNUSABLE)
async def test_an_unusable_answer_is_the_sources_failure(stage: Stage, name: str) -> None:
    stage.go_wrong(UNUSABLE[name]())
    with pytest.raises(PriceSourceDown) as caught:
        await stage.source.quotes([SPY])
    assert caught.value.source == "alpaca"
    assert caught.value.detail


@pytest.mark.fault(17)
async def test_at_the_limit_it_says_when_to_ask_again(stage: Stage) -> None:
    stage.go_wrong(faults.too_many())
    with pytest.raises(PriceSourceDown) as caught:
        await stage.source.quotes([SPY])
    assert caught.value.retry_after == 60


# --- one snapshot --------------------------------------------------------------------------------


def at(second: int) -> str:
    return f"2020-03-09T14:59:{second:02d}.123456789Z"


def trade(price: str, second: int, **more: Any) -> dict[str, Any]:
    return {"p": Decimal(price), "t": at(second), **more}


def market(bid: str, ask: str, second: int) -> dict[str, Any]:
    return {"bp": Decimal(bid), "ap": Decimal(ask), "t": at(second)}


def price_of(**parts: Any) -> str | PriceFaultKind:
    read = read_snapshot(SPY, parts, "alpaca")
    return str(read.price) if isinstance(read, Quote) else read.kind


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"latestTrade": trade("100.10", 30)}, "100.10"),
        ({"latestTrade": trade("100.10", 30), "latestQuote": market("99", "99.02", 20)}, "100.10"),
        ({"latestTrade": trade("100.10", 30), "latestQuote": market("99", "99.02", 40)}, "99.01"),
        ({"latestTrade": trade("100.10", 30), "latestQuote": market("90", "99", 40)}, "100.10"),
        ({"latestTrade": trade("100.10", 30), "latestQuote": market("0", "99", 40)}, "100.10"),
        ({"latestTrade": trade("100.10", 30), "latestQuote": market("99", "0", 40)}, "100.10"),
        ({"latestTrade": trade("100.10", 30), "latestQuote": market("99.5", "99", 40)}, "100.10"),
        ({"latestQuote": market("99.99", "100.00", 40)}, "99.995"),
        ({"latestTrade": trade("5", 30, u="canceled")}, PriceFaultKind.MISSING),
        ({"latestTrade": None, "latestQuote": None}, PriceFaultKind.MISSING),
        ({}, PriceFaultKind.MISSING),
        ({"latestTrade": {"p": "abc", "t": at(1)}}, PriceFaultKind.SOURCE),
        ({"latestTrade": {"p": 3, "t": "yesterday"}}, PriceFaultKind.SOURCE),
        ({"latestTrade": {"p": 3, "t": "2020-03-09T14:59:00"}}, PriceFaultKind.SOURCE),
        ({"latestTrade": {"p": 3}}, PriceFaultKind.SOURCE),
        ({"latestTrade": {"t": at(1)}}, PriceFaultKind.SOURCE),
    ],
)
def test_the_last_trade_or_a_newer_and_narrow_market(parts: Any, expected: object) -> None:
    assert price_of(**parts) == expected


@pytest.mark.fault(33)
@pytest.mark.parametrize("value", [None, [], "x", 3])
def test_what_is_no_snapshot_is_no_price(value: object) -> None:
    read = read_snapshot(SPY, value, "alpaca")
    assert isinstance(read, PriceFault)
    assert read.kind is PriceFaultKind.MISSING


async def test_times_keep_their_microseconds(stage: Stage) -> None:
    body = json.dumps({"SPY": {"latestTrade": {"p": 1.5, "t": at(30)}}})
    stage.go_wrong(faults.malformed(body))
    quote = (await stage.source.quotes([SPY])).quotes[SPY]
    assert quote.at == datetime(2020, 3, 9, 14, 59, 30, 123456, UTC)
    assert (quote.currency, quote.source) == ("USD", "alpaca")


async def test_only_what_cannot_be_read_is_nothing_at_all(stage: Stage) -> None:
    batch = await stage.source.quotes([Symbol("A1")])
    assert dict(batch.quotes) == {}
    assert [fault.symbol for fault in batch.faults] == ["A1"]


async def test_what_it_says_of_itself(stage: Stage) -> None:
    assert (stage.source.name, stage.source.max_age) == ("alpaca", timedelta(seconds=60))
    assert await stage.source.known_symbols() is None
    assert "secret" not in repr(stage.source)
