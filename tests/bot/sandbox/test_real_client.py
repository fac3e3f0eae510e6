"""python-telegram-bot against the sandbox: neither can tell that the other is not the real thing."""

from __future__ import annotations

import asyncio
import io

import pytest
from PIL import Image
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    MenuButtonCommands,
    Message,
    ReplyParameters,
    Update,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, Conflict, EndPointNotFound, Forbidden, InvalidToken
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.sandbox import Sandbox
from tests.bot.sandbox.bot_api_spec import METHODS, faults_in_request, faults_in_requests

ANNA, BEN, FAMILY = 1001, 1002, -1_000_000_002_001


def png(colour: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(stream, "PNG")
    return stream.getvalue()


def keyboard(data: str = "approve") -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("Approve", callback_data=data)]])


async def text_from_anna(sandbox: Sandbox, bot: Bot) -> Message:
    sandbox.send_text(ANNA, ANNA, "/start")
    return await bot.send_message(
        ANNA,
        "<b>Plan</b> for Ann &amp; Ben",
        parse_mode=ParseMode.HTML,
        reply_markup=keyboard(),
        reply_parameters=ReplyParameters(message_id=1),
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        disable_notification=True,
    )


async def test_messages_there_and_back(sandbox: Sandbox, bot: Bot) -> None:
    sent = await text_from_anna(sandbox, bot)
    assert sent.text == "Plan for Ann & Ben"
    assert sent.text_html == "<b>Plan</b> for Ann &amp; Ben"
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "/start"
    (kept,) = sandbox.bot_messages(ANNA)
    assert (kept.text, kept.silent, kept.button("Approve").callback_data) == (
        "Plan for Ann & Ben",
        True,
        "approve",
    )
    edited = await sent.edit_text("New plan", reply_markup=keyboard("later"))
    assert isinstance(edited, Message)
    assert edited.edit_date is not None
    await sent.edit_reply_markup(None)
    with pytest.raises(BadRequest, match="not modified"):
        await sent.edit_reply_markup(None)
    await bot.send_message(ANNA, "Which weight?", reply_markup=ForceReply(selective=True))
    await sent.delete()
    assert [each.text for each in sandbox.bot_messages(ANNA)] == ["Which weight?"]
    assert faults_in_requests(sandbox.requests) == []


async def test_photos_and_documents_there_and_back(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.send_text(ANNA, ANNA, "/start")
    sent = await bot.send_photo(ANNA, png("red"), caption="<i>Drift</i>", parse_mode="HTML")
    assert (sent.photo[-1].width, sent.photo[-1].height) == (64, 48)
    assert sent.caption_html == "<i>Drift</i>"
    file = await sent.photo[-1].get_file()
    assert bytes(await file.download_as_bytearray()) == png("red")
    changed = await sent.edit_media(InputMediaPhoto(png("blue"), caption="Less drift"))
    assert isinstance(changed, Message)
    assert changed.caption == "Less drift"
    assert sandbox.file_bytes(sandbox.bot_messages(ANNA)[-1]) == png("blue")
    await sent.edit_caption("No drift")
    again = await bot.send_photo(ANNA, changed.photo[-1].file_id)
    assert again.photo[-1].file_unique_id == changed.photo[-1].file_unique_id
    report = await bot.send_document(ANNA, b"date,symbol\n", filename="history.csv")
    assert report.document is not None
    assert (report.document.file_name, report.document.file_size) == ("history.csv", 12)
    assert faults_in_requests(sandbox.requests) == []


async def test_a_tap_is_answered(sandbox: Sandbox, bot: Bot) -> None:
    sent = await text_from_anna(sandbox, bot)
    sandbox.press(ANNA, ANNA, sent.message_id, "approve")
    sandbox.delete(ANNA, ANNA, sent.message_id)
    sandbox.press(ANNA, ANNA, sent.message_id, "approve")
    _, first, second = await bot.get_updates(allowed_updates=Update.ALL_TYPES)
    assert first.callback_query is not None
    assert second.callback_query is not None
    assert await first.callback_query.answer("Done", show_alert=True)
    (answer,) = sandbox.answers
    assert (answer.text, answer.show_alert, answer.tap.data) == ("Done", True, "approve")
    # python-telegram-bot 22.8 makes a `Message` of it all the same; only its date tells.
    assert second.callback_query.message is not None
    assert not second.callback_query.message.is_accessible
    with pytest.raises(BadRequest, match="too old"):
        await first.callback_query.answer()


async def test_every_other_method(sandbox: Sandbox, bot: Bot) -> None:
    sent = await text_from_anna(sandbox, bot)
    assert (await bot.get_me()).username == "evenkeel_demo_bot"
    await bot.send_chat_action(ANNA, ChatAction.TYPING)
    commands = [BotCommand("status", "Value and drift"), BotCommand("help", "Help")]
    await bot.set_my_commands(commands)
    await bot.set_my_commands(commands[:1], scope=BotCommandScopeAllGroupChats())
    assert await bot.get_my_commands() == tuple(commands)
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    await bot.set_my_description("Keeps portfolios on target")
    await bot.set_my_short_description("On target")
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())
    await bot.pin_chat_message(ANNA, sent.message_id, disable_notification=True)
    chat = await bot.get_chat(ANNA)
    assert chat.pinned_message is not None
    assert chat.pinned_message.message_id == sent.message_id
    await bot.unpin_chat_message(ANNA, sent.message_id)
    await bot.set_message_reaction(ANNA, 1, "👍")
    assert sandbox.messages(ANNA)[0].reactions == ("👍",)
    family = await bot.get_chat(FAMILY)
    assert family.title == "Family"
    assert (await bot.get_chat_member(FAMILY, ANNA)).status == "creator"
    assert (await bot.get_chat_member(FAMILY, BEN)).status == "member"
    assert (await bot.get_chat_member(FAMILY, bot.id)).status == "member"
    assert [each.user.id for each in await bot.get_chat_administrators(FAMILY)] == [ANNA]
    assert await bot.delete_messages(ANNA, [sent.message_id, 99])
    assert (await bot.get_webhook_info()).pending_update_count == 1
    assert await bot.delete_webhook(drop_pending_updates=True)
    assert sandbox.pending_updates == 0
    assert await bot.leave_chat(FAMILY)
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(FAMILY, "x")
    assert await bot.log_out()
    assert await bot.close()
    assert faults_in_requests(sandbox.requests) == []


async def test_errors_are_those_of_the_real_service(sandbox: Sandbox, bot: Bot) -> None:
    with pytest.raises(Forbidden, match="initiate conversation"):
        await bot.send_message(BEN, "x")
    stranger = Bot("7:wrong", base_url=f"{sandbox.origin}/bot")
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()
    first = asyncio.create_task(bot.get_updates(timeout=30))
    await sandbox.wait_for(lambda s: s.is_polled)
    await bot.get_updates()
    with pytest.raises(Conflict):
        await first


async def test_a_whole_application_runs_on_it(sandbox: Sandbox) -> None:
    async def greet(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.effective_message is not None
        await update.effective_message.reply_text("Welcome", reply_markup=keyboard())

    async def approve(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.callback_query is not None
        await update.callback_query.answer()
        await update.callback_query.edit_message_text("Approved")

    application = (
        ApplicationBuilder()
        .token(sandbox.token)
        .base_url(f"{sandbox.origin}/bot")
        .base_file_url(f"{sandbox.origin}/file/bot")
        .build()
    )
    application.add_handler(CommandHandler("start", greet))
    application.add_handler(CallbackQueryHandler(approve))
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling()
        sandbox.send_text(BEN, FAMILY, "/start")
        welcome = await sandbox.wait_for_message(FAMILY, lambda m: m.text == "Welcome")
        data = welcome.button("Approve").callback_data
        assert data is not None
        sandbox.press(ANNA, FAMILY, welcome.message_id, data)
        approved = await sandbox.wait_for_message(FAMILY, lambda m: m.text == "Approved")
        assert approved.message_id == welcome.message_id
        assert approved.buttons == []
        await application.updater.stop()
        await application.stop()
    assert faults_in_requests(sandbox.requests) == []


async def test_what_the_bot_api_does_not_have_is_found_out(sandbox: Sandbox, bot: Bot) -> None:
    await text_from_anna(sandbox, bot)
    await bot.send_message(ANNA, "x", api_kwargs={"colour": "red"})
    assert faults_in_requests(sandbox.requests) == ["sendMessage: no parameter colour"]
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("sendGold")
    assert faults_in_request(sandbox.requests[-1]) == ["sendGold: no such method"]


def test_the_description_covers_every_method_of_the_server() -> None:
    from bot.sandbox import methods

    assert set(methods.METHODS) == {name.lower() for name in METHODS}
