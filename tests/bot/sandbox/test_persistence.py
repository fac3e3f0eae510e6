"""A sandbox that stops and starts again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox import SandboxOptions, running_sandbox
from bot.sandbox.model import Upload
from bot.sandbox.persistence import UnreadableState
from tests.bot.sandbox.conftest import RawApi
from tests.bot.sandbox.test_real_client import png

ANNA, BEN, FAMILY = 1001, 1002, -1_000_000_002_001


async def test_everything_said_is_there_after_a_restart(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    options = SandboxOptions(state_path=tmp_path / "deep" / "state.json")
    async with running_sandbox(options) as before:
        api = RawApi(session, f"{before.origin}/bot{before.token}")
        before.send_text(ANNA, ANNA, "/start CODE")
        keys = {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]}
        sent = await api.call(
            "sendMessage", chat_id=ANNA, text="<b>a</b>", parse_mode="HTML", reply_markup=keys
        )
        before.send_file(ANNA, ANNA, Upload("p.png", "image/png", png("red")), "look")
        before.read(ANNA, ANNA, 2)
        before.add_bot(ANNA, FAMILY, "administrator")
        await api.call(
            "pinChatMessage",
            chat_id=FAMILY,
            message_id=(await api.call("sendMessage", chat_id=FAMILY, text="pin me"))["message_id"],
        )
        await api.call("setMyCommands", commands=[{"command": "a", "description": "b"}])
        waiting = await api.call("getUpdates")
        kept = {chat: before.messages(chat) for chat in (ANNA, BEN, FAMILY)}
    async with running_sandbox(options) as after:
        api = RawApi(session, f"{after.origin}/bot{after.token}")
        assert {chat: after.messages(chat) for chat in (ANNA, BEN, FAMILY)} == kept
        assert after.file_bytes(after.messages(ANNA)[-1]) == png("red")
        assert after.chat(FAMILY).pinned == [1]
        assert after.chat(ANNA).read_up_to == {ANNA: 3}
        assert await api.call("getUpdates") == waiting
        assert await api.call("getMyCommands") == [{"command": "a", "description": "b"}]
        tap = after.press(ANNA, ANNA, sent["message_id"], "x")
        await api.call("answerCallbackQuery", callback_query_id=tap.query_id)
        said = await api.call("sendMessage", chat_id=ANNA, text="still here")
        assert said["message_id"] == kept[ANNA][-1].message_id + 1
        (*_, last) = await api.call("getUpdates")
        assert last["update_id"] > waiting[-1]["update_id"]


async def test_messages_follow_a_bot_that_got_a_new_token(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    path = tmp_path / "state.json"
    async with running_sandbox(SandboxOptions(state_path=path)) as before:
        before.send_text(ANNA, ANNA, "/start")
        api = RawApi(session, f"{before.origin}/bot{before.token}")
        await api.call("sendMessage", chat_id=ANNA, text="a")
    async with running_sandbox(SandboxOptions(token="7000002:new", state_path=path)) as after:
        api = RawApi(session, f"{after.origin}/bot7000002:new")
        edited = await api.call("editMessageText", chat_id=ANNA, message_id=2, text="b")
        assert edited["from"]["id"] == 7000002


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 99}', '{"format": 1}'])
async def test_a_file_that_is_no_state_is_refused_and_left_alone(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "notes.json"
    path.write_text(content)
    with pytest.raises(UnreadableState, match=r"notes\.json is not a sandbox state file"):
        async with running_sandbox(SandboxOptions(state_path=path)):
            pytest.fail("it started")
    assert path.read_text() == content


async def test_the_file_is_whole_whenever_it_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    async with running_sandbox(SandboxOptions(state_path=path)) as sandbox:
        for number in range(5):
            sandbox.send_text(ANNA, ANNA, f"message {number}")
            sandbox._messenger.saved.flush()
            stored = json.loads(path.read_text("utf-8"))
            (anna,) = [chat for chat in stored["chats"] if chat["id"] == ANNA]
            assert len(anna["messages"]) == number + 1
    assert os.listdir(tmp_path) == ["state.json"]  # noqa: PTH208 - no draft is left behind
