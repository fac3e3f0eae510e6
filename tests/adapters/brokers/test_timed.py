"""A timed house is the same house, with the same abilities, and its meter hears how each call ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from core.adapters.brokers.keyed import KeyedAccount
from core.adapters.brokers.manual.account import ManualAccount
from core.adapters.brokers.simulated.account import SimulatedAccount
from core.adapters.brokers.timed import TimedBrokerage, _kind_for
from core.ports.broker import (
    BrokerAmbiguous,
    BrokerUnavailable,
    CashTransfers,
    OrderRefused,
    Watched,
)
from core.ports.hand_kept import HandKept
from core.ports.meter import CallEnd
from tests.fakes.broker import FakeBroker


@dataclass
class Heard:
    """A meter that remembers."""

    calls: list[tuple[str, str, CallEnd]] = field(default_factory=list)

    def broker_call(self, broker: str, call: str, seconds: float, end: CallEnd) -> None:
        assert seconds >= 0
        self.calls.append((broker, call, end))


class House:
    """A house of one account."""

    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker

    def account(self, broker_account_id: str) -> FakeBroker:
        return self._broker

    async def open_account(self, currency: str) -> str:
        return self._broker.account_id

    async def holdings(self, broker_account_ids: object) -> dict[str, object]:
        return {self._broker.account_id: await self._broker.holdings()}

    async def fractionable(self, broker_account_id: str, symbols: object) -> frozenset[str]:
        return frozenset()


@pytest.mark.parametrize("kind", [SimulatedAccount, KeyedAccount, ManualAccount, FakeBroker])
@pytest.mark.parametrize("ability", [CashTransfers, Watched, HandKept])
def test_an_account_has_the_abilities_of_the_one_behind_it(kind: type, ability: type) -> None:
    assert issubclass(_kind_for(kind), ability) == issubclass(kind, ability)


async def test_calls_go_through_and_are_told() -> None:
    heard, broker = Heard(), FakeBroker(cash=Decimal(100))
    house = TimedBrokerage("fake", House(broker), heard)  # type: ignore[arg-type]
    account = house.account("x")
    assert (await account.account()).cash == 100
    assert account.traits == broker.traits
    assert await account.holdings() == await broker.holdings()
    assert await house.open_account("USD") == broker.account_id
    assert set(await house.holdings([broker.account_id])) == {broker.account_id}
    assert await house.fractionable("x", []) == frozenset()
    assert heard.calls == [
        ("fake", "account", CallEnd.OK),
        ("fake", "holdings", CallEnd.OK),
        ("fake", "open_account", CallEnd.OK),
        ("fake", "holdings", CallEnd.OK),
        ("fake", "assets", CallEnd.OK),
    ]


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (BrokerUnavailable("down"), CallEnd.UNAVAILABLE),
        (BrokerAmbiguous("who knows"), CallEnd.AMBIGUOUS),
        (OrderRefused("other", "no"), CallEnd.REFUSED),
        (ZeroDivisionError(), CallEnd.ERROR),
        (asyncio.CancelledError(), CallEnd.CANCELLED),
    ],
)
async def test_the_meter_hears_how_a_call_ended(error: BaseException, end: CallEnd) -> None:
    heard = Heard()
    house = TimedBrokerage("fake", House(FakeBroker()), heard)  # type: ignore[arg-type]

    async def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        await house.timed("submit", fail())
    assert heard.calls == [("fake", "submit", end)]
