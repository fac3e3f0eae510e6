"""Alpaca's refusals, in our codes and in sentences that a person understands."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.order import OrderState
from core.ports.broker import BrokerUnavailable, DuplicateClientOrderId, OrderRefused
from tests.adapters.brokers.alpaca.stage import BRKB, SPY, Stage, buy, sell, staged
from tests.fakes.alpaca.faults import Answer, Fault

RECORDED = [
    (403, 40310000, "insufficient buying power", "insufficient_cash"),
    (403, 40310000, "insufficient day trading buying power", "insufficient_cash"),
    (
        403,
        40310000,
        "insufficient qty available for order (requested: 5, available: 0.557436865)",
        "insufficient_shares",
    ),
    (403, 40310000, "account is not allowed to short", "insufficient_shares"),
    (403, 40310000, 'asset "OCGN" cannot be sold short', "insufficient_shares"),
    (403, 40310000, 'asset "OCGN" is not fractionable', "not_fractionable"),
    (403, 40310000, "potential wash trade detected. use complex orders", "other"),
    (403, 40310000, "cost basis must be >= minimal amount of order 1", "too_small"),
    (422, 42210000, "notional must be >= 1.00", "too_small"),
    (422, 40010001, "qty must be > 0", "too_small"),
    (422, 42210000, "fractional orders must be DAY orders", "not_fractionable"),
    (422, 42210000, 'asset "NOSUCH" not found', "not_tradable"),
    (422, 42210000, "asset SPY is not active", "not_tradable"),
    (422, 42210000, "asset SPY is not tradable", "not_tradable"),
    (403, 40310000, "account is restricted to liquidation only", "other"),
    (
        422,
        42210000,
        "invalid limit_price 100.123. sub-penny increment does not fulfill minimum pricing criteria",
        "other",
    ),
    (422, 40010001, "something new is wrong", "other"),
    (422, 40010001, "client_order_id is malformed", "other"),
    (409, 40910000, "conflict", "other"),
    (400, 40010000, "request body format is invalid", "other"),
]


@pytest.mark.fault(22)
@pytest.mark.parametrize(("status", "code", "message", "ours"), RECORDED)
async def test_one_code_of_alpacas_means_many_things_and_the_words_decide(
    stage: Stage, status: int, code: int, message: str, ours: str
) -> None:
    stage.go_wrong(saying(status, code, message))
    with pytest.raises(OrderRefused) as caught:
        await stage.broker.submit(buy())
    assert caught.value.code == ours
    assert message in caught.value.detail
    assert caught.value.detail != message
    assert stage.posts == 1


def saying(status: int, code: int, message: str, **more: Any) -> Fault:
    from json import dumps

    return Fault(Answer.SAY, status=status, body=dumps({"code": code, "message": message, **more}))


@pytest.mark.parametrize(
    "message",
    [
        "client_order_id must be unique",
        "client order id must be unique",
        "Client Order ID already exists",
        "invalid request",
    ],
)
async def test_a_repeated_id_is_known_whatever_the_words(stage: Stage, message: str) -> None:
    """Where the words do not speak of the id, the order is looked up."""
    stage.exchange.repeated_id_message = message
    await stage.broker.submit(buy())
    with pytest.raises(DuplicateClientOrderId):
        await stage.broker.submit(buy())
    assert len(stage.orders) == 1


@pytest.mark.parametrize("end", ["canceled", "filled"])
async def test_an_id_is_refused_after_the_orders_end_too(stage: Stage, end: str) -> None:
    await stage.broker.submit(buy(limit="50" if end == "canceled" else "101"))
    if end == "canceled":
        await stage.broker.cancel(buy().client_order_id)
    await stage.settled("rb-test-1-1-1")
    assert stage.orders[0].status == end
    with pytest.raises(DuplicateClientOrderId):
        await stage.broker.submit(buy())


@pytest.mark.fault(16)
async def test_of_a_repeated_id_the_other_order_is_what_is_found(stage: Stage) -> None:
    """The id belongs to an order for something else: the core compares, we only report."""
    await stage.broker.submit(something_else())
    with pytest.raises(DuplicateClientOrderId):
        await stage.broker.submit(buy("7"))
    found = await stage.found("rb-test-1-1-1")
    assert found is not None
    assert found.symbol == BRKB
    assert found.quantity == 1


def something_else() -> Any:
    return buy("1", symbol=BRKB, limit="400")


@pytest.mark.fault(22)
async def test_a_wash_trade_is_explained(stage: Stage) -> None:
    stage.hold(SPY, "5")
    await stage.broker.submit(sell("5", limit="120", id_="resting"))
    with pytest.raises(OrderRefused) as caught:
        await stage.broker.submit(buy(limit=None, id_="opposing"))
    assert "other direction" in caught.value.detail
    assert "wash trade" in caught.value.detail


async def test_after_the_cancellation_the_opposing_order_is_taken(stage: Stage) -> None:
    stage.hold(SPY, "5")
    await stage.broker.submit(sell("5", limit="120", id_="resting"))
    await stage.broker.cancel(sell(id_="resting").client_order_id)
    assert (await stage.settled("resting")).state is OrderState.CANCELLED
    await stage.broker.submit(buy(limit=None, id_="opposing"))
    assert (await stage.settled("opposing")).state is OrderState.FILLED


@pytest.mark.fault(27)
async def test_a_symbol_that_is_halted_is_known_before(stage: Stage) -> None:
    stage.exchange.assets["SPY"].is_tradable = False
    assets = await stage.broker.assets([SPY])
    assert assets[SPY].is_tradable is False
    with pytest.raises(OrderRefused, match="not_tradable"):
        await stage.broker.submit(buy())


async def test_a_fund_that_is_sold_whole_only(stage: Stage) -> None:
    stage.exchange.assets["SPY"].is_fractionable = False
    assert await stage.house.fractionable(stage.money.number, [SPY, BRKB]) == {BRKB}
    with pytest.raises(OrderRefused, match="not_fractionable"):
        await stage.broker.submit(buy("1.5"))
    await stage.broker.submit(buy("2"))


@pytest.mark.fault(30)
@pytest.mark.parametrize(
    "body", ['{"message":"forbidden."}', '{"code":40310001,"message":"Forbidden"}']
)
async def test_forbidden_keys_are_certainly_no_order(stage: Stage, body: str) -> None:
    stage.go_wrong(Fault(Answer.SAY, status=403, body=body))
    with pytest.raises(BrokerUnavailable, match="paper account work only at the paper service"):
        await stage.broker.submit(buy())
    assert stage.orders == []


@pytest.mark.fault(30)
async def test_keys_of_the_other_environment_are_recognised_and_said(stage: Stage) -> None:
    stage.money.secret = "another one"
    for ask in (stage.broker.account, stage.broker.holdings, lambda: stage.broker.submit(buy())):
        with pytest.raises(BrokerUnavailable) as caught:
            await ask()
        assert "ALPACA_API_KEY" in str(caught.value)
        assert "live account only at the live one" in str(caught.value)
    assert stage.orders == []


async def test_the_least_purchase_is_one_dollar() -> None:
    async with staged() as stage:
        with pytest.raises(OrderRefused, match="too_small"):
            await stage.broker.submit(buy("0.009", limit="100"))
        await stage.broker.submit(buy("0.01", limit="100", id_="a dollar"))
