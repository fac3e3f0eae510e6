"""The pinned message over HTTP: made once, silently; edited after each check; never in the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.sandbox.model import Message
from bot.telegram.views.pinned import pinned_screen
from core.application.change_policy import change_policy
from core.application.keep_pinned import Board
from core.application.pause import pause
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.domain.proposal import ProposalState
from tests.bot.telegram.scenes import managed, view
from tests.bot.telegram.test_delivery import ANNAS, GROUP, Post, make_home, post, sends

__all__ = ["post"]

DAY = timedelta(days=1)


async def check(post: Post, step: timedelta = DAY) -> None:
    """The next scheduled check, and what it sends."""
    await schedule_checks(post.world.store, post.world.market)
    post.world.pass_time(step)
    await run_due_work(post.world.desk)
    await post.settle()


def boards(post: Post, chat: int = ANNAS) -> list[Message]:
    return [m for m in post.said(chat) if "hecked" in m.text or "No longer" in m.text]


def pins(post: Post) -> list[Any]:
    return sends(post.sandbox, "pinchatmessage")


async def set_policy(post: Post, name: str, value: str) -> None:
    world = post.world
    await change_policy(
        world.store,
        world.market,
        world.clock,
        member=post.anna,
        portfolio_id=post.portfolio_id,
        pairs=[(name, value)],
    )


async def test_it_is_made_once_silently_and_then_edited_after_each_check(post: Post) -> None:
    """AAA 60 · BBB 60 · CASH 10 of targets 60/30/10 -> on target on Tuesday and on Wednesday"""
    post.world.hold(1_000, AAA=60, BBB=60)
    await check(post)
    (board,) = boards(post)
    assert board.text.startswith("Family · on target · BROKER PAPER")
    assert "Checked Tue 10 Mar 11:00 ET: on target" in board.text
    assert "Drift 0.0 points" in board.text
    assert "Next check Wed 11 Mar 11:00 ET" in board.text
    assert "$" not in board.text
    assert post.labels(board) == ["📊 Status", "🔔 Alerts"]
    assert post.sandbox.chat(ANNAS).pinned == [board.message_id]
    (made,) = [r for r in sends(post.sandbox) if "Checked" in r.params["text"]]
    assert made.params["disable_notification"] in {True, "true", "True"}
    await check(post)
    (again,) = boards(post)
    assert again.message_id == board.message_id
    assert "Checked Wed 11 Mar 11:00 ET: on target" in again.text
    assert len(pins(post)) == 1


async def test_it_tells_of_the_open_proposal_and_of_a_pause(post: Post) -> None:
    await check(post)
    (board,) = boards(post)
    assert board.text.startswith("Family · proposal 1 open · BROKER PAPER")
    assert "Proposal 1 waits for a decision until Thu 12 Mar 16:00 ET" in board.text
    assert post.labels(board)[0] == "Show proposal 1"
    world = post.world
    await pause(world.store, world.clock, member=post.anna, portfolio_id=post.portfolio_id)
    await post.settle()
    assert boards(post)[0].text.startswith("Family · paused · ")
    assert "Paused: nothing is checked or sent" in boards(post)[0].text
    assert "Next check" not in boards(post)[0].text


async def test_prices_that_are_refused_say_when_it_is_tried_again(post: Post) -> None:
    post.world.prices.set_fault("BBB")
    await check(post)
    (board,) = boards(post)
    assert "⚠ Not checked Tue 10 Mar 11:00 ET: some prices are missing" in board.text
    assert "✓" not in board.text
    assert "Trying again Tue 10 Mar 11:10 ET" in board.text


async def test_one_that_was_deleted_is_made_anew_at_most_once_a_day(post: Post) -> None:
    post.world.hold(1_000, AAA=60, BBB=60)
    await set_policy(post, "check", "11:00,13:00")
    await check(post)
    (board,) = boards(post)
    post.sandbox.delete(ANNAS, ANNAS, board.message_id)
    await check(post, timedelta(hours=2))
    assert boards(post) == [], "not on the day on which it was made"
    await check(post, timedelta(hours=22))
    (anew,) = boards(post)
    assert anew.message_id != board.message_id
    assert post.sandbox.chat(ANNAS).pinned[-1] == anew.message_id


def test_one_that_needs_a_person_to_look_leads_there() -> None:
    stopped = view(ProposalState.FROZEN).proposal
    board = Board(managed(), None, None, None, (stopped,), ())
    labels = [button.label for row in pinned_screen(board).rows for button in row]
    assert labels == ["Show proposal 42", "📊 Status", "🔔 Alerts"]


def test_what_is_approved_and_not_sent_yet_is_not_said_to_be_carried_out() -> None:
    for state, words in (
        (ProposalState.APPROVED, "Proposal 42 is approved: its orders are next"),
        (ProposalState.EXECUTING, "Proposal 42 is being carried out"),
    ):
        board = Board(managed(), None, None, None, (view(state).proposal,), ())
        assert words in pinned_screen(board).text


@pytest.mark.fault(44)
async def test_a_group_where_it_may_not_be_pinned_has_it_all_the_same(post: Post) -> None:
    await make_home(post)
    await check(post)
    (board,) = boards(post, GROUP)
    assert post.sandbox.chat(GROUP).pinned == []
    async with post.world.store.read() as work:
        ((kept,),) = (await work.pinned.of([post.portfolio_id])).values()
    assert (kept.message_id, kept.is_pinned) == (board.message_id, False)
    assert boards(post, ANNAS) == []


async def test_switched_off_it_says_farewell_and_on_again_it_comes_back(post: Post) -> None:
    await check(post)
    (board,) = boards(post)
    await set_policy(post, "pinned", "off")
    await post.settle()
    (left,) = boards(post)
    assert "No longer kept up to date here" in left.text
    assert post.sandbox.chat(ANNAS).pinned == []
    await check(post)
    assert boards(post) == [left]
    await set_policy(post, "pinned", "on")
    await post.settle()
    assert post.sandbox.chat(ANNAS).pinned[-1] > board.message_id


async def test_many_checks_while_nothing_can_be_sent_are_one_edit(post: Post) -> None:
    post.world.hold(1_000, AAA=60, BBB=60)
    await check(post)
    post.sandbox.faults.outage(True)
    for _ in range(3):
        await schedule_checks(post.world.store, post.world.market)
        post.world.pass_time(DAY)
        await run_due_work(post.world.desk)
    post.sandbox.faults.outage(False)
    before = len(sends(post.sandbox, "editmessagetext"))
    await post.settle()
    assert len(sends(post.sandbox, "editmessagetext")) == before + 1
    assert "Checked Fri 13 Mar 11:00 ET" in boards(post)[0].text
