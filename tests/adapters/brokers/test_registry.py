"""The registry finds the house of an account, and asks each house once for many accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from decimal import Decimal

import pytest

from bot.metrics import Metrics
from core.adapters.brokers.registry import Brokerage, BrokerRegistry
from core.adapters.brokers.timed import TimedBrokerage
from core.adapters.brokers.troubled import TroubledBrokerage
from core.domain.ids import AccountId, PortfolioId, Symbol
from core.domain.packed import PackedAccount, PackedHoldings, PackedLines
from core.domain.portfolio import Account, Holdings
from core.domain.refusals import NotBuiltYet
from core.ports.broker import Broker, BrokerUnavailable
from core.ports.troubles import Trouble
from tests.adapters.brokers.world import Worlds, buy
from tests.fakes.broker import FakeBroker
from tests.fakes.clock import FakeClock

SPY = Symbol("SPY")


class House:
    """A house of accounts with a hundred dollars each, which may be down."""

    def __init__(self) -> None:
        self.is_down = False
        self.waits_for: House | None = None
        self.was_asked = asyncio.Event()
        self.asked: list[list[str]] = []

    def account(self, broker_account_id: str) -> Broker:
        return FakeBroker(account_id=broker_account_id)

    async def open_account(self, currency: str) -> str:
        return f"new-{currency}"

    async def holdings(self, broker_account_ids: Collection[str]) -> Mapping[str, Holdings]:
        self.asked.append(list(broker_account_ids))
        self.was_asked.set()
        if self.waits_for is not None:
            await self.waits_for.was_asked.wait()
        if self.is_down:
            raise BrokerUnavailable("scripted")
        return {name: Holdings(Decimal(100)) for name in broker_account_ids if name != "lost"}

    async def fractionable(
        self, broker_account_id: str, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        return frozenset(symbols)


def account(number: int, broker: str, name: str = "") -> Account:
    return Account(AccountId(number), PortfolioId(1), "Main", broker, name or f"{broker}-{number}")


async def test_each_house_is_asked_once_for_all_its_accounts() -> None:
    one, two = House(), House()
    registry = BrokerRegistry({"one": one, "two": two})
    held = await registry.holdings([account(1, "one"), account(2, "two"), account(3, "one")])
    assert set(held) == {1, 2, 3}
    assert (one.asked, two.asked) == ([["one-1", "one-3"]], [["two-2"]])


async def test_a_slow_house_does_not_keep_the_next_one_from_being_asked() -> None:
    slow, other = House(), House()
    slow.waits_for = other
    registry = BrokerRegistry({"slow": slow, "other": other})
    asked = [account(1, "slow"), account(2, "other")]
    assert set(await asyncio.wait_for(registry.holdings(asked), 5)) == {1, 2}


async def test_accounts_that_did_not_answer_are_missing(caplog: pytest.LogCaptureFixture) -> None:
    one, two = House(), House()
    two.is_down = True
    registry = BrokerRegistry({"one": one, "two": two})
    asked = [account(1, "one"), account(2, "two"), account(3, "one", "lost"), account(4, "gone")]
    assert set(await registry.holdings(asked)) == {1}
    assert "two" in caplog.text
    assert "gone" in caplog.text


async def test_an_account_is_found_at_its_own_house() -> None:
    registry = BrokerRegistry({"one": House()})
    assert (await registry.of(account(7, "one")).account()).broker_account_id == "one-7"
    assert await registry.open_account("one", "USD") == "new-USD"
    assert await registry.fractionable(account(7, "one"), [SPY]) == {SPY}


async def test_a_house_that_is_not_there_is_named() -> None:
    registry = BrokerRegistry({"one": House()})
    with pytest.raises(NotBuiltYet, match="fidelity"):
        registry.of(account(1, "fidelity"))
    with pytest.raises(NotBuiltYet, match="fidelity"):
        await registry.open_account("fidelity", "USD")


async def test_holdings_are_packed_by_the_house_that_can_and_by_no_other(worlds: Worlds) -> None:
    world = worlds()
    await (await world.account("100.50")).submit(buy("0.5"))
    await world.account("12.00")
    await (await world.account("900")).submit(buy("1", limit="1.00", id_="rests"))
    houses: dict[str, Brokerage] = {
        "simulated": world.house,
        "troubled": TroubledBrokerage(world.house, FakeClock()),
        "other": House(),
    }
    timed = {
        f"timed {name}": TimedBrokerage(name, each, Metrics()) for name, each in houses.items()
    }
    registry = BrokerRegistry({**houses, **timed})
    names = ["SIM-000001", "SIM-000002", "SIM-000003", "SIM-000099", "elsewhere"]
    for house in ("simulated", "troubled", "timed simulated", "timed troubled"):
        packed = await registry.packed_holdings(house, names)
        held = await world.house.holdings(names)
        assert packed == PackedHoldings(
            {
                "SIM-000001": PackedAccount(1, f"{held['SIM-000001'].cash}"),
                "SIM-000002": PackedAccount(2, "12.00"),
            },
            PackedLines("1", "SPY", "0.5"),
        ), "with an order that rests, an account is not packed"
    for house in ("other", "timed other", "nowhere"):
        assert await registry.packed_holdings(house, names) == PackedHoldings()


async def test_of_a_house_that_is_down_no_holdings_are_packed(worlds: Worlds) -> None:
    world = worlds()
    await world.account()
    troubled = TroubledBrokerage(world.house, FakeClock())
    troubled.choose(Trouble.DOWN)
    registry = BrokerRegistry({"troubled": troubled})
    assert await registry.packed_holdings("troubled", ["SIM-000001"]) == PackedHoldings()
