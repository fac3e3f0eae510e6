"""The troubled broker: each trouble once, over the simulated broker's own book."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from core.adapters.brokers.registry import BrokerRegistry
from core.adapters.brokers.troubled import (
    FORGETS_FOR,
    HANGS_FOR,
    LATE_BY,
    TroubledAccount,
    TroubledBrokerage,
)
from core.domain.ids import AccountId, ClientOrderId, PortfolioId
from core.domain.order import OrderState
from core.domain.portfolio import Account
from core.ports.broker import (
    BrokerAmbiguous,
    BrokerOrder,
    BrokerUnavailable,
    CashTransfers,
    Dedup,
    DuplicateClientOrderId,
    OrderRefused,
)
from core.ports.troubles import Struck, Trouble
from tests.adapters.brokers.world import SPY, World, Worlds, buy
from tests.fakes.clock import FakeClock

HANDED_OVER = [
    Trouble.LOST_ANSWER,
    Trouble.HANGING,
    Trouble.FORGOTTEN,
    Trouble.PARTLY_FILLED,
    Trouble.NEVER_FILLED,
    Trouble.FILLED_LATE,
]
"""Troubles of an order that the house has taken."""


@dataclass
class Scene:
    """A troubled house with one account that has 10,000 dollars."""

    world: World
    clock: FakeClock
    house: TroubledBrokerage
    name: str
    broker: TroubledAccount

    async def send(self, trouble: Trouble | None, id_: str = "b") -> BrokerOrder | Exception:
        """Choose a trouble and buy four shares; what the caller hears is returned."""
        self.house.choose(trouble)
        try:
            return await self.broker.submit(buy("4", limit="101", id_=id_))
        except Exception as error:  # noqa: BLE001 - it is what is looked at
            return error

    async def truth(self, id_: str = "b") -> BrokerOrder | None:
        """What stands in the house's own book."""
        return await self.world.house.account(self.name).find_order(ClientOrderId(id_))

    def dedup(self) -> Dedup:
        return self.broker.traits.dedup

    async def found(self, id_: str = "b") -> BrokerOrder | None:
        return await self.broker.find_order(ClientOrderId(id_))


@pytest.fixture
async def scene(worlds: Worlds) -> Scene:
    world, clock = worlds(), FakeClock()
    house = TroubledBrokerage(world.house, clock)
    name = await house.open_account("USD")
    broker = house.account(name)
    assert isinstance(broker, CashTransfers)
    await broker.transfer(Decimal(10_000), "opening")
    return Scene(world, clock, house, name, broker)


@pytest.mark.parametrize("trouble", [each for each in Trouble if each is not Trouble.DOWN])
async def test_a_trouble_befalls_one_order_and_the_next_goes_well(
    scene: Scene, trouble: Trouble
) -> None:
    await scene.send(trouble)
    assert scene.house.struck == Struck(trouble, buy("4", limit="101"))
    if trouble is not Trouble.FORGOTTEN:
        assert scene.house.chosen is None
    next_one = await scene.broker.submit(buy("1", id_="next"))
    assert next_one.state is OrderState.FILLED
    assert await scene.found("next") == next_one


@pytest.mark.parametrize("trouble", HANDED_OVER)
async def test_an_order_that_was_taken_is_never_taken_twice(scene: Scene, trouble: Trouble) -> None:
    await scene.send(trouble)
    with pytest.raises(DuplicateClientOrderId):
        await scene.broker.submit(buy("4", limit="101"))
    holdings = await scene.broker.holdings()
    assert holdings.positions.get(SPY, Decimal(0)) <= 4


@pytest.mark.fault(12)
async def test_an_answer_is_lost_and_the_order_is_found_filled(scene: Scene) -> None:
    assert isinstance(await scene.send(Trouble.LOST_ANSWER), BrokerAmbiguous)
    found = await scene.found()
    assert found is not None
    assert found.state is OrderState.FILLED
    assert (await scene.broker.holdings()).positions == {SPY: Decimal(4)}


@pytest.mark.fault(13)
async def test_an_order_that_never_arrived_is_not_found_and_can_be_sent_again(scene: Scene) -> None:
    assert isinstance(await scene.send(Trouble.NEVER_ARRIVED), BrokerAmbiguous)
    assert await scene.truth() is None
    assert (await scene.broker.submit(buy("4", limit="101"))).state is OrderState.FILLED


@pytest.mark.fault(21)
async def test_a_hanging_broker_is_given_up_on_and_has_the_order(scene: Scene) -> None:
    assert isinstance(await scene.send(Trouble.HANGING), BrokerAmbiguous)
    assert scene.clock.sleeps == [HANGS_FOR]
    assert await scene.truth() == await scene.found() is not None


async def test_a_broker_that_is_down_answers_nothing_until_it_is_up_again(scene: Scene) -> None:
    assert isinstance(await scene.send(Trouble.DOWN), BrokerUnavailable)
    calls: list[Callable[[], Awaitable[object]]] = [
        scene.broker.account,
        scene.broker.holdings,
        scene.broker.clock,
        scene.broker.open_orders,
        lambda: scene.broker.assets([SPY]),
        lambda: scene.broker.find_order(ClientOrderId("b")),
        lambda: scene.broker.cancel(ClientOrderId("b")),
        lambda: scene.broker.transfer(Decimal(1), "more"),
        lambda: scene.house.holdings([scene.name]),
        lambda: scene.house.fractionable(scene.name, [SPY]),
        lambda: scene.house.open_account("USD"),
    ]
    for call in calls:
        with pytest.raises(BrokerUnavailable):
            await call()
    assert await scene.truth() is None
    assert scene.house.chosen is Trouble.DOWN
    scene.house.choose(None)
    assert (await scene.broker.account()).cash == 10_000
    assert (await scene.broker.submit(buy("4"))).state is OrderState.FILLED


async def test_holdings_of_a_house_that_is_down_are_missing(scene: Scene) -> None:
    registry = BrokerRegistry({"simulated": scene.house})
    account = Account(AccountId(1), PortfolioId(1), "Main", "simulated", scene.name)
    assert set(await registry.holdings([account])) == {account.id}
    scene.house.choose(Trouble.DOWN)
    assert await registry.holdings([account]) == {}


@pytest.mark.fault(22)
async def test_a_rejected_order_has_a_code_and_words_and_changes_nothing(scene: Scene) -> None:
    refused = await scene.send(Trouble.REJECTED)
    assert isinstance(refused, OrderRefused)
    assert (refused.code, refused.detail) == ("other", "trading in SPY is halted")
    assert await scene.truth() is None
    assert (await scene.broker.holdings()).cash == 10_000


async def test_half_of_an_order_is_filled_and_no_more_until_it_is_cancelled(scene: Scene) -> None:
    half = await scene.send(Trouble.PARTLY_FILLED)
    assert isinstance(half, BrokerOrder)
    for _ in range(3):
        assert await scene.found() == half
    assert half.state is OrderState.PARTIALLY_FILLED
    assert [fill.quantity for fill in half.fills] == [2]
    await scene.broker.cancel(ClientOrderId("b"))
    ended = await scene.found()
    assert ended is not None
    assert (ended.state, ended.fills) == (OrderState.CANCELLED, half.fills)
    holdings = await scene.broker.holdings()
    assert holdings.positions[SPY] == 2
    assert holdings.cash == 10_000 - 200


@pytest.mark.fault(23)
async def test_what_is_not_filled_by_the_close_expires(scene: Scene) -> None:
    await scene.send(Trouble.PARTLY_FILLED)
    scene.world.clock.advance(timedelta(hours=5))
    ended = await scene.found()
    assert ended is not None
    assert (ended.state, len(ended.fills)) == (OrderState.EXPIRED, 1)


async def test_an_order_that_is_never_filled_rests_and_holds_its_cash_back(scene: Scene) -> None:
    resting = await scene.send(Trouble.NEVER_FILLED)
    assert isinstance(resting, BrokerOrder)
    assert (resting.state, resting.fills) == (OrderState.SUBMITTED, ())
    scene.clock.advance(timedelta(hours=1))
    assert await scene.found() == resting
    assert [each.client_order_id for each in await scene.broker.open_orders()] == ["b"]
    assert (await scene.broker.account()).cash == 10_000 - 400


async def test_an_order_is_filled_late(scene: Scene) -> None:
    resting = await scene.send(Trouble.FILLED_LATE)
    assert isinstance(resting, BrokerOrder)
    scene.clock.advance(timedelta(seconds=LATE_BY - 1))
    assert await scene.found() == resting
    scene.clock.advance(timedelta(seconds=1))
    filled = await scene.found()
    assert filled is not None
    assert filled.state is OrderState.FILLED
    assert [fill.quantity for fill in filled.fills] == [4]


@pytest.mark.fault(15)
async def test_a_forgotten_order_is_there_and_cannot_be_found_for_a_while(scene: Scene) -> None:
    assert isinstance(await scene.send(Trouble.FORGOTTEN), BrokerAmbiguous)
    truth = await scene.truth()
    assert truth is not None
    assert truth.state is OrderState.FILLED
    scene.clock.advance(timedelta(seconds=FORGETS_FOR - 1))
    assert await scene.found() is None
    assert scene.dedup() is Dedup.NONE
    scene.clock.advance(timedelta(seconds=1))
    assert await scene.found() == truth
    assert scene.dedup() is Dedup.FOREVER
    assert scene.house.chosen is None


async def test_a_forgotten_order_is_remembered_as_soon_as_another_trouble_is_chosen(
    scene: Scene,
) -> None:
    await scene.send(Trouble.FORGOTTEN)
    scene.house.choose(None)
    assert await scene.found() == await scene.truth()
    assert scene.house.struck is None


async def test_an_open_order_that_is_forgotten_is_not_among_the_open_ones(scene: Scene) -> None:
    scene.house.choose(Trouble.FORGOTTEN)
    with pytest.raises(BrokerAmbiguous):
        await scene.broker.submit(buy("4", limit="90", id_="rests"))
    assert await scene.broker.open_orders() == []
    scene.house.choose(None)
    assert [each.client_order_id for each in await scene.broker.open_orders()] == ["rests"]


@pytest.mark.parametrize("trouble", HANDED_OVER)
async def test_an_order_that_the_house_refuses_leaves_the_trouble_for_the_next(
    scene: Scene, trouble: Trouble
) -> None:
    scene.house.choose(trouble)
    with pytest.raises(OrderRefused, match="insufficient_cash"):
        await scene.broker.submit(buy("1000", id_="dear"))
    assert (scene.house.chosen, scene.house.struck) == (trouble, None)


async def test_accounts_do_not_share_what_is_forgotten(scene: Scene) -> None:
    await scene.send(Trouble.FORGOTTEN)
    other = scene.house.account(await scene.house.open_account("USD"))
    await other.transfer(Decimal(1000), "opening")
    sent = await other.submit(buy("4", limit="101"))
    assert await other.find_order(ClientOrderId("b")) == sent
