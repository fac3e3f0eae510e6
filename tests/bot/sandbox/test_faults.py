"""Trouble on order."""

from __future__ import annotations

import aiohttp
import pytest

from bot.sandbox import Sandbox
from tests.bot.sandbox.conftest import RawApi

ANNA = 1001


async def test_a_scripted_refusal_does_nothing_and_ends(sandbox: Sandbox, started: RawApi) -> None:
    sandbox.faults.fail_next(
        "sendMessage", 429, "Too Many Requests: retry after 37", retry_after=37, times=2
    )
    for _ in range(2):
        status, body = await started.raw("sendMessage", {"chat_id": ANNA, "text": "x"})
        assert (status, body["parameters"]) == (429, {"retry_after": 37})
    assert sandbox.bot_messages(ANNA) == []
    await started.call("sendMessage", chat_id=ANNA, text="x")
    assert sandbox.requests[-2].refusal == "Too Many Requests: retry after 37"


async def test_a_dropped_answer_was_acted_on(sandbox: Sandbox, started: RawApi) -> None:
    sandbox.faults.drop_answer("sendMessage")
    with pytest.raises(aiohttp.ClientError):
        await started.raw("sendMessage", {"chat_id": ANNA, "text": "x"})
    assert [each.text for each in sandbox.bot_messages(ANNA)] == ["x"]


async def test_an_outage_closes_connections_and_cuts_polls(
    sandbox: Sandbox, started: RawApi
) -> None:
    import asyncio

    poll = asyncio.create_task(started.raw("getUpdates", {"timeout": 30}))
    await sandbox.wait_for(lambda s: s.is_polled)
    sandbox.faults.outage(True)
    with pytest.raises(aiohttp.ClientError):
        await poll
    with pytest.raises(aiohttp.ClientError):
        await started.raw("getMe", {})
    sandbox.faults.outage(True, status=502)
    with pytest.raises(aiohttp.ContentTypeError):
        await started.raw("getMe", {})
    sandbox.faults.outage(False)
    await started.call("getMe")


async def test_confirmed_updates_can_come_again_and_out_of_order(
    sandbox: Sandbox, api: RawApi
) -> None:
    for text in ("one", "two"):
        sandbox.send_text(ANNA, ANNA, text)
    sandbox.faults.reverse_updates()
    second, first = await api.call("getUpdates")
    assert first["update_id"] < second["update_id"]
    sandbox.faults.redeliver_updates()
    after = second["update_id"] + 1
    assert await api.call("getUpdates", offset=after) == [first, second]
    assert await api.call("getUpdates", offset=after) == []


async def test_trouble_everywhere_spares_polling_and_can_be_cleared(
    sandbox: Sandbox, started: RawApi
) -> None:
    sandbox.faults.fail_next("*", 500, "Internal Server Error", times=9)
    assert await started.call("getUpdates") == []
    assert await started.refusal("getMe") == "Internal Server Error"
    sandbox.faults.clear()
    await started.call("getMe")
