"""The family in the chat: invitations with their picture and terms, undone joinings, handing over, households."""

from __future__ import annotations

import re
from pathlib import Path

from bot.sandbox.model import Message
from core.domain.membership import Role
from tests.bot.telegram.stage import ANNA, BEN, CARL, FAMILY, Stage, stage


def code_in(message: Message) -> str:
    found = re.search(r"start=([\w-]+)", message.text)
    assert found is not None
    return found[1]


async def role_of(bot: Stage, who: int) -> Role | None:
    member, family = await bot.member(who), await bot.portfolio()
    async with bot.runtime.store.read() as work:
        return await work.people.role(member.id, family.portfolio.id)


async def test_an_invitation_has_a_picture_terms_and_a_way_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/invite viewer 2y", "how long it is good")
        await bot.ask(ANNA, "/invite viewer 99 people", "lets in 1 to 10 people, not 99")
        link = await bot.ask(ANNA, "/invite approver 7d 3 uses", "3 people, within a week")
        assert link.attachment is not None
        first = code_in(link)
        hour = await bot.tap(ANNA, link, "1 hour", "one person, within an hour")
        assert code_in(hour) != first
        await bot.ask(BEN, f"/start {first}", "taken back, or is too old")
        await bot.ask(BEN, f"/start {code_in(hour)}", "Welcome", "approver of Family")
        again = await bot.ask(ANNA, "/invite viewer", "lets in one person")
        await bot.tap(ANNA, again, "Take it back", "its link works no more")
        bot.sandbox.add_user(CARL, "Carl")
        await bot.ask(CARL, f"/start {code_in(again)}", "taken back, or is too old")


async def test_owners_see_open_invitations_and_undo_a_joining(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        link = await bot.ask(ANNA, "/invite proposer 1w 2", "2 people")
        await bot.ask(BEN, f"/start {code_in(link)}", "Welcome")
        news = await bot.said(ANNA, "Ben", "has joined as proposer")
        shown = await bot.ask(ANNA, "/members", "open to 1 person until", "joined: Ben")
        await bot.tap(ANNA, news, "Undo", "Ben is out again")
        assert await role_of(bot, BEN) is None
        await bot.tap(ANNA, shown, "Take the invitation back", "is taken back")
        bare = await bot.ask(ANNA, "/members", "Anna: owner")
        assert "open to" not in bare.text


async def test_a_portfolio_is_handed_over(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        link = await bot.ask(ANNA, "/invite viewer", "lets in one person")
        await bot.ask(BEN, f"/start {code_in(link)}", "Welcome")
        shown = await bot.ask(ANNA, "/members", "Ben: viewer")
        whom = await bot.tap(ANNA, shown, "Hand over", "They have to accept")
        surely = await bot.tap(ANNA, whom, "Ben", "Offer it to Ben?")
        await bot.tap(ANNA, surely, "Offer it", "Offered to Ben, who can accept until")
        asked = await bot.said(BEN, "Anna wants to hand Family over to you")
        assert await role_of(bot, ANNA) is Role.OWNER
        await bot.tap(BEN, asked, "Accept", "You own Family now")
        await bot.said(ANNA, "Ben owns it now")
        assert await role_of(bot, ANNA) is Role.APPROVER
        assert await role_of(bot, BEN) is Role.OWNER
        await bot.ask(ANNA, "/invite viewer", "takes an owner; you are an approver")


async def test_an_offer_is_declined_or_taken_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        link = await bot.ask(ANNA, "/invite viewer", "lets in one person")
        await bot.ask(BEN, f"/start {code_in(link)}", "Welcome")
        for how in ("declines", "takes it back"):
            shown = await bot.ask(ANNA, "/members", "Ben: viewer")
            whom = await bot.tap(ANNA, shown, "Hand over", "They have to accept")
            surely = await bot.tap(ANNA, whom, "Ben", "Offer it to Ben?")
            offered = await bot.tap(ANNA, surely, "Offer it", "Offered to Ben")
            asked = await bot.said(BEN, "wants to hand Family over to you", after=0)
            if how == "declines":
                await bot.tap(BEN, asked, "No", "nothing changes")
            else:
                await bot.tap(ANNA, offered, "Take the offer back", "Anna: owner")
                newest = max(m.message_id for m in bot.sandbox.bot_messages(BEN))
                message = bot.sandbox.chat(BEN).messages[newest]
                words, is_alert = await bot.answer(bot.press(BEN, message, "Accept"))
                assert is_alert
                assert words.startswith("No portfolio is offered to you")
        assert await role_of(bot, BEN) is Role.VIEWER


async def test_a_portfolio_is_shared_with_the_household(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/new Holiday", "Holiday is made")
        shown = await bot.ask(ANNA, "/members @holiday", "Private: of the household Family")
        await bot.tap(ANNA, shown, "Share with the whole household", "Shared with the household")
        link = await bot.ask(ANNA, "/invite approver @family", "lets in one person")
        await bot.ask(BEN, f"/start {code_in(link)}", "Welcome")
        await bot.ask(BEN, "/portfolio", "Holiday · @holiday · viewer")
        await bot.ask(ANNA, "/members @holiday", "Ben: viewer")


async def test_who_has_two_households_is_asked_in_which(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/new Parents, own household", "Parents is made")
        asked = await bot.ask(ANNA, "/new Kids", "In which household is Kids?")
        made = await bot.tap(ANNA, asked, "Parents", "Kids is made")
        words, _ = await bot.answer(bot.press(ANNA, asked, "Family"))
        assert "Another portfolio was asked for since" in words
        await bot.ask(ANNA, "/members @kids", "of the household Parents", chat=made.chat_id)


async def test_a_link_asked_for_in_a_group_is_pictured_in_private_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/invite viewer", "in your private chat", chat=FAMILY)
        link = await bot.said(ANNA, "lets in one person")
        assert link.attachment is not None
        assert all(message.attachment is None for message in bot.sandbox.bot_messages(FAMILY))
