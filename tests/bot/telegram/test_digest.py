"""The monthly digest over HTTP: once, on the first session of a month, to everybody who sees the portfolio."""

from __future__ import annotations

from datetime import timedelta

from bot.sandbox.model import Message
from core.application.execute_proposal import execute_approved
from core.application.pause import pause
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.application.settings import change_preferences
from core.domain.membership import Role
from core.domain.notices import Loudness, NoticeKind
from tests.bot.telegram.test_delivery import ANNAS, BENS, Post, post

__all__ = ["post"]


async def check(post: Post, days: int) -> None:
    await schedule_checks(post.world.store, post.world.market)
    post.world.pass_time(timedelta(days=days))
    await run_due_work(post.world.desk)
    await post.settle()


def digests(post: Post, chat: int = ANNAS) -> list[Message]:
    return [m for m in post.said(chat) if "/settings digests off" in m.text]


async def test_the_first_session_of_a_month_tells_of_the_month_before_once(post: Post) -> None:
    """
    9 March: a plan of AAA 60 · BBB 20 is approved by Anna · 10 March and 30 March checked, AAA 100 -> 110
    -> on 1 April: both values, what was done by whom at what cost, and nothing on 2 April
    """
    world = post.world
    ben = await post.add_ben()
    await world.give_role(ben, post.portfolio_id, Role.VIEWER)
    await check(post, 1)
    async with world.store.read() as work:
        (proposal,) = await work.proposals.recent(post.portfolio_id, 5)
    await post.approve(proposal)
    await execute_approved(world.desk)
    world.price(AAA=110)
    await check(post, 20)
    assert digests(post) == []
    await check(post, 2)
    for chat in (ANNAS, BENS):
        (digest,) = digests(post, chat)
        assert "Family · March 2020 · BROKER PAPER" in digest.text
        assert "When first looked at: $8,000.00" in digest.text
        assert "At its end: $" in digest.text
        assert (
            "What came or went at the broker is not told apart here: /performance 1m asks it."
            in digest.text
        )
        assert "Proposal 1: done · approved by Anna · 2 orders · cost $" in digest.text
        assert "Drift now" in digest.text
        assert digest.attachment is not None
    await check(post, 1)
    assert len(digests(post)) == 1


async def test_a_paused_portfolio_is_silent(post: Post) -> None:
    world = post.world
    await check(post, 1)
    await pause(world.store, world.clock, member=post.anna, portfolio_id=post.portfolio_id)
    await check(post, 22)
    assert digests(post) == []


async def test_one_message_tells_a_member_of_all_portfolios_that_they_see(post: Post) -> None:
    """
    Anna has Family and School, Ben sees Family alone · both hold 8,000 and are looked at in March
    -> one message to Anna about both with their sum, one to Ben about Family
    """
    world = post.world
    ben = await post.add_ben()
    await world.give_role(ben, post.portfolio_id, Role.VIEWER)
    await world.portfolio(post.anna, {"AAA": 75, "BBB": 13, "CASH": 12}, name="School")
    world.hold(1_000, AAA=60, BBB=20)
    await check(post, 1)
    await check(post, 22)
    (annas,) = digests(post)
    assert "Your portfolios · March 2020" in annas.text
    assert "Together: $16,000.00 → $16,000.00" in annas.text
    assert "Family · BROKER PAPER" in annas.text
    assert "School · BROKER PAPER" in annas.text
    (bens,) = digests(post, BENS)
    assert "School" not in bens.text
    assert "Together" not in bens.text


async def test_who_wants_no_digest_gets_none(post: Post) -> None:
    await post.add_ben()
    await change_preferences(
        post.world.store,
        member=post.anna,
        change=lambda before: before.wishing(NoticeKind.DIGESTS, Loudness.OFF),
    )
    await check(post, 1)
    await check(post, 22)
    assert (len(digests(post)), len(digests(post, BENS))) == (0, 1)
