"""Two price sources side by side: when the second one is heard, and when it is passed over."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal

import pytest

from core.adapters.market_data.two_sources import WitnessedPrices
from core.domain.ids import Symbol
from core.domain.quote import PriceFaultKind, QuoteBatch, Witness
from core.domain.refusals import PriceSourceDown
from tests.fakes.clock import MONDAY_ELEVEN
from tests.fakes.market_data import FakeMarketData

VTI, BND = Symbol("VTI"), Symbol("BND")
GAP = Decimal(2)


def first() -> FakeMarketData:
    return FakeMarketData({"VTI": 130, "BND": 70}, name="first")


async def test_each_quote_carries_what_the_second_source_says() -> None:
    second = FakeMarketData({"VTI": "130.5"}, name="second")
    batch = await WitnessedPrices(first(), second, GAP).quotes([VTI, BND])
    assert batch.quotes[VTI].price == 130
    assert batch.quotes[VTI].witness == Witness(Decimal("130.5"), "second", GAP)
    assert batch.quotes[BND].witness is None
    assert second.requests == [frozenset({VTI, BND})]


@pytest.mark.fault(33, 34)
@pytest.mark.parametrize("price", ["NaN", "0", "-1", "Infinity"])
async def test_a_second_price_that_is_none_says_nothing(price: str) -> None:
    batch = await WitnessedPrices(first(), FakeMarketData({"VTI": price}), GAP).quotes([VTI])
    assert batch.quotes[VTI].witness is None


@pytest.mark.fault(34, 41)
@pytest.mark.parametrize(
    ("minutes", "currency", "is_heard"),
    [(20, "USD", True), (21, "USD", False), (-21, "USD", False), (0, "CAD", False)],
)
async def test_a_second_price_of_another_time_or_currency_says_nothing(
    minutes: int, currency: str, *, is_heard: bool
) -> None:
    second = FakeMarketData()
    at = MONDAY_ELEVEN - timedelta(minutes=minutes)
    second.set_price("VTI", 130, at=at, currency=currency)
    batch = await WitnessedPrices(first(), second, GAP).quotes([VTI])
    assert (batch.quotes[VTI].witness is not None) is is_heard


async def test_a_second_source_that_is_down_leaves_the_first_alone() -> None:
    second = FakeMarketData()
    second.failure = PriceSourceDown("second", "no answer")
    batch = await WitnessedPrices(first(), second, GAP).quotes([VTI])
    assert batch.quotes[VTI].price == 130
    assert batch.quotes[VTI].witness is None


async def test_a_second_source_that_hangs_is_not_waited_for() -> None:
    class Hanging(FakeMarketData):
        async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
            await asyncio.Event().wait()
            raise AssertionError(symbols)

    source = WitnessedPrices(first(), Hanging(), GAP, patience=timedelta(0))
    assert (await source.quotes([VTI])).quotes[VTI].price == 130


async def test_a_first_source_that_is_down_is_down() -> None:
    down = first()
    down.failure = PriceSourceDown("first", "no answer")
    with pytest.raises(PriceSourceDown):
        await WitnessedPrices(down, FakeMarketData({"VTI": 130}), GAP).quotes([VTI])


async def test_faults_of_the_first_source_are_kept() -> None:
    broken = first()
    broken.set_fault("VTI", PriceFaultKind.SOURCE)
    batch = await WitnessedPrices(broken, FakeMarketData({"VTI": 130}), GAP).quotes([VTI])
    assert batch.fault_of(VTI).kind is PriceFaultKind.SOURCE
