"""A headless Chromium on the demo's page: a visitor's hands and eyes."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
PATIENCE_MS = 20_000.0
"""Milliseconds that a slow machine gets for what takes a moment on a quick one."""

needs_browser = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no Chromium is installed: on Debian and Ubuntu, apt-get install chromium",
)


@dataclass
class Visitor:
    """Somebody at the page; counts what they tap and write."""

    page: Page
    acts: int = field(default=0)

    @property
    def messages(self) -> Locator:
        """All messages of the open conversation."""
        return self.page.locator("[data-message-id]")

    def message(self, words: str) -> Locator:
        """The latest message with these words."""
        return self.messages.filter(has_text=words).last

    async def tap(self, label: str, within: Locator | None = None) -> None:
        """Tap the latest button with this label as soon as it is there."""
        place = within or self.page.locator("#messages")
        await place.locator(".key").filter(has_text=label).last.click(timeout=PATIENCE_MS)
        self.acts += 1

    async def start(self) -> None:
        """Tap START in an empty conversation."""
        await self.page.locator("#start").click(timeout=PATIENCE_MS)
        self.acts += 1

    async def write(self, text: str) -> None:
        """Write a message and send it."""
        await self.page.locator("#text").fill(text)
        await self.page.locator("#send").click()
        self.acts += 1

    async def sees(self, words: str, *, within: Locator | None = None) -> Locator:
        """Wait until the latest message with these words is there."""
        found = within or self.message(words)
        await expect(found).to_contain_text(words, timeout=PATIENCE_MS)
        return found

    async def photograph(self, file: Path) -> None:
        """Take a picture of what the screen shows once it has come to rest."""
        await self.page.screenshot(path=file, animations="disabled")


@asynccontextmanager
async def visitor(address: str, **options: Any) -> AsyncIterator[Visitor]:
    """A browser on an address; a fault in the page's scripts fails the test."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = await browser.new_page(**options)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            await page.goto(address)
            yield Visitor(page)
        finally:
            await browser.close()
    assert complaints == []
