"""A house whose accounts each have their own keys, over lines that are handwritten fakes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from core.adapters.brokers.keyed import KeyedBrokerage, KeyedDoors, Lines
from core.domain.access_fault import AccessFault
from core.domain.ids import ClientOrderId, Symbol
from core.domain.plan import Side
from core.domain.portfolio import Holdings
from core.domain.refusals import NotBuiltYet
from core.ports.broker import (
    Broker,
    BrokerTraits,
    BrokerUnavailable,
    Dedup,
    NoAccess,
    OrderRequest,
)
from core.ports.broker_keys import BrokerKeys
from tests.fakes.broker import FakeBroker
from tests.fakes.key_ring import FakeKeyRing

SPY = Symbol("SPY")
ASSUMED = BrokerTraits("bank", Dedup.FOREVER, settles_at_once=False, is_live=True)
ORDER = OrderRequest(ClientOrderId("rb-1"), SPY, Side.BUY, Decimal(1), Decimal(101))


def keys(name: str) -> BrokerKeys:
    return BrokerKeys(f"key-{name}", f"secret-{name}", "https://bank.example", is_live=False)


@dataclass
class FakeLine:
    """A house with one account; refuses everything once its keys are revoked."""

    broker: FakeBroker
    is_closed: bool = False
    is_revoked: bool = False

    def account(self, broker_account_id: str) -> Broker:
        return self.broker

    async def open_account(self, currency: str) -> str:
        return self.broker.account_id

    async def holdings(self, broker_account_ids: Collection[str]) -> Mapping[str, Holdings]:
        self._require_good()
        return {
            number: await self.broker.holdings()
            for number in broker_account_ids
            if number == self.broker.account_id
        }

    async def fractionable(
        self, broker_account_id: str, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        self._require_good()
        return frozenset(symbols)

    async def close(self) -> None:
        self.is_closed = True

    def _require_good(self) -> None:
        if self.is_revoked:
            raise NoAccess(AccessFault.REFUSED, "revoked")


@dataclass
class Bank:
    """Opens lines, and remembers them by the key that they were opened with."""

    ring: FakeKeyRing = field(default_factory=FakeKeyRing)
    opened: dict[str, FakeLine] = field(default_factory=dict)
    count: int = 0

    def open_line(self, asked: BrokerKeys) -> FakeLine:
        self.count += 1
        name = asked.key.removeprefix("key-")
        broker = FakeBroker(account_id=name, prices={SPY: Decimal(100)}, cash=Decimal(1000))
        self.opened[name] = FakeLine(broker)
        return self.opened[name]

    def house(self, own: FakeLine | None = None, *, foreign: bool = False) -> KeyedBrokerage:
        lines = Lines(self.open_line, lambda: ASSUMED, own, has_foreign_prices=foreign)
        return KeyedBrokerage("bank", self.ring, lines)


@pytest.fixture
def bank() -> Bank:
    return Bank(FakeKeyRing({"1": keys("1"), "2": keys("2")}))


async def test_many_at_once_open_one_line(bank: Bank) -> None:
    account = bank.house().account("1")
    await asyncio.gather(*(account.account() for _ in range(50)))
    assert bank.count == 1


async def test_until_an_account_was_reached_the_worse_is_assumed(bank: Bank) -> None:
    account = bank.house().account("1")
    assert account.traits is ASSUMED
    await account.account()
    assert account.traits.name == "fake"
    bank.ring.keys.clear()
    with pytest.raises(NoAccess):
        await account.account()
    assert account.traits is ASSUMED


async def test_an_order_without_keys_is_certainly_not_sent(bank: Bank) -> None:
    house = bank.house()
    await house.account("1").account()
    del bank.ring.keys["1"]
    with pytest.raises(BrokerUnavailable, match="there are no keys for the account …1"):
        await house.account("1").submit(ORDER)
    assert await bank.opened["1"].broker.find_order(ORDER.client_order_id) is None


async def test_changed_keys_open_another_line_and_the_old_one_is_closed_at_the_end(
    bank: Bank,
) -> None:
    house = bank.house()
    await house.account("1").account()
    bank.ring.keys["1"] = keys("new")
    assert (await house.account("1").account()).broker_account_id == "new"
    assert not bank.opened["1"].is_closed
    await house.close()
    assert all(line.is_closed for line in bank.opened.values())
    assert len(bank.opened) == 2


async def test_holdings_of_all_that_answer(bank: Bank) -> None:
    house = bank.house()
    await house.account("1").account()
    bank.opened["1"].is_revoked = True
    held = await house.holdings(["1", "2", "3"])
    assert {number: each.cash for number, each in held.items()} == {"2": 1000}


async def test_what_is_the_same_for_all_is_asked_over_whichever_line_works(bank: Bank) -> None:
    house = bank.house()
    for number in ("1", "2"):
        await house.account(number).account()
    bank.opened["1"].is_revoked = True
    assert await house.fractionable("1", [SPY]) == {SPY}
    bank.opened["2"].is_revoked = True
    with pytest.raises(NoAccess, match="revoked"):
        await house.fractionable("1", [SPY])


async def test_keys_of_the_environment_serve_what_has_none_of_its_own(bank: Bank) -> None:
    own = FakeLine(FakeBroker(account_id="9"))
    house = bank.house(own)
    assert await house.open_account("USD") == "9"
    assert (await house.account("9").account()).broker_account_id == "9"
    assert (await house.account("1").account()).broker_account_id == "1"
    with pytest.raises(NoAccess) as refused:
        await bank.house().open_account("USD")
    assert refused.value.why is AccessFault.NO_KEYS


async def test_with_prices_from_elsewhere_nobody_is_let_through(bank: Bank) -> None:
    house = bank.house(foreign=True)
    with pytest.raises(NoAccess) as refused:
        await house.account("1").submit(ORDER)
    assert refused.value.why is AccessFault.FOREIGN_PRICES
    with pytest.raises(NoAccess):
        await house.fractionable("1", [SPY])
    assert bank.count == 0


async def test_a_door_is_shut_again_whatever_was_behind_it(bank: Bank) -> None:
    doors = KeyedDoors({"bank": bank.open_line})
    assert (await doors.look("bank", keys("7"))).broker_account_id == "7"
    assert bank.opened["7"].is_closed
    with pytest.raises(NotBuiltYet):
        await doors.look("fidelity", keys("7"))


async def test_nothing_shows_a_key(bank: Bank) -> None:
    house = bank.house()
    await house.account("1").account()
    shown = f"{house!r} {vars(house)!r} {house.account('1')!r}"
    assert "key-1" not in shown
    assert "secret-1" not in shown
