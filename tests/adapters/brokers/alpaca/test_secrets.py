"""F30, F71: the keys are in no text, no exception and no log, whatever goes wrong."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from core.adapters.alpaca_api import Keys
from core.adapters.market_data.alpaca import AlpacaMarketData
from core.domain.refusals import PriceSourceDown
from core.ports.broker import BrokerError
from tests.adapters.brokers.alpaca.stage import KEY, SECRET, SPY, Stage, buy, staged
from tests.adapters.brokers.alpaca.test_sending import NOT_TAKEN, TAKEN_BUT_UNHEARD
from tests.fakes.alpaca import faults

CANARIES = (KEY, SECRET)


def reachable(error: BaseException) -> Iterator[str]:
    """All texts of an exception, of its causes and contexts, and of what they hold on to."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or len(seen) > 5000:
            continue
        seen.add(id(value))
        yield repr(value)
        if isinstance(value, BaseException):
            yield "".join(traceback.format_exception(value))
            waiting += [value.__cause__, value.__context__, *value.args]
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set):
            waiting += value
        elif hasattr(value, "__dict__") and not isinstance(value, type):
            waiting += vars(value).values()


@pytest.mark.fault(71)
async def test_no_exception_holds_the_keys(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    kinds = [*TAKEN_BUT_UNHEARD.values(), *NOT_TAKEN.values(), faults.unauthorised]
    found = 0
    for n, made in enumerate(kinds):
        stage.go_wrong(made())
        try:
            await stage.broker.submit(buy("0.1", id_=f"o{n}"))
        except BrokerError as error:
            found += 1
            texts = list(reachable(error))
            assert not [t for t in texts for canary in CANARIES if canary in t]
    assert found == len(kinds)
    assert not [canary for canary in CANARIES if canary in caplog.text]


async def test_an_unreachable_service_shows_no_keys(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with staged() as stage:
        source = AlpacaMarketData(KEY, SECRET, "http://127.0.0.1:9", stage.exchange.time)
        with pytest.raises(PriceSourceDown) as caught:
            await source.quotes([SPY])
        await source.close()
    with pytest.raises(BrokerError) as refused:
        await stage.broker.account()
    for error in (caught.value, refused.value):
        assert not [t for t in reachable(error) for canary in CANARIES if canary in t]
    assert not [canary for canary in CANARIES if canary in caplog.text]


@pytest.mark.fault(71)
async def test_no_object_shows_its_keys(stage: Stage) -> None:
    source = AlpacaMarketData(KEY, SECRET, stage.server.origin, stage.exchange.time)
    for value in (stage.house, stage.broker, source, Keys(KEY, SECRET), stage.house._client):
        assert not [canary for canary in CANARIES if canary in f"{value!r} {value}"]
    await source.close()


async def test_the_keys_travel_in_headers_only(stage: Stage) -> None:
    with suppress(BrokerError):
        await stage.broker.submit(buy())
    await stage.broker.holdings()
    for seen in stage.server.seen:
        said = f"{seen.path} {seen.query} {seen.body}"
        assert not [canary for canary in CANARIES if canary in said]


@pytest.mark.fault(30, 71)
@pytest.mark.parametrize("status", [401, 403, 422, 500])
@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
async def test_a_server_that_sends_the_keys_back_makes_nobody_see_them(
    stage: Stage, caplog: pytest.LogCaptureFixture, status: int, content_type: str
) -> None:
    caplog.set_level(logging.DEBUG)
    words = f"who are you, {KEY} with {SECRET} (again: {SECRET})?"
    body = json.dumps({"code": 40310000, "message": words, "key": KEY, "secret": SECRET})
    answer: dict[str, Any] = {"status": status, "body": body, "content_type": content_type}
    raised = []
    for method, path, ask in (
        ("POST", "/v2/orders", lambda: stage.broker.submit(buy())),
        ("GET", "/v2/account", stage.broker.account),
    ):
        stage.go_wrong(faults.Fault(faults.Answer.SAY, method, path, **answer))
        with pytest.raises(BrokerError) as caught:
            await ask()
        raised.append(caught.value)
    texts = [text for error in raised for text in reachable(error)]
    assert not [text for text in (*texts, caplog.text) for canary in CANARIES if canary in text]
