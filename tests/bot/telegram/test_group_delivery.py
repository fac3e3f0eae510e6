"""Groups as a home: topics, groups that are lost or move, and who is told when somebody is out of reach."""

from __future__ import annotations

from typing import Any

import pytest
from telegram.error import BadRequest

from core.application.hide_amounts import show_amounts
from core.application.keep_reach import note_reach
from core.application.lose_home import lose_home
from core.application.move_chat import move_chat
from core.application.tell import pushes
from core.domain.ids import ChatId, TopicId
from core.domain.membership import Role
from core.domain.outbox import MessageKind
from core.domain.refusals import NotAllowed
from core.ports.store import Chat
from tests.bot.telegram import test_delivery
from tests.bot.telegram.test_delivery import ANNAS, BENS, GROUP, Post, make_home
from tests.fakes.world import BEN

post = test_delivery.post
"""The same family and post office."""


async def home_in_topic(post: Post, name: str = "Savings") -> TopicId:
    await make_home(post)
    topic = TopicId(post.sandbox.open_topic(ANNAS, GROUP, name))
    async with post.world.store.begin() as work:
        await work.portfolios.set_home_chat(post.portfolio_id, ChatId(GROUP), topic)
    return topic


async def lines_of(post: Post, kind: MessageKind) -> list[Any]:
    """What waits of a kind, by chat."""
    async with post.world.store.read() as work:
        queued = await work.outbox.queued(post.world.clock.now(), 99)
    return [each.item.chat_id for each in queued if each.item.kind is kind]


async def test_a_proposal_comes_into_the_topic_that_is_its_home_and_is_edited_there(
    post: Post,
) -> None:
    topic = await home_in_topic(post)
    proposal = await post.propose()
    await post.settle()
    (message,) = post.said(GROUP)
    assert message.topic_id == topic
    async with post.world.store.read() as work:
        (copy,) = await work.proposals.copies(proposal.id)
    assert copy.topic_id == topic
    await post.approve(proposal)
    await post.settle()
    (edited,) = post.said(GROUP)
    assert (edited.message_id, edited.topic_id) == (message.message_id, topic)
    assert "Approved by Anna" in edited.text


async def test_a_topic_that_is_about_a_portfolio_gets_its_messages(post: Post) -> None:
    await make_home(post)
    topic = TopicId(post.sandbox.open_topic(ANNAS, GROUP, "Savings"))
    about = Chat(ChatId(GROUP), "group", "Family", post.portfolio_id, topic)
    async with post.world.store.begin() as work:
        await work.conversation.save_chat(about)
        await work.portfolios.set_home_chat(post.portfolio_id, None)
    proposal = await post.propose()
    await post.enqueue(*pushes(proposal, [ChatId(GROUP)]))
    await post.settle()
    assert [message.topic_id for message in post.said(GROUP)] == [topic]


@pytest.mark.parametrize("trouble", ["closed", "deleted"])
async def test_what_went_to_a_topic_that_is_gone_comes_into_the_group_itself(
    post: Post, trouble: str
) -> None:
    topic = await home_in_topic(post)
    if trouble == "closed":
        post.sandbox.close_topic(ANNAS, GROUP, topic)
    else:
        post.sandbox.delete_topic(ANNAS, GROUP, topic)
    await post.propose()
    await post.settle()
    (message,) = post.said(GROUP)
    assert message.topic_id is None
    async with post.world.store.read() as work:
        home = (await work.portfolios.get(post.portfolio_id)).portfolio
    assert (home.home_chat_id, home.home_topic_id) == (GROUP, None)


async def test_a_group_in_which_the_bot_may_not_write_is_no_home(post: Post) -> None:
    await make_home(post)
    await post.propose()

    async def refuse() -> None:
        raise BadRequest("not enough rights to send text messages to the chat")

    post.meddle(refuse)
    await post.settle()
    told, proposal = post.said(ANNAS)
    assert "cannot write into the group" in told.text
    assert post.labels(proposal)[0].startswith("✅ Approve")


async def test_owners_are_told_once_that_a_group_is_lost(post: Post) -> None:
    await make_home(post)
    ben = await post.add_ben()
    await post.world.give_role(ben, post.portfolio_id, Role.OWNER)
    now = post.world.clock.now()
    async with post.world.store.begin() as work:
        assert await lose_home(work, ChatId(GROUP), now) == 1
        assert await lose_home(work, ChatId(GROUP), now) == 0
    assert sorted(await lines_of(post, MessageKind.HOME_LOST)) == [ANNAS, BENS]


@pytest.mark.fault(44)
async def test_what_is_open_in_a_group_that_moves_is_shown_there_again(post: Post) -> None:
    await make_home(post)
    proposal = await post.propose()
    await post.settle()
    post.sandbox.add_group(-100777, "Family", [ANNAS])
    post.sandbox.add_bot(ANNAS, -100777)
    new, now = ChatId(-100777), post.world.clock.now()
    for _ in range(2):
        async with post.world.store.begin() as work:
            await move_chat(work, ChatId(GROUP), new, now)
    await post.settle()
    (message,) = post.said(-100777)
    async with post.world.store.read() as work:
        (copy,) = await work.proposals.copies(proposal.id)
    assert (copy.chat_id, copy.message_id) == (new, message.message_id)
    await post.approve(proposal)
    await post.settle()
    assert "Approved by Anna" in post.said(-100777)[0].text


@pytest.mark.fault(44)
async def test_other_owners_are_told_once_who_is_out_of_reach_and_once_who_is_back(
    post: Post,
) -> None:
    ben = await post.add_ben()
    post.sandbox.block(BENS)
    await post.propose()
    await post.settle()
    told = [message.text for message in post.said(ANNAS)]
    assert sum("Ben does not get messages any more" in text for text in told) == 1
    now = post.world.clock.now()
    async with post.world.store.begin() as work:
        assert not await note_reach(work, ben, now, reachable=False)
        assert await note_reach(work, ben, now, reachable=True)
        assert not await note_reach(work, ben, now, reachable=True)
    await post.settle()
    told = [message.text for message in post.said(ANNAS)]
    assert sum("Messages reach Ben now" in text for text in told) == 1
    assert sum("does not get messages" in text for text in told) == 1


async def test_nobody_is_told_of_the_only_owner(post: Post) -> None:
    async with post.world.store.begin() as work:
        assert await note_reach(work, post.anna, post.world.clock.now(), reachable=False)
    assert await post.depth() == 0


async def test_only_an_owner_lets_a_group_see_amounts(post: Post) -> None:
    ben = await post.world.person(BEN, "Ben")
    await post.world.give_role(ben, post.portfolio_id, Role.APPROVER)
    with pytest.raises(NotAllowed):
        await show_amounts(
            post.world.store,
            post.world.clock,
            member=ben,
            portfolio_id=post.portfolio_id,
            chat_id=ChatId(GROUP),
            shown=True,
        )
    async with post.world.store.read() as work:
        assert not await work.conversation.shows_amounts(post.portfolio_id, ChatId(GROUP))
