"""What reaches the bot, and how it is fetched."""

from __future__ import annotations

import asyncio

from bot.sandbox import Sandbox
from tests.bot.sandbox.bot_api_spec import faults_in_object
from tests.bot.sandbox.conftest import HandClock, RawApi

ANNA, BEN, FAMILY = 1001, 1002, -1_000_000_002_001


async def test_an_offset_confirms_what_came_before(sandbox: Sandbox, api: RawApi) -> None:
    for text in ("one", "two", "three"):
        sandbox.send_text(ANNA, ANNA, text)
    first, second, third = await api.call("getUpdates")
    assert await api.call("getUpdates") == [first, second, third]
    assert await api.call("getUpdates", offset=second["update_id"]) == [second, third]
    assert await api.call("getUpdates", limit=1) == [second]
    assert await api.call("getUpdates", offset=-1) == [third]
    assert await api.call("getUpdates", offset=third["update_id"] + 1) == []
    assert sandbox.pending_updates == 0


async def test_a_long_poll_answers_as_soon_as_something_happens(
    sandbox: Sandbox, api: RawApi
) -> None:
    poll = asyncio.create_task(api.call("getUpdates", timeout=30))
    await sandbox.wait_for(lambda s: s.is_polled)
    sandbox.send_text(ANNA, ANNA, "hello")
    (update,) = await asyncio.wait_for(poll, 5)
    assert update["message"]["text"] == "hello"


async def test_a_second_poller_ends_the_first(sandbox: Sandbox, api: RawApi) -> None:
    first = asyncio.create_task(api.refusal("getUpdates", timeout=30))
    await sandbox.wait_for(lambda s: s.is_polled)
    await api.call("getUpdates")
    assert await asyncio.wait_for(first, 5) == (
        "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running"
    )


async def test_only_the_kinds_that_the_bot_asked_for_are_kept(
    sandbox: Sandbox, api: RawApi
) -> None:
    await api.call("getUpdates", allowed_updates=["callback_query"])
    message = sandbox.send_text(ANNA, ANNA, "hello")
    sandbox.press(ANNA, ANNA, message.message_id, "x")
    (update,) = await api.call("getUpdates")
    assert "callback_query" in update


async def test_updates_are_kept_for_a_day(sandbox: Sandbox, api: RawApi, clock: HandClock) -> None:
    sandbox.send_text(ANNA, ANNA, "yesterday")
    clock.advance(hours=23)
    sandbox.send_text(ANNA, ANNA, "today")
    clock.advance(hours=1, seconds=1)
    (update,) = await api.call("getUpdates")
    assert update["message"]["text"] == "today"


async def test_every_kind_of_update_conforms(sandbox: Sandbox, api: RawApi) -> None:
    start = sandbox.send_text(ANNA, ANNA, "/start CODE")
    sandbox.edit_text(ANNA, ANNA, start.message_id, "/start CODA")
    sent = await api.call("sendMessage", chat_id=ANNA, text="Press")
    sandbox.press(ANNA, ANNA, sent["message_id"], "yes")
    sandbox.send_text(ANNA, ANNA, "see above", reply_to=sent["message_id"])
    sandbox.delete(ANNA, ANNA, sent["message_id"])
    sandbox.press(ANNA, ANNA, sent["message_id"], "late")
    sandbox.block(ANNA)
    sandbox.remove_bot(ANNA, FAMILY)
    updates = await api.call("getUpdates")
    kinds = [next(key for key in update if key != "update_id") for update in updates]
    assert kinds == [
        "message",
        "edited_message",
        "callback_query",
        "message",
        "callback_query",
        "my_chat_member",
        "my_chat_member",
    ]
    assert [fault for each in updates for fault in faults_in_object("Update", each)] == []
    tap, reply, late = updates[2], updates[3], updates[4]
    assert tap["callback_query"]["message"]["text"] == "Press"
    assert reply["message"]["reply_to_message"]["message_id"] == sent["message_id"]
    inaccessible = late["callback_query"]["message"]
    assert (inaccessible["message_id"], inaccessible["date"]) == (sent["message_id"], 0)
    assert "text" not in inaccessible


async def test_in_a_group_the_bot_hears_only_what_is_meant_for_it(
    sandbox: Sandbox, api: RawApi
) -> None:
    said = await api.call("sendMessage", chat_id=FAMILY, text="Hello, family")
    sandbox.send_text(ANNA, FAMILY, "private talk")
    sandbox.send_text(ANNA, FAMILY, "/status")
    sandbox.send_text(BEN, FAMILY, "/status@evenkeel_demo_bot force")
    sandbox.send_text(BEN, FAMILY, "/status@other_bot")
    sandbox.send_text(BEN, FAMILY, "@evenkeel_demo_bot what now?")
    sandbox.send_text(BEN, FAMILY, "60", reply_to=said["message_id"])
    heard = [update["message"] for update in await api.call("getUpdates")]
    assert [(each["from"]["first_name"], each["text"]) for each in heard] == [
        ("Anna", "/status"),
        ("Ben", "/status@evenkeel_demo_bot force"),
        ("Ben", "@evenkeel_demo_bot what now?"),
        ("Ben", "60"),
    ]
    assert heard[0]["chat"] == {"id": FAMILY, "type": "supergroup", "title": "Family"}


async def test_an_administrator_hears_everything(sandbox: Sandbox, api: RawApi) -> None:
    sandbox.add_bot(ANNA, FAMILY, "administrator")
    sandbox.send_text(ANNA, FAMILY, "private talk")
    added, heard = await api.call("getUpdates")
    assert added["my_chat_member"]["new_chat_member"]["status"] == "administrator"
    assert faults_in_object("Update", added) == []
    assert heard["message"]["text"] == "private talk"


async def test_a_new_group_tells_the_bot_that_it_was_added(sandbox: Sandbox, api: RawApi) -> None:
    carl = sandbox.add_user(1003, "Carl")
    group = sandbox.add_group(-1_000_000_002_002, "Club", [carl.id, ANNA])
    unknown = await api.refusal("sendMessage", chat_id=group.id, text="x")
    assert unknown == "Bad Request: chat not found"
    sandbox.add_bot(carl.id, group.id)
    (update,) = await api.call("getUpdates")
    assert update["my_chat_member"]["from"]["first_name"] == "Carl"
    await api.call("sendMessage", chat_id=group.id, text="hello")
