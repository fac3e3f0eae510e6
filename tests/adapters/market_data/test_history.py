from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import exchange_calendars
import pytest

from core.adapters.market_data import history
from core.adapters.market_data.history import History, load_history, rebuild


@pytest.fixture(scope="module")
def prices() -> History:
    return load_history()


def test_holds_five_etfs_and_twenty_stocks(prices: History) -> None:
    assert prices.symbols[:5] == ("MTUM", "QUAL", "SIZE", "USMV", "VLUE")
    assert " ".join(prices.symbols[5:]) == (
        "AAPL AMD BAC BBY CVX GE HD JNJ JPM KO LLY MRK MSFT PEP PFE PG RRC UNH WMT XOM"
    )


def test_reaches_from_2014_to_the_end_of_2022(prices: History) -> None:
    assert (prices.first_session, prices.last_session) == (date(2014, 1, 2), date(2022, 12, 28))
    assert all(earlier < later for earlier, later in pairwise(prices.sessions))


def test_has_every_session_of_the_exchange_and_no_other_day(prices: History) -> None:
    calendar = exchange_calendars.get_calendar("XNYS", start="2014-01-02", end="2022-12-28")
    assert list(prices.sessions) == [session.date() for session in calendar.sessions]


def test_every_series_has_one_positive_price_a_session(prices: History) -> None:
    for series in (*prices.closes.values(), prices.index):
        assert len(series) == len(prices.sessions) == 2264
        assert all(price.is_finite() and price > 0 for price in series)


@pytest.mark.parametrize(
    ("symbol", "day", "close"),
    [
        ("MTUM", "2014-01-02", "52.704"),
        ("USMV", "2022-12-28", "71.134"),
        ("AAPL", "2022-12-28", "125.674"),
        ("RRC", "2020-03-12", "2.046"),
    ],
)
def test_gives_the_figures_of_the_source_exactly(
    prices: History, symbol: str, day: str, close: str
) -> None:
    at = prices.sessions.index(date.fromisoformat(day))
    assert str(prices.closes[symbol][at]) == close


def test_the_index_fell_by_a_third_in_march_2020(prices: History) -> None:
    top = prices.index[prices.sessions.index(date(2020, 2, 19))]
    bottom = prices.index[prices.sessions.index(date(2020, 3, 23))]
    assert (top, bottom) == (Decimal("3386.15"), Decimal("2237.4"))


def test_cannot_be_changed_by_its_readers(prices: History) -> None:
    with pytest.raises(TypeError):
        prices.closes["AAPL"] = ()  # type: ignore[index]


def test_says_beside_the_file_where_it_comes_from(prices: History) -> None:
    folder = files(history)
    readme = folder.joinpath("README.md").read_text("utf-8")
    assert f"from **{prices.first_session}** to **{prices.last_session}**" in readme
    assert "adjusted closes" in readme
    assert "skfolio" in readme
    assert "BSD 3-Clause License" in folder.joinpath("LICENSE-skfolio").read_text("utf-8")
    assert all(symbol in readme for symbol in prices.symbols)


def test_joining_keeps_only_the_days_that_all_sources_share(tmp_path: Path) -> None:
    sources = {
        "a.csv.gz": "Date,ONE,TWO\n2014-01-02,1.5,2\n2014-01-03,1.25,3\n2014-01-06,9,9\n",
        "b.csv.gz": "Date,SP500\n2014-01-01,7\n2014-01-02,1831.98\n2014-01-03,1831.37\n",
    }
    for name, text in sources.items():
        (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    tables = [rebuild.read_table(tmp_path / name) for name in sources]
    assert rebuild.join(tables) == (
        "date,ONE,TWO,^GSPC\n2014-01-02,1.5,2,1831.98\n2014-01-03,1.25,3,1831.37\n"
    )
