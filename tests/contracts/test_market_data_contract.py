"""What every price source must do, whatever it asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest

from core.adapters.brokers.manual import PricesByHand
from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.market_data.alpaca import AlpacaMarketData
from core.adapters.market_data.history import load_history
from core.adapters.market_data.keyed import KeyedPrices
from core.adapters.market_data.replay import ReplayMarketData
from core.adapters.market_data.two_sources import WitnessedPrices
from core.adapters.market_data.yahoo import YahooMarketData
from core.domain.book import TypedPrice
from core.domain.ids import Symbol
from core.domain.quote import PriceFaultKind, Proxy, QuoteRules, judge_quotes
from core.domain.refusals import PricesRefused
from core.ports.broker_keys import BrokerKeys
from core.ports.clock import Clock
from core.ports.market_data import MarketData, MarketHistory
from tests.fakes.alpaca.server import FakeAlpaca
from tests.fakes.alpaca.server import serving as serving_alpaca
from tests.fakes.clock import MONDAY_ELEVEN, FakeMarketClock
from tests.fakes.key_ring import FakeKeyRing
from tests.fakes.market_data import FakeMarketData
from tests.fakes.yahoo import FakeYahoo, Listed, serving

# yfinance 1.7 sorts its frames in a way that pandas 3.1 advises against.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")

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


@asynccontextmanager
async def two_sources() -> AsyncIterator[Case]:
    async with fake() as first, fake() as second:
        source = WitnessedPrices(first.source, second.source, Decimal(2))
        yield Case(source, MONDAY_ELEVEN, first.prices)


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
    "two sources": two_sources,
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


# --- closes of the past --------------------------------------------------------------------------

SESSIONS = (date(2020, 3, 4), date(2020, 3, 5), date(2020, 3, 6))
"""The last three before the Monday on which the market stands."""
CLOSES = {"MTUM": ("120.5", "117.25", "115.01"), "^GSPC": ("3130.12", "3023.94", "2972.37")}


@dataclass(frozen=True)
class PastCase:
    """A source with closes, and those that it must give."""

    source: MarketHistory
    closes: dict[Symbol, dict[date, Decimal]]


def _days(closes: tuple[str, ...]) -> dict[date, str]:
    return dict(zip(SESSIONS, closes, strict=True))


EXPECTED = {
    Symbol(symbol): {day: Decimal(close) for day, close in _days(closes).items()}
    for symbol, closes in CLOSES.items()
}


@asynccontextmanager
async def past_of_replay() -> AsyncIterator[PastCase]:
    history = load_history()
    source = ReplayMarketData(history, ReplayCalendar(history.sessions), FakeMarketClock())
    first = history.sessions.index(SESSIONS[0])
    values = {Symbol("MTUM"): history.closes["MTUM"], Symbol("^GSPC"): history.index}
    yield PastCase(
        source,
        {
            s: dict(zip(SESSIONS, found[first : first + 3], strict=True))
            for s, found in values.items()
        },
    )


@asynccontextmanager
async def past_of_fake() -> AsyncIterator[PastCase]:
    source = FakeMarketData()
    for symbol, closes in CLOSES.items():
        source.set_closes(symbol, _days(closes))
    yield PastCase(source, EXPECTED)


@asynccontextmanager
async def past_of_yahoo(*, spark_status: int = 200) -> AsyncIterator[PastCase]:
    listed = {symbol: Listed(days=_days(closes)) for symbol, closes in CLOSES.items()}
    listed["SPY"] = Listed(days=_days(("313", "302", "297")))
    with serving(FakeYahoo(listed, spark_status=spark_status)) as server:
        yield PastCase(YahooMarketData(new_session=server.session), EXPECTED)


PASTS: dict[str, Callable[[], AbstractAsyncContextManager[PastCase]]] = {
    "replay": past_of_replay,
    "fake": past_of_fake,
    "yahoo": past_of_yahoo,
    "yahoo's charts": partial(past_of_yahoo, spark_status=500),
}


@pytest.fixture(params=PASTS)
async def past(request: pytest.FixtureRequest) -> AsyncIterator[PastCase]:
    async with PASTS[request.param]() as made:
        yield made


async def test_closes_come_by_session_of_instruments_and_of_indexes(past: PastCase) -> None:
    batch = await past.source.history(list(past.closes), SESSIONS)
    assert batch.closes == past.closes
    assert batch.faults == ()


async def test_only_the_sessions_asked_for_come(past: PastCase) -> None:
    symbol, closes = next(iter(past.closes.items()))
    batch = await past.source.history([symbol], SESSIONS[1:2])
    assert batch.closes == {symbol: {SESSIONS[1]: closes[SESSIONS[1]]}}


async def test_a_session_without_a_close_is_missing_from_the_others(past: PastCase) -> None:
    """Nobody has a close of a Sunday."""
    symbol, closes = next(iter(past.closes.items()))
    batch = await past.source.history([symbol], (*SESSIONS, date(2020, 3, 8)))
    assert batch.closes == {symbol: closes}


async def test_a_symbol_without_closes_is_named_and_the_others_still_come(past: PastCase) -> None:
    batch = await past.source.history([*past.closes, UNKNOWN], SESSIONS)
    assert set(batch.closes) == set(past.closes)
    assert [(f.symbol, f.kind) for f in batch.faults] == [(UNKNOWN, PriceFaultKind.MISSING)]


async def test_no_closes_asked_for_are_none_answered(past: PastCase) -> None:
    assert not (await past.source.history([], SESSIONS)).closes
    none = await past.source.history(list(past.closes), [])
    assert all(not closes for closes in none.closes.values())
