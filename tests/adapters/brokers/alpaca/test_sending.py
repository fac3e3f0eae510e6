"""Sending an order to Alpaca: at most once, and nothing guessed about what became of it.

The numbers F12, F13 … are those of the project's catalogue of faults.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.adapters.brokers.alpaca import AlpacaBrokerage
from core.domain.order import OrderState
from core.ports.broker import (
    BrokerAmbiguous,
    BrokerError,
    BrokerOrder,
    BrokerUnavailable,
    DuplicateClientOrderId,
    OrderRefused,
    OrderRequest,
)
from tests.adapters.brokers.alpaca.stage import BRKB, KEY, SECRET, Stage, buy, sell, staged
from tests.fakes.alpaca import faults
from tests.fakes.alpaca.faults import PROXY_PAGE, Answer, Fault
from tests.fakes.alpaca.model import Fate

ID = "rb-test-1-1-1"


# --- what goes over the wire ---------------------------------------------------------------------


async def test_an_order_is_a_simple_day_order_with_exact_texts(stage: Stage) -> None:
    await stage.broker.submit(buy("7.125", limit="100.10"))
    (post,) = stage.server.asked("POST", "/v2/orders")
    assert json.loads(post.body) == {
        "client_order_id": ID,
        "symbol": "SPY",
        "side": "buy",
        "qty": "7.125",
        "type": "limit",
        "limit_price": "100.1",
        "time_in_force": "day",
    }


async def test_without_a_limit_price_it_is_a_market_order(stage: Stage) -> None:
    await stage.broker.submit(buy("90", limit=None))
    (post,) = stage.server.asked("POST", "/v2/orders")
    body = json.loads(post.body)
    assert (body["type"], body["qty"]) == ("market", "90")
    assert "limit_price" not in body


async def test_the_answer_says_pending_and_the_next_looks_say_filled(stage: Stage) -> None:
    answered = await stage.broker.submit(buy())
    assert (answered.state, answered.fills) == (OrderState.SUBMITTED, ())
    states = [found.state for _ in range(2) if (found := await stage.found(ID))]
    assert states == [OrderState.SUBMITTED, OrderState.FILLED]


async def test_a_symbol_with_a_point_trades(stage: Stage) -> None:
    await stage.broker.submit(buy("1.5", limit="413", symbol=BRKB))
    filled = await stage.settled(ID)
    assert (filled.symbol, filled.state) == ("BRK.B", OrderState.FILLED)
    assert (await stage.broker.holdings()).positions == {"BRK.B": filled.quantity}


# --- F12 to F18: the answer that does not come, or cannot be trusted -----------------------------

TAKEN_BUT_UNHEARD: dict[str, Callable[[], Fault]] = {
    "answer lost": faults.accept_then_drop,
    "504 after accepting": faults.accept_then_504,
    "502 page after accepting": lambda: faults.proxy_page(502, takes=True),
    "500 after accepting": lambda: faults.server_error(takes=True),
    "503 with nothing in it": lambda: Fault(Answer.SAY, status=503, takes=True),
    "408": lambda: Fault(
        Answer.SAY, status=408, takes=True, body='{"code":40810000,"message":"timed out"}'
    ),
    "a redirection": lambda: Fault(
        Answer.SAY, status=307, takes=True, headers={"Location": "https://api.alpaca.markets/"}
    ),
    "truncated": faults.truncated,
    "malformed": faults.malformed,
    "empty": lambda: faults.malformed(""),
    "null": lambda: faults.malformed("null"),
    "a list": lambda: faults.malformed("[]"),
    "not a number": lambda: faults.rewritten(lambda o: {**o, "filled_qty": "NaN"}),
    "infinite": lambda: faults.malformed('{"filled_qty": Infinity}'),
    "missing fields": lambda: faults.rewritten(lambda o: {"id": o["id"]}),
    "unknown status": faults.unknown_status,
    "another order": lambda: faults.rewritten(lambda o: {**o, "client_order_id": "x"}),
    "the other side": lambda: faults.rewritten(lambda o: {**o, "side": "sell"}),
    "a page of success": lambda: faults.malformed(PROXY_PAGE),
    "not text": lambda: faults.malformed("\ufffd" * 3),
}


@pytest.mark.fault(12, 18, 20)
@pytest.mark.parametrize("name", TAKEN_BUT_UNHEARD)
async def test_an_order_taken_unheard_is_sent_once_and_found(stage: Stage, name: str) -> None:
    stage.go_wrong(TAKEN_BUT_UNHEARD[name]())
    with pytest.raises(BrokerAmbiguous):
        await stage.broker.submit(buy())
    assert stage.posts == 1
    assert len(stage.orders) == 1
    assert (await stage.settled(ID)).state is OrderState.FILLED


NOT_TAKEN: dict[str, Callable[[], Fault]] = {
    "dropped before recording": faults.drop_before_recording,
    "502 page": faults.proxy_page,
    "403 page of a firewall": lambda: faults.proxy_page(403),
    "404 page": lambda: faults.proxy_page(404),
    "500": faults.server_error,
}


@pytest.mark.fault(13, 18)
@pytest.mark.parametrize("name", NOT_TAKEN)
async def test_an_order_lost_on_its_way_can_be_sent_again_with_the_same_id(
    stage: Stage, name: str
) -> None:
    stage.go_wrong(NOT_TAKEN[name]())
    with pytest.raises(BrokerAmbiguous):
        await stage.broker.submit(buy())
    assert await stage.found(ID) is None
    await stage.broker.submit(buy())
    assert len(stage.orders) == 1


@pytest.mark.fault(14)
async def test_an_order_that_shows_late_is_a_duplicate_and_not_a_second_one(
    stage: Stage,
) -> None:
    stage.go_wrong(faults.late_visibility(looks=1))
    with pytest.raises(BrokerAmbiguous):
        await stage.broker.submit(buy())
    assert await stage.found(ID) is None
    with pytest.raises(DuplicateClientOrderId):
        await stage.broker.submit(buy())
    assert (await stage.settled(ID)).state is OrderState.FILLED
    assert len(stage.orders) == 1


@pytest.mark.fault(14)
async def test_a_late_order_that_used_the_cash_is_no_refusal(stage: Stage) -> None:
    """10,000 dollars; the unseen order takes 9,800 of them, so that the same again is too much."""
    stage.exchange.checks_id_last = True
    stage.go_wrong(faults.late_visibility(looks=2))
    with pytest.raises(BrokerAmbiguous):
        await stage.broker.submit(buy("98", limit=None))
    assert await stage.found(ID) is None
    with pytest.raises(DuplicateClientOrderId):
        await stage.broker.submit(buy("98", limit=None))
    assert len(stage.orders) == 1


@pytest.mark.fault(14)
async def test_a_late_sale_of_all_shares_is_no_refusal(stage: Stage) -> None:
    stage.hold(buy().symbol, "3")
    stage.go_wrong(faults.late_visibility(looks=4))
    with pytest.raises(BrokerAmbiguous):
        await stage.broker.submit(sell())
    for _ in range(3):
        assert await stage.found(ID) is None
    assert stage.orders[0].status == "filled"
    with pytest.raises(DuplicateClientOrderId):
        await stage.broker.submit(sell())
    assert stage.posts == 1


@pytest.mark.fault(21)
async def test_a_hanging_broker_is_given_up_and_the_loop_stays_free(hasty: Stage) -> None:
    hasty.go_wrong(faults.hang(takes=True))
    start, longest = time.monotonic(), 0.0
    sending = asyncio.ensure_future(hasty.broker.submit(buy()))
    while not sending.done():
        before = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - before)
    with pytest.raises(BrokerAmbiguous, match="within 1 s"):
        await sending
    assert time.monotonic() - start < 5
    assert longest < 0.9
    hasty.server.faults.clear()
    assert (await hasty.settled(ID)).state is OrderState.FILLED


@pytest.mark.fault(21)
async def test_what_hangs_does_not_pile_up(hasty: Stage) -> None:
    hasty.go_wrong(faults.hang(method="GET", path="/v2/clock", times=50))
    answers = await asyncio.gather(
        *(hasty.broker.clock() for _ in range(20)), return_exceptions=True
    )
    assert all(isinstance(answer, BrokerUnavailable) for answer in answers)
    assert hasty.asked("GET", "/v2/clock") == 8
    hasty.server.faults.clear()
    await asyncio.sleep(0.05)
    assert (await hasty.broker.clock()).is_open


async def test_nobody_there_means_certainly_not_sent(stage: Stage) -> None:
    house = AlpacaBrokerage(KEY, SECRET, "http://127.0.0.1:9", stage.exchange.time)
    with pytest.raises(BrokerUnavailable, match="cannot be reached"):
        await house.account(stage.money.number).submit(buy())
    await house.close()


async def test_a_server_that_goes_away_before_the_order_means_certainly_not_sent() -> None:
    async with staged() as stage:
        await stage.broker.account()
    with pytest.raises(BrokerUnavailable):
        await stage.broker.submit(buy())


@pytest.mark.fault(22)
async def test_a_200_may_still_end_rejected(stage: Stage) -> None:
    stage.exchange.fates.append(Fate(ends_as="rejected"))
    answered = await stage.broker.submit(buy())
    assert answered.state is OrderState.SUBMITTED
    rejected = await stage.settled(ID)
    assert rejected.state is OrderState.REJECTED
    assert "rejected" in rejected.detail


async def test_answers_with_an_execution_in_them_bring_it(stage: Stage) -> None:
    def fill_at_once(answer: dict[str, object]) -> dict[str, object]:
        order_ = stage.orders[0]
        stage.exchange.fill(stage.money, order_, order_.remaining, order_.asset.price)
        return {**answer, "status": "filled", "filled_qty": "3", "filled_avg_price": "100"}

    stage.go_wrong(faults.rewritten(fill_at_once))
    answered = await stage.broker.submit(buy())
    assert answered.state is OrderState.FILLED
    assert [(fill.quantity, fill.price) for fill in answered.fills] == [(Decimal(3), Decimal(100))]


async def test_a_filled_answer_whose_executions_cannot_be_read_counts_as_open(
    stage: Stage,
) -> None:
    stage.go_wrong(faults.rewritten(lambda o: {**o, "status": "filled", "filled_qty": "3"}))
    stage.go_wrong(faults.server_error(method="GET", path="/v2/account/activities/FILL"))
    answered = await stage.broker.submit(buy())
    assert (answered.state, answered.fills) == (OrderState.SUBMITTED, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["id", "client_order_id", "symbol", "side", "qty", "filled_qty", "status", "filled_avg_price",
     "updated_at", "canceled_at", "expires_at", "time_in_force", "replaced_by"]
)  # fmt: skip


@pytest.mark.fault(20)
@given(changes=st.dictionaries(FIELDS, JSON, min_size=1, max_size=3))
def test_whatever_the_answer_says_the_process_lives(changes: dict[str, object]) -> None:
    """Any JSON in any field of the answer: an order of ours, or BrokerAmbiguous; nothing else."""

    async def send() -> BrokerOrder | BrokerAmbiguous:
        async with staged() as stage:
            stage.go_wrong(faults.rewritten(lambda o: {**o, **changes}))
            try:
                return await stage.broker.submit(buy())
            except BrokerAmbiguous as error:
                return error

    answer = asyncio.run(send())
    if isinstance(answer, BrokerOrder):
        assert (answer.client_order_id, answer.symbol) == (ID, "SPY")
        assert answer.quantity.is_finite()


# --- what is refused before it is sent -----------------------------------------------------------


async def test_a_closed_exchange_takes_no_order_although_alpaca_would_queue_it(
    stage: Stage,
) -> None:
    stage.exchange.close_market()
    with pytest.raises(OrderRefused) as caught:
        await stage.broker.submit(buy())
    assert caught.value.code == "market_closed"
    assert stage.posts == 0


async def test_nothing_is_ever_sold_short(stage: Stage) -> None:
    """Alpaca would take the sale of five shares that are not held for a short sale."""
    stage.money.may_short = True
    with pytest.raises(OrderRefused, match="insufficient_shares"):
        await stage.broker.submit(sell("5"))
    assert stage.posts == 0


@pytest.mark.parametrize(("quantity", "is_taken"), [("99", True), ("100", False)])
async def test_nothing_is_ever_bought_on_margin(quantity: str, is_taken: bool) -> None:
    """10,000 dollars of cash, 40,000 of buying power; a limit of 101: 99 shares cost 9,999."""
    async with staged(multiplier=4) as stage:
        if is_taken:
            await stage.broker.submit(buy(quantity))
        else:
            with pytest.raises(OrderRefused, match="insufficient_cash"):
                await stage.broker.submit(buy(quantity))
        assert stage.posts == is_taken


async def test_a_market_purchase_on_a_margin_account_is_refused() -> None:
    async with staged(multiplier=4) as stage:
        with pytest.raises(OrderRefused, match="limit price"):
            await stage.broker.submit(buy(limit=None))
        assert stage.posts == 0


@pytest.mark.fault(30)
async def test_a_restricted_account_sends_nothing(stage: Stage) -> None:
    stage.money.is_blocked = True
    assert (await stage.broker.account()).is_restricted
    with pytest.raises(OrderRefused, match="restricted"):
        await stage.broker.submit(buy())
    assert stage.posts == 0


@pytest.mark.fault(32)
async def test_a_reset_account_sends_nothing_and_says_so(stage: Stage) -> None:
    stage.exchange.reset(stage.money)
    with pytest.raises(BrokerUnavailable, match="reset"):
        await stage.broker.submit(buy())
    with pytest.raises(BrokerUnavailable, match="reset"):
        await stage.found(ID)
    assert stage.posts == 0
    assert (await stage.broker.account()).broker_account_id == stage.money.number


@pytest.mark.parametrize("path", ["/v2/clock", "/v2/account"])
async def test_without_a_look_first_nothing_is_sent(stage: Stage, path: str) -> None:
    stage.go_wrong(faults.server_error(method="GET", path=path))
    with pytest.raises(BrokerUnavailable):
        await stage.broker.submit(buy())
    assert stage.posts == 0


async def test_a_refusal_that_cannot_be_explained_is_no_refusal(stage: Stage) -> None:
    """Too little cash, and the look whether that is our own order's doing fails."""
    stage.go_wrong(faults.server_error(method="GET", path="/v2/orders:by_client_order_id"))
    with pytest.raises(BrokerAmbiguous):
        await stage.broker.submit(buy("500", limit=None))


async def test_errors_of_the_port_are_the_only_ones(stage: Stage) -> None:
    for made in (*TAKEN_BUT_UNHEARD.values(), *NOT_TAKEN.values()):
        stage.server.faults.clear()
        for path in ("/v2/clock", "/v2/account", "/v2/orders:by_client_order_id"):
            fault = stage.go_wrong(made())
            fault.method, fault.path = "GET", path
        for ask in (stage.broker.clock, stage.broker.account, lambda: stage.found("x")):
            with suppress(BrokerError):
                await ask()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (buy("0"), "too_small"),
        (buy("NaN"), "too_small"),
        (buy("1.0005"), "not_fractionable"),
        (buy(limit="0"), "other"),
        (buy(limit="Infinity"), "other"),
        (buy(id_=""), "other"),
        (buy(id_="x" * 129), "other"),
    ],
    ids=str,
)
async def test_what_no_account_could_have_filled_is_not_even_asked_about(
    stage: Stage, request_: OrderRequest, code: str
) -> None:
    with pytest.raises(OrderRefused) as caught:
        await stage.broker.submit(request_)
    assert caught.value.code == code
    assert stage.server.seen == []


async def test_a_failure_that_nobody_thought_of_says_nothing_of_the_order(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(stage.house._client, "post", fail)
    with pytest.raises(BrokerAmbiguous, match="RuntimeError"):
        await stage.broker.submit(buy())
    assert "nobody thought of this" in caplog.text
