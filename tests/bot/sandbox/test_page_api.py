"""What the page asks for, and who may ask."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox import SandboxClient, SandboxOptions, running_sandbox, sandbox_client
from bot.sandbox.client import SandboxRefused
from bot.sandbox.driver import Sandbox
from bot.sandbox.guard import PAGE_HEADER, NotLoopback
from bot.sandbox.page_api import STATIC
from tests.bot.sandbox.conftest import RawApi
from tests.bot.sandbox.test_real_client import png

ANNA, BEN, FAMILY = 1001, 1002, -1_000_000_002_001
OURS = {PAGE_HEADER: "1"}


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[SandboxClient]:
    async with sandbox_client(sandbox.origin) as made:
        yield made


async def test_the_page_and_its_parts_are_served_and_need_nothing_from_outside(
    sandbox: Sandbox, session: aiohttp.ClientSession
) -> None:
    async with session.get(f"{sandbox.origin}/") as answer:
        page = await answer.text()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    parts = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(parts) >= 5
    for part in parts:
        async with session.get(sandbox.origin + part) as answer:
            assert answer.status == 200
    for file in STATIC.iterdir():
        written = file.read_text("utf-8")
        outside = set(re.findall(r"https?://[^\s\"'`]+", written)) - {"http://www.w3.org/2000/svg"}
        assert {each for each in outside if not each.startswith("https://${")} == set()
        assert "innerHTML" not in written


async def test_a_first_look_shows_two_members_and_their_group(client: SandboxClient) -> None:
    state = await client.state()
    assert [each["name"] for each in state["members"]] == ["Anna", "Ben"]
    assert [(each["id"], each["started"]) for each in state["chats"]] == [
        (ANNA, False),
        (BEN, False),
        (FAMILY, True),
    ]
    assert state["market"] is False


async def test_members_act_over_http(sandbox: Sandbox, client: SandboxClient, api: RawApi) -> None:
    said = await client.send_text(ANNA, ANNA, "/start")
    assert said["from"]["first_name"] == "Anna"
    keys = {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]}
    sent = await api.call("sendMessage", chat_id=ANNA, text="Welcome", reply_markup=keys)
    seen = await client.wait_for_message(ANNA, lambda m: m.get("text") == "Welcome")
    assert seen["message_id"] == sent["message_id"]
    query_id = await client.press(ANNA, ANNA, seen["message_id"], "x")
    await api.call("answerCallbackQuery", callback_query_id=query_id, text="Noted")
    assert [each["text"] for each in await client.answers()] == ["Noted"]
    assert [each["method"] for each in await client.requests()] == [
        "sendMessage",
        "answerCallbackQuery",
    ]
    await client.do("read", user_id=ANNA, chat_id=ANNA, message_id=sent["message_id"])
    assert sandbox.chat(ANNA).read_up_to == {ANNA: sent["message_id"]}


async def test_waiting_goes_on_until_it_is_there(client: SandboxClient, sandbox: Sandbox) -> None:
    import asyncio

    async def later() -> None:
        for text in ("one", "two", "three"):
            await client.send_text(ANNA, ANNA, text)

    waiting = asyncio.create_task(
        client.wait_for_message(ANNA, lambda m: m.get("text") == "three", timeout=5)
    )
    await later()
    assert (await waiting)["message_id"] == 3
    with pytest.raises(TimeoutError, match=r"last words: .*three"):
        await sandbox.wait_for(lambda s: s.answers, timeout=0.01)


@pytest.mark.parametrize(
    ("action", "arguments", "said"),
    [
        ("send_text", {"user_id": 9, "chat_id": 9, "text": "x"}, "no member 9"),
        ("send_text", {"user_id": ANNA, "chat_id": BEN, "text": "x"}, "is in no chat 1002"),
        ("send_text", {"user_id": ANNA, "chat_id": ANNA, "text": " "}, "needs some text"),
        ("send_text", {"user_id": ANNA}, "missing 2 required"),
        ("edit_text", {"user_id": ANNA, "chat_id": ANNA, "message_id": 1, "text": "x"}, "wrote no"),
        ("dance", {}, "expected one of send_text"),
    ],
)
async def test_what_cannot_be_done_is_said(
    client: SandboxClient, action: str, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(SandboxRefused, match=said):
        await client.do(action, **arguments)


async def test_a_member_sends_a_photo_and_a_file(
    sandbox: Sandbox, api: RawApi, session: aiohttp.ClientSession
) -> None:
    for content, name, kind in ((png("red"), "p.png", "image/png"), (b"a,b", "a.csv", "text/csv")):
        form = aiohttp.FormData({"user_id": str(ANNA), "chat_id": str(ANNA), "caption": "see"})
        form.add_field("file", content, filename=name, content_type=kind)
        url = f"{sandbox.origin}/page/upload"
        async with session.post(url, data=form, headers=OURS) as answer:
            shown = (await answer.json())["result"]
        async with session.get(sandbox.origin + shown["file_url"]) as answer:
            assert await answer.read() == content
            saved = "attachment" in answer.headers.get("Content-Disposition", "")
            assert saved == (kind == "text/csv")
    photo, document = await api.call("getUpdates")
    assert photo["message"]["photo"][0]["width"] == 64
    assert document["message"]["document"]["file_name"] == "a.csv"
    assert document["message"]["caption"] == "see"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"Host": "evil.example:8765"}),
        ("/page/state", {"Host": "evil.example"}),
        ("/bot7000001:x/getMe", {"Host": "evil.example"}),
        ("/page/state", {"Origin": "http://evil.example"}),
        ("/bot7000001:sandbox-token-that-opens-nothing-real/getMe", {"Origin": "http://e.example"}),
        (
            "/bot7000001:sandbox-token-that-opens-nothing-real/getUpdates?offset=9999999999",
            {"Sec-Fetch-Site": "cross-site"},
        ),
        ("/page/state", {"Origin": "null"}),
        ("/page/state", {"Sec-Fetch-Site": "cross-site"}),
        ("/page/events", {"Sec-Fetch-Site": "cross-site"}),
    ],
)
async def test_strangers_may_not_look(
    sandbox: Sandbox, session: aiohttp.ClientSession, path: str, headers: dict[str, str]
) -> None:
    async with session.get(sandbox.origin + path, headers=headers) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("headers", [{}, OURS | {"Origin": "http://evil.example"}])
async def test_strangers_may_not_act(
    sandbox: Sandbox, session: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    body = {"user_id": ANNA, "chat_id": ANNA, "text": "/approve"}
    url = f"{sandbox.origin}/page/do/send_text"
    async with session.post(url, json=body, headers=headers) as answer:
        assert answer.status == 403
    assert sandbox.messages(ANNA) == []
    own = OURS | {"Origin": sandbox.origin, "Sec-Fetch-Site": "same-origin"}
    async with session.post(url, json=body, headers=own) as answer:
        assert answer.status == 200


async def test_it_listens_on_this_machine_only() -> None:
    with pytest.raises(NotLoopback, match=r"not on '0\.0\.0\.0'"):
        async with running_sandbox(host="0.0.0.0"):
            pytest.fail("it started")


class FakeMarket:
    """The bot's market control, as far as the strip goes."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str | None, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.calls.append((request.path, request.headers.get("X-Evenkeel-Control"), body))
        if body == {"until": "2020-02-30"}:
            return web.json_response({"error": "2020-02-30 is no date"}, status=400)
        return web.json_response({"session": "2020-01-02", "playing": False})


@pytest.fixture
async def market() -> AsyncIterator[tuple[FakeMarket, str]]:
    fake = FakeMarket()
    app = web.Application()
    app.router.add_route("*", "/market{rest:.*}", fake.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield fake, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_the_market_strip_is_passed_on_with_its_token(
    market: tuple[FakeMarket, str], session: aiohttp.ClientSession
) -> None:
    fake, url = market
    options = SandboxOptions(market_url=url, market_token="canary")
    async with running_sandbox(options) as sandbox:
        page = f"{sandbox.origin}/page/market"
        async with session.get(page) as answer:
            assert (await answer.json())["session"] == "2020-01-02"
        for move, body in (
            ("advance", {"by": "month"}),
            ("advance", {"until": "2020-03-16"}),
            ("play", {"sessions_per_minute": 60}),
            ("pause", {}),
            ("broker", {"trouble": "down"}),
        ):
            async with session.post(f"{page}/{move}", json=body, headers=OURS) as answer:
                assert answer.status == 200
        bad = {"until": "2020-02-30"}
        async with session.post(f"{page}/advance", json=bad, headers=OURS) as answer:
            assert answer.status == 400
            assert await answer.json() == {"error": "2020-02-30 is no date"}
        async with session.post(f"{page}/rob", json={}, headers=OURS) as answer:
            assert answer.status == 404
        async with session.post(f"{page}/play", json={}) as answer:
            assert answer.status == 403
        async with session.get(f"{sandbox.origin}/page/state") as answer:
            assert (await answer.json())["market"] is True
    assert fake.calls == [
        ("/market", "canary", None),
        ("/market/advance", "canary", {"by": "month"}),
        ("/market/advance", "canary", {"until": "2020-03-16"}),
        ("/market/play", "canary", {"sessions_per_minute": 60}),
        ("/market/pause", "canary", {}),
        ("/market/broker", "canary", {"trouble": "down"}),
        ("/market/advance", "canary", bad),
    ]


async def test_without_a_bot_the_strip_says_so(
    session: aiohttp.ClientSession, unused_tcp_port: int
) -> None:
    options = SandboxOptions(market_url=f"http://127.0.0.1:{unused_tcp_port}")
    async with (
        running_sandbox(options) as sandbox,
        session.get(f"{sandbox.origin}/page/market") as answer,
    ):
        assert answer.status == 503
        assert await answer.json() == {"error": "the bot is not running"}


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    for file in Path(STATIC).parent.rglob("*.py"):
        for imported in re.findall(
            r"^(?:from|import) (\S+)", file.read_text("utf-8"), re.MULTILINE
        ):
            assert not imported.startswith(("core", "telegram")), file
            assert not imported.startswith("bot") or imported.startswith("bot.sandbox"), file
