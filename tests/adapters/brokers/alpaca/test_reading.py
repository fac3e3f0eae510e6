"""Looking at an Alpaca account: exact, complete, and silent where there is doubt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.adapters.alpaca_api import Unreadable
from core.adapters.brokers.alpaca import desk
from core.adapters.brokers.alpaca.records import read_cash_moves, read_in_lieu, read_moves
from core.domain.cash_moves import CashKind
from core.domain.ids import Symbol
from core.domain.opening import CashInLieu, PositionCost, lots_from_moves
from core.domain.order import OrderState
from core.domain.refusals import CurrencyMismatch
from core.ports.broker import (
    BrokerAmbiguous,
    BrokerUnavailable,
    Dedup,
    TellsCash,
    TellsCosts,
    TellsTrades,
)
from tests.adapters.brokers.alpaca.stage import AGG, BRKB, SPY, Stage, buy, sell, staged
from tests.fakes.alpaca import faults
from tests.fakes.alpaca.faults import Answer, Fault

ID = "rb-test-1-1-1"


async def test_what_it_declares_of_itself(stage: Stage) -> None:
    traits = stage.broker.traits
    assert (traits.name, traits.dedup) == ("alpaca", Dedup.FOREVER)
    assert traits.uses_own_quotes
    assert traits.has_fractions


@pytest.mark.fault(26)
@pytest.mark.parametrize(("multiplier", "at_once"), [(1, False), (2, True), (4, True)])
async def test_whether_sales_settle_at_once_depends_on_the_account(
    multiplier: int, *, at_once: bool
) -> None:
    async with staged(multiplier=multiplier) as stage:
        assert stage.broker.traits.settles_at_once is False
        await stage.broker.account()
        assert stage.broker.traits.settles_at_once is at_once


async def test_cash_is_never_margin() -> None:
    async with staged(multiplier=4) as stage:
        assert stage.money.buying_power == 40000
        assert (await stage.broker.account()).cash == 10000
        await stage.broker.submit(buy("10", limit="90"))
        assert (await stage.broker.account()).cash == 9100


@pytest.mark.fault(26)
async def test_unsettled_money_is_no_cash_where_it_cannot_be_used() -> None:
    """3 shares sold for 300 dollars: usable on Tuesday."""
    async with staged(unsettled_is_usable=False) as stage:
        stage.hold(SPY, "3")
        await stage.broker.submit(sell())
        await stage.settled(ID)
        assert (await stage.broker.account()).cash == 10000
        stage.exchange.time.advance(timedelta(days=1))
        await stage.broker.account()
        assert (await stage.broker.account()).cash == 10300


async def test_debts_are_no_cash() -> None:
    async with staged(cash="-23140.2", multiplier=4) as stage:
        assert (await stage.broker.account()).cash == 0


async def test_positions_are_all_shares_also_those_on_sale(stage: Stage) -> None:
    stage.hold(SPY, "5.557436865")
    stage.hold(BRKB, "1")
    await stage.broker.submit(sell("2", limit="120"))
    assert (await stage.broker.holdings()).positions == {
        SPY: Decimal("5.557436865"),
        BRKB: Decimal(1),
    }


async def test_no_execution_falls_between_cash_and_shares(stage: Stage) -> None:
    """The order is filled while the account is being read."""
    await stage.broker.submit(buy("3", limit="101"))
    holdings = await stage.broker.holdings()
    value = holdings.cash + holdings.positions.get(SPY, Decimal(0)) * 100
    assert value == 10000


async def test_cash_that_changes_all_the_time_is_not_guessed_at(stage: Stage) -> None:
    counted = iter(range(100))
    stage.go_wrong(
        faults.rewritten(
            lambda account: {**account, "cash": str(next(counted))},
            method="GET",
            path="/v2/account",
            times=100,
        )
    )
    with pytest.raises(BrokerUnavailable, match="changes while"):
        await stage.broker.holdings()


async def test_short_positions_are_refused_and_other_things_left_out(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.hold(AGG, "4")

    def with_crypto(positions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*positions, {**positions[0], "symbol": "BTCUSD", "asset_class": "crypto"}]

    stage.go_wrong(faults.rewritten(with_crypto, method="GET", path="/v2/positions"))
    assert (await stage.broker.holdings()).positions == {AGG: 4}
    assert "BTCUSD" in caplog.text
    stage.hold(SPY, "-2")
    with pytest.raises(BrokerUnavailable, match="SPY short"):
        await stage.broker.holdings()


@pytest.mark.fault(39)
async def test_a_renamed_stock_keeps_its_id(stage: Stage) -> None:
    stage.exchange.list_asset("FB", "200")
    stage.hold(Symbol("FB"), "3")
    before = (await stage.broker.assets([Symbol("FB")]))[Symbol("FB")]
    stage.exchange.rename("FB", "META")
    after = (await stage.broker.assets([Symbol("META")]))[Symbol("META")]
    assert before.asset_id == after.asset_id
    assert (await stage.broker.holdings()).positions == {"META": 3}


@pytest.mark.fault(37)
async def test_after_a_split_there_are_more_shares(stage: Stage) -> None:
    stage.hold(SPY, "3")
    stage.exchange.split("SPY", 10)
    assert (await stage.broker.holdings()).positions == {SPY: 30}


async def test_assets_are_asked_once_in_five_minutes(stage: Stage) -> None:
    for _ in range(3):
        assert set(await stage.broker.assets([SPY, AGG, Symbol("NOSUCH")])) == {SPY, AGG}
    assert stage.asked("GET", "/v2/assets/SPY") == stage.asked("GET", "/v2/assets/NOSUCH") == 1
    stage.exchange.time.advance(timedelta(minutes=5))
    await stage.broker.assets([SPY])
    assert stage.asked("GET", "/v2/assets/SPY") == 2


async def test_many_assets_are_looked_up_in_one_list(stage: Stage) -> None:
    symbols = [Symbol("F" + chr(65 + n // 26) + chr(65 + n % 26)) for n in range(60)]
    for symbol in symbols[:50]:
        stage.exchange.list_asset(symbol, "10")
    assert set(await stage.broker.assets(symbols)) == set(symbols[:50])
    assert stage.asked("GET", "/v2/assets") == 1


@pytest.mark.fault(65)
async def test_its_clock_is_a_witness(stage: Stage) -> None:
    clock = await stage.broker.clock()
    assert clock.now == stage.exchange.time.now()
    assert clock.now.tzinfo is UTC
    assert clock.is_open
    assert clock.next_close == datetime(2020, 3, 9, 20, 0, tzinfo=UTC)
    assert clock.next_open == datetime(2020, 3, 10, 13, 30, tzinfo=UTC)


async def test_its_calendar_has_holidays_and_half_days(stage: Stage) -> None:
    time = stage.exchange.time
    time.holidays = frozenset({date(2020, 3, 11)})
    time.early[date(2020, 3, 12)] = datetime(2020, 3, 12, 13, 0, tzinfo=UTC).time()
    sessions = await stage.house.sessions(date(2020, 3, 7), date(2020, 3, 12))
    assert [session.date.day for session in sessions] == [9, 10, 12]
    assert sessions[0].opens_at == datetime(2020, 3, 9, 13, 30, tzinfo=UTC)
    assert sessions[2].closes_at == datetime(2020, 3, 12, 17, 0, tzinfo=UTC)


# --- the house -----------------------------------------------------------------------------------


async def test_the_house_names_the_keys_account(stage: Stage) -> None:
    assert await stage.house.open_account("USD") == stage.money.number
    with pytest.raises(CurrencyMismatch):
        await stage.house.open_account("EUR")


async def test_the_house_knows_only_the_keys_account(stage: Stage) -> None:
    held = await stage.house.holdings([stage.money.number, "PA3OTHER"])
    assert set(held) == {stage.money.number}
    assert await stage.house.holdings(["PA3OTHER"]) == {}


async def test_an_account_of_other_keys_is_noticed_wherever_it_matters(stage: Stage) -> None:
    other = stage.house.account("PA3OTHER0815")
    for ask in (
        other.holdings,
        other.open_orders,
        lambda: other.submit(buy()),
        lambda: other.find_order(buy().client_order_id),
    ):
        with pytest.raises(BrokerUnavailable, match="…0815"):
            await ask()
    assert stage.posts == 0


# --- open orders ---------------------------------------------------------------------------------


@pytest.mark.fault(29)
async def test_open_orders_of_others_are_seen_too(stage: Stage) -> None:
    await stage.broker.submit(buy(limit="90"))
    stage.exchange.ticks_on_look = False
    by_hand = {"symbol": "AGG", "side": "buy", "type": "market", "time_in_force": "day"}
    stage.exchange.submit(stage.money, {**by_hand, "notional": "25.50"})
    orders = await stage.broker.open_orders()
    assert [order.symbol for order in orders] == [SPY, AGG]
    assert orders[0].client_order_id == ID
    assert orders[1].client_order_id


@pytest.mark.fault(31)
async def test_with_501_open_orders_all_are_listed_and_ours_found_by_its_id(
    stage: Stage,
) -> None:
    stage.server.requests_a_minute = 10_000
    stage.money.cash = Decimal(10**6)
    stage.exchange.ticks_on_look = False
    body = {"symbol": "SPY", "side": "buy", "type": "limit", "time_in_force": "day"}
    for _ in range(501):
        stage.exchange.submit(stage.money, {**body, "qty": "1", "limit_price": "90"})
    await stage.broker.submit(buy(limit="90"))
    assert len(await stage.broker.open_orders()) == 502
    assert stage.asked("GET", "/v2/orders") == 2
    found = await stage.found(ID)
    assert found is not None
    assert found.client_order_id == ID


async def test_an_open_order_in_an_unknown_state_is_listed_with_a_word(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.broker.submit(buy(limit="90"))
    stage.go_wrong(
        faults.rewritten(
            lambda orders: [{**o, "status": "quantum"} for o in orders],
            method="GET",
            path="/v2/orders",
        )
    )
    (listed,) = await stage.broker.open_orders()
    assert listed.state is OrderState.SUBMITTED
    assert "quantum" in listed.detail
    assert "quantum" in caplog.text


# --- F19: no conclusions -------------------------------------------------------------------------


UNUSABLE: dict[str, Callable[..., Fault]] = {
    "500": faults.server_error,
    "502 page": faults.proxy_page,
    "404 page": lambda **at: faults.proxy_page(404, **at),
    "403": lambda **at: Fault(Answer.SAY, status=403, body='{"message":"no"}', **at),
    "dropped": faults.drop_before_recording,
    "truncated": faults.truncated,
    "malformed": faults.malformed,
    "null": lambda **at: faults.malformed("null", **at),
    "a text": lambda **at: faults.malformed('"filled"', **at),
    "an empty object": lambda **at: faults.malformed("{}", **at),
    "empty": lambda **at: faults.malformed("", **at),
    "401": faults.unauthorised,
    "429": faults.too_many,
}


@pytest.mark.fault(19)
@pytest.mark.parametrize("name", UNUSABLE)
async def test_from_a_look_that_fails_no_conclusion_is_drawn(stage: Stage, name: str) -> None:
    looks: dict[str, Callable[[], Awaitable[object]]] = {
        "/v2/account": stage.broker.account,
        "/v2/positions": stage.broker.holdings,
        "/v2/clock": stage.broker.clock,
        "/v2/orders": stage.broker.open_orders,
        "/v2/assets/SPY": lambda: stage.broker.assets([SPY]),
        "/v2/orders:by_client_order_id": lambda: stage.found(ID),
    }
    for path, look in looks.items():
        stage.exchange.time.advance(timedelta(minutes=10))
        stage.go_wrong(UNUSABLE[name](method="GET", path=path, times=9))
        with pytest.raises(BrokerUnavailable):
            await look()
        stage.server.faults.clear()


@pytest.mark.fault(19)
async def test_only_alpaca_itself_can_say_that_it_has_no_such_order(stage: Stage) -> None:
    path = "/v2/orders:by_client_order_id"
    for status, body in (
        (404, '{"message":"no route"}'),
        (404, '{"message":"endpoint not found."}'),
        (404, '{"code":40410000,"message":"endpoint not found"}'),
        (400, '{"code":40010000,"message":"account not found"}'),
    ):
        stage.go_wrong(Fault(Answer.SAY, "GET", path, status=status, body=body))
        with pytest.raises(BrokerUnavailable):
            await stage.found(ID)
    assert await stage.found(ID) is None


async def test_an_answer_about_another_order_is_none(stage: Stage) -> None:
    await stage.broker.submit(buy(limit="90"))
    stage.go_wrong(
        faults.rewritten(
            lambda o: {**o, "client_order_id": "someone-else"},
            method="GET",
            path="/v2/orders:by_client_order_id",
        )
    )
    with pytest.raises(BrokerUnavailable, match="another order"):
        await stage.found(ID)


async def test_a_cancellation_unanswered_may_have_happened(stage: Stage) -> None:
    await stage.broker.submit(buy(limit="90"))
    stage.go_wrong(faults.accept_then_drop(method="DELETE", path="/v2/orders/*"))
    with pytest.raises(BrokerAmbiguous):
        await stage.broker.cancel(buy().client_order_id)
    assert (await stage.settled(ID)).state is OrderState.CANCELLED


async def test_what_positions_have_cost_and_how_they_came_about(stage: Stage) -> None:
    """Bought 3 @ 100 on Monday; split 2 for 1 on Tuesday; AGG was there already, at 47 each."""
    await stage.broker.submit(buy())
    await stage.settled(ID)
    stage.exchange.time.advance(timedelta(days=1))
    stage.exchange.split("SPY", 2)
    stage.hold(AGG, "10")
    stage.money.costs[stage.exchange.assets[AGG].id] = Decimal(470)
    assert isinstance(stage.broker, TellsCosts)
    costs = await stage.broker.costs([SPY, AGG])
    assert costs.positions == {
        SPY: PositionCost(Decimal(6), Decimal(300)),
        AGG: PositionCost(Decimal(10), Decimal(470)),
    }
    assert costs.moves is not None
    (lot,) = lots_from_moves(SPY, costs.moves, Decimal(6))
    assert (lot.quantity, lot.cost_per_share) == (Decimal(6), Decimal(50))
    assert lot.acquired == date(2020, 3, 9)
    assert lots_from_moves(AGG, costs.moves, Decimal(10)) == ()


async def test_every_trade_is_told_with_its_order(stage: Stage) -> None:
    order = await stage.broker.submit(buy())
    await stage.settled(ID)
    stage.exchange.split("SPY", 2)
    assert isinstance(stage.broker, TellsTrades)
    told = await stage.broker.trades(stage.exchange.time.now() - timedelta(hours=1))
    (move,) = told
    assert (move.symbol, move.shares, move.price) == (SPY, Decimal(3), Decimal(100))
    assert move.order == order.broker_order_id
    assert await stage.broker.paid_in_lieu(stage.exchange.time.now()) == ()


async def test_what_came_and_went_beside_trades_is_told_from_a_day_on(stage: Stage) -> None:
    await stage.broker.submit(buy())
    await stage.settled(ID)
    account = stage.exchange.accounts[0]
    account.activities += [
        {"id": "20200309::a", "activity_type": "JNLC", "date": "2020-03-09", "net_amount": "500"},
        {"id": "20200310::b", "activity_type": "CSW", "date": "2020-03-10", "net_amount": "-20.5"},
        {"id": "20200310::c", "activity_type": "DIV", "date": "2020-03-10", "net_amount": "1.02"},
    ]
    assert isinstance(stage.broker, TellsCash)
    told = await stage.broker.cash_moves(date(2020, 3, 10))
    assert told is not None
    assert [(m.kind, m.amount) for m in told] == [
        (CashKind.PAID, Decimal("-20.5")),
        (CashKind.DIVIDEND, Decimal("1.02")),
    ]


def test_each_kind_of_activity_has_its_meaning_and_one_that_is_not_known_is_unclear() -> None:
    def read(kind: str, amount: str | None = "1", **more: str) -> list[tuple[CashKind, Decimal]]:
        entry = {"id": "1", "activity_type": kind, "date": "2020-03-11", "net_amount": amount}
        return [(m.kind, m.amount) for m in read_cash_moves([{**entry, **more}])]

    for kinds, meaning in (
        ("ACATC CSD CSW JNLC", CashKind.PAID),
        ("DIV DIVCGL DIVNRA DIVWH DIVFEE", CashKind.DIVIDEND),
        ("INT INTNRA", CashKind.INTEREST),
        ("FEE CFEE PTC", CashKind.FEE),
        ("ACATS JNLS EXTRD NEWKIND", CashKind.UNCLEAR),
    ):
        for kind in kinds.split():
            assert read(kind) == [(meaning, Decimal(1))], kind
    assert read("JNLS", None) == [(CashKind.UNCLEAR, Decimal(0))]
    for kind in ("FILL", "SPLIT", "CIL", "SPIN"):
        assert read(kind) == []
    assert read("CSD", status="canceled") == []
    assert read("NEWKIND", None) == []
    with pytest.raises(Unreadable):
        read("CSD", date="soon")


def test_payments_for_fractions_are_read_once_and_cancelled_ones_not_at_all() -> None:
    entry = {
        "activity_type": "CIL",
        "id": "1",
        "symbol": "SPY",
        "date": "2020-03-11",
        "net_amount": "33.40",
        "status": "executed",
    }
    paid = read_in_lieu(
        [
            entry,
            entry,
            {**entry, "id": "2", "status": "canceled"},
            {**entry, "id": "3", "net_amount": None},
            {**entry, "id": "4", "symbol": None},
        ]
    )
    assert paid == (CashInLieu("1", SPY, Decimal("33.40"), date(2020, 3, 11)),)
    with pytest.raises(Unreadable):
        read_in_lieu([{**entry, "date": "soon"}])


def test_a_split_in_two_entries_is_one_move_and_a_cancelled_one_is_none() -> None:
    """100 old shares out, 10 new ones in."""
    entry = {"activity_type": "SPLIT", "symbol": "SPY", "date": "2020-03-09", "status": "executed"}
    moves = read_moves(
        [
            {**entry, "id": "1", "qty": "-100"},
            {**entry, "id": "2", "qty": "10"},
            {**entry, "id": "3", "qty": "7", "status": "canceled"},
        ]
    )
    assert [(move.shares, move.price, move.day) for move in moves] == [
        (Decimal(-90), None, date(2020, 3, 9))
    ]
    with pytest.raises(Unreadable):
        read_moves([{**entry, "id": "1", "qty": "1", "date": "soon"}])


async def test_an_account_with_too_many_executions_is_not_asked_how_it_came_about(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "MOST_PAGES", 1)
    monkeypatch.setattr(desk, "FILLS_A_PAGE", 2)
    for number in range(2):
        await stage.broker.submit(buy("1", id_=f"rb-test-1-1-{number}"))
        await stage.settled(f"rb-test-1-1-{number}")
    assert isinstance(stage.broker, TellsCosts)
    costs = await stage.broker.costs([SPY])
    assert costs.moves is None
    assert costs.positions[SPY].cost == 200
