"""Snooze and At open: put off for two hours, to the next open or for a week; approved now, sent at the next open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.application.decide_proposal import Snooze, approve_proposal, snooze_proposal
from core.application.execute_proposal import execute_approved
from core.application.expire_proposals import send_reminders
from core.application.pause import pause, resume
from core.application.run_due_work import run_due_work
from core.domain.ids import ChatId
from core.domain.membership import Member
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import EndsBeforeOpen
from core.domain.session import NEW_YORK
from tests.application.acts import proposed
from tests.fakes.world import World

HERE = ChatId(1001)


async def put_off(world: World, anna: Member, proposal: Proposal, how_long: Snooze) -> str:
    until = await snooze_proposal(
        world.store,
        world.market,
        world.clock,
        member=anna,
        proposal_id=proposal.id,
        revision=1,
        chat_id=HERE,
        how_long=how_long,
    )
    return f"{until.astimezone(NEW_YORK):%a %H:%M}"


async def at_open(world: World, anna: Member, proposal: Proposal) -> None:
    await approve_proposal(
        world.store,
        world.market,
        world.clock,
        member=anna,
        proposal_id=proposal.id,
        revision=1,
        at_open=True,
    )


@pytest.mark.parametrize(
    ("how_long", "until"),
    [(Snooze.A_WHILE, "Mon 13:00"), (Snooze.TO_OPEN, "Tue 09:35"), (Snooze.A_WEEK, "Wed 15:30")],
)
async def test_it_comes_back_when_it_was_asked_to_and_half_an_hour_before_its_end_at_last(
    world: World, how_long: Snooze, until: str
) -> None:
    anna, proposal = await proposed(world)
    assert await put_off(world, anna, proposal, how_long) == until


async def test_a_chat_that_put_it_off_for_long_hears_of_its_end_once(world: World) -> None:
    """open to Wed 16:00 · put off for a week -> nothing at 14:00, the reminder at 15:30, and no second one"""
    anna, proposal = await proposed(world)
    await put_off(world, anna, proposal, Snooze.A_WEEK)
    world.pass_time(timedelta(days=2, hours=3, minutes=1))
    assert await send_reminders(world.store, world.market, world.clock) == 0
    world.pass_time(timedelta(minutes=89))
    assert await send_reminders(world.store, world.market, world.clock) == 1


async def test_nobody_is_reminded_of_what_is_paused_until_it_goes_on(world: World) -> None:
    """put off to 13:00, and paused -> nothing at 13:01, the reminder once it goes on"""
    anna, proposal = await proposed(world)
    await put_off(world, anna, proposal, Snooze.A_WHILE)
    this: Any = {"member": anna, "portfolio_id": proposal.portfolio_id}
    await pause(world.store, world.clock, **this)
    world.pass_time(timedelta(hours=2, minutes=1))
    assert await send_reminders(world.store, world.market, world.clock) == 0
    await resume(world.store, world.clock, **this)
    assert await send_reminders(world.store, world.market, world.clock) == 1
    assert await send_reminders(world.store, world.market, world.clock) == 0


async def test_at_open_sends_nothing_before_the_next_open(world: World) -> None:
    anna, proposal = await proposed(world)
    await at_open(world, anna, proposal)
    waiting = await world.proposal(proposal.id)
    assert waiting.state is ProposalState.SCHEDULED
    assert waiting.scheduled_for is not None
    assert f"{waiting.scheduled_for.astimezone(NEW_YORK):%a %H:%M}" == "Tue 09:35"
    await execute_approved(world.desk)
    assert not world.broker.orders
    world.pass_time(timedelta(hours=22, minutes=36))
    await run_due_work(world.desk)
    assert (await world.proposal(proposal.id)).state is not ProposalState.SCHEDULED


async def test_at_open_is_refused_where_the_proposal_ends_before(world: World) -> None:
    anna, proposal = await proposed(world)
    world.pass_time(timedelta(days=2))
    with pytest.raises(EndsBeforeOpen):
        await at_open(world, anna, proposal)
    assert (await world.proposal(proposal.id)).state is ProposalState.OPEN
