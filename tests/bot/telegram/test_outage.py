"""After an outage, over HTTP: one summary a chat, then what still needs a decision; nothing lost, order kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.application.execute_proposal import execute_approved
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.domain.ids import ChatId
from core.domain.outbox import MessageKind, OutboxItem
from tests.bot.telegram.test_delivery import ANNAS, BENS, Post, post

__all__ = ["post"]


def notice(post: Post, mark: str, chat: int = ANNAS) -> OutboxItem:
    return OutboxItem(
        MessageKind.MEMBER_JOINED,
        ChatId(chat),
        mark,
        post.portfolio_id,
        data={"role": "viewer", "member_name": mark},
    )


async def back(post: Post) -> None:
    """Telegram answers again, and what waits is sent."""
    post.sandbox.faults.outage(False)
    post.world.pass_time(timedelta(minutes=2))
    await post.settle()


@pytest.mark.fault(43)
async def test_six_hours_of_reports_and_notices_are_one_message_before_the_open_proposal(
    post: Post,
) -> None:
    """
    10:59 down · a notice, proposal 1 carried out, two notices, a check at 12:00 that proposes 2 · 17:00 back
    -> the summary names both, then proposal 2 with its buttons, and nothing else
    """
    world = post.world
    await post.add_ben()
    post.sandbox.faults.outage(True)
    await post.enqueue(notice(post, "n1"), notice(post, "n2", BENS))
    first = await post.propose()
    await post.deliverer.drain(10)
    await post.approve(first)
    await execute_approved(world.desk)
    await post.enqueue(notice(post, "n3"))
    world.hold(1_000, AAA=60, BBB=20)
    for _ in range(4):
        world.pass_time(timedelta(minutes=61))
        await post.deliverer.drain(10)
    second = await post.propose()
    await post.deliverer.drain(10)
    world.pass_time(timedelta(minutes=30))
    await back(post)
    for chat in (ANNAS, BENS):
        summary, proposal = [m for m in post.said(chat) if m.text and "Checked" not in m.text]
        assert "Nothing could be sent here from 11:00 ET to " in summary.text
        assert "Proposal 1: done" in summary.text
        assert f"Proposal {second.id}: open" in summary.text
        assert "joined" not in summary.text
        assert post.labels(proposal)[0].startswith("✅ Approve")
        assert f"proposal {second.id}" in proposal.text
    assert await post.depth() == 0


@pytest.mark.fault(43)
async def test_a_silent_line_is_no_reason_to_fold_what_is_fresh(post: Post) -> None:
    post.sandbox.faults.outage(True)
    await post.enqueue(notice(post, "n1"), notice(post, "n2"))
    await post.deliverer.drain(10)
    post.world.pass_time(timedelta(minutes=30))
    await back(post)
    assert ["n1" in m.text or "n2" in m.text for m in post.said()] == [True, True]


async def test_one_notice_alone_is_sent_as_it_is(post: Post) -> None:
    post.sandbox.faults.outage(True)
    await post.enqueue(notice(post, "n1"))
    post.world.pass_time(timedelta(hours=6))
    await back(post)
    (message,) = post.said()
    assert "n1 has joined" in message.text


@pytest.mark.fault(43)
async def test_holds_and_other_things_that_need_a_person_are_told_by_themselves(post: Post) -> None:
    post.sandbox.faults.outage(True)
    locked = OutboxItem(
        MessageKind.CODES_LOCKED,
        ChatId(ANNAS),
        "locked",
        post.portfolio_id,
        data={"until": "2020-03-12T20:00:00+00:00", "member_name": "Ben"},
    )
    await post.enqueue(notice(post, "n1"), locked, notice(post, "n2"))
    post.world.pass_time(timedelta(hours=6))
    await back(post)
    summary, alarm = post.said()
    assert "Family: 2 notices" in summary.text
    assert "five wrong one-time codes" in alarm.text


@pytest.mark.fault(43)
async def test_checks_of_the_outage_are_counted_and_their_trouble_is_said_once(post: Post) -> None:
    world = post.world
    post.sandbox.faults.outage(True)
    world.prices.set_fault("BBB")
    for _ in range(2):
        await schedule_checks(world.store, world.market)
        world.pass_time(timedelta(days=1))
        await run_due_work(world.desk)
        await post.deliverer.drain(10)
    await back(post)
    summary, board = [m for m in post.said() if m.text]
    assert "Family: 3 checks" in summary.text
    assert "3 checks made no plan: some prices are missing" in summary.text
    assert "Not checked Wed 11 Mar" in board.text


@pytest.mark.fault(44)
async def test_a_blocked_chat_folds_nothing_of_the_others(post: Post) -> None:
    await post.add_ben()
    post.sandbox.faults.outage(True)
    await post.enqueue(*(notice(post, f"a{n}") for n in range(3)))
    await post.enqueue(*(notice(post, f"b{n}", BENS) for n in range(3)))
    proposal = await post.propose()
    post.sandbox.block(ANNAS)
    post.world.pass_time(timedelta(hours=6))
    await back(post)
    assert post.said(ANNAS) == []
    summary, shown = post.said(BENS)
    assert "Family: 1 check, 1 proposal, 3 notices" in summary.text
    assert f"proposal {proposal.id}" in shown.text
    assert await post.depth() == 0
