"""Two people and one plan in the running bot: who is still needed, a change of mind, and an objection."""

from __future__ import annotations

from pathlib import Path

from core.domain.membership import Role
from tests.bot.telegram.stage import ANNA, BEN, Stage, stage


async def let_ben_in(bot: Stage) -> None:
    await bot.ask(BEN, "/whoami", "You are Ben")
    ben, family = await bot.member(BEN), await bot.portfolio()
    async with bot.runtime.store.begin() as work:
        await work.people.set_role(ben.id, family.portfolio.id, Role.APPROVER)


async def test_two_approve_one_changes_their_mind_and_the_message_says_who_is_needed(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await let_ben_in(bot)
        await bot.ask(ANNA, "/approval people 2", "Two different people approve every plan.")
        annas = await bot.ask(
            ANNA, "/rebalance", "proposal 2", "Two people must approve it.", "needed: Anna and Ben"
        )
        bens = await bot.said(BEN, "proposal 2", "Still needed")
        words, _ = await bot.answer(bot.press(BEN, bens, "Approve"))
        assert words == "Your approval counts. 1 more is needed."
        await bot.sandbox.wait_for_message(
            ANNA, lambda seen: "Ben ✅" in seen.text and "still needed: Anna" in seen.text
        )
        words, _ = await bot.answer(bot.press(BEN, bens, "↩ Take my approval back"))
        assert words == "Your approval is taken back. You can approve it again."
        await bot.sandbox.wait_for_message(
            ANNA,
            lambda seen: (
                seen.message_id == annas.message_id and "needed: Anna and Ben" in seen.text
            ),
        )
        words, _ = await bot.answer(bot.press(ANNA, annas, "Approve"))
        assert words == "Your approval counts. 1 more is needed."
        await bot.answer(bot.press(BEN, bens, "Approve"))
        await bot.said(ANNA, "filled in full")


async def test_one_objection_stops_what_was_approved_and_is_told(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await let_ben_in(bot)
        await bot.ask(ANNA, "/approval veto 1h", "unless somebody objects")
        annas = await bot.ask(ANNA, "/rebalance", "proposal 2")
        words, _ = await bot.answer(bot.press(ANNA, annas, "Approve"))
        assert words == "Approved. The orders go 12:00 ET unless somebody objects."
        told = await bot.said(BEN, "Its orders go 12:00 ET", "unless somebody objects")
        words, _ = await bot.answer(bot.press(BEN, told, "✋ Object"))
        assert words == "Stopped: nothing is traded. It can be reopened until it expires."
        await bot.said(ANNA, "Ben objected: nothing is traded.")
        await bot.sandbox.wait_for_message(
            ANNA, lambda seen: "Stopped by an objection by Ben" in seen.text
        )
