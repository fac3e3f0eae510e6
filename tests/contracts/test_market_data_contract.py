"""What every price source must do, whatever it asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest

from core.adapters.brokers.manual import PricesByHand
from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.market_data.alpaca import AlpacaMarketData
from core.adapters.market_data.history import load_history
from core.adapters.market_data.keyed import KeyedPrices
from core.adapters.market_data.replay import ReplayMarketData
from core.adapters.market_data.yahoo import YahooMarketData
from core.domain.book import TypedPrice
from core.domain.ids import Symbol
from core.domain.quote import PriceFaultKind, Proxy, QuoteRules, judge_quotes
from core.domain.refusals import PricesRefused
from core.ports.broker_keys import BrokerKeys
from core.ports.clock import Clock
from core.ports.market_data import MarketData
from tests.fakes.alpaca.server import FakeAlpaca
from tests.fakes.alpaca.server import serving as serving_alpaca
from tests.fakes.clock import MONDAY_ELEVEN, FakeMarketClock
from tests.fakes.key_ring import FakeKeyRing
from tests.fakes.market_data import FakeMarketData
from tests.fakes.yahoo import FakeYahoo, Listed, serving

UNKNOWN = Symbol("NOSUCH")


@dataclass(frozen=True)
class Case:
    """A source, the instant at which its market stands, and prices that it must give then."""

    source: MarketData
    now: datetime
    prices: dict[Symbol, Decimal]


@asynccontextmanager
async def replay() -> AsyncIterator[Case]:
    history = load_history()
    source = ReplayMarketData(history, ReplayCalendar(history.sessions), FakeMarketClock())
    place = history.sessions.index(MONDAY_ELEVEN.date())
    prices = {Symbol(s): history.closes[s][place] for s in ("MTUM", "AAPL")}
    yield Case(source, MONDAY_ELEVEN, prices)


@asynccontextmanager
async def fake() -> AsyncIterator[Case]:
    prices = {Symbol("MTUM"): Decimal("101.25"), Symbol("BRK.B"): Decimal("0.1")}
    source = FakeMarketData({str(s): p for s, p in prices.items()})
    yield Case(source, MONDAY_ELEVEN, prices)


@asynccontextmanager
async def yahoo() -> AsyncIterator[Case]:
    at = int(MONDAY_ELEVEN.timestamp())
    listed = {"MTUM": Listed("101.25", at), "BRK-B": Listed("412.3", at), "SPY": Listed(at=at)}
    with serving(FakeYahoo(listed)) as server:
        source = YahooMarketData(new_session=server.session)
        prices = {Symbol("MTUM"): Decimal("101.25"), Symbol("BRK.B"): Decimal("412.3")}
        yield Case(source, MONDAY_ELEVEN, prices)


def _keyed(origin: str, clock: Clock) -> KeyedPrices:
    """The source as a bot has it whose keys are kept in the store."""
    keys = BrokerKeys("key", "secret", origin, is_live=False)
    ring = FakeKeyRing({"PA3FAKE0001": keys})

    def open_source(found: BrokerKeys) -> AlpacaMarketData:
        return AlpacaMarketData(found.key, found.secret, found.origin, clock)

    return KeyedPrices(keys, ring.any_keys, open_source)


@asynccontextmanager
async def alpaca(*, is_keyed: bool = False) -> AsyncIterator[Case]:
    prices = {Symbol("MTUM"): Decimal("101.25"), Symbol("BRK.B"): Decimal("412.3")}
    async with serving_alpaca(FakeAlpaca()) as server:
        exchange = server.exchange
        exchange.open_account("key", "secret")
        for symbol, price in prices.items():
            exchange.list_asset(symbol, price)
        source = (
            _keyed(server.origin, exchange.time)
            if is_keyed
            else AlpacaMarketData("key", "secret", server.origin, exchange.time)
        )
        try:
            yield Case(source, MONDAY_ELEVEN, prices)
        finally:
            await source.close()


@asynccontextmanager
async def by_hand() -> AsyncIterator[Case]:
    """A source whose gaps are filled by what people typed: as typed, and moved like another symbol."""
    mtum = Symbol("MTUM")
    until = MONDAY_ELEVEN + timedelta(days=7)
    words = (
        TypedPrice(Symbol("PLAIN"), Decimal("12.34"), MONDAY_ELEVEN, until),
        TypedPrice(
            Symbol("MOVED"), Decimal(10), MONDAY_ELEVEN, until, Proxy(mtum, Decimal("50.625"))
        ),
    )

    async def typed() -> tuple[TypedPrice, ...]:
        return words

    source = PricesByHand(FakeMarketData({"MTUM": "101.25", "BRK.B": "0.1"}), typed)
    batch = await source.quotes([Symbol("PLAIN"), Symbol("MOVED")])
    assert [quote.price for quote in batch.quotes.values()] == [Decimal("12.34"), Decimal(20)]
    yield Case(source, MONDAY_ELEVEN, {mtum: Decimal("101.25"), Symbol("BRK.B"): Decimal("0.1")})


SOURCES: dict[str, Callable[[], AbstractAsyncContextManager[Case]]] = {
    "replay": replay,
    "fake": fake,
    "yahoo": yahoo,
    "alpaca": alpaca,
    "alpaca by kept keys": partial(alpaca, is_keyed=True),
    "by_hand": by_hand,
}


@pytest.fixture(params=SOURCES)
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    async with SOURCES[request.param]() as made:
        yield made


async def test_quotes_carry_exact_price_currency_time_and_source(case: Case) -> None:
    batch = await case.source.quotes(list(case.prices))
    assert {symbol: quote.price for symbol, quote in batch.quotes.items()} == case.prices
    for symbol, quote in batch.quotes.items():
        assert isinstance(quote.price, Decimal)
        assert (quote.symbol, quote.currency, quote.source) == (symbol, "USD", case.source.name)
        assert quote.at.tzinfo is UTC
        assert quote.at <= case.now
    assert batch.faults == ()


async def test_its_quotes_are_usable_by_its_own_age_rule(case: Case) -> None:
    batch = await case.source.quotes(list(case.prices))
    rules = QuoteRules(case.source.max_age, "USD")
    assert set(judge_quotes(batch, case.prices, now=case.now, rules=rules)) == set(case.prices)


async def test_an_unknown_symbol_is_named_and_the_others_still_come(case: Case) -> None:
    symbols = [*case.prices, UNKNOWN]
    batch = await case.source.quotes(symbols)
    assert set(batch.quotes) == set(case.prices)
    assert [(f.symbol, f.kind) for f in batch.faults] == [(UNKNOWN, PriceFaultKind.MISSING)]
    with pytest.raises(PricesRefused):
        judge_quotes(batch, symbols, now=case.now, rules=QuoteRules(case.source.max_age, "USD"))


async def test_only_what_was_asked_comes_back(case: Case) -> None:
    symbol = next(iter(case.prices))
    batch = await case.source.quotes([symbol])
    assert set(batch.quotes) == {symbol}


async def test_nothing_asked_is_nothing_answered(case: Case) -> None:
    batch = await case.source.quotes([])
    assert dict(batch.quotes) == {}
    assert batch.faults == ()


async def test_a_closed_list_has_what_can_be_quoted(case: Case) -> None:
    known = await case.source.known_symbols()
    if known is not None:
        assert set(case.prices) <= known
        assert UNKNOWN not in known
