"""``/settings`` in the running bot: by buttons and typed, and one clear sentence for what cannot be read."""

from __future__ import annotations

from pathlib import Path

from bot.sandbox.model import Message
from bot.telegram.callback import encode
from bot.telegram.views.settings import (
    ZONE_CHOICES,
    format_screen,
    kinds_screen,
    quiet_screen,
    zone_screen,
)
from bot.words.wishes import LOUDNESS, NOTICE_KINDS, NUMBER_FORMATS
from core.domain.notices import Loudness, NoticeKind
from core.domain.preferences import NumberFormat, read_zone
from tests.bot.telegram.scenes import NOW, member
from tests.bot.telegram.stage import ANNA, FAMILY, Stage, stage


async def change(bot: Stage, shown: Message, label: str, after: str) -> None:
    """A tap that changes nothing but a button's own words."""
    bot.press(ANNA, shown, label)
    await bot.sandbox.wait_for_message(
        ANNA, lambda seen: any(after in button.text for button in seen.buttons)
    )


async def test_everything_is_set_by_buttons(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        shown = await bot.ask(ANNA, "/settings", "You read tables", "all with sound", "(ET)")
        kinds = await bot.tap(ANNA, shown, "Messages", "Messages to you")
        await change(bot, kinds, "Orders and fills: on", "Orders and fills: silent")
        await change(bot, kinds, "Digests: on", "Digests: silent")
        await change(bot, kinds, "Digests: silent", "Digests: off")
        await bot.tap(ANNA, kinds, "Back", "orders and fills silent, digests off")
        quiet = await bot.tap(ANNA, shown, "Quiet hours", "Now: none")
        await bot.tap(ANNA, quiet, "22:00-07:00", "Now: 22:00-07:00")
        await bot.tap(ANNA, quiet, "Back", "Quiet hours: 22:00-07:00")
        zones = await bot.tap(ANNA, shown, "Time zone", "exchange’s (ET)")
        await bot.tap(ANNA, zones, "Los Angeles", "Now: America/Los_Angeles")
        await bot.tap(ANNA, zones, "Exchange", "Now: the exchange’s (ET)")
        await bot.tap(ANNA, zones, "Back", "Quiet hours: 22:00-07:00")
        numbers = await bot.tap(ANNA, shown, "Numbers", "Now: 1,234.56")
        await bot.tap(ANNA, numbers, "1.234,56", "Now: 1.234,56")
        anna = (await bot.member()).preferences
        assert anna.wishes == (
            (NoticeKind.ORDERS, Loudness.SILENT),
            (NoticeKind.DIGESTS, Loudness.OFF),
        )
        assert (str(anna.quiet), anna.zone, anna.numbers) == ("22:00-07:00", "", NumberFormat.DE)


async def test_everything_is_set_by_typing_and_bad_words_change_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/settings quiet 22:30-06:45", "Quiet hours: 22:30-06:45")
        await bot.ask(ANNA, "/settings zone los angeles", "Times: America/Los_Angeles")
        await bot.ask(ANNA, "/settings fills silent", "orders and fills silent")
        await bot.ask(ANNA, "/settings all off", "digests off, warnings off")
        await bot.ask(ANNA, "/settings all on", "all with sound")
        await bot.ask(ANNA, "/settings format fr", "1 234,56")
        await bot.ask(ANNA, "/settings quiet 22:30", "quiet cannot be “22:30”", "or off")
        await bot.ask(ANNA, "/settings zone Atlantis", "zone cannot be “atlantis”", "Europe/Berlin")
        await bot.ask(ANNA, "/settings orders loud", "orders cannot be “loud”", "on, silent or off")
        await bot.ask(ANNA, "/settings format xx", "format cannot be “xx”")
        await bot.ask(ANNA, "/settings quiet", "The settings are")
        anna = (await bot.member()).preferences
        assert (str(anna.quiet), anna.zone) == ("22:30-06:45", "America/Los_Angeles")
        await bot.ask(ANNA, "/settings quiet off", "Quiet hours: none")


def test_every_choice_can_be_read_and_fits_a_button() -> None:
    assert all("/" in read_zone(city) for city in ZONE_CHOICES)
    screens = [
        kinds_screen(member()),
        quiet_screen(member()),
        zone_screen(member(), NOW),
        format_screen(member()),
    ]
    actions = [b.action for screen in screens for row in screen.rows for b in row if b.action]
    assert all(encode(action, -1_000_000_000_001, b"k" * 32) for action in actions)
    assert len(actions) > 30


def test_everything_that_can_be_set_has_a_name() -> None:
    assert set(NOTICE_KINDS) == set(NoticeKind)
    assert set(LOUDNESS) == set(Loudness)
    assert set(NUMBER_FORMATS) == set(NumberFormat)


async def test_a_private_chat_reads_its_member_s_clock_and_numbers_and_a_group_everybody_s(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/settings zone berlin", "Europe/Berlin")
        await bot.ask(ANNA, "/settings format de", "1.234,56")
        await bot.ask(ANNA, "/status", "$10.000,00", " ET)")
        grouped = await bot.ask(ANNA, "/status", "100.0", " ET", chat=FAMILY)
        assert " ET)" not in grouped.text
        alone = await bot.ask(ANNA, "/history", "Proposals")
        assert " ET)" in alone.text
        await bot.ask(ANNA, "/rebalance", "drift")
        shown = await bot.said(ANNA, "proposal 2", "Value $10.000,00")
        assert " ET)" in shown.text
