"""What every broker must do, whatever stands behind it; a new one adds one line to BROKERS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from core.adapters.brokers.alpaca import assumed_traits, open_alpaca
from core.adapters.brokers.keyed import KeyedBrokerage, Lines
from core.adapters.brokers.manual import ManualBrokerage
from core.adapters.brokers.registry import Brokerage, BrokerRegistry
from core.adapters.brokers.simulated import FillRules, SimulatedBrokerage
from core.adapters.brokers.troubled import TroubledBrokerage
from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.market_data.history import load_history
from core.domain.ids import AccountId, ClientOrderId, PortfolioId, Symbol
from core.domain.money import purchase_cost, sale_proceeds
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.portfolio import Account
from core.domain.refusals import NotEnoughCash
from core.ports.broker import (
    Broker,
    BrokerOrder,
    CashTransfers,
    Dedup,
    DuplicateClientOrderId,
    OrderRefused,
    OrderRequest,
    Watched,
)
from core.ports.broker_keys import BrokerKeys
from core.ports.clock import Clock
from core.ports.hand_kept import HandKept
from tests.fakes.alpaca.model import Account as Money
from tests.fakes.alpaca.server import FakeAlpaca, serving
from tests.fakes.broker import FakeBroker
from tests.fakes.by_hand import QuickHands
from tests.fakes.clock import FakeClock, FakeMarketClock
from tests.fakes.key_ring import FakeKeyRing
from tests.fakes.market_data import FakeMarketData

SPY, AGG, NOSUCH = Symbol("SPY"), Symbol("AGG"), Symbol("NOSUCH")
PRICES = {"SPY": "100.00", "AGG": "50.00"}


@dataclass(frozen=True)
class Case:
    """An empty account at a broker whose market is open, with SPY at 100 and AGG at 50 dollars.

    ``pay_in`` where money comes to the account by other ways than ours; ``looks``: how often an order must be looked
    up until the broker has done with it what it can do now; ``least``: the smallest purchase in money.
    """

    broker: Broker
    set_price: Callable[[str, str], None]
    close_market: Callable[[], None]
    pay_in: Callable[[Decimal], None] | None = None
    looks: int = 0
    least: Decimal = Decimal(0)

    async def deposit(self, amount: str) -> None:
        if self.pay_in is not None:
            self.pay_in(Decimal(amount))
            return
        assert isinstance(self.broker, CashTransfers)
        await self.broker.transfer(Decimal(amount), f"deposit {amount}")

    async def buy(self, quantity: str, *, limit: str | None = None, id_: str = "b") -> BrokerOrder:
        return await self._send(order(Side.BUY, quantity, limit=limit, id_=id_))

    async def sell(self, quantity: str, *, limit: str | None = None, id_: str = "s") -> BrokerOrder:
        return await self._send(order(Side.SELL, quantity, limit=limit, id_=id_))

    async def _send(self, request_: OrderRequest) -> BrokerOrder:
        answered = await self.broker.submit(request_)
        for _ in range(self.looks):
            answered = await self.found(request_.client_order_id)
        return answered

    async def found(self, id_: str) -> BrokerOrder:
        found = await self.broker.find_order(ClientOrderId(id_))
        assert found is not None
        return found

    async def cash(self) -> Decimal:
        return (await self.broker.account()).cash


def order(
    side: Side, quantity: str, *, limit: str | None = None, id_: str = "o", symbol: Symbol = SPY
) -> OrderRequest:
    price = None if limit is None else Decimal(limit)
    return OrderRequest(ClientOrderId(id_), symbol, side, Decimal(quantity), price)


@asynccontextmanager
async def simulated(folder: Path) -> AsyncIterator[Case]:
    clock = FakeMarketClock()
    data = FakeMarketData(PRICES, clock)
    calendar = ReplayCalendar(load_history().sessions)
    house = SimulatedBrokerage(folder / "broker.db", data, calendar, clock, FillRules())
    registry = BrokerRegistry({"simulated": house})
    account_id = await registry.open_account("simulated", "USD")
    account = Account(AccountId(1), PortfolioId(1), "Main", "simulated", account_id)
    try:
        yield Case(registry.of(account), data.set_price, lambda: clock.advance(timedelta(hours=5)))
    finally:
        await house.close()


@asynccontextmanager
async def troubled(folder: Path) -> AsyncIterator[Case]:
    """With no trouble chosen, as in a demo whose visitor leaves the broker alone."""
    clock = FakeMarketClock()
    data = FakeMarketData(PRICES, clock)
    calendar = ReplayCalendar(load_history().sessions)
    inner = SimulatedBrokerage(folder / "broker.db", data, calendar, clock, FillRules())
    house = TroubledBrokerage(inner, FakeClock())
    account = house.account(await house.open_account("USD"))
    try:
        yield Case(account, data.set_price, lambda: clock.advance(timedelta(hours=5)))
    finally:
        await inner.close()


@asynccontextmanager
async def manual(folder: Path) -> AsyncIterator[Case]:
    clock = FakeMarketClock()
    data = FakeMarketData(PRICES, clock)
    calendar = ReplayCalendar(load_history().sessions)
    house = ManualBrokerage(folder / "manual.db", data, calendar, clock)
    account = house.account(await house.open_account("USD"))
    assert isinstance(account, HandKept)
    await account.set_fractions(has_fractions=True)
    # What waits on a checklist has until the close of the next session.
    after_the_next_close = timedelta(days=1, hours=5)
    try:
        yield Case(
            QuickHands(account, data),
            data.set_price,
            lambda: clock.advance(after_the_next_close),
        )
    finally:
        await house.close()


@asynccontextmanager
async def fake(folder: Path) -> AsyncIterator[Case]:
    broker = FakeBroker(prices={Symbol(s): Decimal(p) for s, p in PRICES.items()})
    yield Case(broker, broker.set_price, broker.close_market)


class House(Brokerage, Protocol):
    """A house with connections."""

    async def close(self) -> None: ...


def one_pair_of_keys(keys: BrokerKeys, money: Money, clock: Clock) -> House:
    return open_alpaca(keys, clock, allow_live=False)


def keys_of_each_account(keys: BrokerKeys, money: Money, clock: Clock) -> House:
    ring = FakeKeyRing({money.number: keys})
    lines = Lines(
        lambda asked: open_alpaca(asked, clock, allow_live=False),
        lambda: assumed_traits(may_be_live=False),
    )
    return KeyedBrokerage("alpaca", ring, lines)


@asynccontextmanager
async def alpaca(
    folder: Path, make_house: Callable[[BrokerKeys, Money, Clock], House] = one_pair_of_keys
) -> AsyncIterator[Case]:
    async with serving(FakeAlpaca()) as server:
        exchange = server.exchange
        for symbol, price in PRICES.items():
            exchange.list_asset(symbol, price)
        money = exchange.open_account("key", "secret")
        house = make_house(
            BrokerKeys("key", "secret", server.origin, is_live=False), money, exchange.time
        )
        registry = BrokerRegistry({"alpaca": house})
        account = Account(AccountId(1), PortfolioId(1), "Main", "alpaca", money.number)

        def pay_in(amount: Decimal) -> None:
            money.cash += amount

        try:
            yield Case(
                registry.of(account),
                exchange.set_price,
                exchange.close_market,
                pay_in,
                looks=2,
                least=Decimal(1),
            )
        finally:
            await house.close()


BROKERS: dict[str, Callable[[Path], AbstractAsyncContextManager[Case]]] = {
    "simulated": simulated,
    "troubled": troubled,
    "manual": manual,
    "fake": fake,
    "alpaca": alpaca,
    "alpaca by account": partial(alpaca, make_house=keys_of_each_account),
}


@pytest.fixture(params=BROKERS)
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    async with BROKERS[request.param](tmp_path) as made:
        yield made


# --- account and cash ----------------------------------------------------------------------------


async def test_a_new_account_is_empty(case: Case) -> None:
    account = await case.broker.account()
    holdings = await case.broker.holdings()
    assert (account.currency, account.is_restricted) == ("USD", False)
    assert account.cash == holdings.cash == 0
    assert dict(holdings.positions) == {}
    assert await case.broker.open_orders() == []


async def test_the_same_transfer_moves_money_once(case: Case) -> None:
    if not isinstance(case.broker, CashTransfers):
        pytest.skip("no money is moved through this broker")
    assert await case.broker.transfer(Decimal("500.10"), "key-1") == Decimal("500.10")
    assert await case.broker.transfer(Decimal("500.10"), "key-1") == Decimal("500.10")
    assert await case.broker.transfer(Decimal(-100), "key-2") == Decimal("400.10")
    assert await case.cash() == Decimal("400.10")


async def test_no_more_is_withdrawn_than_is_there(case: Case) -> None:
    if not isinstance(case.broker, CashTransfers):
        pytest.skip("no money is moved through this broker")
    await case.deposit("100")
    with pytest.raises(NotEnoughCash) as caught:
        await case.broker.transfer(Decimal("-100.01"), "w")
    assert (caught.value.asked, caught.value.available) == (Decimal("100.01"), Decimal(100))
    assert await case.cash() == 100


async def test_an_open_purchase_binds_its_money_where_the_broker_says_so(case: Case) -> None:
    """What an account is worth does not fall because an order waits."""
    await case.deposit("1000")
    await case.buy("3", limit="90.00")
    held = await case.broker.holdings()
    assert held.bound >= 0
    if held.bound:
        assert held.cash < 1000
        assert held.with_bound.cash == 1000


# --- filling -------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantity", ["7", "7.125", "0.001"])
async def test_a_purchase_moves_cash_into_shares_to_the_cent(case: Case, quantity: str) -> None:
    await case.deposit("10000")
    if Decimal(quantity) * 100 < case.least:
        with pytest.raises(OrderRefused, match="too_small"):
            await case.buy(quantity)
        return
    bought = await case.buy(quantity)
    assert bought.state is OrderState.FILLED
    cost = sum(purchase_cost(f.quantity, f.price) + f.commission for f in bought.fills)
    holdings = await case.broker.holdings()
    assert dict(holdings.positions) == {SPY: Decimal(quantity)}
    assert holdings.cash == 10000 - cost == await case.cash()


async def test_a_sale_moves_shares_into_cash_to_the_cent(case: Case) -> None:
    await case.deposit("10000")
    await case.buy("7.125")
    before = await case.cash()
    sold = await case.sell("7.125")
    proceeds = sum(sale_proceeds(f.quantity, f.price) - f.commission for f in sold.fills)
    holdings = await case.broker.holdings()
    assert dict(holdings.positions) == {}
    assert holdings.cash == before + proceeds
    assert holdings.cash <= 10000


async def test_executions_have_their_own_ids_and_aware_times(case: Case) -> None:
    await case.deposit("10000")
    fills = (await case.buy("1", id_="b1")).fills + (await case.buy("1", id_="b2")).fills
    assert len({fill.execution_id for fill in fills}) == len(fills) == 2
    assert all(fill.at.tzinfo is UTC for fill in fills)


async def test_what_was_answered_is_what_is_found(case: Case) -> None:
    await case.deposit("10000")
    bought = await case.buy("3", limit="101")
    assert await case.found("b") == bought
    assert bought.broker_order_id
    assert sum(fill.quantity for fill in bought.fills) == 3


async def test_an_unknown_id_is_not_found(case: Case) -> None:
    assert await case.broker.find_order(ClientOrderId("never-sent")) is None


# --- limits --------------------------------------------------------------------------------------


async def test_a_limit_is_never_passed(case: Case) -> None:
    await case.deposit("10000")
    bought = await case.buy("2", limit="100.50")
    assert all(fill.price <= Decimal("100.50") for fill in bought.fills)
    sold = await case.sell("2", limit="99.50")
    assert all(fill.price >= Decimal("99.50") for fill in sold.fills)
    assert sold.state is OrderState.FILLED


async def test_a_limit_out_of_reach_rests_and_holds_cash_back(case: Case) -> None:
    await case.deposit("1000")
    resting = await case.buy("5", limit="90")
    assert (resting.state, resting.fills) == (OrderState.SUBMITTED, ())
    assert [o.client_order_id for o in await case.broker.open_orders()] == ["b"]
    assert await case.cash() == 550
    with pytest.raises(OrderRefused, match="insufficient_cash"):
        await case.buy("6", id_="b2")


async def test_a_resting_order_is_filled_once_the_price_comes(case: Case) -> None:
    await case.deposit("1000")
    await case.buy("5", limit="90")
    case.set_price("SPY", "89")
    filled = await case.found("b")
    assert filled.state is OrderState.FILLED
    assert all(fill.price <= 90 for fill in filled.fills)
    assert await case.broker.open_orders() == []
    assert (await case.broker.holdings()).positions[SPY] == 5


async def test_a_resting_order_expires_at_the_close(case: Case) -> None:
    await case.deposit("1000")
    await case.buy("5", limit="90")
    case.close_market()
    assert (await case.found("b")).state is OrderState.EXPIRED
    assert await case.broker.open_orders() == []
    assert await case.cash() == 1000


async def test_shares_on_sale_cannot_be_sold_twice(case: Case) -> None:
    await case.deposit("1000")
    await case.buy("5")
    await case.sell("3", limit="120", id_="s1")
    with pytest.raises(OrderRefused, match="insufficient_shares"):
        await case.sell("3", id_="s2")
    assert (await case.sell("2", id_="s3")).state is OrderState.FILLED


async def test_a_cancelled_order_gives_its_cash_back(case: Case) -> None:
    await case.deposit("1000")
    await case.buy("5", limit="90")
    await case.broker.cancel(ClientOrderId("b"))
    assert (await case.found("b")).state is OrderState.CANCELLED
    assert await case.cash() == 1000
    case.set_price("SPY", "80")
    assert (await case.found("b")).fills == ()


@pytest.mark.fault(24)
async def test_a_filled_order_stays_filled_when_cancelled(case: Case) -> None:
    await case.deposit("1000")
    bought = await case.buy("5")
    await case.broker.cancel(ClientOrderId("b"))
    assert await case.found("b") == bought


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (order(Side.BUY, "11"), "insufficient_cash"),
        (order(Side.SELL, "0.001"), "insufficient_shares"),
        (order(Side.BUY, "1", symbol=NOSUCH), "not_tradable"),
        (order(Side.BUY, "1.0005"), "not_fractionable"),
        (order(Side.BUY, "0"), "too_small"),
        (order(Side.SELL, "-1"), "too_small"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_refused_order_changes_nothing(
    case: Case, request_: OrderRequest, code: str
) -> None:
    await case.deposit("1000")
    with pytest.raises(OrderRefused) as caught:
        await case.broker.submit(request_)
    assert caught.value.code == code
    assert caught.value.detail
    holdings = await case.broker.holdings()
    assert holdings.cash == 1000
    assert dict(holdings.positions) == {}
    assert await case.broker.find_order(request_.client_order_id) is None


async def test_a_closed_market_takes_no_orders(case: Case) -> None:
    await case.deposit("1000")
    case.close_market()
    with pytest.raises(OrderRefused, match="market_closed"):
        await case.buy("1")
    assert (await case.broker.clock()).is_open is False


# --- beside others -------------------------------------------------------------------------------


async def test_where_others_trade_a_report_shows_the_account_its_shares_and_its_orders(
    case: Case,
) -> None:
    if not isinstance(case.broker, Watched):
        assert not case.broker.traits.others_trade
        pytest.skip("nobody trades there beside us")
    await case.deposit("10000")
    before = (await case.broker.clock()).now - timedelta(minutes=1)
    assert (await case.broker.report(before)).orders == ()
    await case.buy("7", id_="filled")
    await case.buy("5", limit="90", id_="resting")
    report = await case.broker.report(before)
    assert report.account == await case.broker.account()
    assert {s: p.quantity for s, p in report.positions.items()} == {SPY: 7}
    spy = report.positions[SPY]
    assert spy.price == 100
    assert spy.asset_id == (await case.broker.assets([SPY]))[SPY].asset_id
    seen = {str(order.client_order_id): order for order in report.orders}
    assert {name: order.is_open for name, order in seen.items()} == {
        "filled": False,
        "resting": True,
    }
    assert {name: order.filled for name, order in seen.items()} == {"filled": 7, "resting": 0}
    only_open = await case.broker.report(None)
    assert [order.client_order_id for order in only_open.orders] == ["resting"]


# --- the same id again ---------------------------------------------------------------------------


@pytest.mark.fault(14)
async def test_the_same_id_is_refused_for_ever(case: Case) -> None:
    assert case.broker.traits.dedup is Dedup.FOREVER
    await case.deposit("10000")
    await case.buy("1", id_="filled")
    await case.buy("1", limit="50", id_="resting")
    await case.buy("1", limit="50", id_="cancelled")
    await case.broker.cancel(ClientOrderId("cancelled"))
    before = await case.broker.holdings()
    for id_ in ("filled", "resting", "cancelled"):
        with pytest.raises(DuplicateClientOrderId):
            await case.buy("1", id_=id_)
    assert await case.broker.holdings() == before


@pytest.mark.fault(4)
async def test_of_many_at_once_with_one_id_exactly_one_is_taken(case: Case) -> None:
    await case.deposit("10000")
    answers = await asyncio.gather(*(case.buy("1") for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(answer, BrokerOrder) for answer in answers) == 1
    assert sum(isinstance(answer, DuplicateClientOrderId) for answer in answers) == 19
    assert (await case.broker.holdings()).positions[SPY] == 1


async def test_many_at_once_never_overdraw(case: Case) -> None:
    await case.deposit("1000")
    answers = await asyncio.gather(
        *(case.buy("2", id_=f"b{n}") for n in range(20)), return_exceptions=True
    )
    taken = [answer for answer in answers if isinstance(answer, BrokerOrder)]
    assert len(taken) in {4, 5}  # five only where there is no spread
    holdings = await case.broker.holdings()
    assert holdings.cash >= 0
    assert holdings.positions[SPY] == 2 * len(taken)


# --- what it says of the market ------------------------------------------------------------------


async def test_assets_it_does_not_know_are_missing(case: Case) -> None:
    assets = await case.broker.assets([SPY, AGG, NOSUCH])
    assert set(assets) == {SPY, AGG}
    assert all(asset.is_tradable and asset.asset_id for asset in assets.values())


async def test_its_clock_knows_that_the_market_is_open_and_when_it_closes(case: Case) -> None:
    clock = await case.broker.clock()
    assert clock.is_open
    assert clock.now.tzinfo is UTC
    assert clock.next_close > clock.now
    assert clock.next_open > clock.now
