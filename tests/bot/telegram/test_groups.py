"""Groups: each member by their own rights, strangers unheard, and a group as a portfolio's home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.model import Message
from bot.telegram.identity import ANONYMOUS_ADMIN
from core.domain.ids import ChatId
from core.domain.membership import Role
from tests.bot.telegram.stage import ANNA, BEN, FAMILY, Stage, eventually, stage

GROUP: dict[str, Any] = {"id": FAMILY, "type": "supergroup", "title": "Family"}


def inject(bot: Stage, kind: str, content: dict[str, Any]) -> None:
    """Deliver an update that the sandbox's people cannot make."""
    bot.sandbox._messenger.updates.add(kind, content)


async def let_ben_in(bot: Stage, role: Role) -> None:
    await bot.ask(BEN, "/whoami", "You are Ben")
    ben, family = await bot.member(BEN), await bot.portfolio()
    async with bot.runtime.store.begin() as work:
        await work.people.set_role(ben.id, family.portfolio.id, role)


async def test_a_group_can_become_the_home_of_a_portfolio(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await let_ben_in(bot, Role.APPROVER)
        choice = await bot.ask(ANNA, "/portfolio @family", "This chat is about Family", chat=FAMILY)
        assert choice.reply_to is not None
        await bot.tap(ANNA, choice, "Put proposals into this group", "come into this group")
        await bot.ask(ANNA, "/rebalance", "Family · proposal 2")
        await bot.ask(ANNA, "/portfolio amounts on", "sees the amounts of Family", chat=FAMILY)
        in_group = await bot.said(FAMILY, "Family · proposal 2", "Value $")
        done = await bot.tap(BEN, in_group, "Approve", "Approved by Ben")
        assert done.message_id == in_group.message_id
        await bot.ask(ANNA, "/portfolio home off", "each approver’s private chat", chat=FAMILY)
        assert (await bot.portfolio()).portfolio.home_chat_id is None


async def test_only_an_owner_chooses_the_home(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await let_ben_in(bot, Role.APPROVER)
        await bot.ask(BEN, "/portfolio home", "takes an owner", chat=FAMILY)
        assert (await bot.portfolio()).portfolio.home_chat_id is None


async def test_a_group_shows_nobody_a_portfolio_that_is_not_its_own(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/new Secret", "Secret is made")
        await bot.ask(ANNA, "/status", "Say which portfolio this group is about", chat=FAMILY)
        await bot.ask(ANNA, "/portfolio @family", "about Family now", chat=FAMILY)
        await bot.ask(ANNA, "/status", "Family · SIMULATED", chat=FAMILY)
        assert "Secret" not in (await bot.ask(ANNA, "/portfolio", "about Family", chat=FAMILY)).text
        await bot.ask(BEN, "/status", "You have no portfolio yet", chat=FAMILY)
        await bot.ask(BEN, "/new Bens", "Bens is made")
        await bot.ask(BEN, "/status", "a portfolio that you do not belong to", chat=FAMILY)


async def test_set_up_belongs_into_a_private_chat(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        hello = await bot.ask(ANNA, "/start", "private chat", chat=FAMILY)
        assert hello.button("Open a private chat").url == "https://t.me/evenkeel_demo_bot"
        await bot.set_up()
        await bot.ask(ANNA, "/start", "Commands work here for each member", chat=FAMILY)


async def test_an_invitation_asked_for_in_a_group_goes_to_the_private_chat(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        said = await bot.ask(ANNA, "/invite viewer", "in your private chat", chat=FAMILY)
        assert "/start " not in said.text
        await bot.said(ANNA, "lets in one person")


async def test_commands_for_another_bot_are_left_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        bot.sandbox.chat(FAMILY).bot_status = "administrator"
        bot.sandbox.send_text(ANNA, FAMILY, "/status@other_bot")
        bot.sandbox.send_text(ANNA, FAMILY, "/nonsense")
        bot.sandbox.send_text(ANNA, FAMILY, "dinner at seven?")
        await bot.settle()
        assert bot.sandbox.bot_messages(FAMILY) == []
        await bot.ask(ANNA, "/nonsense@evenkeel_demo_bot", "I do not know", chat=FAMILY)


@pytest.mark.fault(48)
async def test_a_stranger_who_addresses_the_bot_is_refused_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(BEN, "/status@evenkeel_demo_bot", f"Your id is {BEN}", chat=FAMILY)
        bot.sandbox.send_text(BEN, FAMILY, "/status@evenkeel_demo_bot")
        bot.sandbox.send_text(BEN, BEN, "/start")
        await bot.settle()
        assert len(bot.sandbox.bot_messages(FAMILY)) == 1
        assert bot.sandbox.bot_messages(BEN) == []


@pytest.mark.fault(51)
async def test_an_anonymous_administrator_is_told_how_to_be_heard(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        message = {
            "message_id": 77,
            "date": 1_583_000_000,
            "chat": GROUP,
            "from": {"id": ANONYMOUS_ADMIN, "is_bot": True, "first_name": "Group"},
            "sender_chat": GROUP,
            "text": "/rebalance",
        }
        inject(bot, "message", message)
        inject(bot, "message", {**message, "message_id": 78})
        await bot.said(FAMILY, "while you write anonymously")
        await bot.settle()
        assert len(bot.sandbox.bot_messages(FAMILY)) == 1


async def test_an_edited_command_is_not_done_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/deposit 5", "$10,005.00 in cash")
        written = next(m for m in bot.sandbox.messages(ANNA) if m.text == "/deposit 5")
        bot.sandbox.edit_text(ANNA, ANNA, written.message_id, "/deposit 500")
        await bot.settle()
        await bot.ask(ANNA, "/deposit 5", "$10,010.00 in cash")


@pytest.mark.fault(44)
async def test_a_group_that_becomes_a_supergroup_keeps_its_portfolio(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/portfolio home", "come into this group", chat=FAMILY)
        message = {
            "message_id": 79,
            "date": 1_583_000_000,
            "chat": GROUP,
            "from": {"id": ANNA, "is_bot": False, "first_name": "Anna"},
            "migrate_to_chat_id": -100_777,
        }
        inject(bot, "message", message)

        async def has_moved() -> bool:
            return (await bot.portfolio()).portfolio.home_chat_id == ChatId(-100_777)

        await eventually(has_moved)


async def is_reachable(bot: Stage, *, expected: bool) -> bool:
    return (await bot.member()).is_reachable is expected


@pytest.mark.fault(44)
async def test_who_blocks_the_bot_is_unreachable_until_it_is_opened_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        bot.sandbox.block(ANNA)
        await eventually(lambda: is_reachable(bot, expected=False))
        bot.sandbox.unblock(ANNA)
        await eventually(lambda: is_reachable(bot, expected=True))
        await bot.ask(ANNA, "/whoami", "You are Anna")


async def test_let_into_a_group_by_a_member_the_bot_says_hello(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA,)) as bot:
        await bot.set_up()
        bot.sandbox.add_group(-100_555, "Grandparents", [ANNA, BEN])
        bot.sandbox.add_bot(ANNA, -100_555)
        hello = await bot.said(-100_555, "Commands work here")
        await bot.tap(ANNA, hello, "This group is about Family", "about Family now")
        bot.sandbox.add_group(-100_556, "Strangers", [BEN])
        bot.sandbox.add_bot(BEN, -100_556)
        await bot.settle()
        assert bot.sandbox.bot_messages(-100_556) == []


async def test_put_out_of_a_group_by_whomever_the_bot_tells_the_owners_in_private(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/portfolio home", "come into this group", chat=FAMILY)
        bot.sandbox.remove_bot(BEN, FAMILY)
        await bot.said(ANNA, "cannot write into the group")
        assert (await bot.portfolio()).portfolio.home_chat_id is None


async def test_what_is_asked_in_a_topic_is_answered_there(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/new Savings", "Savings is made")
        topic = bot.sandbox.open_topic(ANNA, FAMILY, "Savings")

        async def ask(text: str, *words: str) -> Message:
            written = bot.sandbox.send_text(ANNA, FAMILY, text, topic_id=topic)
            found = await bot.said(FAMILY, *words, after=written.message_id)
            assert found.topic_id == topic
            return found

        await bot.ask(ANNA, "/portfolio @family", "This chat is about Family", chat=FAMILY)
        await ask("/status", "Family · SIMULATED")
        about = await ask("/portfolio @savings", "This topic is about Savings")
        await bot.tap(ANNA, about, "Status", "Savings · SIMULATED")
        home = await ask("/portfolio home", "come into this topic")
        assert home.reply_to is not None
        await bot.ask(ANNA, "/status", "Family · SIMULATED", chat=FAMILY)
        async with bot.runtime.store.read() as work:
            (savings,) = await work.portfolios.at_home(ChatId(FAMILY))
        assert (savings.name, savings.home_topic_id) == ("Savings", topic)


async def test_a_plan_that_is_asked_for_in_a_topic_is_shown_there_and_followed(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        topic = bot.sandbox.open_topic(ANNA, FAMILY, "Money")
        await bot.ask(ANNA, "/portfolio amounts on", "sees the amounts", chat=FAMILY)
        bot.sandbox.send_text(ANNA, FAMILY, "/rebalance force", topic_id=topic)
        shown = await bot.said(FAMILY, "proposal 2", "≈ $2,999.93")
        assert shown.topic_id == topic
        done = await bot.tap(ANNA, shown, "Approve", "Approved by Anna")
        report = await bot.said(FAMILY, "2 of 2 orders filled", after=shown.message_id)
        assert (done.topic_id, report.topic_id) == (topic, topic)
        assert len([m for m in bot.sandbox.bot_messages(FAMILY) if "≈ $2,999.93" in m.text]) == 1
