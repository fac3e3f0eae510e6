"""F76: the live service is not spoken to by accident."""

from __future__ import annotations

import pytest

from core.adapters.alpaca_api import OriginRefused, require_origin
from core.adapters.brokers.alpaca import AlpacaBrokerage
from core.adapters.market_data.alpaca import AlpacaMarketData
from tests.fakes.clock import FakeClock

LIVE = [
    "https://api.alpaca.markets",
    "https://API.Alpaca.Markets",
    "https://api.alpaca.markets.",
    "https://api.alpaca.markets:443",
    "https://broker-api.alpaca.markets",
    "https://alpaca.markets",
]


@pytest.mark.fault(76)
@pytest.mark.parametrize("origin", LIVE)
def test_the_live_service_is_refused_at_construction(origin: str) -> None:
    with pytest.raises(OriginRefused, match="real money"):
        AlpacaBrokerage("key", "secret", origin, FakeClock())
    with pytest.raises(OriginRefused, match="real money"):
        AlpacaMarketData("key", "secret", origin, FakeClock())


def test_the_live_service_is_taken_where_it_is_allowed() -> None:
    AlpacaBrokerage("key", "secret", LIVE[0], FakeClock(), allow_live=True)


@pytest.mark.parametrize(
    "origin",
    [
        "https://paper-api.alpaca.markets",
        "https://paper-api.alpaca.markets/",
        "https://data.alpaca.markets",
        "http://127.0.0.1:9090",
        "http://localhost:9090",
        "http://fake-alpaca:9090",
        "http://10.0.0.7:9090",
    ],
)
def test_the_paper_service_and_this_machine_are_taken(origin: str) -> None:
    assert require_origin(origin) == origin.rstrip("/")


@pytest.mark.parametrize("origin", ["http://paper-api.alpaca.markets", "http://example.com"])
def test_keys_are_not_sent_unencrypted_over_the_internet(origin: str) -> None:
    with pytest.raises(OriginRefused, match="unencrypted"):
        require_origin(origin)


@pytest.mark.parametrize(
    "origin",
    ["", "paper-api.alpaca.markets", "ftp://x", "https://x/v2", "https://a:b@x", "https://x?y=1"],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(OriginRefused):
        require_origin(origin)


@pytest.mark.parametrize(
    ("key", "secret"), [("", "s"), ("k", ""), ("k\n", "s"), ("k", "se cret"), ("ключ", "s")]
)
def test_keys_that_cannot_be_keys_are_refused_without_being_shown(key: str, secret: str) -> None:
    with pytest.raises(ValueError, match="plain letters and digits") as caught:
        AlpacaBrokerage(key, secret, "http://127.0.0.1:9", FakeClock())
    assert not secret or len(secret) == 1 or secret not in str(caught.value)
