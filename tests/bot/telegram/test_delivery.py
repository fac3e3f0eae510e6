"""Delivery over HTTP: the real store, the real client, and a Telegram on this machine that has bad days."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot
from telegram.error import ChatMigrated
from telegram.request import HTTPXRequest

from bot.heartbeat import Heartbeat
from bot.pulse import Pulse
from bot.runtime import Runtime
from bot.sandbox import Sandbox, running_sandbox
from bot.sandbox.model import Message
from bot.settings import Settings
from bot.telegram.callback import decode
from bot.telegram.delivery import Deliverer
from core.adapters.channels import AppriseChannel
from core.application.check_drift import request_rebalance
from core.application.decide_proposal import approve_proposal, reject_proposal
from core.application.edit_proposal import edit_leg
from core.application.execute_proposal import execute_approved
from core.application.expire_proposals import expire_proposals
from core.domain.ids import ChatId, PortfolioId
from core.domain.membership import Member, Role
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.proposal import Proposal
from core.domain.risk import Limits
from core.ports.store import Chat
from tests.fakes.world import BEN, World, small_world

KEY = b"k" * 32
ANNAS, BENS, GROUP = 1001, 1002, -501


class Meddled:
    """The real client, but for one thing that happens before its next message."""

    def __init__(self, bot: Bot, before_send: Callable[[], Awaitable[None]]) -> None:
        self._bot = bot
        self._before: list[Callable[[], Awaitable[None]]] = [before_send]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bot, name)

    async def send_message(self, *args: Any, **kwargs: Any) -> Any:
        while self._before:
            await self._before.pop()()
        return await self._bot.send_message(*args, **kwargs)


@dataclass
class Post:
    """A family with a portfolio that has drifted, and what carries its messages."""

    world: World
    sandbox: Sandbox
    deliverer: Deliverer
    anna: Member
    portfolio_id: PortfolioId

    async def propose(self) -> Proposal:
        """Let Anna ask for a check, which finds something to trade."""
        world = self.world
        result = await request_rebalance(
            world.store,
            world.brokers,
            world.market,
            world.clock,
            member=self.anna,
            portfolio_id=self.portfolio_id,
            request_key=world.clock.now().isoformat(),
        )
        assert result.proposal is not None, result
        return result.proposal

    async def add_ben(self) -> Member:
        ben = await self.world.person(BEN, "Ben")
        await self.world.give_role(ben, self.portfolio_id, Role.APPROVER)
        self.sandbox.send_text(BENS, BENS, "/start")
        return ben

    async def settle(self) -> int:
        """Drain until nothing is left that can go now."""
        total = 0
        while done := await self.deliverer.drain(50):
            total += done
        return total

    async def approve(self, proposal: Proposal, who: Member | None = None) -> None:
        world = self.world
        await approve_proposal(
            world.store,
            world.market,
            world.clock,
            member=who or self.anna,
            proposal_id=proposal.id,
            revision=proposal.revision.number,
        )

    def said(self, chat: int = ANNAS) -> list[Message]:
        return self.sandbox.bot_messages(chat)

    def labels(self, message: Message) -> list[str]:
        return [button.text for button in message.buttons]

    def meddle(self, before_send: Callable[[], Awaitable[None]]) -> None:
        """Let something happen just before the next message is sent."""
        self.deliverer._calls.bot = Meddled(self.deliverer._calls.bot, before_send)  # type: ignore[assignment]

    async def enqueue(self, *items: OutboxItem) -> None:
        async with self.world.store.begin() as work:
            await work.outbox.enqueue(items, self.world.clock.now())

    async def depth(self) -> int:
        async with self.world.store.read() as work:
            return await work.outbox.depth()


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    """AAA 60 at 100, BBB 20 at 50, cash 1,000: AAA weighs 75 %, with a target of 60."""
    async with small_world(tmp_path) as world, running_sandbox() as sandbox:
        anna = await world.person()
        world.hold(1_000, AAA=60, BBB=20)
        current = await world.portfolio(anna, {"AAA": 60, "BBB": 30, "CASH": 10})
        sandbox.send_text(ANNAS, ANNAS, "/start")
        runtime = Runtime(
            settings=Settings(data_dir=tmp_path),
            store=world.store,
            brokers=world.brokers,
            market=world.market,
            clock=world.clock,
            signing_key=KEY,
            holder="test:1",
            work_arrived=asyncio.Event(),
            allowed_users=frozenset({ANNAS}),
            limits=Limits(),
            pulse=Pulse(world.clock, Heartbeat(None, world.clock)),
            channel=AppriseChannel(allow_private=True),
        )
        bot = Bot(
            sandbox.token,
            base_url=f"{sandbox.origin}/bot",
            request=HTTPXRequest(),
            get_updates_request=HTTPXRequest(),
        )
        async with bot:
            deliverer = Deliverer(runtime, bot)
            yield Post(world, sandbox, deliverer, anna, current.portfolio.portfolio.id)


def sends(sandbox: Sandbox, method: str = "sendmessage") -> list[Any]:
    return [r for r in sandbox.requests if r.method.lower() == method]


# --- the good day --------------------------------------------------------------------------------


async def test_a_proposal_arrives_with_buttons_signed_for_its_chat(post: Post) -> None:
    proposal = await post.propose()
    assert await post.settle() == 1
    (message,) = post.said()
    assert "proposal 1" in message.text
    assert "BROKER PAPER" in message.text
    assert "Sell" in message.text
    assert post.labels(message)[0].startswith("✅ Approve")
    data = message.buttons[0].callback_data
    action = decode(data, ANNAS, KEY)
    assert action is not None
    assert action.verb == "approve"
    assert action.args == (proposal.id, 1)
    assert decode(data, BENS, KEY) is None
    async with post.world.store.read() as work:
        (copy,) = await work.proposals.copies(proposal.id)
    assert (copy.chat_id, copy.message_id, copy.revision) == (ANNAS, message.message_id, 1)


async def test_nothing_waits_nothing_is_sent(post: Post) -> None:
    assert await post.deliverer.drain(10) == 0
    assert sends(post.sandbox) == []


async def test_from_tap_to_report_in_every_copy_and_a_short_reply(post: Post) -> None:
    await post.add_ben()
    proposal = await post.propose()
    await post.settle()
    await post.approve(proposal)
    await execute_approved(post.world.desk)
    await post.settle()
    for chat in (ANNAS, BENS):
        shown, reply = post.said(chat)
        assert "Sell" in shown.text, "the plan stays"
        assert "Approved by Anna" in shown.text
        assert "Sold" in shown.text
        assert "Done" in shown.text
        assert post.labels(shown) == []
        assert "Done" in reply.text
        assert reply.reply_to == shown.message_id


async def test_an_edit_changes_every_copy_and_lapsed_approvals_are_told(post: Post) -> None:
    ben = await post.add_ben()
    proposal = await post.propose()
    await post.settle()
    world = post.world
    await edit_leg(
        world.store,
        world.market,
        world.clock,
        member=ben,
        proposal_id=proposal.id,
        revision=1,
        leg=2,
        quantity=proposal.revision.plan.trades[1].quantity / 2,
    )
    await post.settle()
    for chat in (ANNAS, BENS):
        shown = post.said(chat)[0]
        assert "proposal 1.1" in shown.text
        assert "by Ben" in shown.text


async def test_only_the_latest_message_of_a_chat_keeps_its_buttons(post: Post) -> None:
    proposal = await post.propose()
    await post.settle()
    again = OutboxItem(
        MessageKind.REMINDER,
        ChatId(ANNAS),
        "reminder:1",
        post.portfolio_id,
        proposal.id,
        Priority.DECISION,
    )
    await post.enqueue(again)
    await post.settle()
    first, second = post.said()
    assert post.labels(first) == []
    assert "stands below" in first.text
    assert post.labels(second)[0].startswith("✅ Approve")


async def test_what_changed_while_it_was_sent_is_put_right(post: Post) -> None:
    """Anna approves on her phone while Ben's copy is on its way: his must not stay open."""
    await post.add_ben()
    proposal = await post.propose()
    assert await post.deliverer.drain(1) == 1
    post.meddle(lambda: post.approve(proposal))
    await post.settle()
    for chat in (ANNAS, BENS):
        assert "Approved" in post.said(chat)[0].text
        assert not any("Approve" in label for label in post.labels(post.said(chat)[0]))


async def test_a_member_who_reads_lists_gets_no_table(post: Post) -> None:
    async with post.world.store.begin() as work:
        await work.people.set_layout(post.anna.id, "list")
    await post.propose()
    await post.settle()
    assert "percent, target" in post.said()[0].text


# --- too late ------------------------------------------------------------------------------------


async def test_a_proposal_decided_before_it_could_be_shown_is_not_shown_as_open(post: Post) -> None:
    proposal = await post.propose()
    world = post.world
    await reject_proposal(
        world.store,
        world.market,
        world.clock,
        member=post.anna,
        proposal_id=proposal.id,
        revision=1,
    )
    assert await post.settle() >= 1
    assert post.said() == []
    assert await post.depth() == 0


@pytest.mark.fault(43)
async def test_six_hours_of_silence_then_one_summary(post: Post) -> None:
    """Telegram is down, two proposals come and expire by market time: one message about both."""
    world = post.world
    post.sandbox.faults.outage(True)
    for _ in range(2):
        await post.propose()
        await post.deliverer.drain(10)
        world.pass_time(timedelta(days=14))
        await expire_proposals(world.store, world.market, world.clock)
    post.sandbox.faults.outage(False)
    world.pass_time(timedelta(minutes=2))
    await post.settle()
    (summary,) = post.said()
    assert "Nothing could be sent here" in summary.text
    assert "Family: 2 checks, 2 proposals" in summary.text
    for number in (1, 2):
        assert f"Proposal {number}: expired, nothing was traded" in summary.text
    assert post.labels(summary) == []


@pytest.mark.fault(43, 52)
async def test_an_open_proposal_past_its_time_is_not_shown_as_open(post: Post) -> None:
    """Expired by the market's clock, though nothing has marked it so yet; at the very instant, too."""
    proposal = await post.propose()
    post.world.market_clock.set(proposal.expires_at)
    await post.settle()
    assert all("Approve" not in label for m in post.said() for label in post.labels(m))


@pytest.mark.fault(52)
async def test_one_microsecond_before_its_end_it_is_shown(post: Post) -> None:
    proposal = await post.propose()
    post.world.market_clock.set(proposal.expires_at - timedelta(microseconds=1))
    await post.settle()
    assert post.labels(post.said()[0])[0].startswith("✅ Approve")


# --- bad days ------------------------------------------------------------------------------------


@pytest.mark.fault(45)
async def test_told_to_wait_nothing_is_lost_and_the_order_stays(post: Post) -> None:
    """
    429 retry_after=37 while 40 notices and then a decision wait
    -> for 37 s nothing; then the decision first, and each chat in its order
    """
    ben = await post.add_ben()
    await post.world.give_role(ben, post.portfolio_id, Role.VIEWER)
    notices = [
        OutboxItem(
            MessageKind.MEMBER_JOINED,
            ChatId(BENS),
            f"n{number}",
            post.portfolio_id,
            data={"role": "viewer", "member_name": f"SYM{number:02d}"},
        )
        for number in range(40)
    ]
    await post.enqueue(*notices)
    await post.propose()
    post.sandbox.faults.fail_next(
        "sendMessage", 429, "Too Many Requests: retry after 37", retry_after=37, times=2
    )
    assert await post.settle() == 0
    started = post.world.clock.now()
    assert await post.settle() == 0
    post.world.pass_time(timedelta(seconds=36))
    assert await post.settle() == 0
    assert post.said() == post.said(BENS) == []
    post.world.pass_time(timedelta(seconds=2))
    assert await post.settle() == 41
    assert "proposal 1" in post.said()[0].text
    symbols = [word for m in post.said(BENS) for word in m.text.split() if "SYM" in word]
    assert symbols == sorted(symbols)
    assert len(symbols) == 40
    assert post.world.clock.now() - started >= timedelta(seconds=37)
    accepted = [r for r in sends(post.sandbox) if r.refusal is None]
    assert "proposal 1" in accepted[0].params["text"], "decisions go before notices"


@pytest.mark.fault(45)
async def test_one_chat_that_must_wait_holds_up_no_other(post: Post) -> None:
    await post.add_ben()
    await post.propose()
    post.sandbox.faults.fail_next(
        "sendMessage", 429, "Too Many Requests: retry after 37", retry_after=37
    )
    assert await post.settle() == 1
    assert len(post.said(ANNAS)) + len(post.said(BENS)) == 1
    post.world.pass_time(timedelta(seconds=38))
    assert await post.settle() == 1
    assert len(post.said(ANNAS)) == len(post.said(BENS)) == 1


@pytest.mark.fault(44)
async def test_who_blocked_the_bot_is_remembered_and_the_others_are_told(post: Post) -> None:
    ben = await post.add_ben()
    post.sandbox.block(ANNAS)
    await post.propose()
    assert await post.settle() == 2
    assert len(post.said(BENS)) == 1
    async with post.world.store.read() as work:
        assert not (await work.people.member(post.anna.id)).is_reachable
        assert (await work.people.member(ben.id)).is_reachable
    assert await post.depth() == 0


@pytest.mark.fault(44)
async def test_a_group_that_became_a_supergroup_is_followed(post: Post) -> None:
    await make_home(post)
    post.sandbox.add_group(-100777, "Family", [ANNAS])
    post.sandbox.add_bot(ANNAS, -100777)
    proposal = await post.propose()

    async def migrate() -> None:
        raise ChatMigrated(-100777)

    post.meddle(migrate)
    await post.settle()
    (message,) = post.said(-100777)
    action = decode(message.buttons[0].callback_data, -100777, KEY)
    assert action is not None, "buttons are signed for the new chat"
    async with post.world.store.read() as work:
        (copy,) = await work.proposals.copies(proposal.id)
        managed = await work.portfolios.get(post.portfolio_id)
    assert copy.chat_id == -100777
    assert managed.portfolio.home_chat_id == -100777


@pytest.mark.fault(44)
async def test_a_group_that_put_the_bot_out_gives_way_to_private_chats(post: Post) -> None:
    await make_home(post)
    post.sandbox.remove_bot(ANNAS, GROUP)
    await post.propose()
    await post.settle()
    told, proposal = post.said(ANNAS)
    assert "cannot write into the group" in told.text
    assert post.labels(proposal)[0].startswith("✅ Approve")
    async with post.world.store.read() as work:
        assert (await work.portfolios.get(post.portfolio_id)).portfolio.home_chat_id is None


async def test_a_line_that_breaks_is_tried_again_ever_more_slowly(post: Post) -> None:
    await post.propose()
    clock = post.world.clock
    post.sandbox.faults.outage(True)
    tries: list[float] = []
    began = clock.now()
    for _ in range(200):
        before = len(tries)
        failures = post.deliverer._calls.failures
        await post.deliverer.drain(10)
        if post.deliverer._calls.failures != failures or not before:
            tries.append((clock.now() - began).total_seconds())
        clock.advance(timedelta(seconds=1))
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert gaps[:5] == [1, 2, 4, 8, 16]
    assert max(gaps) <= 60
    post.sandbox.faults.outage(False)
    clock.advance(timedelta(seconds=61))
    assert await post.settle() == 1
    assert len(post.said()) == 1


async def test_an_unanswered_message_comes_twice_and_both_are_kept_up_to_date(post: Post) -> None:
    """Telegram took it, the answer was lost: the message is sent again, and its tap is one tap."""
    proposal = await post.propose()
    post.sandbox.faults.drop_answer("sendMessage")
    assert await post.deliverer.drain(10) == 0
    post.world.clock.advance(timedelta(seconds=5))
    assert await post.settle() == 1
    first, second = post.said()
    assert first.keyboard == second.keyboard
    async with post.world.store.read() as work:
        (copy,) = await work.proposals.copies(proposal.id)
    assert copy.message_id == second.message_id


async def test_a_proxys_error_page_is_an_outage_and_not_an_answer(post: Post) -> None:
    await post.propose()
    post.sandbox.faults.outage(True, status=502)
    assert await post.deliverer.drain(10) == 0
    post.sandbox.faults.outage(False)
    post.world.clock.advance(timedelta(seconds=5))
    assert await post.settle() == 1


async def test_a_deleted_copy_does_not_keep_the_others_from_being_edited(post: Post) -> None:
    await post.add_ben()
    proposal = await post.propose()
    await post.settle()
    post.sandbox.delete(ANNAS, ANNAS, post.said()[0].message_id)
    await post.approve(proposal)
    await post.settle()
    assert "Approved" in post.said(BENS)[0].text
    assert await post.depth() == 0


async def test_not_modified_is_no_trouble(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    proposal = await post.propose()
    await post.settle()
    refresh = OutboxItem(
        MessageKind.REFRESH, ChatId(ANNAS), "again", post.portfolio_id, proposal.id
    )
    await post.enqueue(refresh)
    with caplog.at_level(logging.INFO, "bot.telegram.delivery"):
        assert await post.settle() == 1
    assert caplog.records == []


async def test_markup_that_telegram_cannot_read_is_sent_as_plain_text(post: Post) -> None:
    await post.propose()
    post.sandbox.faults.fail_next(
        "sendMessage", 400, "Bad Request: can't parse entities: unclosed tag"
    )
    assert await post.settle() == 1
    (message,) = post.said()
    assert "<b>" not in message.text
    assert "proposal 1" in message.text
    assert post.labels(message)[0].startswith("✅ Approve")


async def test_what_telegram_refuses_for_good_is_given_up_and_the_next_goes_on(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    await post.propose()
    post.sandbox.faults.fail_next("sendMessage", 400, "Bad Request: BUTTON_DATA_INVALID")
    notice = OutboxItem(
        MessageKind.MEMBER_JOINED,
        ChatId(ANNAS),
        "n",
        post.portfolio_id,
        data={"role": "viewer", "member_name": "Carl"},
    )
    await post.enqueue(notice)
    assert await post.settle() == 2
    assert "Carl has joined" in post.said()[0].text
    assert "is refused" in caplog.text
    assert await post.depth() == 0


@pytest.mark.fault(71)
async def test_a_wrong_token_loses_nothing_and_is_not_logged(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    await post.propose()
    post.sandbox.faults.fail_next("sendMessage", 401, "Unauthorized")
    assert await post.settle() == 0
    assert post.sandbox.token not in caplog.text
    post.world.clock.advance(timedelta(seconds=5))
    assert await post.settle() == 1


async def test_an_item_that_cannot_be_rendered_is_given_up_after_three_tries(post: Post) -> None:
    broken = OutboxItem(
        MessageKind.MEMBER_JOINED, ChatId(ANNAS), "b", post.portfolio_id, data={"role": "king"}
    )
    good = OutboxItem(
        MessageKind.MEMBER_JOINED,
        ChatId(ANNAS),
        "g",
        post.portfolio_id,
        data={"role": "viewer", "member_name": "<b>Ben"},
    )
    await post.enqueue(broken, good)
    for _ in range(3):
        await post.settle()
        post.world.clock.advance(timedelta(seconds=6))
    await post.settle()
    assert ["<b>Ben has joined" in m.text for m in post.said()] == [True]
    assert await post.depth() == 0


# --- helpers -------------------------------------------------------------------------------------


async def make_home(post: Post) -> None:
    post.sandbox.add_group(GROUP, "Family", [ANNAS])
    post.sandbox.add_bot(ANNAS, GROUP)
    async with post.world.store.begin() as work:
        await work.conversation.save_chat(Chat(ChatId(GROUP), "group", "Family"))
        await work.portfolios.set_home_chat(post.portfolio_id, ChatId(GROUP))
        await work.conversation.show_amounts(post.portfolio_id, ChatId(GROUP), shown=True)
