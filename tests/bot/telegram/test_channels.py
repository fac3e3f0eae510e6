"""``/settings channel`` in the running bot: the address is deleted, tried, never shown, and removed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.runtime import Runtime
from core.adapters.channels import AppriseChannel
from core.adapters.vault import AesGcmVault
from core.application.hold_account import hold_account
from core.domain.hold import HoldReason
from tests.bot.telegram.stage import ANNA, BEN, FAMILY, Stage, stage, until
from tests.fakes.receivers import hook

SECRET = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6jK9m"
"""It looks like a pasted key, as parts of such addresses do."""

VAULT = AesGcmVault("a master key of at least 32 letters")


def _with_key(runtime: Runtime) -> Runtime:
    return replace(runtime, vault=VAULT, channel=AppriseChannel(allow_private=True))


def _nowhere(bot: Stage) -> bool:
    said = [*bot.sandbox.messages(ANNA), *bot.sandbox.messages(FAMILY)]
    return not any(SECRET in message.text for message in said)


async def test_a_channel_is_added_tried_and_removed(tmp_path: Path) -> None:
    async with stage(tmp_path, adapt=_with_key) as bot, hook() as web:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/settings channel", "You have no other channel", "/settings channel")
        added = await bot.ask(
            ANNA,
            f"/settings channel json://{web.host}/{SECRET}",
            "I deleted your message",
            "1 other channel",
            "1. json://…: trouble",
        )
        assert _nowhere(bot)
        await bot.tap(ANNA, added, "1: send a test", "A test is sent to json://…")
        assert web.came[0]["title"] == "Evenkeel: a test"
        more = await bot.tap(ANNA, added, "1: proposals too", "trouble and proposals")
        most = await bot.tap(ANNA, more, "1: rules too", "trouble, proposals and rules")
        some = await bot.tap(ANNA, most, "1: no proposals", "1. json://…: trouble and rules")
        less = await bot.tap(ANNA, some, "1: no rules", "1. json://…: trouble")
        web.status = 401
        words, _ = await bot.answer(bot.press(ANNA, less, "1: send a test"))
        assert "json://… did not take the message" in words
        gone = await bot.tap(ANNA, less, "1: remove", "The channel is removed")
        assert "You have no other channel" in gone.text
        assert _nowhere(bot)


async def test_a_held_account_is_told_there_too_with_the_way_back(tmp_path: Path) -> None:
    async with stage(tmp_path, adapt=_with_key) as bot, hook() as web:
        await bot.set_up()
        text = f"/settings channel json://{web.host}/{SECRET} rules Proposals"
        await bot.ask(ANNA, text, "is kept", "trouble, proposals and rules")
        managed = await bot.portfolio()
        async with bot.runtime.store.begin() as work:
            now = bot.runtime.clock.now()
            await hold_account(work, managed.parts[0], HoldReason.RESTRICTED, "", now)
        await until(lambda: bool(web.came))
        assert web.came[0]["message"].split("\n\n")[-1].startswith("https://t.me/")


async def test_a_link_leads_to_its_proposal_for_those_who_may_see_it(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/start p1", "Family · proposal 1", "Calculated from your targets")
        await bot.ask(ANNA, "/start p99", "no proposal 99")
        await bot.ask(BEN, "/start p1", "no proposal 1")


async def test_a_link_lets_no_stranger_in(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(BEN, "/start p1", str(BEN))


@pytest.mark.fault(75)
async def test_in_a_group_an_address_is_not_taken(tmp_path: Path) -> None:
    async with stage(tmp_path, adapt=_with_key) as bot, hook() as web:
        await bot.ask(ANNA, "/start", "What should it hold")
        text = f"/settings channel json://{web.host}/{SECRET}"
        await bot.ask(ANNA, text, "in a private chat", "Delete your message now", chat=FAMILY)
        others = f"/settings@another_bot channel {SECRET}"
        await bot.ask(ANNA, others, "looked like a key")
        await bot.ask(ANNA, "/settings channel", "You have no other channel")


REFUSED = {
    "json://10.0.0.1/x": "on the server's own network",
    "syslog://": "“syslog” is no kind of channel",
    "hello": "no address that I can send to",
    "mailto://a:b@example.org?pgpkey=/etc/passwd": "The option “pgpkey”",
    "ntfys://a and more": "one address without spaces",
}


async def test_what_is_refused_is_said_in_a_sentence_and_deleted_all_the_same(
    tmp_path: Path,
) -> None:
    def adapt(runtime: Runtime) -> Runtime:
        return replace(runtime, vault=VAULT, channel=AppriseChannel())

    async with stage(tmp_path, adapt=adapt) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        for address, words in REFUSED.items():
            await bot.ask(ANNA, f"/settings channel {address}", words)
            assert not any(address in message.text for message in bot.sandbox.messages(ANNA))


async def test_without_a_key_on_the_server_it_says_how(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/settings channel ntfys://topic", "sets EVENKEEL_SECRET_KEY")


async def test_a_failing_channel_is_said_in_the_chat_with_a_button_to_it(tmp_path: Path) -> None:
    from core.application.tell_channels import tell_failing

    async with stage(tmp_path, adapt=_with_key) as bot, hook() as web:
        await bot.set_up()
        await bot.ask(ANNA, f"/settings channel json://{web.host}/{SECRET}", "is kept")
        async with bot.runtime.store.begin() as work:
            (kept,) = await work.channels.all()
            await work.channels.note_failure(kept.channel.id, bot.runtime.clock.now())
            (kept,) = await work.channels.all()
            assert await tell_failing(work, kept, bot.runtime.clock.now())
        told = await bot.said(ANNA, "json://… has not taken my messages since")
        await bot.tap(ANNA, told, "My channels", "json://…: trouble, not getting through")
