"""Every refusal, in Telegram's own words."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import pytest
from PIL import Image

from bot.sandbox import Sandbox
from tests.bot.sandbox.conftest import HandClock, RawApi

ANNA, BEN, FAMILY = 1001, 1002, -1_000_000_002_001
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)


def keys(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"inline_keyboard": [list(cells)]}


def png(width: int = 4, height: int = 3) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"text": "x"}, "Bad Request: chat_id is empty"),
        ({"chat_id": 5, "text": "x"}, "Bad Request: chat not found"),
        ({"chat_id": "no", "text": "x"}, "Bad Request: chat not found"),
        ({"chat_id": BEN, "text": "x"}, "Forbidden: bot can't initiate conversation with a user"),
        ({"chat_id": ANNA}, "Bad Request: message text is empty"),
        ({"chat_id": ANNA, "text": ""}, "Bad Request: message text is empty"),
        ({"chat_id": ANNA, "text": " \n"}, "Bad Request: text must be non-empty"),
        (
            {"chat_id": ANNA, "text": "<b></b>", "parse_mode": "HTML"},
            "Bad Request: text must be non-empty",
        ),
        ({"chat_id": ANNA, "text": "x" * 4097}, "Bad Request: message is too long"),
        ({"chat_id": ANNA, "text": "📈" * 2049}, "Bad Request: message is too long"),
        (
            {"chat_id": ANNA, "text": "x", "parse_mode": "BBCode"},
            "Bad Request: unsupported parse_mode",
        ),
        (
            {"chat_id": ANNA, "text": "a < b", "parse_mode": "HTML"},
            'Bad Request: can\'t parse entities: Unsupported start tag "" at byte offset 2',
        ),
        (
            {"chat_id": ANNA, "text": "x", "reply_parameters": {"message_id": 99}},
            "Bad Request: message to be replied not found",
        ),
        (
            {"chat_id": ANNA, "text": "x", "reply_markup": "{"},
            "Bad Request: can't parse reply keyboard markup JSON object",
        ),
        (
            {"chat_id": ANNA, "text": "x", "reply_markup": {"buttons": []}},
            "Bad Request: can't parse reply markup: unsupported type",
        ),
    ],
)
async def test_sending(started: RawApi, params: dict[str, Any], description: str) -> None:
    assert await started.refusal("sendMessage", **params) == description


@pytest.mark.parametrize(
    ("cell", "description"),
    [
        ({"text": "x", "callback_data": ""}, "Bad Request: BUTTON_DATA_INVALID"),
        ({"text": "x", "callback_data": "é" * 33}, "Bad Request: BUTTON_DATA_INVALID"),
        (
            {"text": "x"},
            (
                "Bad Request: can't parse inline keyboard button: "
                "Text buttons are unallowed in the inline keyboard"
            ),
        ),
        (
            {"callback_data": "x"},
            "Bad Request: can't parse inline keyboard button: can't find field \"text\"",
        ),
        (
            {"text": " ", "callback_data": "x"},
            "Bad Request: inline keyboard button text must be non-empty",
        ),
        (
            {"text": "x", "url": "http://localhost/"},
            (
                "Bad Request: inline keyboard button URL 'http://localhost/' is invalid: "
                "Wrong HTTP URL"
            ),
        ),
    ],
)
async def test_buttons(started: RawApi, cell: dict[str, Any], description: str) -> None:
    refused = await started.refusal("sendMessage", chat_id=ANNA, text="x", reply_markup=keys(cell))
    assert refused == description


async def test_too_many_buttons(started: RawApi) -> None:
    row = [{"text": "x", "callback_data": "x"}] * 9
    refused = await started.refusal(
        "sendMessage", chat_id=ANNA, text="x", reply_markup={"inline_keyboard": [row]}
    )
    assert refused == "Bad Request: reply markup is too long"


async def test_what_is_just_within_the_limits_is_taken(started: RawApi) -> None:
    cell = {"text": "x", "callback_data": "é" * 32}
    sent = await started.call(
        "sendMessage",
        chat_id=ANNA,
        text="<b>" + "x" * 4096 + "</b>",
        parse_mode="HTML",
        reply_markup=keys(cell),
    )
    assert len(sent["text"]) == 4096


async def test_editing(sandbox: Sandbox, started: RawApi) -> None:
    sent = await started.call(
        "sendMessage",
        chat_id=ANNA,
        text="a",
        reply_markup=keys({"text": "x", "callback_data": "x"}),
    )
    place = {"chat_id": ANNA, "message_id": sent["message_id"]}
    same = {"text": " a ", "reply_markup": keys({"text": "x", "callback_data": "x"})}
    refusals = {
        "unknown": await started.refusal("editMessageText", chat_id=ANNA, message_id=99, text="b"),
        "theirs": await started.refusal("editMessageText", chat_id=ANNA, message_id=1, text="b"),
        "same": await started.refusal("editMessageText", **place, **same),
        "caption": await started.refusal("editMessageCaption", **place, caption="b"),
        "nowhere": await started.refusal("editMessageText", text="b"),
        "nothing": await started.refusal("editMessageText", chat_id=ANNA, text="b"),
        "inline": await started.refusal("editMessageText", inline_message_id="x", text="b"),
        "long": await started.refusal("editMessageText", **place, text="b" * 4097),
    }
    assert refusals == {
        "unknown": "Bad Request: message to edit not found",
        "theirs": "Bad Request: message can't be edited",
        "same": NOT_MODIFIED,
        "caption": "Bad Request: there is no caption in the message to edit",
        "nowhere": "Bad Request: chat_id is empty",
        "nothing": "Bad Request: message identifier is not specified",
        "inline": "Bad Request: MESSAGE_ID_INVALID",
        "long": "Bad Request: message is too long",
    }
    assert sandbox.messages(ANNA)[-1].edit_date is None


async def test_an_edit_without_a_keyboard_takes_the_keyboard_away(started: RawApi) -> None:
    cell = {"text": "x", "callback_data": "x"}
    sent = await started.call("sendMessage", chat_id=ANNA, text="a", reply_markup=keys(cell))
    place = {"chat_id": ANNA, "message_id": sent["message_id"]}
    edited = await started.call("editMessageText", **place, text="a")
    assert "reply_markup" not in edited
    assert await started.refusal("editMessageReplyMarkup", **place) == NOT_MODIFIED


async def test_photos_and_captions(
    sandbox: Sandbox, started: RawApi, session: aiohttp.ClientSession
) -> None:
    async def send(content: bytes, caption: str = "") -> Any:
        form = aiohttp.FormData({"chat_id": str(ANNA), "caption": caption})
        form.add_field("photo", content, filename="p.png", content_type="image/png")
        async with session.post(f"{started.base}/sendPhoto", data=form) as answer:
            return await answer.json()

    assert (await send(b"GIF"))["description"] == "Bad Request: IMAGE_PROCESS_FAILED"
    assert (await send(b""))["description"] == "Bad Request: file must be non-empty"
    narrow = await send(png(100, 4))
    assert narrow["description"] == "Bad Request: PHOTO_INVALID_DIMENSIONS"
    long = await send(png(), "x" * 1025)
    assert long["description"] == "Bad Request: message caption is too long"
    sent = (await send(png(), "x" * 1024))["result"]
    text = await started.refusal(
        "editMessageText", chat_id=ANNA, message_id=sent["message_id"], text="b"
    )
    assert text == "Bad Request: there is no text in the message to edit"
    unknown = await started.refusal("sendPhoto", chat_id=ANNA, photo="AgACunknown")
    assert unknown == "Bad Request: wrong file identifier/HTTP URL specified"
    none = await started.refusal("sendDocument", chat_id=ANNA)
    assert none == "Bad Request: there is no document in the request"
    assert len(sandbox.bot_messages(ANNA)) == 1


async def test_deleting(sandbox: Sandbox, started: RawApi, clock: HandClock) -> None:
    sent = await started.call("sendMessage", chat_id=ANNA, text="a")
    place = {"chat_id": ANNA, "message_id": sent["message_id"]}
    clock.advance(hours=48, seconds=1)
    old = await started.refusal("deleteMessage", **place)
    assert old == "Bad Request: message can't be deleted for everyone"
    edited = await started.call("editMessageText", **place, text="old, but edited")
    assert edited["text"] == "old, but edited"
    gone = await started.refusal("deleteMessage", chat_id=ANNA, message_id=99)
    assert gone == "Bad Request: message to delete not found"
    theirs = sandbox.send_text(ANNA, FAMILY, "/x")
    refused = await started.refusal("deleteMessage", chat_id=FAMILY, message_id=theirs.message_id)
    assert refused == "Bad Request: message can't be deleted"


async def test_callback_answers(sandbox: Sandbox, started: RawApi, clock: HandClock) -> None:
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    sent = await started.call("sendMessage", chat_id=ANNA, text="a")
    tap = sandbox.press(ANNA, ANNA, sent["message_id"], "x")
    long = await started.refusal(
        "answerCallbackQuery", callback_query_id=tap.query_id, text="x" * 201
    )
    assert long == "Bad Request: MESSAGE_TOO_LONG"
    await started.call("answerCallbackQuery", callback_query_id=tap.query_id, text="x" * 200)
    again = await started.refusal("answerCallbackQuery", callback_query_id=tap.query_id)
    assert again == too_old
    late = sandbox.press(ANNA, ANNA, sent["message_id"], "x")
    clock.advance(seconds=16)
    assert await started.refusal("answerCallbackQuery", callback_query_id=late.query_id) == too_old
    assert await started.refusal("answerCallbackQuery", callback_query_id="1") == too_old


async def test_pins_and_reactions_and_actions(started: RawApi) -> None:
    family = {"chat_id": FAMILY}
    sent = await started.call("sendMessage", **family, text="a")
    place = family | {"message_id": sent["message_id"]}
    nowhere = {"chat_id": ANNA, "message_id": 99}
    assert await started.refusal("pinChatMessage", **place) == (
        "Bad Request: not enough rights to manage pinned messages in the chat"
    )
    pin = await started.refusal("pinChatMessage", **nowhere)
    assert pin == "Bad Request: message to pin not found"
    unpin = await started.refusal("unpinChatMessage", chat_id=ANNA)
    assert unpin == "Bad Request: message to unpin not found"
    wrong = [{"type": "emoji", "emoji": "📈"}]
    assert await started.refusal("setMessageReaction", **place, reaction=wrong) == (
        "Bad Request: REACTION_INVALID"
    )
    react = await started.refusal("setMessageReaction", **nowhere, reaction=[])
    assert react == "Bad Request: message to react not found"
    action = await started.refusal("sendChatAction", chat_id=ANNA, action="dancing")
    assert action == "Bad Request: wrong parameter action in request"


async def test_commands_and_descriptions(api: RawApi) -> None:
    bad = [{"command": "Status", "description": "x"}]
    assert await api.refusal("setMyCommands", commands=bad) == "Bad Request: BOT_COMMAND_INVALID"
    empty = [{"command": "status", "description": ""}]
    assert await api.refusal("setMyCommands", commands=empty) == (
        "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID"
    )
    many = [{"command": "status", "description": "x"}] * 101
    assert await api.refusal("setMyCommands", commands=many) == "Bad Request: BOT_COMMANDS_TOO_MUCH"
    long = await api.refusal("setMyDescription", description="x" * 513)
    assert long == "Bad Request: BOT_DESCRIPTION_INVALID"
    short = await api.refusal("setMyShortDescription", short_description="x" * 121)
    assert short == "Bad Request: BOT_SHORT_DESCRIPTION_INVALID"


async def test_a_member_who_blocked_the_bot_is_out_of_reach(
    sandbox: Sandbox, started: RawApi
) -> None:
    sandbox.block(ANNA)
    refused = await started.refusal("sendMessage", chat_id=ANNA, text="x")
    assert refused == "Forbidden: bot was blocked by the user"
    (update,) = await started.call("getUpdates")
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    sandbox.send_text(ANNA, ANNA, "/start")
    await started.call("sendMessage", chat_id=ANNA, text="welcome back")


async def test_a_group_that_put_the_bot_out_is_out_of_reach(sandbox: Sandbox, api: RawApi) -> None:
    sandbox.remove_bot(ANNA, FAMILY)
    refused = await api.refusal("sendMessage", chat_id=FAMILY, text="x")
    assert refused == "Forbidden: bot was kicked from the supergroup chat"


async def test_token_and_method(
    sandbox: Sandbox, api: RawApi, session: aiohttp.ClientSession
) -> None:
    async with session.get(f"{sandbox.origin}/bot7:wrong/getMe") as answer:
        assert answer.status == 401
        assert await answer.json() == {
            "ok": False,
            "error_code": 401,
            "description": "Unauthorized",
        }
    async with session.get(f"{sandbox.origin}/file/bot7:wrong/files/x") as answer:
        assert answer.status == 401
    assert await api.refusal("sendGold", chat_id=ANNA) == "Not Found: method not found"
