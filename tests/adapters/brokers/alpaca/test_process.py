"""The fake Alpaca as a process of its own, as a rehearsal uses it."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from core.adapters.brokers.alpaca import AlpacaBrokerage
from core.adapters.clock import SystemClock
from core.ports.broker import BrokerAmbiguous
from tests.adapters.brokers.alpaca.stage import buy


@pytest.fixture
def origin() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.fakes.alpaca", "--port", "0", "--every", "0.02"]
    command += ["--cash", "5000", "--price", "SPY=100", "--now", "2020-03-09T15:00:00+00:00"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, line
            yield found[0]
        finally:
            process.terminate()
            process.wait(10)


def say(origin: str, **asked: object) -> dict[str, object]:
    answer = requests.post(f"{origin}/control", json=asked, timeout=5)
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


async def test_a_rehearsal_with_an_answer_that_gets_lost(origin: str) -> None:
    house = AlpacaBrokerage("PKFAKE", "fake-secret", origin, SystemClock())
    broker = house.account(await house.open_account("USD"))
    await asyncio.to_thread(say, origin, fault="accept_then_drop", price={"SPY": "99", "NEW": "5"})
    with pytest.raises(BrokerAmbiguous):
        await broker.submit(buy())
    told = await asyncio.to_thread(
        say, origin, clear=True, split=["NEW", "2"], rename=["NEW", "NEWER"], advance=1
    )
    found = await broker.find_order(buy().client_order_id)
    assert found is not None
    assert isinstance(told["orders"], list)
    assert len(told["orders"]) == 1
    assert told["prices"] == {"SPY": "99", "NEWER": "2.5"}
    await house.close()


def test_it_says_what_it_has_and_what_it_cannot_do(origin: str) -> None:
    assert requests.get(f"{origin}/control", timeout=5).json()["is_open"] is True
    for wrong in ({"fault": "x"}, {"price": "SPY"}, {"fly": True}):
        answer = requests.post(f"{origin}/control", json=wrong, timeout=5)
        assert answer.status_code == 400
        assert answer.json()["error"]
