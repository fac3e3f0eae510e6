"""Yahoo through yfinance over real HTTP on loopback: one request, and every failure by its name."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yfinance.base
from yfinance.data import YfData

from core.adapters.market_data.yahoo import YahooMarketData
from core.adapters.market_data.yahoo.sparks import shortest_range
from core.adapters.market_data.yahoo.symbols import yahoo_name
from core.domain.ids import Symbol
from core.domain.quote import PriceFaultKind, QuoteRules, judge_quotes
from core.domain.refusals import PriceSourceDown, PricesRefused
from tests.fakes.clock import MONDAY_ELEVEN
from tests.fakes.yahoo import FakeYahoo, Listed, serving

# yfinance 1.7 sorts its frames in a way that pandas 3.1 advises against.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")

SPY, AGG, NOSUCH = Symbol("SPY"), Symbol("AGG"), Symbol("NOSUCH")
AT = int(MONDAY_ELEVEN.timestamp())


@pytest.fixture(autouse=True)
def yfinance_of_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what yfinance keeps in the process, so that no test sees another's answers."""
    YfData.cache_get.cache_clear()
    monkeypatch.setattr(yfinance.base, "_tz_info_fetch_ctr", 0)


@pytest.fixture
def server() -> Iterator[FakeYahoo]:
    listed = {"SPY": Listed("300.01", AT), "AGG": Listed("110.55", AT - 90)}
    with serving(FakeYahoo(listed)) as running:
        yield running


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where yfinance keeps its caches; it stays with the first folder that it was given, so that one must stay too."""
    return tmp_path_factory.mktemp("yfinance")


@pytest.fixture
def yahoo(server: FakeYahoo, caches: Path) -> YahooMarketData:
    return YahooMarketData(new_session=server.session, cache_dir=caches)


# --- the list ------------------------------------------------------------------------------------


async def test_one_request_brings_all_symbols_with_their_own_times(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    batch = await yahoo.quotes([SPY, AGG, SPY])
    assert batch.quotes[SPY].price == Decimal("300.01")
    assert batch.quotes[AGG].price == Decimal("110.55")
    assert batch.quotes[AGG].at == MONDAY_ELEVEN - timedelta(seconds=90)
    assert [query["symbols"] for query in server.queries] == [["AGG,SPY"]]
    assert server.asked("/v8/finance/chart") == 0


async def test_prices_are_exactly_what_yahoo_wrote(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    server.listed["AGG"].price = "110.123456789012345678"
    assert (await yahoo.quotes([AGG])).quotes[AGG].price == Decimal("110.123456789012345678")


async def test_share_classes_go_by_yahoos_names_and_come_back_by_ours(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    server.listed["BRK-B"] = Listed("200", AT)
    both = [Symbol("BRK.B"), Symbol("BRK-B")]
    batch = await yahoo.quotes(both)
    assert set(batch.quotes) == set(both)
    assert server.queries[0]["symbols"] == ["BRK-B,SPY"]


@pytest.mark.parametrize(
    ("symbol", "name"), [("BRK.B", "BRK-B"), ("BF.A", "BF-A"), ("VOD.L", "VOD.L"), ("SPY", "SPY")]
)
def test_only_share_classes_are_renamed(symbol: str, name: str) -> None:
    assert yahoo_name(Symbol(symbol)) == name


async def test_records_nobody_asked_for_are_ignored(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    server.list_body = (
        '{"quoteResponse": {"result": ['
        '{"symbol": "SPY", "regularMarketPrice": 1.5, "regularMarketTime": 1, "currency": "USD"},'
        '{"symbol": "STRAY", "regularMarketPrice": 9, "regularMarketTime": 1, "currency": "USD"}'
        '], "error": null}}'
    )
    batch = await yahoo.quotes([SPY])
    assert set(batch.quotes) == {SPY}
    assert batch.faults == ()


async def test_the_sure_symbol_is_asked_for_but_not_answered(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    assert set((await yahoo.quotes([AGG])).quotes) == {AGG}
    assert server.queries[0]["symbols"] == ["AGG,SPY"]


# --- one symbol fails ----------------------------------------------------------------------------


@pytest.mark.fault(33, 41)
@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda listed: listed.pop("AGG"), PriceFaultKind.MISSING),
        (lambda listed: setattr(listed["AGG"], "price", "NaN"), PriceFaultKind.NOT_A_NUMBER),
        (lambda listed: setattr(listed["AGG"], "price", "Infinity"), PriceFaultKind.NOT_A_NUMBER),
        (lambda listed: setattr(listed["AGG"], "price", "null"), PriceFaultKind.NOT_A_NUMBER),
        (lambda listed: setattr(listed["AGG"], "price", '"12"'), PriceFaultKind.NOT_A_NUMBER),
        (lambda listed: setattr(listed["AGG"], "price", ""), PriceFaultKind.NOT_A_NUMBER),
        (lambda listed: setattr(listed["AGG"], "price", "0"), PriceFaultKind.NOT_POSITIVE),
        (lambda listed: setattr(listed["AGG"], "price", "-1.5"), PriceFaultKind.NOT_POSITIVE),
        (lambda listed: setattr(listed["AGG"], "at", AT - 1201), PriceFaultKind.STALE),
        (lambda listed: setattr(listed["AGG"], "at", None), PriceFaultKind.SOURCE),
        (lambda listed: setattr(listed["AGG"], "currency", "GBp"), PriceFaultKind.CURRENCY),
        (lambda listed: setattr(listed["AGG"], "currency", None), PriceFaultKind.CURRENCY),
    ],
    ids=[
        "missing",
        "NaN",
        "infinite",
        "null",
        "text",
        "absent",
        "zero",
        "negative",
        "20 min and 1 s old",
        "no time",
        "pence",
        "no currency",
    ],
)
async def test_each_fault_of_one_symbol_has_its_own_name(
    server: FakeYahoo,
    yahoo: YahooMarketData,
    spoil: Callable[[dict[str, Listed]], None],
    kind: PriceFaultKind,
) -> None:
    spoil(server.listed)
    batch = await yahoo.quotes([SPY, AGG])
    with pytest.raises(PricesRefused) as caught:
        judge_quotes(batch, [SPY, AGG], now=MONDAY_ELEVEN, rules=QuoteRules(yahoo.max_age, "USD"))
    assert [(fault.symbol, fault.kind) for fault in caught.value.faults] == [(AGG, kind)]  # type: ignore[attr-defined]
    assert SPY in batch.quotes


# --- Yahoo as a whole fails ----------------------------------------------------------------------


async def test_too_many_requests_is_told_apart_and_says_when_to_come_back(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    server.list_status = 429
    with pytest.raises(PriceSourceDown) as caught:
        await yahoo.quotes([SPY, AGG])
    assert caught.value.source == "yahoo"
    assert caught.value.detail == "too many requests"
    assert caught.value.retry_after == 60
    assert server.asked("/v8/finance/chart") == 0  # asked less, not more


EMPTY = '{"quoteResponse": {"result": [], "error": null}}'


async def test_an_empty_answer_is_not_taken_for_unknown_symbols(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    server.list_body, server.chart_status = EMPTY, 502
    with pytest.raises(PriceSourceDown, match="empty"):
        await yahoo.quotes([AGG])


async def test_an_unknown_symbol_alone_is_not_taken_for_an_empty_answer(
    yahoo: YahooMarketData,
) -> None:
    batch = await yahoo.quotes([NOSUCH])
    assert [(f.symbol, f.kind) for f in batch.faults] == [(NOSUCH, PriceFaultKind.MISSING)]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>Will be right back</html>",
        '{"quoteResponse": {"result": [{"symbol": "SP',
        '{"quoteResponse": null}',
        '{"quoteResponse": {"result": [1, 2]}}',
        '{"quoteResponse": {"result": [{"price": 1}]}}',
        "[]",
        "null",
    ],
)
@pytest.mark.parametrize("chart_status", [429, 500])
async def test_unreadable_answers_are_told_when_the_charts_fail_too(
    server: FakeYahoo, yahoo: YahooMarketData, body: str, chart_status: int
) -> None:
    server.list_body, server.chart_status = body, chart_status
    with pytest.raises(PriceSourceDown) as caught:
        await yahoo.quotes([SPY])
    expected = "too many requests" if chart_status == 429 else "the charts are empty"
    assert caught.value.detail == expected


async def test_a_refused_chart_is_asked_again_and_not_remembered(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    server.list_status, server.chart_status = 500, 500
    with pytest.raises(PriceSourceDown, match="empty"):
        await yahoo.quotes([SPY])
    server.chart_status = 200
    assert (await yahoo.quotes([SPY])).quotes[SPY].price == Decimal("100.25")


async def test_nobody_there_is_told_with_the_reason(caches: Path) -> None:
    unreachable = FakeYahoo(port=9)
    yahoo = YahooMarketData(new_session=unreachable.session, cache_dir=caches)
    with pytest.raises(PriceSourceDown, match="ConnectionError"):
        await yahoo.quotes([SPY])


async def test_yfinances_own_session_works_the_same_and_says_that_nobody_is_there(
    caches: Path,
) -> None:
    """Nothing listens where the tests send all other traffic (see tests/conftest.py)."""
    with pytest.raises(PriceSourceDown, match=r"(Connection|Proxy)Error"):
        await YahooMarketData(caches).quotes([SPY])


@pytest.mark.fault(21)
async def test_a_hung_yahoo_is_given_up_and_not_asked_again_until_it_answers(
    server: FakeYahoo, caches: Path
) -> None:
    warm = YahooMarketData(new_session=server.session, cache_dir=caches)
    await warm.quotes([SPY])  # loads yfinance, which takes longer than the limit below
    yahoo = YahooMarketData(new_session=server.session, cache_dir=caches, timeout=0.2)
    server.hang = threading.Event()
    with pytest.raises(PriceSourceDown, match=r"no answer within 0\.2 seconds"):
        await yahoo.quotes([SPY])
    asked = len(server.queries)
    with pytest.raises(PriceSourceDown, match="still unanswered"):
        await yahoo.quotes([SPY])
    assert len(server.queries) == asked
    server.hang.set()


# --- where the list is refused, the charts -------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 500, 503])
async def test_a_refused_list_is_made_up_for_by_charts(
    server: FakeYahoo, yahoo: YahooMarketData, status: int
) -> None:
    server.list_status = status
    server.listed["AGG"].minutes = ["110.4", "110.55999755859375"]
    batch = await yahoo.quotes([SPY, AGG, NOSUCH])
    assert batch.quotes[AGG].price == Decimal("110.56")
    assert batch.quotes[AGG].at == MONDAY_ELEVEN - timedelta(seconds=150)
    assert batch.quotes[AGG].currency == "USD"
    assert [(f.symbol, f.kind) for f in batch.faults] == [(NOSUCH, PriceFaultKind.MISSING)]


@pytest.mark.fault(33)
async def test_an_empty_last_row_of_a_chart_gives_the_row_before_with_its_own_time(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    server.list_status = 401
    server.listed["AGG"].at = AT
    server.listed["AGG"].minutes = ["110.4", "110.5", "null", "null"]
    quote = (await yahoo.quotes([AGG])).quotes[AGG]
    assert quote.price == Decimal("110.5")
    assert quote.at == datetime.fromtimestamp(AT - 180, UTC)


@pytest.mark.fault(33)
async def test_a_chart_without_any_price_is_not_a_number(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    server.list_status = 401
    server.listed["AGG"].minutes = ["null", "null"]
    batch = await yahoo.quotes([AGG])
    assert [(f.symbol, f.kind) for f in batch.faults] == [(AGG, PriceFaultKind.NOT_A_NUMBER)]


# --- start-up and files --------------------------------------------------------------------------


def test_yfinances_files_stay_in_the_folder_given_and_go_with_the_process(
    server: FakeYahoo, tmp_path: Path
) -> None:
    """yfinance chooses its folder once for a whole process, so this one is a process of its own."""
    code = (
        "import asyncio, pathlib, sys; from tests.fakes.yahoo import FakeYahoo; "
        "from core.adapters.market_data.yahoo import YahooMarketData; "
        "here = FakeYahoo(port=int(sys.argv[1])); "
        "folder = pathlib.Path(sys.argv[2]) / 'ours'; "
        "asyncio.run(YahooMarketData(folder, new_session=here.session).quotes(['SPY'])); "
        "print(*(file.name for file in folder.rglob('*.db')))"
    )
    server.list_status = 401
    done = subprocess.run(
        [sys.executable, "-c", code, str(server.port), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "HOME": str(tmp_path / "home")},
    )
    assert "tkr-tz.db" in done.stdout
    assert list((tmp_path / "ours").iterdir()) == []
    assert not (tmp_path / "home").exists()


def test_making_the_source_does_not_load_yfinance() -> None:
    code = (
        "import sys; from core.adapters.market_data.yahoo import YahooMarketData; "
        "YahooMarketData(); print('yfinance' in sys.modules or 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --- closes of the past --------------------------------------------------------------------------

MARCH = (date(2020, 3, 4), date(2020, 3, 5), date(2020, 3, 6))


def with_days(server: FakeYahoo, *names: str) -> list[Symbol]:
    for name in ("SPY", *names):
        server.listed[name] = Listed(days=dict(zip(MARCH, ("100.5", "101.25", "99"), strict=True)))
    return [Symbol(name) for name in names]


async def test_twenty_symbols_share_a_request_for_closes(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    """SPY is asked for beside them, as always."""
    many = with_days(server, *(f"A{n}" for n in range(19)))
    assert len((await yahoo.history(many, MARCH)).closes) == 19
    assert server.asked("/v7/finance/spark") == 1
    more = with_days(server, *(f"B{n}" for n in range(30)))
    assert len((await yahoo.history(more, MARCH)).closes) == 30
    assert server.asked("/v7/finance/spark") == 3
    assert server.asked("/v8/finance/chart") == 0


@pytest.mark.parametrize(
    ("days", "name"),
    [(0, "1mo"), (16, "1mo"), (17, "3mo"), (364, "2y"), (718, "2y"), (1800, "5y"), (1900, "10y")],
)
def test_no_longer_range_is_asked_for_than_needed(days: int, name: str) -> None:
    last = date(2020, 3, 6)
    assert shortest_range([last - timedelta(days=days), last]) == name


async def test_a_close_belongs_to_the_day_at_its_own_exchange(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    """Tokyo opens while it is the day before in New York."""
    (nikkei,) = with_days(server, "^N225")
    server.listed["^N225"].zone = "Asia/Tokyo"
    assert tuple((await yahoo.history([nikkei], MARCH)).closes[nikkei]) == MARCH


@pytest.mark.fault(33)
@pytest.mark.parametrize("spark_status", [200, 500])
async def test_a_day_without_a_close_is_missing_and_nothing_stands_in_for_it(
    server: FakeYahoo, yahoo: YahooMarketData, spark_status: int
) -> None:
    (agg,) = with_days(server, "AGG")
    server.spark_status = spark_status
    server.listed["AGG"].days[MARCH[1]] = "null"
    batch = await yahoo.history([agg], MARCH)
    assert batch.closes == {agg: {MARCH[0]: Decimal("100.5"), MARCH[2]: Decimal(99)}}


async def test_closes_of_32_bits_are_told_as_they_were_meant(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    (agg,) = with_days(server, "AGG")
    server.listed["AGG"].days[MARCH[2]] = "99.43000030517578"
    assert (await yahoo.history([agg], MARCH)).closes[agg][MARCH[2]] == Decimal("99.43")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>Will be right back</html>",
        '{"spark": {"result": null, "error": {"code": "Bad Request"}}}',
        '{"spark": {"result": [{"symbol": "SPY"}]}}',
        '{"spark": {"result": []}}',
        '{"spark": {"result": [{"symbol": "SPY", "response": []}]}}',
        '{"spark": {"result": [{"symbol": "SPY", "response": [{"meta": {}}]}]}}',
        "[1]",
    ],
)
async def test_unreadable_sparks_are_made_up_for_by_charts(
    server: FakeYahoo, yahoo: YahooMarketData, body: str
) -> None:
    (agg,) = with_days(server, "AGG")
    server.spark_body = body
    assert len((await yahoo.history([agg], MARCH)).closes[agg]) == 3
    assert server.asked("/v8/finance/chart") >= 2


async def test_one_unreadable_spark_is_the_fault_of_its_symbol(
    server: FakeYahoo, yahoo: YahooMarketData
) -> None:
    good = (
        '{"meta": {"exchangeTimezoneName": "Mars/Olympus"}, "timestamp": [1583505000],'
        ' "indicators": {"quote": [{"close": [99.5]}]}}'
    )
    server.spark_body = (
        f'{{"spark": {{"result": [{{"symbol": "SPY", "response": [{good}]}},'
        ' {"symbol": "AGG", "response": [{"meta": {}, "timestamp": [1, 2]}]}]}}'
    )
    batch = await yahoo.history([SPY, AGG], MARCH)
    assert batch.closes == {SPY: {MARCH[2]: Decimal("99.5")}}
    assert [(f.symbol, f.kind) for f in batch.faults] == [(AGG, PriceFaultKind.SOURCE)]


@pytest.mark.parametrize(
    ("spark_status", "chart_status", "detail"),
    [
        (429, 200, "too many requests"),
        (500, 429, "too many requests"),
        (500, 500, "the charts are empty"),
    ],
)
async def test_no_closes_from_yahoo_at_all_is_told(
    server: FakeYahoo, yahoo: YahooMarketData, spark_status: int, chart_status: int, detail: str
) -> None:
    server.spark_status, server.chart_status = spark_status, chart_status
    with pytest.raises(PriceSourceDown) as caught:
        await yahoo.history([AGG], MARCH)
    assert caught.value.detail == detail
