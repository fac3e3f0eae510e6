"""The market's control over HTTP: every move of the demo's page, each with the token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from pydantic import SecretStr

from bot.bootstrap import open_runtime
from bot.market_control import MarketControl
from bot.runtime import Runtime
from bot.settings import Settings
from bot.work import Worker
from core.domain.ids import AccountId, ClientOrderId, PortfolioId, Symbol
from core.domain.plan import Side
from core.domain.portfolio import Account
from core.ports.broker import BrokerAmbiguous, CashTransfers, OrderRequest
from core.ports.troubles import Trouble

TOKEN = "the page's own token"
HEADERS = {"X-Evenkeel-Control": TOKEN}
Client = TestClient[Request, Application]


@pytest.fixture
async def runtime(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Runtime]:
    start = getattr(request, "param", date(2020, 1, 2))
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path,
        market_data="replay",
        replay_start=start,
        evenkeel_control_port=0,
        evenkeel_control_token=SecretStr(TOKEN),
    )
    async with open_runtime(settings) as opened:
        yield opened


@pytest.fixture
def worker(runtime: Runtime) -> Worker:
    return Worker(runtime)


@pytest.fixture
def control(runtime: Runtime, worker: Worker) -> MarketControl:
    return MarketControl(runtime, worker, TOKEN)


@pytest.fixture
async def page(control: MarketControl) -> AsyncIterator[Client]:
    async with TestClient(TestServer(control.application())) as client:
        yield client


async def post(page: Client, path: str, body: Any) -> tuple[int, dict[str, Any]]:
    answer: ClientResponse = await page.post(path, json=body, headers=HEADERS)
    return answer.status, await answer.json()


async def look(page: Client) -> dict[str, Any]:
    answer = await page.get("/market", headers=HEADERS)
    assert answer.status == 200
    seen: dict[str, Any] = await answer.json()
    return seen


@pytest.mark.parametrize("headers", [{}, {"X-Evenkeel-Control": ""}, {"X-Evenkeel-Control": "x"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/market"),
        ("POST", "/market/advance"),
        ("POST", "/market/play"),
        ("POST", "/market/pause"),
        ("POST", "/market/broker"),
    ],
)
async def test_nothing_is_told_or_moved_without_the_token(
    page: Client, headers: dict[str, str], method: str, path: str
) -> None:
    body = {"by": "session", "trouble": "down"}
    answer = await page.request(method, path, headers=headers, json=body)
    assert answer.status == 403
    assert "token" in (await answer.json())["error"]
    seen = await look(page)
    assert (seen["session"], seen["broker"]["trouble"]) == ("2020-01-02", "")


async def test_the_market_stands_in_its_first_session(page: Client) -> None:
    seen = await look(page)
    assert seen["exchange_time"] == "Thu 2 Jan 2020 11:00 ET"
    assert seen["instant"] == "2020-01-02T16:00:00+00:00"
    assert (seen["playing"], seen["stopped_for"]) == (False, None)
    assert seen["first"] < "2020-01-02" < seen["last"]


@pytest.mark.parametrize(
    ("body", "session"),
    [
        ({"by": "session"}, "2020-01-03"),
        ({"by": "month"}, "2020-02-03"),
        ({"until": "2020-01-18"}, "2020-01-21"),
        ({"until": "2020-01-17"}, "2020-01-17"),
        ({"until": "2019-12-24"}, "2020-01-02"),
    ],
)
async def test_the_market_moves_as_told(page: Client, body: Any, session: str) -> None:
    status, seen = await post(page, "/market/advance", body)
    assert (status, seen["session"], seen["stopped_for"]) == (200, session, None)


NEAR_THE_END = pytest.mark.parametrize("runtime", [date(2022, 12, 20)], indirect=True)


@NEAR_THE_END
async def test_at_the_end_of_history_it_says_so(page: Client) -> None:
    _, seen = await post(page, "/market/advance", {"until": "2040-01-01"})
    assert (seen["session"], seen["stopped_for"]) == (seen["last"], "end")
    _, again = await post(page, "/market/advance", {"by": "session"})
    assert (again["session"], again["stopped_for"]) == (seen["last"], "end")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"by": "year"},
        {"by": None},
        {"by": ["session"]},
        {"until": "tomorrow"},
        {"until": 20200103},
        {"until": None},
        [],
        "session",
        5,
        None,
    ],
)
async def test_a_wish_that_is_none_is_refused_with_what_is_expected(
    page: Client, body: Any
) -> None:
    status, seen = await post(page, "/market/advance", body)
    assert status == 400
    assert '{"by": "session"}' in seen["error"]
    assert (await look(page))["session"] == "2020-01-02"


async def test_a_body_that_is_no_json_is_refused(page: Client) -> None:
    answer = await page.post("/market/advance", data=b"\xff{", headers=HEADERS)
    assert answer.status == 400


@pytest.mark.parametrize("speed", [0, -1, 601, 1e400, "fast", None, [], 10**400])
async def test_a_speed_that_is_none_is_refused(page: Client, speed: Any) -> None:
    status, _ = await post(page, "/market/play", {"sessions_per_minute": speed})
    assert status == 400
    assert (await look(page))["playing"] is False


async def test_it_plays_and_pauses(page: Client, control: MarketControl) -> None:
    status, seen = await post(page, "/market/play", {"sessions_per_minute": 60})
    assert (status, seen["playing"], seen["sessions_per_minute"]) == (200, True, 60)
    await control.step()
    assert (await look(page))["session"] == "2020-01-03"
    status, seen = await post(page, "/market/pause", None)
    assert (status, seen["playing"], seen["sessions_per_minute"]) == (200, False, 0)


@NEAR_THE_END
async def test_playing_ends_with_history(page: Client, control: MarketControl) -> None:
    await post(page, "/market/advance", {"until": "2040-01-01"})
    await post(page, "/market/play", {"sessions_per_minute": 60})
    await control.step()
    seen = await look(page)
    assert (seen["playing"], seen["stopped_for"]) == (False, "end")


async def test_what_goes_wrong_at_the_broker_is_read_and_chosen(page: Client) -> None:
    well = (await look(page))["broker"]
    assert (well["trouble"], well["note"]) == ("", "")
    assert [value for value, _ in well["choices"]] == ["", *Trouble]
    for trouble in Trouble:
        status, seen = await post(page, "/market/broker", {"trouble": trouble})
        assert (status, seen["broker"]["trouble"]) == (200, trouble)
        assert seen["broker"]["note"].endswith((".", "decide."))
        assert (await look(page))["broker"] == seen["broker"]
    _, seen = await post(page, "/market/broker", {"trouble": ""})
    assert seen["broker"] == well


@pytest.mark.parametrize("body", [{}, {"trouble": "flood"}, {"trouble": None}, [], "down", None])
async def test_a_trouble_that_is_none_is_refused_with_those_there_are(
    page: Client, body: Any
) -> None:
    status, seen = await post(page, "/market/broker", body)
    assert status == 400
    assert all(trouble in seen["error"] for trouble in Trouble)
    assert (await look(page))["broker"]["trouble"] == ""


async def test_what_befell_an_order_is_told_and_then_all_is_well_again(
    page: Client, runtime: Runtime
) -> None:
    account = Account(
        *(AccountId(1), PortfolioId(1), "Main", "simulated"),
        await runtime.brokers.open_account("simulated", "USD"),
    )
    broker = runtime.brokers.of(account)
    assert isinstance(broker, CashTransfers)
    await broker.transfer(Decimal(1000), "opening")
    await post(page, "/market/broker", {"trouble": "lost-answer"})
    order = OrderRequest(ClientOrderId("o"), Symbol("QUAL"), Side.BUY, Decimal(2), None)
    with pytest.raises(BrokerAmbiguous):
        await broker.submit(order)
    seen = (await look(page))["broker"]
    assert seen["trouble"] == ""
    assert seen["note"] == "“Buy 2 QUAL” was taken, and the answer lost."


async def test_a_choice_does_not_wait_for_an_order_that_is_under_way(
    page: Client, worker: Worker
) -> None:
    async with worker.lock, asyncio.timeout(5):
        status, seen = await post(page, "/market/broker", {"trouble": "down"})
    assert (status, seen["broker"]["trouble"]) == (200, "down")


async def test_without_a_page_the_broker_has_no_troubles(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, market_data="replay")
    async with open_runtime(settings) as runtime:
        assert runtime.troubles is None
        control = MarketControl(runtime, Worker(runtime), TOKEN)
        async with TestClient(TestServer(control.application())) as client:
            assert (await look(client))["broker"] is None
            assert (await post(client, "/market/broker", {"trouble": "down"}))[0] == 409


async def test_the_demo_can_start_with_a_trouble(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path,
        market_data="replay",
        evenkeel_control_port=0,
        evenkeel_control_token=SecretStr(TOKEN),
        evenkeel_fake_broker=Trouble.REJECTED,
    )
    async with open_runtime(settings) as runtime:
        assert runtime.troubles is not None
        assert runtime.troubles.chosen is Trouble.REJECTED


async def test_two_moves_at_once_are_made_one_after_the_other(page: Client) -> None:
    await asyncio.gather(*(post(page, "/market/advance", {"by": "session"}) for _ in range(4)))
    assert (await look(page))["session"] == "2020-01-08"


async def test_it_is_reached_over_a_real_socket(control: MarketControl) -> None:
    async with TestServer(control.application()) as server, ClientSession() as session:
        answer = await session.get(server.make_url("/market"), headers=HEADERS)
        assert answer.status == 200
