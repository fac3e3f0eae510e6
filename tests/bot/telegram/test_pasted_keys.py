"""A key pasted into a chat is removed and its writer told to revoke it (fault 75)."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.telegram.pasted_keys import looks_like_a_key
from tests.bot.telegram.stage import ANNA, CARL, FAMILY, stage

TOKEN = "123456789:AAEabcdefghijklmnopqrstuvwxyz012345"
ALPACA_ID = "PKABCDEFGH1234567890"
ALPACA_SECRET = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6jK9m"


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"my token is {TOKEN}, is that right?",
        ALPACA_ID,
        f"/deposit {ALPACA_SECRET}",
        "-----BEGIN PRIVATE KEY-----\nMIIE",
        "sk_live_abcdefghijklmnop1234",
    ],
)
def test_keys_are_recognised(text: str) -> None:
    assert looks_like_a_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "/targets QUAL 30 USMV 30 CASH 40",
        "/holdings VTI 112 @ 250.10 2024-03-01",
        "/start gGkq3vZJ0cWl2mJ8oQpS5x9a",
        "https://example.org/a/very/long/path/With/Capitals/And/123456789/in-it",
        "rb-jz84mvmk-1-1-1",
        "donaudampfschifffahrtsgesellschaftskapitän",
        "Please look at order 12345678901234567890123456789012345",
    ],
)
def test_ordinary_texts_are_not(text: str) -> None:
    assert not looks_like_a_key(text)


@pytest.mark.fault(75)
async def test_a_member_s_key_is_deleted_and_shown_nowhere(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        warned = await bot.ask(ANNA, ALPACA_SECRET, "I deleted your message", "Revoke it at once")
        assert ALPACA_SECRET not in warned.text
        assert all(ALPACA_SECRET not in message.text for message in bot.sandbox.messages(ANNA))
        await bot.ask(ANNA, f"/targets {ALPACA_ID} 100", "Revoke it at once")


@pytest.mark.fault(75)
async def test_in_a_group_where_it_may_not_delete_it_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, f"/deposit {TOKEN}", "delete your message now", chat=FAMILY)


@pytest.mark.fault(75)
async def test_a_stranger_s_key_is_nothing_to_us(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        bot.sandbox.add_user(CARL, "Carl")
        bot.sandbox.send_text(CARL, CARL, TOKEN)
        await bot.ask(CARL, "/start", str(CARL))
        assert any(TOKEN in message.text for message in bot.sandbox.messages(CARL))
