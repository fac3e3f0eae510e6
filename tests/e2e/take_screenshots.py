"""Takes the README's pictures anew, from the real demo: `python -m tests.e2e.take_screenshots [FOLDER]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Locator, expect

from tests.e2e.browser import CHROMIUM, DESKTOP, PATIENCE_MS, PHONE, Visitor, visitor
from tests.e2e.relatives import invitation
from tests.e2e.running import ANNA, BEN, FAMILY, Person, RunningDemo, running_demo
from tests.e2e.test_demo_in_browser import trade_for_the_first_time, walk_to_the_alert

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
COLOURS = 256
"""Enough for a page of few colours, and a quarter of the bytes."""

INTO_VIEW = """message => {
  message.scrollIntoView({ block: "end" });
  document.getElementById("scroller").scrollBy(0, 12);
}"""


async def take_all(folder: Path) -> None:
    """Walk the demo from its beginning, once for each story, and keep what README shows."""
    for walk in (
        _walk_with_five_companies,
        _walk_with_two_accounts,
        _walk_to_a_harvest,
        _walk_to_the_crash,
        _walk_with_a_broker_in_trouble,
        _walk_with_a_rule,
        _walk_with_a_family,
    ):
        with tempfile.TemporaryDirectory() as data:
            async with running_demo(Path(data)) as demo:
                await walk(demo, folder)


async def _walk_with_five_companies(demo: RunningDemo, folder: Path) -> None:
    """A proposal that sells and buys, and its report, as they stand on a phone."""
    anna = Person(demo, ANNA, ANNA)
    hello = await anna.ask("/start", "What should it hold")
    money = await anna.tap(hello, "Five companies", "How much paper money")
    await anna.tap(money, "$25,000", "is set up")
    first = await anna.plan(after=hello["message_id"])
    await anna.press(first, "Approve")
    report = await anna.said("filled", after=first["message_id"])
    await demo.walk_market("2020-03-16")
    await anna.plan(after=report["message_id"])
    async with _at(demo, **PHONE) as page:
        await _shoot(page, folder / "proposal-phone.png", page.message("proposal 2"))
        await page.tap("Approve")
        done = await page.sees("orders filled in full", within=page.messages.last)
        await page.sees("Drift 9.1 → 0.5", within=done)
        await _shoot(page, folder / "report-phone.png", done)


async def _walk_with_two_accounts(demo: RunningDemo, folder: Path) -> None:
    """A taxable account and an IRA under one target: a plan that sells in both."""
    anna = Person(demo, ANNA, ANNA)
    await _set_up_with_taxes(anna)
    await anna.ask("/accounts add IRA tax_deferred 20000", "stands under")
    await anna.ask("/rebalance", "proposal 2")
    second = await anna.plan("proposal 2")
    await anna.press(second, "Approve")
    await anna.said("filled", after=second["message_id"])
    await demo.walk_market("2020-01-28")
    wanted = await anna.ask("/targets AAPL 5 JNJ 25 JPM 20 PG 25 XOM 25", "not set yet")
    await anna.tap(wanted, "Use these targets", "The targets are set")
    async with _at(demo, **PHONE) as page:
        await page.write("/rebalance")
        proposal = await page.sees("no tax on its sales")
        await _shoot(page, folder / "two-accounts-phone.png", proposal)


async def _walk_to_a_harvest(demo: RunningDemo, folder: Path) -> None:
    """Losses of March 2020, and the companies that stand in for those that lost."""
    anna = Person(demo, ANNA, ANNA)
    await _set_up_with_taxes(anna)
    wanted = await anna.ask("/targets AAPL 20 JNJ 20 JPM|BAC 20 PG 20 XOM|CVX 20", "not set yet")
    await anna.tap(wanted, "Use these targets", "The targets are set")
    await demo.walk_market("2020-03-16")
    async with _at(demo, **PHONE) as page:
        await page.write("/harvest 500")
        await _shoot(page, folder / "harvest-phone.png", await page.sees("Loss to harvest"))


async def _set_up_with_taxes(anna: Person) -> None:
    """Five companies, bought for the first time, and tax rules."""
    hello = await anna.ask("/start", "What should it hold")
    money = await anna.tap(hello, "Five companies", "How much paper money")
    await anna.tap(money, "$25,000", "is set up")
    first = await anna.plan(after=hello["message_id"])
    await anna.press(first, "Approve")
    await anna.said("filled", after=first["message_id"])
    await anna.ask("/tax rules us", "United States")


async def _walk_to_the_crash(demo: RunningDemo, folder: Path) -> None:
    """The visitor's walk: the alert, and the status in both themes."""
    async with _at(demo, **DESKTOP) as page:
        await trade_for_the_first_time(page)
        alert = await walk_to_the_alert(page)
        await _shoot(page, folder / "alert-desktop.png", alert)
    for theme in ("light", "dark"):
        async with _at(demo, color_scheme=theme, **PHONE) as page:
            await page.write(f"/settings picture {theme}")
            await page.sees(f"for {theme} chats")
            photos = page.messages.filter(has=page.page.locator(".photo"))
            before = await photos.count()
            await page.write("/status")
            await expect(photos).to_have_count(before + 1, timeout=PATIENCE_MS)
            await _shoot(page, folder / f"status-{theme}-phone.png", photos.last)


async def _walk_with_a_broker_in_trouble(demo: RunningDemo, folder: Path) -> None:
    """A broker that is down when the first plan is approved, and one that then forgets an order."""
    anna = Person(demo, ANNA, ANNA)
    await anna.set_up()
    async with _at(demo, **PHONE) as page:
        await page.page.locator("#broker").select_option("down")
        await page.sees("proposal 1")
        await page.tap("Approve")
        waits = await page.sees("Nothing has been sent yet")
        await _shoot(page, folder / "broker-down-phone.png", waits)
        await page.page.locator("#broker").select_option("forgotten")
        stopped = await page.sees("Stopped: it cannot be known")
        await _shoot(page, folder / "order-in-doubt-phone.png", stopped)


async def _walk_with_a_rule(demo: RunningDemo, folder: Path) -> None:
    """The S&P 500 falls by a tenth in 2020, and a rule keeps the checks from making plans until that is over."""
    anna = Person(demo, ANNA, ANNA)
    await anna.first_trade()
    asked = await anna.ask("/rules SPX drawdown 52w > 10 hold off", "market timing")
    await anna.tap(asked, "Turn it on", "Rule 1: on")
    await demo.walk_market("2020-02-27")
    async with _at(demo, **PHONE) as page:
        held = await page.sees("Held off")
        await _shoot(page, folder / "rule-holds-phone.png", held)
        await demo.walk_market("2020-03-02")
        over = await page.sees("Over:")
        clock = page.page.locator("#market-time")
        await expect(clock).to_contain_text("2 Mar 2020", timeout=PATIENCE_MS)
        await _shoot(page, folder / "rule-over-phone.png", over)


async def _walk_with_a_family(demo: RunningDemo, folder: Path) -> None:
    """Two of two must approve: the group reads percentages and who is needed, and each decides in private."""
    anna, ben = Person(demo, ANNA, ANNA), Person(demo, BEN, BEN)
    group = Person(demo, ANNA, FAMILY)
    await anna.first_trade()
    await ben.ask(f"/start {await invitation(anna, 'approver')}", "approver of")
    await anna.ask("/approval people 2", "Two different people")
    about = await group.ask("/portfolio @family", "about Family now")
    await group.tap(about, "Put proposals into this group", "group")
    await demo.walk_market("2020-03-16")
    shown = await group.said("of the portfolio", button="Open privately")
    link = shown["reply_markup"]["inline_keyboard"][0][0]["url"].split("start=")[1]
    bens = await ben.ask(f"/start {link}", "Still needed")
    await ben.press(bens, "Approve")
    await group.becomes(shown, "Ben ✅")
    async with _at(demo, FAMILY, **PHONE) as page:
        await _shoot(page, folder / "family-group-phone.png", page.message("of the portfolio"))
    async with _at(demo, BEN, user=BEN, **PHONE) as page:
        decided = page.message("still needed: Anna")
        await page.sees("still needed: Anna", within=decided)
        await _shoot(page, folder / "family-private-phone.png", decided)


def _at(demo: RunningDemo, chat: int = ANNA, *, user: int = ANNA, **options: Any) -> Any:
    return visitor(f"{demo.demo.origin}/#{user}/{chat}", **options)


async def _shoot(page: Visitor, file: Path, shown: Locator) -> None:
    """Take a picture with a message in full view and nothing passing in front of it."""
    await expect(page.page.locator(".toast")).to_have_count(0, timeout=PATIENCE_MS)
    await shown.evaluate(INTO_VIEW)
    picture = await page.page.screenshot(animations="disabled")
    _save_small(picture, file)


def _save_small(picture: bytes, file: Path) -> None:
    colours = Image.open(BytesIO(picture)).convert("RGB")
    reduced = colours.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    file.parent.mkdir(parents=True, exist_ok=True)
    reduced.save(file, optimize=True)
    sys.stdout.write(f"{file.name}: {file.stat().st_size // 1024} kB\n")


def main() -> int:
    """Take all pictures; 1 where no browser is installed."""
    if CHROMIUM is None:
        sys.stderr.write(
            "No Chromium is installed: on Debian and Ubuntu, apt-get install chromium\n"
        )
        return 1
    asyncio.run(take_all(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
