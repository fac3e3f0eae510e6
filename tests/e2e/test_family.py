"""A family of four around one portfolio, in private chats and in its group: the real process over HTTP.

What is sent to the broker is read from the broker's own book, never from what the bot says.
"""

from __future__ import annotations

import pytest

from bot.sandbox.model import JsonObject
from tests.e2e.relatives import give_role, invitation, remove
from tests.e2e.running import (
    ANNA,
    BEN,
    CARL,
    FAMILY,
    Person,
    RunningDemo,
    labels_of,
    text_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

DORA = 1004
CRASH = "2020-03-16"


def sent(demo: RunningDemo) -> int:
    """How many orders the broker has got."""
    return len(demo.at_broker("orders"))


async def of_four(demo: RunningDemo) -> tuple[Person, Person, Person, Person]:
    """Anna's first trade; Ben and Carl come in as approvers, Dora as one who may only look."""
    people = []
    for user_id, name in ((ANNA, ""), (BEN, ""), (CARL, "Carl"), (DORA, "Dora")):
        if name:
            await demo.client.do("add_user", user_id=user_id, first_name=name)
        people.append(Person(demo, user_id, user_id))
    anna, ben, carl, dora = people
    await anna.first_trade()
    for person, role in ((ben, "approver"), (carl, "proposer"), (dora, "viewer")):
        await person.ask(f"/start {await invitation(anna, role)}", f"{role} of")
    await give_role(anna, "Carl", "approver")
    return anna, ben, carl, dora


async def next_plan(asks: Person, *others: Person) -> list[JsonObject]:
    """A plan that somebody asks for, as each of these people gets it."""
    latest = [max([each["message_id"] for each in await p.messages()], default=0) for p in others]
    mine = await asks.plan(after=await asks.write("/rebalance force"))
    number = text_of(mine).split("proposal ")[1].split(" ")[0]
    theirs = [
        await other.plan(f"proposal {number}", after=last)
        for other, last in zip(others, latest, strict=True)
    ]
    return [mine, *theirs]


async def test_four_people_and_their_group_share_one_portfolio(new_demo: RunningDemo) -> None:
    anna, ben, carl, dora = await of_four(new_demo)
    await two_approve_and_one_changes_his_mind(new_demo, anna, ben, carl)
    await one_objects_in_time(new_demo, anna, ben, carl)
    await a_demotion_before_the_orders_go(new_demo, anna, ben, carl)
    await the_group_reads_no_amount(new_demo, anna, ben, dora)
    await a_removed_member_taps(new_demo, anna, ben)


async def two_approve_and_one_changes_his_mind(
    demo: RunningDemo, anna: Person, ben: Person, carl: Person
) -> None:
    """Two of three are needed: Ben approves and takes it back, Carl and Ben approve, and it goes."""
    await anna.ask("/approval people 2", "Two different people approve every plan")
    await anna.ask("/deposit 2000", "2,000")
    before = sent(demo)
    mine, bens, carls = await next_plan(anna, ben, carl)
    await ben.press(bens, "Approve")
    shown = await anna.becomes(mine, "Ben ✅", "still needed: one of Anna, Carl")
    assert sent(demo) == before
    await ben.press(await ben.becomes(bens, "Ben ✅"), "Take my approval back")
    await anna.becomes(mine, "Still needed")
    answered, _ = await carl.press(carls, "Approve")
    assert "1 more" in answered
    assert sent(demo) == before
    await ben.press(bens, "Approve")
    await anna.becomes(shown, "Approved by Carl", "and Ben", "Bought")
    assert sent(demo) > before


async def one_objects_in_time(demo: RunningDemo, anna: Person, ben: Person, carl: Person) -> None:
    """Two have approved, and the orders wait for an hour: Carl objects, and nothing goes."""
    await anna.ask("/approval veto 1h", "one hour after the last approval")
    await anna.ask("/deposit 2000", "2,000")
    before = sent(demo)
    mine, bens, carls = await next_plan(anna, ben, carl)
    await anna.press(mine, "Approve")
    await ben.press(bens, "Approve")
    await carl.press(await carl.becomes(carls, "unless somebody objects"), "Object")
    await anna.becomes(mine, "Carl")
    await demo.walk_market("2020-01-03")
    await anna.ask("/whoami", "You are Anna")
    assert sent(demo) == before


async def a_demotion_before_the_orders_go(
    demo: RunningDemo, anna: Person, ben: Person, carl: Person
) -> None:
    """Ben and Carl have approved, and Carl may not any more when the orders would go."""
    before = sent(demo)
    mine, bens, carls = await next_plan(anna, ben, carl)
    await ben.press(bens, "Approve")
    await carl.press(carls, "Approve")
    await anna.becomes(mine, "unless somebody objects")
    await give_role(anna, "Carl", "viewer")
    await demo.walk_market("2020-01-07")
    await anna.ask("/whoami", "You are Anna")
    assert sent(demo) == before
    answered, is_alert = await carl.press(carls, "Approve")
    assert is_alert
    assert "viewer" in answered


async def the_group_reads_no_amount(
    demo: RunningDemo, anna: Person, ben: Person, dora: Person
) -> None:
    """The group gets percentages and a way into the private chat, where each may do what their role permits."""
    group = Person(demo, ANNA, FAMILY)
    await anna.ask("/approval people 1 veto off", "One person approves")
    about = await group.ask("/portfolio @family", "about Family now")
    await group.tap(about, "Put proposals into this group", "group")
    written = await anna.write("/rebalance force")
    shown = await group.said("of the portfolio", "Calculated from your targets")
    assert labels_of(shown) == ["🔒 Open privately"]
    heard = [text_of(each) for each in await group.messages() if each["from"]["is_bot"]]
    assert not any("$" in words for words in heard)
    link = shown["reply_markup"]["inline_keyboard"][0][0]["url"].split("start=")[1]
    before = sent(demo)
    doras = await dora.ask(f"/start {link}", "Calculated from your targets", "$")
    if any("Approve" in label for label in labels_of(doras)):
        answered, is_alert = await dora.press(doras, "Approve")
        assert is_alert
        assert "viewer" in answered
    assert sent(demo) == before
    bens = await ben.ask(f"/start {link}", "Calculated from your targets", "$")
    await ben.press(bens, "Approve")
    report = await group.becomes(shown, "Approved by Ben")
    assert "$" not in text_of(report)
    await anna.said("Approved by Ben", after=written)
    assert sent(demo) > before


async def a_removed_member_taps(demo: RunningDemo, anna: Person, ben: Person) -> None:
    """Ben's button is from when he was in it."""
    await Person(demo, ANNA, FAMILY).ask("/portfolio home off", "private chat again")
    await anna.ask("/deposit 2000", "2,000")
    before = sent(demo)
    _, bens = await next_plan(anna, ben)
    await remove(anna, "Ben")
    answered, is_alert = await ben.press(bens, "Approve")
    assert is_alert
    assert "pproved" not in answered
    await anna.ask("/whoami", "You are Anna")
    assert sent(demo) == before
