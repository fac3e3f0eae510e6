"""The dangers of alpaca-py 0.44, shown with the library as it is, and closed in ours."""

from __future__ import annotations

import asyncio
import inspect
import socket
import threading
import time
from decimal import Decimal
from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient

from core.adapters.alpaca_api import (
    Keys,
    Line,
    NoAnswer,
    NotSent,
    Pace,
    ServerTrouble,
    TooMany,
    TradeClient,
)
from core.adapters.alpaca_api.deadline import within
from core.adapters.alpaca_api.exact import maybe_number, read_json
from core.adapters.alpaca_api.faults import Unreadable
from core.adapters.alpaca_api.wire import TIMEOUT_SECONDS
from tests.adapters.brokers.alpaca.stage import KEY, SECRET, Stage, staged
from tests.fakes.alpaca import faults
from tests.fakes.clock import FakeClock

ORDER = {"symbol": "SPY", "side": "buy", "qty": "1", "type": "market", "time_in_force": "day"}


def client(stage: Stage) -> TradeClient:
    return TradeClient(Keys(KEY, SECRET), stage.server.origin, Pace(FakeClock()))


@pytest.mark.fault(18)
@pytest.mark.parametrize("status", [429, 504])
async def test_the_library_repeats_an_order_by_itself_and_ours_does_not(
    stage: Stage, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order without an id of its own, taken four times although it was sent once."""
    naked = TradingClient(KEY, SECRET, url_override=stage.server.origin)
    naked._retry_wait = 0
    body = '{"message":"gateway"}'
    stage.go_wrong(faults.Fault(faults.Answer.SAY, status=status, body=body, takes=True, times=4))
    with pytest.raises(APIError):
        await asyncio.to_thread(naked.post, "/orders", ORDER)
    naked._session.close()
    assert len(stage.orders) == 4

    ours = client(stage)
    stage.go_wrong(faults.Fault(faults.Answer.SAY, status=status, body=body, takes=True, times=4))
    with pytest.raises((TooMany, ServerTrouble)):
        await asyncio.to_thread(ours.post, "/orders", ORDER)
    ours.close()
    assert len(stage.orders) == 5


@pytest.mark.fault(18)
async def test_the_librarys_error_stumbles_over_a_proxys_page_and_ours_does_not(
    stage: Stage,
) -> None:
    naked = TradingClient(KEY, SECRET, url_override=stage.server.origin)
    stage.go_wrong(faults.proxy_page(502, method="GET", path="/v2/clock", times=2))
    with pytest.raises(APIError) as caught:
        await asyncio.to_thread(naked.get_clock)
    with pytest.raises(ValueError, match="Expecting value"):
        _ = caught.value.code
    naked._session.close()
    ours = client(stage)
    with pytest.raises(ServerTrouble, match="502 Bad Gateway"):
        await asyncio.to_thread(ours.get_clock)
    ours.close()


@pytest.mark.fault(21)
def test_every_request_has_a_time_limit() -> None:
    assert "timeout" not in inspect.getsource(TradingClient._request)
    assert TIMEOUT_SECONDS == (3.05, 10.0)


async def test_every_request_of_the_library_passes_through_ours(stage: Stage) -> None:
    """Whatever method of the client is called: `_one_request` is the only way out."""
    ours = client(stage)
    assert type(ours)._one_request is not TradingClient._one_request
    stage.exchange.list_asset("VTI", "200")
    asset: Any = await asyncio.to_thread(ours.get_asset, "VTI")
    assert asset["symbol"] == "VTI"
    assert ours._session.adapters is not None
    ours.close()


def test_numbers_are_exact_and_what_is_no_number_is_refused() -> None:
    record = read_json(b'{"p": 0.1, "q": "123456789.123456789", "n": 3, "x": null}')
    assert record["p"] == Decimal("0.1")
    assert maybe_number(record, "q") == Decimal("123456789.123456789")
    assert maybe_number(record, "n") == 3
    assert maybe_number(record, "x") is None
    for bad in (b'{"p": NaN}', b'{"p": Infinity}', b"\xff\xfe", b"[" * 100_000):
        with pytest.raises(Unreadable):
            read_json(bad)
    values: list[Any] = ["NaN", "Infinity", "1,5", "", True, [], {}, "٦x"]
    for value in values:
        with pytest.raises(Unreadable):
            maybe_number({"p": value}, "p")


@pytest.mark.fault(21)
async def test_a_call_given_up_can_no_longer_send() -> None:
    """Looking the name up hangs until after the limit; the order must not leave any more."""
    async with staged() as stage:
        ours = client(stage)
        with within(time.monotonic() - 1), pytest.raises(NotSent, match="over before"):
            ours.post("/orders", ORDER)
        looked_up, go_on = threading.Event(), threading.Event()
        real = socket.getaddrinfo

        def slow(*args: Any, **kwargs: Any) -> Any:
            looked_up.set()
            go_on.wait(5)
            return real(*args, **kwargs)

        fates: list[BaseException] = []

        def send() -> None:
            try:
                ours.post("/orders", ORDER)
            except NotSent as error:
                fates.append(error)
                raise

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", slow)
            with pytest.raises(NoAnswer):
                await Line(Pace(FakeClock()), seconds=0.2).ask(send)
            assert looked_up.is_set()
            go_on.set()
            for _ in range(200):
                if fates:
                    break
                await asyncio.sleep(0.01)
        assert [type(fate) for fate in fates] == [NotSent]
        assert stage.orders == []
        ours.close()


async def test_redirections_are_not_followed_and_keys_go_nowhere_else(stage: Stage) -> None:
    ours = client(stage)
    stage.go_wrong(
        faults.Fault(
            faults.Answer.SAY,
            "GET",
            "/v2/clock",
            status=302,
            headers={"Location": f"{stage.server.origin}/v2/account"},
        )
    )
    with pytest.raises(ServerTrouble):
        await asyncio.to_thread(ours.get_clock)
    assert stage.asked("GET", "/v2/account") == 0
    with pytest.raises(NotSent, match="InvalidSchema"):
        await asyncio.to_thread(ours.get, "/clock", base_url="http://127.0.0.1:9")
    ours.close()
