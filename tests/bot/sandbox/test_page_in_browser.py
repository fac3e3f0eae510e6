"""The chat page in a real browser."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright, expect

from bot.sandbox import Sandbox, SandboxOptions, running_sandbox
from tests.bot.sandbox.conftest import RawApi
from tests.bot.sandbox.test_real_client import png

ANNA, BEN, FAMILY = 1001, 1002, -1_000_000_002_001
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
PHONE = {"width": 390, "height": 844}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]


@asynccontextmanager
async def opened(origin: str, **options: Any) -> AsyncIterator[Page]:
    """A page that must not complain."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(**options)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
        )
        await page.goto(origin)
        try:
            yield page
        finally:
            await browser.close()
    assert complaints == []


async def test_from_start_to_a_tap(sandbox: Sandbox, api: RawApi) -> None:
    await api.call("setMyDescription", description="Keeps a portfolio on target.")
    commands = [
        {"command": "status", "description": "Value"},
        {"command": "help", "description": "?"},
    ]
    await api.call("setMyCommands", commands=commands)
    async with opened(sandbox.origin) as page:
        await expect(page.locator(".empty")).to_contain_text("Keeps a portfolio on target.")
        await page.get_by_role("button", name="Start", exact=True).click()
        start = await sandbox.wait_for(lambda s: s.messages(ANNA)[-1:])
        assert start[0].text == "/start"
        keys = {"inline_keyboard": [[{"text": "✅ Approve", "callback_data": "a/'\"1"}]]}
        await api.call("sendChatAction", chat_id=ANNA, action="typing")
        await expect(page.locator("#head-status")).to_have_text("typing…")
        sent = await api.call(
            "sendMessage",
            chat_id=ANNA,
            text="<b>Plan 42</b> &lt;script&gt;alert(1)&lt;/script&gt;",
            parse_mode="HTML",
            reply_markup=keys,
        )
        await expect(page.locator("#head-status")).to_have_text("bot")
        await expect(page.locator(".words b")).to_have_text("Plan 42")
        await expect(page.locator(".words").last).to_contain_text("<script>alert(1)</script>")
        approve = page.get_by_role("button", name="Approve")
        await approve.click()
        await expect(approve).to_have_attribute("aria-busy", "true")
        (_, update) = await sandbox.wait_for(
            lambda s: s._messenger.state.pending if s.pending_updates == 2 else None
        )
        tap = update["update"]["callback_query"]
        assert tap["data"] == "a/'\"1"
        await api.call("answerCallbackQuery", callback_query_id=tap["id"], text="Approved")
        await expect(page.locator(".toast")).to_have_text("Approved")
        await api.call("editMessageText", chat_id=ANNA, message_id=sent["message_id"], text="Done")
        await expect(page.locator(".message").last).to_contain_text("Doneedited")
        await expect(page.locator(".key")).to_have_count(0)
        again = sandbox.press(ANNA, ANNA, sent["message_id"], "x")
        await api.call(
            "answerCallbackQuery", callback_query_id=again.query_id, text="Why", show_alert=True
        )
        await expect(page.locator("#alert-text")).to_have_text("Why")
        await page.get_by_role("button", name="OK").click()
        await page.locator("#text").fill("/st")
        await page.locator("#text").press("Enter")
        assert (await sandbox.wait_for(lambda s: s.messages(ANNA)[2:]))[0].text == "/status"
        await page.get_by_role("button", name="Menu").click()
        await expect(page.get_by_role("option")).to_have_count(2)


async def test_members_groups_links_and_unread(sandbox: Sandbox, api: RawApi) -> None:
    sandbox.send_text(ANNA, ANNA, "/start")
    link = "https://t.me/evenkeel_demo_bot?start=INV42"
    async with opened(sandbox.origin) as page:
        await api.call("sendMessage", chat_id=ANNA, text=f"Invite: {link}")
        await page.get_by_role("link", name=link).click()
        assert (await sandbox.wait_for(lambda s: s.messages(ANNA)[2:]))[0].text == "/start INV42"
        await page.get_by_role("button", name="Open the link as Ben").click()
        assert (await sandbox.wait_for(lambda s: s.messages(BEN)))[0].text == "/start INV42"
        await expect(page.locator(f"[data-user-id='{BEN}']")).to_have_attribute(
            "aria-pressed", "true"
        )
        await api.call("sendMessage", chat_id=FAMILY, text="Alert")
        family = page.locator(f"[data-chat-id='{FAMILY}']")
        await expect(family.locator(".badge")).to_have_text("1")
        await expect(page.locator(f"[data-user-id='{ANNA}'] .badge")).to_have_text("1")
        await family.click()
        await expect(family.locator(".badge")).to_have_count(0)
        await expect(page.locator(".sender")).to_have_text("Evenkeel")
        await page.locator("#text").fill("/status")
        await page.locator("#text").press("Enter")
        said = await sandbox.wait_for(lambda s: s.messages(FAMILY)[1:])
        assert (said[0].sender_id, said[0].text) == (BEN, "/status")
        question = {
            "chat_id": FAMILY,
            "text": "Which weight?",
            "reply_markup": {"force_reply": True},
        }
        asked = await api.call("sendMessage", **question)
        await expect(page.locator("#replying-text")).to_have_text("Which weight?")
        await page.locator("#text").fill("60")
        await page.locator("#text").press("Enter")
        answer = (await sandbox.wait_for(lambda s: s.messages(FAMILY)[3:]))[0]
        assert (answer.text, answer.reply_to) == ("60", asked["message_id"])
        await api.call("deleteMessage", chat_id=FAMILY, message_id=1)
        await expect(page.locator(".message")).to_have_count(3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_table_fits_a_phone_a_photo_opens_and_a_document_is_saved(
    sandbox: Sandbox, started: RawApi, bot: Any, scheme: str
) -> None:
    await bot.send_photo(ANNA, png("red"), caption="Drift")
    await bot.send_document(ANNA, b"a,b\r\n", filename="realised-2020.csv", caption="A year")
    table = "<pre>" + "8" * 38 + "\nVTI  66.6   60.0 +6.6▲  60.0</pre>"
    await started.call("sendMessage", chat_id=ANNA, text=table, parse_mode="HTML")
    async with opened(
        f"{sandbox.origin}/#{ANNA}/{ANNA}", viewport=PHONE, color_scheme=scheme, is_mobile=True
    ) as page:
        await expect(page.locator("pre")).to_be_visible()
        assert await page.evaluate(
            "[...document.querySelectorAll('pre, #scroller, html')]"
            ".every((box) => box.scrollWidth <= box.clientWidth)"
        )
        at_end = "document.getElementById('scroller')"
        assert await page.evaluate(
            f"{at_end}.scrollHeight - {at_end}.scrollTop - {at_end}.clientHeight < 2"
        )
        async with page.expect_download() as download:
            await page.get_by_role("link", name="realised-2020.csv").click()
        saved = await download.value
        assert saved.suggested_filename == "realised-2020.csv"
        content = await asyncio.to_thread((await saved.path()).read_bytes)
        assert content == b"a,b\r\n"
        await page.get_by_role("button", name="Photo: Drift").click()
        await expect(page.locator("#viewer-photo")).to_be_visible()
        await page.get_by_role("button", name="Close the photo").click()
        await page.get_by_role("button", name="Back to the chats").click()
        await expect(page.locator(f"[data-chat-id='{FAMILY}']")).to_be_visible()
        dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (dark == "rgb(255, 255, 255)") == (scheme == "light")


class FakeMarket:
    """Stands at the first session until told to walk; then a push stops it in March."""

    def __init__(self) -> None:
        self.view: dict[str, Any] = {
            "instant": "2020-01-02T16:00:00Z",
            "session": "2020-01-02",
            "exchange_time": "Thu 2 Jan 2020 11:00 ET",
            "playing": False,
            "sessions_per_minute": 60,
            "first": "2014-01-02",
            "last": "2022-12-28",
            "stopped_for": None,
            "broker": {
                "trouble": "",
                "note": "",
                "choices": [
                    ["", "Broker is well"],
                    ["down", "Broker is down"],
                    ["lost", "Broker loses the next answer"],
                    ["flood", "Broker is flooded"],
                ],
            },
        }

    async def look(self, _request: web.Request) -> web.Response:
        return web.json_response(self.view)

    async def advance(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body == {"by": "month"}:
            return web.json_response({"error": "the market is busy"}, status=409)
        assert body == {"until": "2020-03-16"}
        self.view |= {
            "session": "2020-03-12",
            "exchange_time": "Thu 12 Mar 2020 11:00 ET",
            "stopped_for": "push",
        }
        return web.json_response(self.view)

    async def play(self, request: web.Request) -> web.Response:
        self.view |= await request.json() | {"playing": True, "stopped_for": None}
        return web.json_response(self.view)

    async def pause(self, _request: web.Request) -> web.Response:
        self.view |= {"playing": False}
        return web.json_response(self.view)

    async def broker(self, request: web.Request) -> web.Response:
        trouble = (await request.json())["trouble"]
        if trouble == "flood":
            return web.json_response({"error": "no such trouble"}, status=400)
        self.view["broker"] |= {"trouble": trouble, "note": f"Will be {trouble}."}
        return web.json_response(self.view)


@asynccontextmanager
async def running_market() -> AsyncIterator[tuple[FakeMarket, web.AppRunner]]:
    fake = FakeMarket()
    app = web.Application()
    app.add_routes(
        [
            web.get("/market", fake.look),
            web.post("/market/advance", fake.advance),
            web.post("/market/play", fake.play),
            web.post("/market/pause", fake.pause),
            web.post("/market/broker", fake.broker),
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield fake, runner
    finally:
        await runner.cleanup()


async def test_the_market_strip() -> None:
    async with running_market() as (fake, runner):
        options = SandboxOptions(market_url=f"http://127.0.0.1:{runner.addresses[0][1]}")
        async with running_sandbox(options) as sandbox, opened(sandbox.origin) as page:
            time, note = page.locator("#market-time"), page.locator("#market-note")
            await expect(time).to_have_text("Thu 2 Jan 2020 11:00 ET")
            await page.get_by_role("button", name="Next month").click()
            await expect(note).to_have_text("The market is busy")
            await page.get_by_role("button", name="To the crash").click()
            await expect(time).to_have_text("Thu 12 Mar 2020 11:00 ET")
            await expect(note).to_have_text("It stopped here: the bot wrote")
            await page.locator("#market-speed").select_option("240")
            await page.get_by_role("button", name="Play").click()
            await page.get_by_role("button", name="Pause").click()
            assert fake.view["sessions_per_minute"] == 240
            await expect(page.get_by_role("button", name="Play")).to_be_enabled()
            await runner.cleanup()
            await expect(note).to_have_text("The bot is not running")
            await expect(page.get_by_role("button", name="Play")).to_be_disabled()


async def test_what_goes_wrong_at_the_broker_is_chosen_in_the_strip() -> None:
    async with running_market() as (fake, runner):
        options = SandboxOptions(market_url=f"http://127.0.0.1:{runner.addresses[0][1]}")
        async with running_sandbox(options) as sandbox, opened(sandbox.origin) as page:
            select, note = page.locator("#broker"), page.locator("#broker-note")
            await expect(select).to_have_value("")
            await expect(note).to_be_hidden()
            await select.focus()
            await page.keyboard.press("ArrowDown")
            await expect(note).to_have_text("Will be down.")
            assert fake.view["broker"]["trouble"] == "down"
            await page.reload()
            await expect(select).to_have_value("down")
            await expect(note).to_have_text("Will be down.")
            for width in (360, 390, 760, 800, 1000, 1280, 1400):
                await page.set_viewport_size({"width": width, "height": 800})
                strip = "document.getElementById('market')"
                assert await page.evaluate(f"{strip}.scrollWidth <= {strip}.clientWidth"), width
            fake.view["broker"] |= {"trouble": "", "note": "It struck."}
            await expect(select).to_have_value("")
            await expect(note).to_have_text("It struck.")
            await select.select_option("flood")
            await expect(page.locator("#market-note")).to_have_text("No such trouble")
            await expect(select).to_have_value("")
            await runner.cleanup()
            await expect(select).to_be_disabled()


async def test_the_page_finds_a_sandbox_that_came_back(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    options = SandboxOptions(state_path=tmp_path / "state.json")
    async with AsyncExitStack() as first:
        before = await first.enter_async_context(running_sandbox(options, port=unused_tcp_port))
        before.send_text(ANNA, ANNA, "before")
        async with opened(before.origin) as page:
            await expect(page.locator(".message")).to_have_count(1)
            await first.aclose()
            await expect(page.locator(".toast")).to_contain_text("does not answer")
            async with running_sandbox(options, port=unused_tcp_port) as after:
                after.send_text(ANNA, ANNA, "after")
                await expect(page.locator(".message")).to_have_count(2)
                await expect(page.locator(".words").last).to_contain_text("after")
