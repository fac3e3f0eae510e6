"""The demo as a visitor meets it: the page, the bot and the market, each the real one."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import DESKTOP, PATIENCE_MS, PHONE, Visitor, needs_browser, visitor
from tests.e2e.running import ANNA, RunningDemo

pytestmark = [pytest.mark.browser, needs_browser, pytest.mark.asyncio(loop_scope="session")]

MOST_ACTS = 6
"""Taps and messages from START to a filled paper trade."""


async def test_from_start_to_a_first_trade_on_a_phone(
    new_demo: RunningDemo, tmp_path: Path
) -> None:
    async with visitor(f"{new_demo.demo.origin}/#{ANNA}/{ANNA}", **PHONE) as anna:
        await trade_for_the_first_time(anna)
        assert anna.acts <= MOST_ACTS
        await anna.photograph(tmp_path / "first-trade.png")
        await anna.tap("Show me an alert")
        await anna.sees("20")
        assert await is_nothing_wider_than_the_phone(anna)
    assert len(new_demo.at_broker("fills")) == 2


async def test_the_crash_alerts_by_itself_and_one_tap_settles_it(
    new_demo: RunningDemo, tmp_path: Path
) -> None:
    """12 March 2020 is the first session on which the default bands of the first allocation are left."""
    async with visitor(new_demo.demo.origin, **DESKTOP) as anna:
        await trade_for_the_first_time(anna)
        alert = await walk_to_the_alert(anna)
        await anna.photograph(tmp_path / "alert.png")
        await settle(anna, alert)
        await anna.photograph(tmp_path / "report.png")
    assert len(new_demo.at_broker("fills")) == 4


@pytest.mark.fault(7)
async def test_the_alert_outlives_a_killed_bot_and_works_once(
    new_demo: RunningDemo, tmp_path: Path
) -> None:
    async with visitor(new_demo.demo.origin, **DESKTOP) as anna:
        await trade_for_the_first_time(anna)
        alert = await walk_to_the_alert(anna)
        await new_demo.kill_bot()
        await expect(anna.page.locator("#market-note")).to_have_text(
            "The bot is not running", timeout=PATIENCE_MS
        )
        approve = alert.locator(".key").filter(has_text="Approve")
        await approve.click()
        await approve.click(force=True)
        await anna.photograph(tmp_path / "nobody-there.png")
        await new_demo.start_bot()
        await anna.sees("orders filled in full", within=anna.messages.last)
        await expect(alert.locator(".key")).to_have_count(0)
        await expect(anna.page.locator("#market-day")).to_be_enabled(timeout=PATIENCE_MS)
        await anna.page.locator("#market-day").click()
        await expect(anna.page.locator("#market-time")).to_contain_text(
            "13 Mar 2020", timeout=PATIENCE_MS
        )
    assert len(new_demo.at_broker("fills")) == 4


async def trade_for_the_first_time(anna: Visitor) -> None:
    """From START to the report of a first paper trade."""
    await anna.start()
    await anna.tap("QUAL 30 · USMV 30 · CASH 40")
    await anna.tap("$10,000")
    await anna.tap("Approve")
    await anna.sees("2 of 2 orders filled in full")


async def walk_to_the_alert(anna: Visitor) -> Locator:
    """Let the market go to the crash; returns the alert that comes by itself on the way."""
    await anna.page.locator("#market-crash").click()
    await expect(anna.page.locator("#market-time")).to_contain_text(
        "12 Mar 2020", timeout=PATIENCE_MS
    )
    offering = anna.messages.filter(has=anna.page.locator(".key", has_text="Approve"))
    await anna.sees("proposal 2", within=offering)
    number = await offering.get_attribute("data-message-id")
    return anna.page.locator(f"[data-message-id='{number}']")


async def settle(anna: Visitor, alert: Locator) -> None:
    """Approve by one tap: the report grows on the alert's message, and answers it."""
    words = await alert.locator("pre").inner_text()
    await anna.tap("Approve", within=alert)
    report = await anna.sees("orders filled in full", within=anna.messages.last)
    await expect(report.locator(".quote")).to_contain_text("proposal 2")
    await expect(alert).to_contain_text("Approved by Anna", timeout=PATIENCE_MS)
    await expect(alert).to_contain_text("Bought", timeout=PATIENCE_MS)
    assert await alert.locator("pre").inner_text() == words
    await expect(alert.locator(".key")).to_have_count(0)


async def is_nothing_wider_than_the_phone(anna: Visitor) -> bool:
    fits: bool = await anna.page.evaluate(
        "[...document.querySelectorAll('pre, #scroller, html')]"
        ".every((box) => box.scrollWidth <= box.clientWidth + 1)"
    )
    return fits
