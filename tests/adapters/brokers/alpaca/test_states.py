"""Where an order is: Alpaca's seventeen words in ours, and executions that come late or twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.domain.order import TERMINAL, OrderState
from core.ports.broker import BrokerAmbiguous
from tests.adapters.brokers.alpaca.spec import SPEC
from tests.adapters.brokers.alpaca.stage import SPY, Stage, buy, sell
from tests.fakes.alpaca import faults
from tests.fakes.alpaca.model import Fate

ID = "rb-test-1-1-1"
STATES = {
    "new": (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED),
    "accepted": (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED),
    "pending_new": (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED),
    "accepted_for_bidding": (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED),
    "partially_filled": (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED),
    "pending_cancel": (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED),
    "pending_replace": (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED),
    "stopped": (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED),
    "suspended": (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED),
    "calculated": (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED),
    "held": (OrderState.SUBMITTED, OrderState.PARTIALLY_FILLED),
    "done_for_day": (OrderState.EXPIRED, OrderState.EXPIRED),
    "filled": (OrderState.FILLED, OrderState.FILLED),
    "canceled": (OrderState.CANCELLED, OrderState.CANCELLED),
    "expired": (OrderState.EXPIRED, OrderState.EXPIRED),
    "replaced": (OrderState.CANCELLED, OrderState.CANCELLED),
    "rejected": (OrderState.REJECTED, OrderState.CANCELLED),
}
"""By Alpaca's word: our state without an execution, and with one of three shares filled."""


def test_all_words_of_the_description_are_known() -> None:
    assert set(STATES) == set(SPEC["$defs"]["OrderStatus"]["enum"])


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize("is_partly", [False, True])
async def test_every_word_has_a_state(stage: Stage, status: str, *, is_partly: bool) -> None:
    await stage.broker.submit(buy(limit="90"))
    (kept,) = stage.orders
    stage.exchange.ticks_on_look = False
    if is_partly:
        stage.exchange.fill(stage.money, kept, Decimal(1), Decimal(90))
    kept.status = status
    found = await stage.found(ID)
    assert found is not None
    assert found.state is STATES[status][is_partly]
    assert sum(fill.quantity for fill in found.fills) == is_partly


async def test_a_day_order_cancelled_at_the_close_has_expired(stage: Stage) -> None:
    stage.exchange.day_end_status = "canceled"
    await stage.broker.submit(buy(limit="90"))
    stage.exchange.close_market()
    assert stage.orders[0].status == "canceled"
    assert (await stage.settled(ID)).state is OrderState.EXPIRED


async def test_one_cancelled_during_the_session_is_cancelled(stage: Stage) -> None:
    await stage.broker.submit(buy(limit="90"))
    await stage.broker.cancel(buy().client_order_id)
    assert (await stage.settled(ID)).state is OrderState.CANCELLED


async def test_calculated_and_done_for_the_day_can_mean_filled(stage: Stage) -> None:
    await stage.broker.submit(buy())
    await stage.settled(ID)
    for status in ("calculated", "done_for_day"):
        stage.orders[0].status = status
        stage.exchange.ticks_on_look = False
        found = await stage.found(ID)
        assert found is not None
        assert found.state is OrderState.FILLED


@pytest.mark.fault(20)
async def test_a_word_never_heard_draws_no_conclusion(stage: Stage) -> None:
    await stage.broker.submit(buy(limit="90"))
    stage.go_wrong(faults.unknown_status(method="GET", path="/v2/orders:by_client_order_id"))
    with pytest.raises(BrokerAmbiguous, match="“quantum”, which we do not know"):
        await stage.found(ID)


@pytest.mark.fault(23)
async def test_partial_fill_then_close_keeps_what_was_filled(stage: Stage) -> None:
    stage.exchange.fates.append(Fate(first_part=Decimal("0.4"), is_stuck=True))
    await stage.broker.submit(buy("5"))
    partly = await stage.settled(ID)
    assert partly.state is OrderState.PARTIALLY_FILLED
    stage.exchange.close_market()
    expired = await stage.settled(ID)
    assert expired.state is OrderState.EXPIRED
    assert [fill.quantity for fill in expired.fills] == [2]
    assert (await stage.broker.holdings()).positions == {SPY: 2}


@pytest.mark.fault(24)
async def test_a_fill_that_wins_against_a_cancellation(stage: Stage) -> None:
    await stage.broker.submit(buy())
    await stage.broker.cancel(buy().client_order_id)
    stage.exchange.fill(stage.money, stage.orders[0], Decimal(3), Decimal(100))
    won = await stage.settled(ID)
    assert won.state is OrderState.FILLED
    assert sum(fill.quantity for fill in won.fills) == 3


@pytest.mark.fault(24)
async def test_a_cancellation_that_wins_after_a_part(stage: Stage) -> None:
    await stage.broker.submit(buy())
    await stage.broker.cancel(buy().client_order_id)
    stage.exchange.fill(stage.money, stage.orders[0], Decimal(1), Decimal(100))
    cancelled = await stage.settled(ID)
    assert cancelled.state is OrderState.CANCELLED
    assert sum(fill.quantity for fill in cancelled.fills) == 1


async def test_cancelling_what_has_ended_or_never_was_changes_nothing(stage: Stage) -> None:
    await stage.broker.submit(buy())
    filled = await stage.settled(ID)
    await stage.broker.cancel(buy().client_order_id)
    await stage.broker.cancel(buy(id_="never sent").client_order_id)
    assert await stage.found(ID) == filled


# --- F11, F24, F28: executions -------------------------------------------------------------------


@pytest.mark.fault(11)
async def test_executions_told_twice_and_the_last_first_count_once_in_their_order(
    stage: Stage,
) -> None:
    stage.exchange.fates.append(Fate(first_part=Decimal("0.5")))
    stage.exchange.doubled_events = stage.exchange.shuffled_events = True
    await stage.broker.submit(buy("5"))
    filled = await stage.settled(ID)
    assert filled.state is OrderState.FILLED
    assert [fill.quantity for fill in filled.fills] == [2, 3]
    assert filled.fills[0].at <= filled.fills[1].at


async def test_until_its_executions_are_known_an_order_counts_as_open(stage: Stage) -> None:
    stage.exchange.fates.append(Fate(events_late=2))
    await stage.broker.submit(buy())
    await stage.found(ID)
    seen = []
    for _ in range(3):
        found = await stage.found(ID)
        assert found is not None
        seen.append((found.state, len(found.fills)))
    assert stage.orders[0].status == "filled"
    assert seen == [
        (OrderState.SUBMITTED, 0),
        (OrderState.SUBMITTED, 0),
        (OrderState.FILLED, 1),
    ]


async def test_executions_that_never_show_are_taken_from_the_order_after_a_minute(
    stage: Stage,
) -> None:
    """2 @ 100.00 is shown; the other 3, at a mean of 106.00 for all five, were 3 @ 110.00."""
    stage.exchange.fates.append(Fate(first_part=Decimal("0.4"), is_stuck=True))
    await stage.broker.submit(buy("5", limit="115"))
    await stage.settled(ID)
    stage.orders[0].fate = replace(stage.orders[0].fate, events_late=99)
    stage.exchange.fill(stage.money, stage.orders[0], Decimal(3), Decimal(110))
    early = await stage.settled(ID)
    assert early.state is OrderState.PARTIALLY_FILLED
    stage.exchange.time.advance(timedelta(seconds=61))
    late = await stage.settled(ID)
    assert late.state is OrderState.FILLED
    assert [str(f.quantity) for f in late.fills] == ["2", "3"]
    assert [f.price for f in late.fills] == [100, 110]
    assert await stage.settled(ID) == late


@pytest.mark.fault(28)
async def test_more_filled_than_ordered_is_reported_as_it_is(stage: Stage) -> None:
    stage.exchange.fates.append(Fate(excess=Decimal(1)))
    await stage.broker.submit(buy())
    filled = await stage.settled(ID)
    assert filled.state in TERMINAL
    assert filled.quantity == 3
    assert sum(f.quantity for f in filled.fills) == 4


async def test_executions_of_other_orders_are_not_ours(stage: Stage) -> None:
    await stage.broker.submit(buy())
    await stage.settled(ID)
    stage.money.activities.extend(
        [{**stage.money.activities[0], "id": "20200309::other", "order_id": "other"}]
    )
    assert len((await stage.settled(ID)).fills) == 1


async def test_an_order_in_a_hundred_and_more_parts_is_read_to_its_end(stage: Stage) -> None:
    stage.hold(SPY, "250")
    await stage.broker.submit(sell("250", limit="120"))
    for _ in range(250):
        stage.exchange.fill(stage.money, stage.orders[0], Decimal(1), Decimal(120))
    sold = await stage.settled(ID)
    assert (sold.state, len(sold.fills)) == (OrderState.FILLED, 250)


async def test_prices_and_quantities_are_exact(stage: Stage) -> None:
    stage.exchange.set_price("SPY", "99.87654321")
    await stage.broker.submit(buy("0.123"))
    (fill,) = (await stage.settled(ID)).fills
    assert (fill.quantity, fill.price) == (Decimal("0.123"), Decimal("99.87654321"))
    assert str((await stage.broker.holdings()).positions[SPY]) == "0.123"
