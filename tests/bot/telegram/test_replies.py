"""Screens become messages: split, captioned, edited, and sent again where the line broke."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import Bot
from telegram.error import BadRequest, Forbidden, RetryAfter

from bot.charts import allocation_chart
from bot.sandbox.driver import Sandbox, running_sandbox
from bot.telegram.replies import Place, edit_screen, patiently, send_screen
from bot.telegram.screen import Screen, tap
from tests.bot.telegram.scenes import view
from tests.bot.telegram.stage import ANNA

KEY = b"k" * 32
BUTTONS = ((tap("Status", "status"),),)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox() as running:
        running.send_text(ANNA, ANNA, "/start")
        yield running


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    async with Bot(sandbox.token, base_url=f"{sandbox.origin}/bot") as client:
        yield client


@pytest.fixture(scope="module")
def png() -> bytes:
    return allocation_chart(
        view().proposal.revision.plan.before, title="Family", subtitle="SIMULATED"
    )


async def test_a_long_text_is_split_and_the_last_part_has_the_buttons(
    sandbox: Sandbox, bot: Bot
) -> None:
    text = "\n".join(f"<b>line {number}</b> &amp; more" for number in range(600))
    message_id = await send_screen(bot, ANNA, Screen(text, BUTTONS), KEY)
    said = sandbox.bot_messages(ANNA)
    assert len(said) > 1
    assert said[-1].message_id == message_id
    assert [bool(message.buttons) for message in said] == [False] * (len(said) - 1) + [True]
    shown = "\n".join(message.text for message in said)
    assert shown.splitlines() == [f"line {number} & more" for number in range(600)]


async def test_a_picture_carries_its_text_where_it_fits(
    sandbox: Sandbox, bot: Bot, png: bytes
) -> None:
    await send_screen(bot, ANNA, Screen("short", BUTTONS, png), KEY)
    await send_screen(bot, ANNA, Screen("long " * 300, BUTTONS, png), KEY)
    short, picture, text = sandbox.bot_messages(ANNA)
    assert (short.text, bool(short.attachment), bool(short.buttons)) == ("short", True, True)
    assert (picture.text, bool(picture.attachment), bool(picture.buttons)) == ("", True, False)
    assert (bool(text.attachment), bool(text.buttons)) == (False, True)


async def test_an_edit_takes_the_place_of_the_message(sandbox: Sandbox, bot: Bot) -> None:
    message_id = await send_screen(bot, ANNA, Screen("before", BUTTONS), KEY)
    place = Place(ANNA, message_id)
    assert await edit_screen(bot, place, Screen("after"), KEY) == message_id
    assert await edit_screen(bot, place, Screen("after"), KEY) == message_id, "not modified"
    [message] = sandbox.bot_messages(ANNA)
    assert (message.text, message.buttons) == ("after", [])


async def test_a_picture_is_edited_into_another(sandbox: Sandbox, bot: Bot, png: bytes) -> None:
    message_id = await send_screen(bot, ANNA, Screen("before", BUTTONS, png), KEY)
    await edit_screen(bot, Place(ANNA, message_id), Screen("after", BUTTONS, png), KEY)
    [message] = sandbox.bot_messages(ANNA)
    assert (message.text, bool(message.attachment)) == ("after", True)


async def test_what_cannot_be_edited_is_sent_anew(sandbox: Sandbox, bot: Bot, png: bytes) -> None:
    picture = await send_screen(bot, ANNA, Screen("picture", (), png), KEY)
    text = await edit_screen(bot, Place(ANNA, picture), Screen("a text"), KEY)
    assert text != picture
    gone = Place(ANNA, 999_999)
    assert await edit_screen(bot, gone, Screen("again"), KEY) not in {picture, text, 999_999}
    long = await edit_screen(bot, Place(ANNA, text), Screen("x\n" * 4000), KEY)
    assert long not in {picture, text}


async def test_a_broken_line_is_tried_again(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.faults.drop_answer("sendMessage")
    await send_screen(bot, ANNA, Screen("once or twice"), KEY)
    assert {message.text for message in sandbox.bot_messages(ANNA)} == {"once or twice"}


@pytest.mark.parametrize("error", [BadRequest("no"), Forbidden("blocked"), RetryAfter(3600)])
async def test_what_is_refused_for_good_is_not_tried_again(error: Exception) -> None:
    tried = []

    async def refuse() -> None:
        tried.append(error)
        raise error

    with pytest.raises(type(error)):
        await patiently(refuse)
    assert tried == [error]
