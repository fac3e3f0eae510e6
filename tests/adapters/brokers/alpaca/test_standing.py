"""What Alpaca says of an account itself: other keys, refused keys, a restriction, and other people's orders."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.access_fault import AccessFault
from core.ports.broker import (
    AccountReplaced,
    BrokerUnavailable,
    NoAccess,
    Watched,
)
from tests.adapters.brokers.alpaca.stage import SPY, Stage, buy, sell, staged
from tests.fakes.alpaca.faults import Answer, Fault, server_error, unauthorised


def watched(stage: Stage) -> Watched:
    assert isinstance(stage.broker, Watched)
    return stage.broker


@pytest.mark.fault(32)
async def test_a_reset_account_is_another_account_whose_id_is_named() -> None:
    async with staged() as stage:
        number = stage.money.number
        stage.exchange.reset(stage.money)
        for look in (
            watched(stage).report(None),
            stage.broker.holdings(),
            stage.broker.submit(buy()),
        ):
            with pytest.raises(AccountReplaced) as caught:
                await look
            assert (caught.value.expected, caught.value.actual) == (number, stage.money.number)
            assert caught.value.why is AccessFault.OTHER_ACCOUNT
        assert (await stage.broker.account()).broker_account_id == stage.money.number
        assert stage.posts == 0


FORBIDDEN = '{"code":40310000,"message":"account is not allowed to do this"}'


@pytest.mark.fault(30)
@pytest.mark.parametrize(
    "fault",
    [
        unauthorised(method="GET", path="/v2/account"),
        Fault(Answer.SAY, "GET", "/v2/account", status=403, body=FORBIDDEN),
        Fault(Answer.SAY, "GET", "/v2/positions", status=403, body=FORBIDDEN),
    ],
)
async def test_a_question_that_is_refused_because_of_the_keys_says_so(fault: Fault) -> None:
    async with staged() as stage:
        stage.go_wrong(fault)
        with pytest.raises(NoAccess) as caught:
            await watched(stage).report(None)
        assert caught.value.why is AccessFault.REFUSED
        assert not isinstance(caught.value, AccountReplaced)
        await watched(stage).report(None)


@pytest.mark.fault(19)
async def test_a_failing_service_is_no_refusal_of_the_keys() -> None:
    async with staged() as stage:
        stage.go_wrong(server_error(method="GET", path="/v2/account"))
        with pytest.raises(BrokerUnavailable) as caught:
            await watched(stage).report(None)
        assert not isinstance(caught.value, NoAccess)


@pytest.mark.fault(30)
async def test_a_restricted_account_is_reported_as_such() -> None:
    async with staged() as stage:
        stage.money.is_blocked = True
        assert (await watched(stage).report(None)).account.is_restricted


@pytest.mark.fault(29, 31)
async def test_a_report_has_everybody_s_orders_however_many_in_few_requests() -> None:
    """501 orders of somebody else rest; ours were filled of late, one before and one after the last look."""
    async with staged(cash="10000000") as stage:
        stage.server.requests_a_minute = 100_000
        stage.hold(SPY, "10")
        await stage.broker.submit(sell("1", id_="rb-old-1-1-1"))
        await stage.settled("rb-old-1-1-1")
        stage.exchange.time.advance(timedelta(minutes=5))
        since = stage.exchange.time.now()
        stage.exchange.time.advance(timedelta(minutes=5))
        await stage.broker.submit(sell("2", id_="rb-new-1-1-1"))
        await stage.settled("rb-new-1-1-1")
        for number in range(501):
            body = {"symbol": "SPY", "side": "buy", "qty": "1", "type": "limit"}
            more = {"time_in_force": "gtc", "limit_price": "50", "client_order_id": f"app-{number}"}
            stage.exchange.submit(stage.money, {**body, **more})
        before = len(stage.server.seen)
        report = await watched(stage).report(since)
        assert len(stage.server.seen) - before == 6
        seen = {str(order.client_order_id): order for order in report.orders}
        assert len(seen) == 502
        assert not seen["rb-new-1-1-1"].is_open
        assert seen["rb-new-1-1-1"].filled == 2
        assert all(order.is_open for name, order in seen.items() if name.startswith("app-"))
        assert report.positions[SPY].quantity == 7
