"""The fake Alpaca itself, over real HTTP: it lives as the real one does, and keeps to its description."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tests.adapters.brokers.alpaca.spec import faults_in, faults_in_object
from tests.fakes.alpaca import faults
from tests.fakes.alpaca.exchange import Exchange
from tests.fakes.alpaca.model import Account, Fate
from tests.fakes.alpaca.server import FakeAlpaca, serving

HEADERS = {"APCA-API-KEY-ID": "key", "APCA-API-SECRET-KEY": "secret"}


@dataclass
class Caller:
    """Somebody who speaks HTTP to it."""

    server: FakeAlpaca
    money: Account
    session: aiohttp.ClientSession

    @property
    def exchange(self) -> Exchange:
        return self.server.exchange

    async def call(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        url = f"{self.server.origin}{path}"
        async with self.session.request(method, url, headers=HEADERS, **more) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None

    async def get(self, path: str, **query: str) -> Any:
        status, answer = await self.call("GET", path, params=query)
        assert status == 200, answer
        return answer

    async def order(self, **fields: Any) -> tuple[int, Any]:
        body = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day"}
        return await self.call("POST", "/v2/orders", json={**body, **fields})

    async def statuses(self, order_id: str, looks: int = 4) -> list[str]:
        return [(await self.get(f"/v2/orders/{order_id}"))["status"] for _ in range(looks)]


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with serving(FakeAlpaca()) as server, aiohttp.ClientSession() as session:
        server.exchange.list_asset("SPY", "100")
        server.exchange.list_asset("OCGN", "2.50", is_fractionable=False)
        money = server.exchange.open_account("key", "secret", cash="1000")
        yield Caller(server, money, session)
        assert faults_in(server.seen) == []


# --- a life --------------------------------------------------------------------------------------


async def test_an_order_goes_from_pending_to_new_to_filled(caller: Caller) -> None:
    status, answer = await caller.order(qty="3")
    assert (status, answer["status"], answer["filled_qty"]) == (200, "pending_new", "0")
    assert (answer["order_class"], answer["filled_avg_price"]) == ("", None)
    assert await caller.statuses(answer["id"]) == ["new", "filled", "filled", "filled"]
    assert caller.money.cash == 700
    assert caller.money.held(caller.exchange.assets["SPY"]) == 3


async def test_a_partial_fill_goes_on_at_the_next_look(caller: Caller) -> None:
    caller.exchange.fates.append(Fate(first_part=Decimal("0.5")))
    _, answer = await caller.order(qty="4")
    assert await caller.statuses(answer["id"]) == ["new", "partially_filled", "filled", "filled"]
    fills = await caller.get("/v2/account/activities/FILL", order_id=answer["id"], direction="asc")
    assert [(f["type"], f["qty"], f["leaves_qty"], f["cum_qty"]) for f in fills] == [
        ("partial_fill", "2", "2", "2"),
        ("fill", "2", "0", "4"),
    ]


async def test_a_resting_limit_that_is_cancelled(caller: Caller) -> None:
    _, answer = await caller.order(qty="3", type="limit", limit_price="90")
    assert await caller.statuses(answer["id"], 2) == ["new", "new"]
    assert await caller.call("DELETE", f"/v2/orders/{answer['id']}") == (204, None)
    assert await caller.statuses(answer["id"], 2) == ["canceled", "canceled"]
    status, again = await caller.call("DELETE", f"/v2/orders/{answer['id']}")
    assert (status, again["code"]) == (422, 42210000)


async def test_after_hours_an_order_waits_for_the_next_session(caller: Caller) -> None:
    caller.exchange.close_market()
    _, answer = await caller.order(qty="1")
    assert await caller.statuses(answer["id"], 2) == ["accepted", "accepted"]
    caller.exchange.time.set(caller.exchange.time.next_open)
    assert await caller.statuses(answer["id"], 3) == ["new", "filled", "filled"]


@pytest.mark.parametrize("end", ["expired", "canceled"])
async def test_a_day_order_ends_with_its_session(caller: Caller, end: str) -> None:
    caller.exchange.day_end_status = end
    _, answer = await caller.order(qty="3", type="limit", limit_price="90")
    caller.exchange.close_market()
    assert await caller.statuses(answer["id"], 1) == [end]


async def test_an_order_for_an_amount_keeps_it_and_has_no_quantity(caller: Caller) -> None:
    _, answer = await caller.order(notional="50.55")
    await caller.statuses(answer["id"])
    done = await caller.get(f"/v2/orders/{answer['id']}")
    assert (done["notional"], done["qty"]) == ("50.55", None)
    assert done["filled_qty"] == "0.505500000"


async def test_json_numbers_are_taken_as_well_as_texts(caller: Caller) -> None:
    status, answer = await caller.order(qty=1.5, type="limit", limit_price=100.5)
    assert (status, answer["qty"], answer["limit_price"]) == (200, "1.5", "100.5")


# --- refusals, with the recorded codes -----------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "status", "code", "words"),
    [
        ({"qty": "11"}, 403, 40310000, "insufficient buying power"),
        ({"qty": "1", "side": "sell"}, 403, 40310000, "insufficient qty available for order"),
        ({"qty": "1.5", "symbol": "OCGN"}, 403, 40310000, 'asset "OCGN" is not fractionable'),
        ({"qty": "1.5", "time_in_force": "gtc"}, 422, 42210000, "fractional orders must be DAY"),
        ({"qty": "1.5", "order_class": "bracket"}, 422, 42210000, "must be simple orders"),
        ({"notional": "10.123"}, 422, 42210000, "limited to 2 decimal places"),
        ({"notional": "0.99"}, 422, 42210000, "notional must be >= 1.00"),
        ({"qty": "0.001"}, 403, 40310000, "minimal amount of order 1"),
        ({"qty": "1", "symbol": "NOSUCH"}, 422, 42210000, "not found"),
        ({"qty": "0"}, 422, 40010001, "qty must be > 0"),
        ({"qty": "1", "notional": "5"}, 422, 40010001, "only one of them"),
        ({"qty": "1", "type": "limit"}, 422, 40010001, "limit_price"),
        (
            {"qty": "1", "type": "limit", "limit_price": "90.001"},
            422,
            42210000,
            "sub-penny",
        ),
        ({"qty": "1", "client_order_id": "x" * 129}, 422, 40010001, "128 characters"),
    ],
)
async def test_what_is_refused_changes_nothing(
    caller: Caller, fields: dict[str, Any], status: int, code: int, words: str
) -> None:
    got, answer = await caller.order(**fields)
    assert (got, answer["code"]) == (status, code)
    assert words in answer["message"]
    assert caller.server.orders == []
    assert caller.money.cash == 1000


async def test_an_id_is_unique_for_ever(caller: Caller) -> None:
    _, first = await caller.order(qty="1", client_order_id="mine", type="limit", limit_price="50")
    await caller.call("DELETE", f"/v2/orders/{first['id']}")
    await caller.statuses(first["id"], 2)
    status, again = await caller.order(qty="1", client_order_id="mine")
    assert (status, again["code"]) == (422, 40010001)


async def test_a_wash_trade_names_the_order_in_the_way(caller: Caller) -> None:
    caller.money.positions[caller.exchange.assets["SPY"].id] = Decimal(5)
    _, resting = await caller.order(qty="5", side="sell", type="limit", limit_price="120")
    status, answer = await caller.order(qty="1")
    assert (status, answer["existing_order_id"]) == (403, resting["id"])
    status, _ = await caller.order(qty="1", type="limit", limit_price="119.99")
    assert status == 200


async def test_an_account_that_may_sell_short_does(caller: Caller) -> None:
    caller.money.may_short = True
    status, _ = await caller.order(qty="5", side="sell")
    assert status == 200


# --- money ---------------------------------------------------------------------------------------


async def test_buying_power_is_a_multiple_and_open_purchases_reduce_it(caller: Caller) -> None:
    caller.money.multiplier = 4
    await caller.order(qty="5", type="limit", limit_price="90")
    account = await caller.get("/v2/account")
    assert (account["cash"], account["buying_power"]) == ("1000", "2200")
    assert account["non_marginable_buying_power"] == "550"


async def test_a_cash_accounts_sales_settle_on_the_next_session(caller: Caller) -> None:
    caller.money.unsettled_is_usable = False
    caller.money.positions[caller.exchange.assets["SPY"].id] = Decimal(3)
    _, sold = await caller.order(qty="3", side="sell")
    await caller.statuses(sold["id"])
    assert (await caller.get("/v2/account"))["buying_power"] == "1000"
    caller.exchange.time.advance(timedelta(days=1))
    assert (await caller.get("/v2/account"))["buying_power"] == "1300"


async def test_selling_what_unsettled_money_bought_is_a_violation(caller: Caller) -> None:
    """1,000 dollars settled; SPY sold for 1,000 more, AGG bought for 1,500 and sold on the same day."""
    caller.exchange.list_asset("AGG", "50")
    caller.money.positions[caller.exchange.assets["SPY"].id] = Decimal(10)
    for fields in (
        {"qty": "10", "side": "sell"},
        {"qty": "30", "symbol": "AGG"},
        {"qty": "30", "symbol": "AGG", "side": "sell"},
    ):
        _, answer = await caller.order(**fields)
        await caller.statuses(answer["id"])
    assert caller.money.violations == 1


async def test_dividends_splits_and_a_new_name(caller: Caller) -> None:
    spy = caller.exchange.assets["SPY"]
    caller.money.positions[spy.id] = Decimal(3)
    caller.exchange.pay_dividend("SPY", "1.02")
    caller.exchange.split("SPY", 4)
    caller.exchange.rename("SPY", "SPX")
    (position,) = await caller.get("/v2/positions")
    assert (position["symbol"], position["qty"], position["asset_id"]) == ("SPX", "12", spy.id)
    assert position["current_price"] == "25"
    (dividend,) = await caller.get("/v2/account/activities/DIV")
    assert (dividend["net_amount"], caller.money.cash) == ("3.06", Decimal("1003.06"))
    (split,) = await caller.get("/v2/account/activities/SPLIT")
    assert split["qty"] == "9"


async def test_a_reset_account_has_another_number(caller: Caller) -> None:
    before = await caller.get("/v2/account")
    caller.exchange.reset(caller.money)
    after = await caller.get("/v2/account")
    assert before["account_number"] != after["account_number"]
    assert after["cash"] == "100000"


# --- pages, limits, faults -----------------------------------------------------------------------


async def test_orders_come_in_pages_of_at_most_500(caller: Caller) -> None:
    caller.money.cash = Decimal(10**6)
    body = {"symbol": "SPY", "side": "buy", "type": "limit", "time_in_force": "day"}
    for _ in range(501):
        caller.exchange.submit(caller.money, {**body, "qty": "1", "limit_price": "50"})
    assert len(await caller.get("/v2/orders")) == 50
    page = await caller.get("/v2/orders", limit="1000", direction="asc")
    assert len(page) == 500
    rest = await caller.get("/v2/orders", direction="asc", after_order_id=page[-1]["id"])
    assert len(rest) == 1


async def test_beyond_200_requests_a_minute_there_is_429(caller: Caller) -> None:
    for _ in range(200):
        await caller.get("/v2/clock")
    status, answer = await caller.call("GET", "/v2/clock")
    assert (status, answer["code"]) == (429, 42910000)
    caller.exchange.time.advance(timedelta(minutes=1))
    await caller.get("/v2/clock")


async def test_limits_stand_in_the_headers(caller: Caller) -> None:
    url = f"{caller.server.origin}/v2/clock"
    async with caller.session.get(url, headers=HEADERS) as answer:
        named = {n: int(v) for n, v in answer.headers.items() if n.startswith("X-RateLimit")}
    now = int(caller.exchange.time.now().timestamp())
    assert named == {
        "X-RateLimit-Limit": 200,
        "X-RateLimit-Remaining": 199,
        "X-RateLimit-Reset": now + 60,
    }


async def test_other_keys_are_not_authorised(caller: Caller) -> None:
    url = f"{caller.server.origin}/v2/account"
    async with caller.session.get(url, headers={**HEADERS, "APCA-API-KEY-ID": "x"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, 40110000)


async def test_scripted_trouble_happens_so_often_and_no_more(caller: Caller) -> None:
    caller.server.faults.add(faults.accept_then_drop(times=2))
    for _ in range(2):
        with pytest.raises(aiohttp.ClientError):
            await caller.order(qty="1")
    assert len(caller.server.orders) == 2
    assert (await caller.order(qty="1"))[0] == 200


async def test_half_an_answer_is_noticed(caller: Caller) -> None:
    caller.server.faults.add(faults.truncated())
    with pytest.raises(aiohttp.ClientPayloadError):
        await caller.order(qty="1")


async def test_prices_of_the_last_quarter_of_an_hour_cost_money(caller: Caller) -> None:
    path = "/v2/stocks/trades/latest"
    status, answer = await caller.call("GET", path, params={"symbols": "SPY", "feed": "sip"})
    assert status == 403
    assert "SIP" in answer["message"]
    assert (await caller.get(path, symbols="SPY", feed="iex"))["trades"]["SPY"]["p"] == 100
    assert (await caller.get("/v2/stocks/quotes/latest", symbols="SPY"))["quotes"]["SPY"][
        "ap"
    ] > 100


def test_the_description_finds_faults() -> None:
    assert (
        faults_in_object("Order", {"notional": None, "type": "market", "time_in_force": "day"})
        == []
    )
    assert faults_in_object("Order", {"notional": None, "type": "market", "status": "quantum"})
    assert faults_in_object("Error", {"code": 1, "message": "x", "new": 1})
