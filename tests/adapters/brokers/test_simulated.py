"""The simulated broker beyond the contract: its costs, partial fills, prices and refusals."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.adapters.brokers.simulated import FillRules
from core.domain.ids import ClientOrderId, Symbol
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.quote import PriceFaultKind
from core.domain.refusals import BadNumber, PriceSourceDown
from core.ports.broker import (
    BrokerUnavailable,
    CashTransfers,
    OrderRefused,
    OrderRequest,
)
from tests.adapters.brokers.world import SPY, World, Worlds, buy, sell
from tests.fakes.clock import MONDAY_ELEVEN
from tests.fakes.market_data import FakeMarketData

# --- costs ---------------------------------------------------------------------------------------


async def test_each_side_pays_half_the_spread_and_the_commission(worlds: Worlds) -> None:
    """
    spread 10 bps, commission 1.00, quote 100.00
    -> buy 3 @ 100.05 = 300.15 + 1.00; sell 3 @ 99.95 = 299.85 - 1.00
    """
    world = worlds(FillRules(spread_bps=Decimal(10), commission=Decimal(1)))
    broker = await world.account()
    bought = await broker.submit(buy("3"))
    assert (bought.fills[0].price, bought.fills[0].commission) == (Decimal("100.05"), Decimal(1))
    assert (await broker.account()).cash == Decimal("9698.85")
    sold = await broker.submit(sell("3"))
    assert (sold.fills[0].price, sold.fills[0].commission) == (Decimal("99.95"), Decimal(1))
    assert (await broker.account()).cash == Decimal("9997.70")


async def test_a_purchase_rounds_up_and_a_sale_rounds_down_to_the_cent(worlds: Worlds) -> None:
    """0.333 @ 100.001 = 33.300333 -> pays 33.31, gets 33.30."""
    world = worlds()
    world.prices.set_price("SPY", "100.001")
    broker = await world.account("100")
    await broker.submit(buy("0.333"))
    assert (await broker.account()).cash == Decimal("66.69")
    await broker.submit(sell("0.333"))
    assert (await broker.account()).cash == Decimal("99.99")


async def test_cash_may_be_spent_to_the_last_cent_but_no_further(worlds: Worlds) -> None:
    broker = await worlds().account("200.00")
    await broker.submit(buy("2"))
    assert (await broker.account()).cash == 0
    with pytest.raises(OrderRefused, match="insufficient_cash"):
        await broker.submit(buy("0.001", id_="b2"))


async def test_a_commission_larger_than_a_sale_needs_cash(worlds: Worlds) -> None:
    world = worlds(FillRules(spread_bps=Decimal(0), commission=Decimal(5)))
    broker = await world.account("105")
    await broker.submit(buy("1"))
    with pytest.raises(OrderRefused, match="insufficient_cash"):
        await broker.submit(sell("0.01"))
    assert (await broker.holdings()).positions == {SPY: Decimal(1)}


# --- partial fills and scripted refusals ---------------------------------------------------------


async def test_a_large_order_is_filled_in_two_parts(worlds: Worlds) -> None:
    world = worlds(FillRules(spread_bps=Decimal(0), max_fill_quantity=Decimal(4)))
    broker = await world.account("1000")
    first = await broker.submit(buy("10"))
    assert first.state is OrderState.PARTIALLY_FILLED
    assert [fill.quantity for fill in first.fills] == [4]
    world.prices.set_price("SPY", "90")
    rest = await broker.find_order(first.client_order_id)
    assert rest is not None
    assert rest.state is OrderState.FILLED
    assert [fill.quantity for fill in rest.fills] == [4, 6]
    assert [fill.price for fill in rest.fills] == [100, 90]
    assert (await broker.holdings()).cash == 1000 - 400 - 540


@pytest.mark.fault(23)
async def test_what_is_not_filled_by_the_close_expires_and_the_rest_is_kept(worlds: Worlds) -> None:
    world = worlds(FillRules(spread_bps=Decimal(0), max_fill_quantity=Decimal(4)))
    broker = await world.account("1000")
    await broker.submit(buy("10"))
    world.clock.advance(timedelta(hours=5))
    order = await broker.find_order(ClientOrderId("b"))
    assert order is not None
    assert (order.state, len(order.fills)) == (OrderState.EXPIRED, 1)
    holdings = await broker.holdings()
    assert holdings.cash == 600
    assert holdings.positions == {SPY: Decimal(4)}


@pytest.mark.fault(25)
async def test_a_rest_that_cash_no_longer_covers_is_cancelled_not_financed(worlds: Worlds) -> None:
    world = worlds(FillRules(spread_bps=Decimal(0), max_fill_quantity=Decimal(4)))
    broker = await world.account("1000")
    await broker.submit(buy("10"))
    world.prices.set_price("SPY", "150")
    order = await broker.find_order(ClientOrderId("b"))
    assert order is not None
    assert order.state is OrderState.CANCELLED
    assert "cash" in order.detail
    assert (await broker.holdings()).cash == 600


async def test_a_partly_filled_purchase_holds_back_the_rest_of_its_cash(worlds: Worlds) -> None:
    world = worlds(FillRules(spread_bps=Decimal(0), max_fill_quantity=Decimal(4)))
    broker = await world.account("1000")
    await broker.submit(buy("10"))
    world.prices.failure = PriceSourceDown("fake", "scripted")
    assert (await broker.account()).cash == 0


async def test_a_symbol_can_be_scripted_to_be_refused(worlds: Worlds) -> None:
    world = worlds(FillRules(refusals={SPY: "not_fractionable"}))
    broker = await world.account()
    with pytest.raises(OrderRefused, match="not_fractionable"):
        await broker.submit(buy("1"))


async def test_without_fractions_only_whole_shares_trade(worlds: Worlds) -> None:
    world = worlds(FillRules(fractional=False))
    broker = await world.account()
    with pytest.raises(OrderRefused, match="not_fractionable"):
        await broker.submit(buy("1.5"))
    assert (await broker.submit(buy("2"))).state is OrderState.FILLED
    assert not (await broker.assets([SPY]))[SPY].is_fractionable


# --- prices --------------------------------------------------------------------------------------


@pytest.mark.fault(33)
@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda p: p.set_price("SPY", "NaN"), BrokerUnavailable),
        (lambda p: p.set_price("SPY", "0"), BrokerUnavailable),
        (lambda p: p.set_price("SPY", "-5"), BrokerUnavailable),
        (lambda p: p.set_fault("SPY", PriceFaultKind.NOT_A_NUMBER), BrokerUnavailable),
        (
            lambda p: p.set_price("SPY", "100", at=MONDAY_ELEVEN - timedelta(hours=1)),
            BrokerUnavailable,
        ),
        (lambda p: setattr(p, "failure", PriceSourceDown("fake", "429")), BrokerUnavailable),
        (lambda p: p.set_price("SPY", "100", currency="GBp"), OrderRefused),
        (lambda p: p.set_fault("SPY"), OrderRefused),
    ],
    ids=["NaN", "zero", "negative", "no number", "stale", "source down", "pence", "missing"],
)
async def test_nothing_is_filled_at_an_unusable_price(
    worlds: Worlds, spoil: Callable[[FakeMarketData], None], error: type[Exception]
) -> None:
    world = worlds()
    broker = await world.account()
    spoil(world.prices)
    with pytest.raises(error):
        await broker.submit(buy("1"))
    assert await broker.find_order(ClientOrderId("b")) is None
    assert (await broker.holdings()).cash == 10000


async def test_a_resting_order_waits_while_there_are_no_prices(worlds: Worlds) -> None:
    world = worlds()
    broker = await world.account()
    await broker.submit(buy("1", limit="90"))
    world.prices.failure = PriceSourceDown("fake", "scripted")
    order = await broker.find_order(ClientOrderId("b"))
    assert order is not None
    assert order.state is OrderState.SUBMITTED


async def test_an_order_of_yesterday_expires_even_when_todays_price_would_fill_it(
    worlds: Worlds,
) -> None:
    world = worlds()
    broker = await world.account()
    await broker.submit(buy("1", limit="90"))
    world.clock.advance(timedelta(days=1))
    world.prices.set_price("SPY", "80")
    order = await broker.find_order(ClientOrderId("b"))
    assert order is not None
    assert order.state is OrderState.EXPIRED


# --- hostile input -------------------------------------------------------------------------------


@pytest.mark.parametrize("quantity", ["NaN", "Infinity", "-Infinity", "1E+40", "0.0001", "-3"])
async def test_absurd_quantities_are_refused(worlds: Worlds, quantity: str) -> None:
    broker = await worlds().account()
    with pytest.raises(OrderRefused):
        await broker.submit(buy(quantity))


@pytest.mark.parametrize("limit", ["NaN", "Infinity", "0", "-1"])
async def test_absurd_limits_are_refused(worlds: Worlds, limit: str) -> None:
    broker = await worlds().account()
    with pytest.raises(OrderRefused, match="limit price"):
        await broker.submit(buy("1", limit=limit))


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "0.001", "1E+30"])
async def test_absurd_amounts_are_refused(worlds: Worlds, amount: str) -> None:
    broker = await worlds().account("1")
    assert isinstance(broker, CashTransfers)
    with pytest.raises(BadNumber, match="whole cents"):
        await broker.transfer(Decimal(amount), "absurd")


@pytest.mark.parametrize("name", ["SIM-000099", "SIM-", "SIM-x", "ALPACA-1", "SIM-9" * 9])
async def test_an_account_of_another_house_is_unavailable_or_missing(
    worlds: Worlds, name: str
) -> None:
    world = worlds()
    with pytest.raises(BrokerUnavailable):
        await world.house.account(name).account()
    with pytest.raises(BrokerUnavailable):
        await world.house.account(name).find_order(ClientOrderId("b"))
    assert dict(await world.house.holdings([name])) == {}


@pytest.mark.fault(56)
async def test_ids_and_symbols_full_of_sql_are_only_text(worlds: Worlds) -> None:
    world = worlds()
    world.prices.set_price("X'; DROP TABLE orders; --", "10")
    broker = await world.account()
    symbol, id_ = Symbol("X'; DROP TABLE orders; --"), ClientOrderId("'); DELETE FROM fills; --")
    await broker.submit(OrderRequest(id_, symbol, Side.BUY, Decimal(1), None))
    assert (await broker.holdings()).positions == {symbol: Decimal(1)}
    assert await broker.find_order(id_) is not None


# --- any order of any orders ---------------------------------------------------------------------

orders = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.integers(1, 30_000).map(lambda n: Decimal(n) / 1000),
        st.one_of(st.none(), st.integers(8_000, 12_000).map(lambda n: Decimal(n) / 100)),
        st.integers(80_000, 120_000).map(lambda n: Decimal(n) / 1000),
    ),
    max_size=12,
)


@given(orders=orders, bps=st.integers(0, 50), commission=st.integers(0, 200), cap=st.integers(1, 9))
@settings(max_examples=25)
async def test_cash_and_shares_are_conserved_and_never_negative(
    tmp_path_factory: pytest.TempPathFactory,
    orders: list[tuple[Side, Decimal, Decimal | None, Decimal]],
    bps: int,
    commission: int,
    cap: int,
) -> None:
    rules = FillRules(Decimal(bps), Decimal(commission) / 100, max_fill_quantity=Decimal(cap))
    world = World(tmp_path_factory.mktemp("broker"), rules)
    broker = await world.account("2000")
    for n, (side, quantity, limit, price) in enumerate(orders):
        world.prices.set_price("SPY", price)
        with contextlib.suppress(OrderRefused):
            await broker.submit(OrderRequest(ClientOrderId(f"o{n}"), SPY, side, quantity, limit))
        holdings = await broker.holdings()
        assert holdings.cash >= 0
        assert holdings.positions.get(SPY, Decimal(0)) >= 0
    world.clock.advance(timedelta(hours=5))
    found = [await broker.find_order(ClientOrderId(f"o{n}")) for n in range(len(orders))]
    shares, cash = Decimal(0), Decimal(2000)
    for order in found:
        for fill in order.fills if order else ():
            sign = 1 if order and order.side is Side.BUY else -1
            rounding = "ROUND_CEILING" if sign > 0 else "ROUND_FLOOR"
            gross = (fill.quantity * fill.price).quantize(Decimal("0.01"), rounding)
            shares += sign * fill.quantity
            cash -= sign * gross + fill.commission
    holdings = await broker.holdings()
    assert holdings.positions.get(SPY, Decimal(0)) == shares
    assert holdings.cash == cash
    await world.house.close()
