"""Members' wishes over HTTP: silent, off, quiet hours, and what comes in spite of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta

from core.application.decide_proposal import reject_proposal
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.application.settings import change_preferences
from core.domain.ids import ChatId
from core.domain.membership import Member
from core.domain.notices import Loudness, NoticeKind, QuietHours
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.preferences import Preferences
from tests.bot.telegram.test_delivery import ANNAS, BENS, GROUP, Post, post

__all__ = ["post"]

LUNCH = QuietHours(time(10), time(16))
"""On the exchange's clock, on which the story begins at 11:00."""


async def wish(
    post: Post, change: Callable[[Preferences], Preferences], who: Member | None = None
) -> None:
    await change_preferences(post.world.store, member=who or post.anna, change=change)


def quiet(before: Preferences) -> Preferences:
    return replace(before, quiet=LUNCH)


def joined(post: Post, mark: str, chat: int = ANNAS) -> OutboxItem:
    return OutboxItem(
        MessageKind.MEMBER_JOINED,
        ChatId(chat),
        mark,
        post.portfolio_id,
        data={"role": "viewer", "member_name": mark},
    )


def locked(post: Post) -> OutboxItem:
    data = {"until": "2020-03-12T20:00:00+00:00", "member_name": "Ben"}
    return OutboxItem(
        MessageKind.CODES_LOCKED, ChatId(ANNAS), "locked", post.portfolio_id, data=data
    )


async def test_a_kind_of_message_comes_silently_or_not_at_all_by_what_is_wanted_when_it_is_sent(
    post: Post,
) -> None:
    """n1 with a sound · reports silent: n2 · written, then reports off before it is sent: n3 never comes"""
    await post.enqueue(joined(post, "n1"))
    await post.settle()
    await wish(post, lambda before: before.wishing(NoticeKind.REPORTS, Loudness.SILENT))
    await post.enqueue(joined(post, "n2"))
    await post.settle()
    await post.enqueue(joined(post, "n3"))
    await wish(post, lambda before: before.wishing(NoticeKind.REPORTS, Loudness.OFF))
    await post.settle()
    assert [("n1" in m.text, m.silent) for m in post.said()] == [(True, False), (False, True)]
    assert await post.depth() == 0


async def test_safety_is_never_off(post: Post) -> None:
    await wish(post, lambda before: before.wishing(NoticeKind.WARNINGS, Loudness.OFF))
    await post.enqueue(locked(post))
    await post.settle()
    (message,) = post.said()
    assert "five wrong one-time codes" in message.text
    assert message.silent


async def test_a_decision_that_only_one_can_give_reaches_that_one(post: Post) -> None:
    """Anna alone wants no proposals: silently; with Ben, who does: not at all; once Ben does not either: silently"""
    off = lambda before: before.wishing(NoticeKind.PROPOSALS, Loudness.OFF)  # noqa: E731
    await wish(post, off)
    await post.propose()
    await post.settle()
    assert [m.silent for m in post.said()] == [True]
    ben = await post.add_ben()
    post.world.pass_time(timedelta(minutes=1))
    await post.propose()
    await post.settle()
    assert len([m for m in post.said() if "proposal 2" in m.text]) == 0
    assert len([m for m in post.said(BENS) if "proposal 2" in m.text]) == 1
    await wish(post, off, ben)
    post.world.pass_time(timedelta(minutes=1))
    await post.propose()
    await post.settle()
    assert [m.silent for m in post.said() if "proposal 3" in m.text] == [True]
    assert [m.silent for m in post.said(BENS) if "proposal 3" in m.text] == [True]


async def test_quiet_hours_make_wait_keep_the_order_and_let_safety_through(post: Post) -> None:
    """
    quiet 10:00-16:00, now 11:00 · n1, codes locked, n2 -> the lock at once and silently · 15:59 nothing more
    -> 16:00 n1 and n2, in their order, each by itself, as if nothing had been out of reach
    """
    await wish(post, quiet)
    await post.enqueue(joined(post, "n1"), locked(post), joined(post, "n2"))
    await post.settle()
    assert [(m.silent, "one-time codes" in m.text) for m in post.said()] == [(True, True)]
    post.world.pass_time(timedelta(hours=4, minutes=59))
    await post.settle()
    assert len(post.said()) == 1
    post.world.pass_time(timedelta(minutes=1))
    await post.settle()
    _, one, two = post.said()
    assert ("n1 has joined" in one.text, "n2 has joined" in two.text) == (True, True)
    assert not one.silent


async def test_a_proposal_that_ends_in_the_quiet_hours_comes_at_once_without_a_sound(
    post: Post,
) -> None:
    """its end is on the third session: it waits · on that day quiet until after the close: silently at once"""
    await wish(post, quiet)
    first = await post.propose()
    await post.settle()
    assert post.said() == []
    async with post.world.store.read() as work:
        kept = await work.proposals.get(first.id)
    assert kept is not None
    post.world.pass_time(kept.expires_at - post.world.market_clock.instant - timedelta(hours=2))
    late = OutboxItem(
        MessageKind.REMINDER,
        ChatId(ANNAS),
        "late",
        post.portfolio_id,
        first.id,
        data={"why": "end"},
    )
    await wish(post, lambda before: replace(before, quiet=QuietHours(time(10), time(23))))
    await post.enqueue(late)
    await post.settle()
    assert {m.silent for m in post.said()} == {True}
    assert len(post.said()) == 2


async def test_what_has_become_untrue_in_the_quiet_hours_is_not_sent(post: Post) -> None:
    await wish(post, quiet)
    proposal = await post.propose()
    ben = await post.add_ben()
    await post.settle()
    await reject_proposal(
        post.world.store,
        post.world.market,
        post.world.clock,
        member=ben,
        proposal_id=proposal.id,
        revision=1,
    )
    post.world.pass_time(timedelta(hours=5, minutes=15))
    await post.settle()
    assert post.said() == []


async def test_trouble_that_is_over_by_the_end_of_the_quiet_hours_is_not_told(post: Post) -> None:
    """11:00 no price of BBB, told after the quiet hours at 20:00 · half an hour later there is one, and a plan"""
    world = post.world
    await wish(post, lambda before: replace(before, quiet=QuietHours(time(10), time(20))))
    world.prices.set_fault("BBB")
    await schedule_checks(world.store, world.market)
    world.pass_time(timedelta(days=1))
    await run_due_work(world.desk)
    await post.settle()
    async with world.store.read() as work:
        kinds = [q.item.kind for q in await work.outbox.waiting_in(ChatId(ANNAS))]
    assert MessageKind.CHECK_REFUSED in kinds
    world.price(BBB=50)
    world.pass_time(timedelta(minutes=30))
    await run_due_work(world.desk)
    world.pass_time(timedelta(hours=8, minutes=40))
    await post.settle()
    assert not any("made no plan" in message.text for message in post.said())
    assert asked(post, ANNAS) == 1


async def test_a_change_of_mind_ends_the_waiting(post: Post) -> None:
    await wish(post, quiet)
    await post.enqueue(joined(post, "n1"))
    await post.settle()
    assert post.said() == []
    await wish(post, lambda before: replace(before, quiet=None))
    await post.settle()
    assert len(post.said()) == 1


async def test_a_group_follows_no_member_s_wishes(post: Post) -> None:
    await wish(post, lambda b: quiet(b.wishing(NoticeKind.REPORTS, Loudness.OFF)))
    post.sandbox.add_group(GROUP, "Family", [ANNAS])
    post.sandbox.add_bot(ANNAS, GROUP)
    await post.enqueue(joined(post, "n1", GROUP))
    await post.settle()
    assert [m.silent for m in post.said(GROUP)] == [False]


async def test_alerts_can_be_off_for_somebody_who_still_wants_what_people_ask_for(
    post: Post,
) -> None:
    """drift off for Anna, Ben decides too · a scheduled check proposes: to Ben alone · Ben asks for one: to both"""
    await post.add_ben()
    await wish(post, lambda before: before.wishing(NoticeKind.DRIFT, Loudness.OFF))
    await schedule_checks(post.world.store, post.world.market)
    post.world.pass_time(timedelta(days=1))
    await run_due_work(post.world.desk)
    await post.settle()
    assert [asked(post, chat) for chat in (ANNAS, BENS)] == [0, 1]
    await post.propose()
    await post.settle()
    assert [asked(post, chat) for chat in (ANNAS, BENS)] == [1, 1]


def asked(post: Post, chat: int) -> int:
    """How many messages ask for a decision in a chat."""
    return sum("Approve" in label for m in post.said(chat) for label in post.labels(m))
