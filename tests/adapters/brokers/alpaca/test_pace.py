"""F17: Alpaca's limit of requests a minute: obeyed, orders first, nothing lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.adapters.alpaca_api import NotSent, Pace, Urgency
from core.domain.order import OrderState
from core.ports.broker import BrokerOrder, BrokerUnavailable
from tests.adapters.brokers.alpaca.stage import SPY, Stage, buy
from tests.fakes.alpaca import faults
from tests.fakes.clock import FakeClock

ID = "rb-test-1-1-1"


def headers(clock: FakeClock, *, remaining: int = 0, reset_in: float = 20) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": "200",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(int(clock.now().timestamp() + reset_in)),
    }


@pytest.mark.fault(17)
async def test_an_order_waits_for_the_reset_and_a_little_longer() -> None:
    clock = FakeClock()
    pace = Pace(clock, patience=30, jitter=lambda: 0.5)
    pace.heard(429, headers(clock, reset_in=20))
    await pace.turn(Urgency.ORDER)
    assert clock.sleeps == [20.5]
    await pace.turn(Urgency.ORDER)
    assert clock.sleeps == [20.5]


async def test_an_order_does_not_wait_longer_than_the_lease_permits() -> None:
    clock = FakeClock()
    pace = Pace(clock, patience=30)
    pace.heard(429, headers(clock, reset_in=50))
    with pytest.raises(NotSent, match="free again in 5"):
        await pace.turn(Urgency.ORDER)
    assert clock.sleeps == []


async def test_a_read_does_not_wait_at_all() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.heard(429, headers(clock))
    with pytest.raises(NotSent):
        await pace.turn(Urgency.READ)
    assert clock.sleeps == []
    clock.advance(timedelta(seconds=22))
    await pace.turn(Urgency.READ)


async def test_a_429_without_headers_means_a_short_wait_or_the_reset_known_before() -> None:
    clock = FakeClock()
    pace = Pace(clock, jitter=lambda: 0.0)
    pace.heard(429, {})
    await pace.turn(Urgency.ORDER)
    assert clock.sleeps == [5.0]
    pace.heard(200, headers(clock, remaining=3, reset_in=12))
    pace.heard(429, {})
    await pace.turn(Urgency.ORDER)
    assert clock.sleeps == [5.0, 12.0]


@pytest.mark.fault(17)
async def test_the_last_of_a_minute_is_kept_for_orders() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    pace.heard(200, headers(clock, remaining=20, reset_in=30))
    with pytest.raises(NotSent):
        await pace.turn(Urgency.READ)
    await pace.turn(Urgency.ORDER)
    assert clock.sleeps == []
    pace.heard(200, headers(clock, remaining=199, reset_in=60))
    await pace.turn(Urgency.READ)


@pytest.mark.parametrize("reset", ["-5", "soon", "", "1e9", "99999999999999", "٦٠"])
async def test_headers_that_make_no_sense_close_nothing_for_long(reset: str) -> None:
    clock = FakeClock()
    pace = Pace(clock, patience=1000)
    pace.heard(429, {"X-RateLimit-Reset": reset, "X-RateLimit-Remaining": "x"})
    await pace.turn(Urgency.ORDER)
    assert len(clock.sleeps) == 1
    assert clock.sleeps[0] <= 66


async def test_a_wall_clock_set_back_closes_nothing_for_long() -> None:
    clock = FakeClock()
    pace = Pace(clock, patience=30)
    pace.heard(429, headers(clock))
    clock.set(clock.now() - timedelta(days=1))
    await pace.turn(Urgency.ORDER)
    assert clock.sleeps[0] < 25


@pytest.mark.fault(17)
async def test_an_order_met_by_429_is_sent_once_more_when_its_time_has_come(stage: Stage) -> None:
    reset = int(stage.exchange.time.now().timestamp()) + 10
    stage.go_wrong(faults.too_many({"X-RateLimit-Reset": str(reset)}))
    await stage.broker.submit(buy())
    assert stage.posts == 2
    assert len(stage.orders) == 1
    assert 10 <= stage.exchange.time.sleeps[0] <= 11


async def test_after_three_times_429_the_order_was_certainly_not_sent(stage: Stage) -> None:
    stage.go_wrong(faults.too_many(times=3))
    with pytest.raises(BrokerUnavailable, match="limit of requests"):
        await stage.broker.submit(buy())
    assert (stage.posts, stage.orders) == (3, [])


async def test_a_read_met_by_429_is_not_repeated(stage: Stage) -> None:
    stage.go_wrong(faults.too_many(method="GET", path="/v2/clock"))
    with pytest.raises(BrokerUnavailable):
        await stage.broker.clock()
    assert stage.asked("GET", "/v2/clock") == 1


@pytest.mark.fault(17)
async def test_in_a_busy_minute_reads_are_turned_away_and_no_order_is_lost(stage: Stage) -> None:
    """30 requests a minute: reads use the first ten, the others are kept for an order."""
    stage.server.requests_a_minute = 30
    shed = 0
    for _ in range(40):
        try:
            await stage.broker.clock()
        except BrokerUnavailable:
            shed += 1
    assert shed == 30
    await stage.broker.submit(buy())
    assert (await stage.settled(ID)).state is OrderState.FILLED
    assert all(seen.status == 200 for seen in stage.server.seen)
    stage.exchange.time.advance(timedelta(minutes=1))
    await stage.broker.clock()


@pytest.mark.fault(17)
async def test_many_orders_in_one_minute_are_all_sent_once(stage: Stage) -> None:
    """20 orders need some 60 requests; 40 are free in each minute."""
    stage.server.requests_a_minute = 40
    answers = await asyncio.gather(
        *(stage.broker.submit(buy("1", id_=f"o{n}")) for n in range(20)), return_exceptions=True
    )
    sent = [answer for answer in answers if isinstance(answer, BrokerOrder)]
    assert len(sent) == len(stage.orders)
    for n in range(20):
        stage.exchange.time.advance(timedelta(minutes=1))
        if not any(order.client_order_id == f"o{n}" for order in stage.orders):
            await stage.broker.submit(buy("1", id_=f"o{n}"))
    assert sorted(order.client_order_id for order in stage.orders) == sorted(
        f"o{n}" for n in range(20)
    )
    assert all(order.asset.symbol == SPY for order in stage.orders)
