"""Forums: groups with topics, as the Bot API has them."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
from telegram import Bot

from bot.sandbox import Sandbox, SandboxOptions, running_sandbox
from bot.sandbox.api_errors import UnknownToSandbox
from bot.telegram.identity import place_of
from tests.bot.sandbox.bot_api_spec import faults_in_object
from tests.bot.sandbox.conftest import RawApi

ANNA, FAMILY = 1001, -1_000_000_002_001


async def test_what_is_said_in_a_topic_names_it(sandbox: Sandbox, api: RawApi, bot: Bot) -> None:
    topic = sandbox.open_topic(ANNA, FAMILY, "Savings")
    sandbox.send_text(ANNA, FAMILY, "/status", topic_id=topic)
    sandbox.send_text(ANNA, FAMILY, "/status")
    first, second = await api.call("getUpdates")
    assert [*faults_in_object("Update", first), *faults_in_object("Update", second)] == []
    assert (first["message"]["message_thread_id"], first["message"]["is_topic_message"]) == (
        topic,
        True,
    )
    assert first["message"]["chat"]["is_forum"]
    assert "message_thread_id" not in second["message"]
    in_topic, outside = await bot.get_updates()
    assert in_topic.message is not None
    assert outside.message is not None
    assert place_of(in_topic.message.chat, in_topic.message).topic_id == topic
    assert place_of(outside.message.chat, outside.message).topic_id is None


async def test_answers_go_to_the_topic_that_is_named_or_answered(
    sandbox: Sandbox, api: RawApi
) -> None:
    topic = sandbox.open_topic(ANNA, FAMILY, "Savings")
    asked = sandbox.send_text(ANNA, FAMILY, "/status", topic_id=topic)
    named = await api.call("sendMessage", chat_id=FAMILY, text="x", message_thread_id=topic)
    reply = {"message_id": asked.message_id}
    answer = await api.call("sendMessage", chat_id=FAMILY, text="x", reply_parameters=reply)
    general = await api.call("sendMessage", chat_id=FAMILY, text="x")
    assert [m.get("message_thread_id") for m in (named, answer, general)] == [topic, topic, None]
    assert faults_in_object("Message", named) == []
    await api.call("sendChatAction", chat_id=FAMILY, action="typing", message_thread_id=topic)


async def test_a_topic_that_is_gone_or_closed_is_refused(sandbox: Sandbox, api: RawApi) -> None:
    where = {"chat_id": FAMILY, "text": "x"}
    refused = await api.refusal("sendMessage", **where, message_thread_id=7)
    assert refused == "Bad Request: message thread not found"
    topic = sandbox.open_topic(ANNA, FAMILY, "Savings")
    sandbox.close_topic(ANNA, FAMILY, topic)
    refused = await api.refusal("sendMessage", **where, message_thread_id=topic)
    assert refused == "Bad Request: TOPIC_CLOSED"
    sandbox.add_bot(ANNA, FAMILY, "administrator")
    said = await api.call("sendMessage", **where, message_thread_id=topic)
    sandbox.delete_topic(ANNA, FAMILY, topic)
    assert said["message_id"] not in sandbox.chat(FAMILY).messages
    refused = await api.refusal("sendMessage", **where, message_thread_id=topic)
    assert refused == "Bad Request: message thread not found"
    with pytest.raises(UnknownToSandbox, match="no topic"):
        sandbox.send_text(ANNA, FAMILY, "/status", topic_id=topic)
    with pytest.raises(UnknownToSandbox, match="no topics"):
        sandbox.open_topic(ANNA, ANNA, "Savings")


async def test_topics_are_there_after_a_restart(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    options = SandboxOptions(state_path=tmp_path / "state.json")
    async with running_sandbox(options) as before:
        topic = before.open_topic(ANNA, FAMILY, "Savings")
        before.send_text(ANNA, FAMILY, "/status", topic_id=topic)
    async with running_sandbox(options) as after:
        assert after.chat(FAMILY).topics[topic].name == "Savings"
        assert after.messages(FAMILY)[-1].topic_id == topic
        api = RawApi(session, f"{after.origin}/bot{after.token}")
        await api.call("sendMessage", chat_id=FAMILY, text="x", message_thread_id=topic)
