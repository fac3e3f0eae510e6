"""Screens become messages: split, captioned, edited, and sent again where the line broke."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import Bot
from telegram.error import BadRequest, Forbidden, RetryAfter

from bot.charts import allocation_chart
from bot.sandbox.driver import Sandbox, running_sandbox
from bot.telegram.replies import Place, edit_screen, patiently, send_screen
from bot.telegram.screen import Document, Screen, tap
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


async def test_a_document_has_its_name_and_carries_its_text_where_it_fits(
    sandbox: Sandbox, bot: Bot
) -> None:
    document = Document("year.csv", b"a,b\r\n")
    await send_screen(bot, ANNA, Screen("<b>short</b>", BUTTONS, document=document), KEY)
    last = await send_screen(bot, ANNA, Screen("long " * 300, BUTTONS, document=document), KEY)
    short, bare, text = sandbox.bot_messages(ANNA)
    assert short.attachment is not None
    assert (short.text, short.attachment.file.name, bool(short.buttons)) == (
        "short",
        "year.csv",
        True,
    )
    assert sandbox.file_bytes(short) == b"a,b\r\n"
    assert (bare.text, bool(bare.attachment), bool(bare.buttons)) == ("", True, False)
    assert (text.message_id, bool(text.attachment), bool(text.buttons)) == (last, False, True)


async def test_a_document_never_takes_the_place_of_what_was_tapped_for_it(
    sandbox: Sandbox, bot: Bot
) -> None:
    tapped = await send_screen(bot, ANNA, Screen("the year", BUTTONS), KEY)
    document = Document("year.csv", b"a,b\r\n")
    sent = await edit_screen(bot, Place(ANNA, tapped), Screen("here", document=document), KEY)
    assert sent != tapped
    assert [message.text for message in sandbox.bot_messages(ANNA)] == ["the year", "here"]


def test_a_screen_carries_one_file_and_a_document_is_never_empty() -> None:
    with pytest.raises(ValueError, match="not both"):
        Screen("both", photo=b"png", document=Document("a.csv", b"a"))
    with pytest.raises(ValueError, match="name and content"):
        Document("a.csv", b"")


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


@pytest.mark.parametrize("document", [None, Document("a.csv", b"a")])
async def test_a_broken_line_is_tried_again(
    sandbox: Sandbox, bot: Bot, document: Document | None
) -> None:
    sandbox.faults.drop_answer("sendMessage" if document is None else "sendDocument")
    await send_screen(bot, ANNA, Screen("once or twice", document=document), KEY)
    assert len(sandbox.bot_messages(ANNA)) == 2
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
