"""``/leave`` over HTTP: what stops is said first, a last owner closes, and whoever goes for good gets a file."""

from __future__ import annotations

from pathlib import Path

from core.domain.ids import UserId
from core.domain.membership import Role
from core.ports.store.credentials import Opens
from tests.bot.telegram.stage import ANNA, BEN, FAMILY, Stage, stage

BEN_ID = UserId(BEN)


async def join(bot: Stage, role: Role) -> None:
    await bot.ask(BEN, "/start", "What should it hold")
    ben, family = await bot.member(BEN), await bot.portfolio()
    async with bot.runtime.store.begin() as work:
        await work.people.set_role(ben.id, family.portfolio.id, role)


async def keep_keys(bot: Stage, who: int) -> None:
    member, managed = await bot.member(who), await bot.portfolio()
    account = managed.accounts[0]
    opens = Opens(account.broker, account.broker_account_id, "https://paper", is_live=False)
    async with bot.runtime.store.begin() as work:
        kept = await work.credentials.put(
            member.id, opens, sealed="…", key_hint="7Q4X", at=bot.runtime.clock.now()
        )
        await work.credentials.attach(account.id, kept.id)


async def test_the_last_owner_closes_with_a_file_and_the_others_are_told(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await join(bot, Role.VIEWER)
        await keep_keys(bot, ANNA)
        await bot.ask(ANNA, "/leave twice", "erases all about you")
        asked = await bot.ask(
            ANNA, "/leave", "last owner of Family", "Ben", "Your keys open", "1 proposal"
        )
        assert asked.button("Hand over").callback_data
        sure = await bot.tap(ANNA, asked, "Close it for good", "Close Family for good?", "Ben")
        closed = await bot.tap(
            ANNA, sure, "Close for good", "Family is closed", "ending 7Q4X", "Revoke them"
        )
        file = await bot.said(ANNA, "what is kept about you", after=asked.message_id)
        assert file.attachment is not None
        assert file.message_id < closed.message_id
        await bot.said(BEN, "Anna has closed it for good")
        await bot.ask(BEN, "/status", "no portfolio")


async def test_an_owner_reads_what_stops_before_somebody_is_taken_out(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await join(bot, Role.OWNER)
        await keep_keys(bot, BEN)
        people = await bot.ask(ANNA, "/members", "Ben")
        asked = await bot.tap(ANNA, people, "Remove Ben", "Remove Ben", "Their keys open")
        await bot.tap(ANNA, asked, "Remove", "Anna")
        await bot.said(ANNA, "went with the member who had entered them")


async def test_whoever_leaves_for_good_is_asked_twice_and_then_unknown(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA,)) as bot:
        await bot.set_up()
        anna, family = await bot.member(ANNA), await bot.portfolio()
        async with bot.runtime.store.begin() as work:
            ben = await work.people.add_member(BEN_ID, anna.household_id, "Ben")
            await work.people.set_role(ben.id, family.portfolio.id, Role.VIEWER)
        asked = await bot.ask(BEN, "/leave everything", "You leave Family", "/export first")
        sure = await bot.tap(BEN, asked, "Go on", "Erase everything now?")
        await bot.tap(BEN, sure, "Yes, erase it", "Everything about you is erased")
        file = await bot.said(BEN, "what is kept about you")
        assert file.attachment is not None
        await bot.ask(BEN, "/status", "only talk to invited people")
        async with bot.runtime.store.read() as work:
            assert await work.people.member_of_user(BEN_ID) is None
        await bot.ask(ANNA, "/leave everything", "privately", chat=FAMILY)
