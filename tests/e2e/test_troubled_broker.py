"""What people are told when the broker does wrong, and what it has in its book: the whole process, over the demo."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bot.sandbox.model import JsonObject
from tests.e2e.browser import PATIENCE_MS, PHONE, needs_browser, visitor
from tests.e2e.conftest import NewOwner
from tests.e2e.running import Person, RunningDemo, labels_of, text_of
from tests.e2e.test_demo_in_browser import is_nothing_wider_than_the_phone

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Scene:
    """Somebody with a first plan to approve, and the broker's book since."""

    demo: RunningDemo
    olga: Person
    proposal: JsonObject
    before: int

    async def approve(self, trouble: str) -> None:
        await self.demo.trouble(trouble)
        await self.olga.press(self.proposal, "Approve")

    async def said(self, *words: str, button: str = "") -> JsonObject:
        return await self.olga.said(*words, after=self.proposal["message_id"] - 1, button=button)

    def orders(self) -> list[sqlite3.Row]:
        return self.demo.at_broker("orders")[self.before :]


@pytest_asyncio.fixture(loop_scope="session")
async def scene(demo: RunningDemo, new_owner: NewOwner) -> AsyncIterator[Scene]:
    olga = await new_owner()
    proposal = await olga.set_up()
    yield Scene(demo, olga, proposal, len(demo.at_broker("orders")))
    await demo.trouble("")


@pytest.mark.fault(12)
async def test_an_order_whose_answer_is_lost_is_placed_once_and_nobody_is_troubled(
    scene: Scene,
) -> None:
    await scene.approve("lost-answer")
    await scene.said("Done", "2 of 2 orders filled in full")
    assert [(each["symbol"], each["state"]) for each in scene.orders()] == [
        ("QUAL", "filled"),
        ("USMV", "filled"),
    ]
    assert await scene.olga.heard("Stopped") == 0


async def test_a_broker_that_is_down_is_said_at_once_and_tried_until_it_answers(
    scene: Scene,
) -> None:
    await scene.approve("down")
    waits = await scene.said(
        "Nothing has been sent yet", "does not answer", "good until", button="Take back"
    )
    assert scene.orders() == []
    assert "as they were" in text_of(waits)
    await scene.demo.trouble("")
    await scene.said("Done", "2 of 2 orders filled in full")
    assert len(scene.orders()) == 2
    assert await scene.olga.heard("Nothing has been sent yet") == 1


@pytest.mark.fault(22)
async def test_a_refused_order_gives_the_brokers_words_and_a_way_on(scene: Scene) -> None:
    await scene.approve("rejected")
    report = await scene.said(
        "Partly done", "refused by the broker (trading in QUAL is halted)", button="Check now"
    )
    assert "other:" not in text_of(report)
    assert [each["symbol"] for each in scene.orders()] == ["USMV"]
    assert await scene.olga.heard("The set-up is finished") == 1


@pytest.mark.fault(15)
async def test_an_order_that_cannot_be_found_waits_for_a_person_and_is_never_sent_again(
    scene: Scene,
) -> None:
    await scene.approve("forgotten")
    notice = await scene.said("Stopped", "is in QUAL now, or it is still in cash", "Certain:")
    assert labels_of(notice)[0] == "🔎 Ask the broker again"
    words, is_alert = await scene.olga.press(notice, "QUAL: it is there")
    assert (is_alert, "does not have the QUAL order" in words) == (True, True)
    frozen = await scene.said("Frozen", button="What now?")
    await scene.olga.tap(frozen, "What now?", "Stopped", "Ask again first")
    await scene.demo.trouble("")
    await scene.olga.press(notice, "Ask the broker again")
    await scene.said("Done", "2 of 2 orders filled in full")
    assert [each["symbol"] for each in scene.orders()] == ["QUAL", "USMV"]


@pytest.mark.browser
@needs_browser
async def test_a_visitor_lets_an_answer_get_lost_and_sees_that_all_is_well(
    demo: RunningDemo, new_owner: NewOwner, tmp_path: Path
) -> None:
    olga = await new_owner()
    address = f"{demo.demo.origin}/#{olga.user_id}/{olga.chat_id}"
    async with visitor(address, **PHONE) as page:
        broker, note = page.page.locator("#broker"), page.page.locator("#broker-note")
        await page.start()
        await page.tap("QUAL 30 · USMV 30 · CASH 40")
        await page.tap("$10,000")
        await page.sees("Calculated from your targets")
        before = len(demo.at_broker("orders"))
        await broker.select_option("lost-answer")
        await expect(note).to_have_text("The next order will be filled, and the answer lost.")
        await page.page.reload()
        await expect(broker).to_have_value("lost-answer", timeout=PATIENCE_MS)
        await page.tap("Approve")
        await page.sees("2 of 2 orders filled in full")
        await expect(broker).to_have_value("", timeout=PATIENCE_MS)
        await expect(note).to_contain_text("QUAL” was taken, and the answer lost.")
        assert await is_nothing_wider_than_the_phone(page)
        await page.photograph(tmp_path / "answer-lost.png")
    assert len(demo.at_broker("orders")) - before == 2
