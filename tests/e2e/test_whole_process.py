"""The bot's own process, from outside: what its people, its operator and a power cut see of it."""

from __future__ import annotations

import asyncio

import pytest

from bot.sandbox.model import JsonObject
from tests.bot.sandbox.bot_api_spec import faults_in_requests
from tests.e2e.conftest import NewOwner
from tests.e2e.relatives import give_role, invitation, olgas, remove
from tests.e2e.running import ANNA, BEN, CARL, FAMILY, Person, RunningDemo, data_of, has, text_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

CRASH = "2020-03-16"
"""The day to which the page's button walks."""


def filled_of(demo: RunningDemo) -> int:
    return len(demo.at_broker("fills"))


def ordered_in(demo: RunningDemo, account: int) -> list[tuple[str, str]]:
    orders = demo.at_broker("orders")
    return [(each["symbol"], each["state"]) for each in orders if each["account_id"] == account]


async def test_from_start_to_a_first_trade(demo: RunningDemo) -> None:
    anna = Person(demo, ANNA, ANNA)
    proposal = await anna.set_up()
    account = demo.at_broker("accounts")[-1]["id"]
    assert ordered_in(demo, account) == []
    answered, is_alert = await anna.press(proposal, "Approve")
    assert (answered.split(".")[0], is_alert) == ("Approved", False)
    report = await anna.said("filled", after=proposal["message_id"])
    assert report["reply_to_message"]["message_id"] == proposal["message_id"]
    grown = await anna.said("Bought", after=proposal["message_id"] - 1)
    assert text_of(grown).startswith(text_of(proposal))
    assert sorted(ordered_in(demo, account)) == [("QUAL", "filled"), ("USMV", "filled")]


async def test_a_family_shares_one_portfolio(demo: RunningDemo, new_owner: NewOwner) -> None:
    """
    Ben comes in by a link that works once; as approver he gets the proposal too.
    His role is asked at the tap, not when the button was made.
    """
    olga, ben = await new_owner(), await new_owner()
    await olga.first_trade()
    code = await invitation(olga, "approver")
    await ben.ask(f"/start {code}", "approver of")
    carl = Person(demo, CARL, CARL)
    await demo.client.do("add_user", user_id=CARL, first_name="Carl")
    refused = await carl.ask(f"/start {code}", "used already")
    assert "1003" in text_of(refused)

    proposal = await _new_proposal(olga)
    copy = await ben.plan(f"proposal {_number_of(proposal)}")
    before = filled_of(demo)

    await give_role(olga, olgas(ben), "viewer")
    answered, is_alert = await ben.press(copy, "Approve")
    assert is_alert
    assert "approve" in answered.lower()
    assert "viewer" in answered

    await remove(olga, olgas(ben))
    answered, is_alert = await ben.press(copy, "Approve")
    assert is_alert
    assert "approved" not in answered.lower()
    assert filled_of(demo) == before

    await olga.press(proposal, "Approve")
    await olga.said("filled", after=proposal["message_id"])
    assert filled_of(demo) > before


async def test_a_group_decides_in_the_open(demo: RunningDemo) -> None:
    """Anna puts the proposals into the family's group; Ben, who only looks, cannot approve there."""
    anna, ben = Person(demo, ANNA, ANNA), Person(demo, BEN, BEN)
    if not any(has(each, "filled") for each in await anna.messages()):
        await anna.first_trade()
    await ben.ask(f"/start {await invitation(anna, 'viewer')}", "viewer of")
    group = Person(demo, ANNA, FAMILY)
    await group.ask("/portfolio amounts on", "sees the amounts")
    about = await group.ask("/portfolio", "This chat is about")
    await group.tap(about, "Put proposals into this group", "group")
    asked = await group.ask("/status", "SIMULATED")
    assert asked["photo"]
    await anna.ask("/deposit 3000", "3,000")
    await anna.write("/rebalance force")
    proposal = await group.plan("SIMULATED")
    before = filled_of(demo)
    answered, is_alert = await Person(demo, BEN, FAMILY).press(proposal, "Approve")
    assert is_alert
    assert "viewer" in answered
    assert filled_of(demo) == before
    await group.press(proposal, "Approve")
    report = await group.said("filled", after=proposal["message_id"])
    assert report["reply_to_message"]["message_id"] == proposal["message_id"]
    assert filled_of(demo) > before


@pytest.mark.fault(48)
async def test_a_stranger_gets_one_polite_refusal(demo: RunningDemo) -> None:
    await demo.client.do("add_user", user_id=6006, first_name="Mallory")
    mallory = Person(demo, 6006, 6006)
    heard = await mallory.ask("/status", "invited people", "6006")
    for other in ("/start", "/rebalance force", "hello"):
        await mallory.write(other)
    stolen = await _any_approve_button(demo)
    await demo.client.press(6006, 6006, heard["message_id"], stolen)
    await Person(demo, ANNA, ANNA).ask("/whoami", "You are Anna")
    said = [each for each in await mallory.messages() if each["from"]["is_bot"]]
    assert [text_of(each) for each in said] == [text_of(heard)]


@pytest.mark.fault(6, 7)
async def test_an_old_button_works_once_after_the_bot_was_killed(new_demo: RunningDemo) -> None:
    """The alert comes by itself on 12 March 2020; the power fails; the same message is tapped, twice."""
    anna = Person(new_demo, ANNA, ANNA)
    first = await anna.first_trade()
    moved = await new_demo.walk_market(CRASH)
    assert (moved["session"], moved["stopped_for"]) == ("2020-03-12", "push")
    alert = await anna.plan(after=first["message_id"])
    before = filled_of(new_demo)
    await new_demo.kill_bot()
    for _ in range(2):
        data = data_of(alert, "Approve")
        await new_demo.client.press(ANNA, ANNA, alert["message_id"], data)
    await new_demo.start_bot()
    report = await anna.said("filled", after=alert["message_id"])
    assert has(report["reply_to_message"], "proposal 2", "Calculated")
    assert filled_of(new_demo) - before == _legs_of(alert) > 0
    answer = await anna.press(alert, "Approve")
    assert answer == ("You have approved it already.", False)
    await new_demo.walk_market("2020-03-13")
    assert filled_of(new_demo) - before == _legs_of(alert)


@pytest.mark.fault(4)
async def test_a_second_process_on_the_same_data_ends_at_once(demo: RunningDemo) -> None:
    """With a sentence, and without a word to anybody."""
    await Person(demo, ANNA, ANNA).ask("/whoami", "You are Anna")
    before = [each for each in await demo.requests() if each.method != "getUpdates"]
    length = demo.log.stat().st_size
    async with asyncio.timeout(30):
        second = await demo.another_bot()
        status = await second.wait()
    said = demo.log.read_bytes()[length:].decode()
    assert status == 2
    assert "nother" in said
    after = [each for each in await demo.requests() if each.method != "getUpdates"]
    assert after == before


async def test_it_stops_in_order_when_told_and_comes_back(demo: RunningDemo) -> None:
    assert demo.bot is not None
    async with asyncio.timeout(10):
        assert await demo.stop_bot() == 0
    anna = Person(demo, ANNA, ANNA)
    written = await anna.write("/whoami")
    await demo.start_bot()
    await anna.said("You are Anna", after=written)


@pytest.mark.fault(6, 43)
async def test_nothing_is_lost_while_telegram_cannot_be_reached(new_demo: RunningDemo) -> None:
    """
    The market goes on, and the alert is said once Telegram is back. A tap just before the next
    outage may be lost or not: tapped again afterwards, the plan is carried out once.
    """
    anna = Person(new_demo, ANNA, ANNA)
    first = await anna.first_trade()
    await new_demo.stop_sandbox()
    moved = await new_demo.walk_market(CRASH)
    assert moved["stopped_for"] == "push"
    await new_demo.start_sandbox()
    alert = await anna.plan(after=first["message_id"])
    before = filled_of(new_demo)
    data = data_of(alert, "Approve")
    await new_demo.client.press(ANNA, ANNA, alert["message_id"], data)
    await new_demo.stop_sandbox()
    await new_demo.start_sandbox()
    await new_demo.client.press(ANNA, ANNA, alert["message_id"], data)
    await anna.said("filled", after=alert["message_id"])
    await anna.ask("/whoami", "You are Anna")
    assert filled_of(new_demo) - before == _legs_of(alert) > 0
    assert await anna.heard("proposal 2", "Calculated") == 1


async def test_everything_said_to_telegram_fits_the_bot_api(demo: RunningDemo) -> None:
    anna = Person(demo, ANNA, ANNA)
    for command in ("/help", "/status", "/policy", "/members", "/history", "/orders"):
        await anna.ask(command, "")
    requests = await demo.requests()
    assert len(requests) > 20
    assert faults_in_requests(requests) == []
    refused = {str(each.refusal) for each in requests if each.method != "getUpdates"}
    assert [each for each in refused - {"None"} if "message is not modified" not in each] == []


# --- small helpers -------------------------------------------------------------------------------


async def _new_proposal(owner: Person) -> JsonObject:
    await owner.ask("/deposit 2000", "2,000")
    return await owner.plan(after=await owner.write("/rebalance force"))


def _number_of(proposal: JsonObject) -> str:
    return text_of(proposal).split("proposal ")[1].split(" ")[0]


def _legs_of(proposal: JsonObject) -> int:
    lines = text_of(proposal).splitlines()
    return sum(line[:2] in {f"{number}." for number in range(1, 10)} for line in lines)


async def _any_approve_button(demo: RunningDemo) -> str:
    for chat in (await demo.client.state())["chats"]:
        for message in chat["messages"]:
            if has(message, button="Approve"):
                return data_of(message, "Approve")
    return "anything"
