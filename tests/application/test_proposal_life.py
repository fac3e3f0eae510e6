"""A proposal while it waits: reminders, edits, second thoughts, and what is told about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from core.application.decide_proposal import reject_proposal, reopen_proposal, snooze_proposal
from core.application.edit_proposal import plan_buys_only
from core.application.execute_proposal import execute_approved
from core.application.expire_proposals import LAST_CALL, expire_proposals, send_reminders
from core.application.list_proposals import history, open_proposals, recent_orders
from core.application.pause import pause
from core.application.run_due_work import run_due_work
from core.application.show_proposal import show_proposal
from core.domain.ids import ChatId
from core.domain.membership import Member, Role
from core.domain.order import OrderState
from core.domain.outbox import MessageKind
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import (
    NotAllowed,
    NothingToBuyWith,
    OldRevision,
    ProposalExpired,
    ProposalNotOpen,
    UnknownPortfolio,
    UnknownProposal,
)
from core.domain.session import NEW_YORK
from tests.application.acts import (
    approved,
    ask,
    decide,
    edit,
    let_in,
    proposed,
    set_policy,
    shown_in,
    told,
)
from tests.fakes.world import World

HERE = ChatId(1001)


async def later(world: World, member: Member, proposal: Proposal, chat: ChatId = HERE) -> datetime:
    return await snooze_proposal(
        world.store,
        world.market,
        world.clock,
        member=member,
        proposal_id=proposal.id,
        revision=proposal.revision.number,
        chat_id=chat,
    )


async def remind(world: World) -> int:
    return await send_reminders(world.store, world.market, world.clock)


def local(instant: datetime) -> str:
    return f"{instant.astimezone(NEW_YORK):%a %H:%M}"


# --- later ---------------------------------------------------------------------------------------


async def test_later_is_two_hours_later(world: World) -> None:
    anna, proposal = await proposed(world)
    until = await later(world, anna, proposal)
    assert local(until) == "Mon 13:00"
    world.market_clock.set(until - timedelta(microseconds=1))
    assert await remind(world) == 0
    world.market_clock.set(until)
    assert await remind(world) == 1
    assert await remind(world) == 0
    assert [item.kind for item in await told(world)] == ["proposal", "reminder"]


async def test_later_past_the_close_is_the_next_morning(world: World) -> None:
    anna, proposal = await proposed(world)
    world.pass_time(timedelta(hours=3))
    assert local(await later(world, anna, proposal)) == "Tue 09:35"


async def test_later_at_night_is_the_next_morning(world: World) -> None:
    anna, proposal = await proposed(world)
    world.pass_time(timedelta(hours=10))
    assert local(await later(world, anna, proposal)) == "Tue 09:35"


async def test_later_is_never_after_the_end(world: World) -> None:
    anna, proposal = await proposed(world)
    world.market_clock.set(proposal.expires_at - timedelta(hours=1))
    until = await later(world, anna, proposal)
    assert until == proposal.expires_at - timedelta(minutes=30)


async def test_a_later_wish_replaces_an_earlier_one_in_its_chat(world: World) -> None:
    anna, proposal = await proposed(world)
    await later(world, anna, proposal)
    world.pass_time(timedelta(minutes=30))
    until = await later(world, anna, proposal)
    await later(world, anna, proposal, ChatId(-5))
    world.market_clock.set(until)
    assert await remind(world) == 2


@pytest.mark.fault(6)
async def test_shortly_before_its_end_everybody_who_may_decide_is_reminded_once(
    world: World,
) -> None:
    _, proposal = await proposed(world)
    await let_in(world, proposal.portfolio_id)
    world.market_clock.set(proposal.expires_at - LAST_CALL - timedelta(microseconds=1))
    assert await send_reminders(world.store, world.market, world.clock) == 0
    world.market_clock.set(proposal.expires_at - LAST_CALL)
    assert await send_reminders(world.store, world.market, world.clock) == 2
    assert await send_reminders(world.store, world.market, world.clock) == 0
    reminders = [item for item in await told(world) if item.kind is MessageKind.REMINDER]
    assert [(item.chat_id, item.data) for item in reminders] == [
        (1001, {"why": "end"}),
        (1002, {"why": "end"}),
    ]


@pytest.mark.parametrize("is_decided", [True, False])
async def test_there_is_no_last_call_of_what_is_decided_paused_or_over(
    world: World, *, is_decided: bool
) -> None:
    anna, proposal = await proposed(world)
    if is_decided:
        await decide(world, anna, proposal)
    else:
        await pause(world.store, world.clock, member=anna, portfolio_id=proposal.portfolio_id)
    world.market_clock.set(proposal.expires_at - LAST_CALL)
    assert await send_reminders(world.store, world.market, world.clock) == 0
    world.market_clock.set(proposal.expires_at)
    assert await send_reminders(world.store, world.market, world.clock) == 0


async def test_nobody_is_reminded_of_what_is_decided(world: World) -> None:
    anna, proposal = await proposed(world)
    until = await later(world, anna, proposal)
    await decide(world, anna, proposal)
    world.market_clock.set(until)
    assert await remind(world) == 0


# --- edits ---------------------------------------------------------------------------------------


async def test_an_edit_lets_approvals_lapse_and_tells_their_givers(world: World) -> None:
    anna, proposal = await proposed(world)
    await set_policy(world, anna, proposal.portfolio_id, approvals=2)
    ben = await let_in(world, proposal.portfolio_id)
    result = await ask(world, anna, proposal.portfolio_id, "2")
    assert result.proposal is not None
    proposal = result.proposal
    await decide(world, anna, proposal)
    edited = await edit(world, ben, proposal, 1, 5)
    assert edited.approvals == ()
    lapsed = [item for item in await told(world) if item.kind is MessageKind.APPROVAL_LAPSED]
    assert {item.chat_id for item in lapsed} == {1001, 1002}
    assert dict(lapsed[0].data) == {
        "member_name": "Ben",
        "old_revision": "1",
        "new_revision": "2",
    }
    with pytest.raises(OldRevision):
        await decide(world, ben, proposal, 1)
    await decide(world, ben, proposal, 2)
    assert (await world.proposal(proposal.id)).state is ProposalState.OPEN
    await decide(world, anna, proposal, 2)
    assert (await world.proposal(proposal.id)).state is ProposalState.APPROVED


async def test_an_edit_without_approvals_tells_nobody_that_one_lapsed(world: World) -> None:
    anna, proposal = await proposed(world)
    await edit(world, anna, proposal, 1, 5)
    assert MessageKind.APPROVAL_LAPSED not in {item.kind for item in await told(world)}


async def test_an_edit_lowers_and_never_raises_any_leg(world: World) -> None:
    anna, proposal = await proposed(world)
    before = {t.symbol: t.quantity for t in proposal.revision.plan.trades}
    edited = await edit(world, anna, proposal, 1, before["AAA"] / 2)  # type: ignore[index]
    after = {t.symbol: t.quantity for t in edited.revision.plan.trades}
    assert after["AAA"] <= before["AAA"] / 2  # type: ignore[index]
    assert after["BBB"] < before["BBB"]  # type: ignore[index]


async def test_two_edits_of_one_revision_make_one(world: World) -> None:
    anna, proposal = await proposed(world)
    await edit(world, anna, proposal, 1, 5)
    with pytest.raises(OldRevision):
        await edit(world, anna, proposal, 2, 5)


async def test_an_edit_after_the_approval_is_refused(world: World) -> None:
    anna, proposal = await approved(world)
    with pytest.raises(ProposalNotOpen):
        await edit(world, anna, proposal, 1, 5)


async def test_a_proposer_may_not_edit(world: World) -> None:
    _, proposal = await proposed(world)
    ben = await let_in(world, proposal.portfolio_id, Role.PROPOSER)
    with pytest.raises(NotAllowed):
        await edit(world, ben, proposal, 1, 5)


async def test_purchases_alone_where_there_is_no_cash_are_nothing(world: World) -> None:
    anna = await world.person()
    current = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(0, AAA=70, BBB=60)
    result = await ask(world, anna, current.portfolio.portfolio.id)
    assert result.proposal is not None
    with pytest.raises(NothingToBuyWith):
        await plan_buys_only(
            world.store,
            world.market,
            world.clock,
            member=anna,
            proposal_id=result.proposal.id,
            revision=1,
        )


# --- second thoughts -----------------------------------------------------------------------------


async def test_a_rejection_can_be_taken_back_until_the_end_and_not_after(world: World) -> None:
    anna, proposal = await proposed(world)
    common = {"member": anna, "proposal_id": proposal.id, "revision": 1}
    ports = (world.store, world.market, world.clock)
    await reject_proposal(*ports, **common)  # type: ignore[arg-type]
    world.market_clock.set(proposal.expires_at)
    with pytest.raises(ProposalExpired):
        await reopen_proposal(*ports, **common)  # type: ignore[arg-type]
    world.market_clock.set(proposal.expires_at - timedelta(microseconds=1))
    await reopen_proposal(*ports, **common)  # type: ignore[arg-type]
    with pytest.raises(ProposalNotOpen):
        await reopen_proposal(*ports, **common)  # type: ignore[arg-type]


@pytest.mark.fault(3)
async def test_who_was_faster_is_named_to_who_was_slower(world: World) -> None:
    _, proposal = await approved(world)
    ben = await let_in(world, proposal.portfolio_id)
    with pytest.raises(ProposalNotOpen) as refused:
        await reject_proposal(
            world.store,
            world.market,
            world.clock,
            member=ben,
            proposal_id=proposal.id,
            revision=1,
        )
    assert (refused.value.state, refused.value.decided_by) == ("approved", "Anna")


# --- every copy is edited ------------------------------------------------------------------------


async def test_every_copy_is_edited_when_something_changes(world: World) -> None:
    anna, proposal = await proposed(world)
    await shown_in(world, proposal, 1001, 1002, -5)
    await decide(world, anna, proposal)
    await execute_approved(world.desk)
    edits = [item.chat_id for item in await told(world) if item.kind is MessageKind.REFRESH]
    assert set(edits) == {1001, 1002, -5}
    reports = [item.chat_id for item in await told(world) if item.kind is MessageKind.REPORT]
    assert sorted(reports) == [-5, 1001, 1002]


@pytest.mark.fault(52)
async def test_an_expired_proposal_loses_its_buttons_everywhere(world: World) -> None:
    _, proposal = await proposed(world)
    await shown_in(world, proposal, 1001)
    world.market_clock.set(proposal.expires_at)
    assert await expire_proposals(world.store, world.market, world.clock) == 1
    assert await expire_proposals(world.store, world.market, world.clock) == 0
    kinds = [item.kind for item in await told(world)]
    assert kinds == [MessageKind.PROPOSAL, MessageKind.REFRESH]


@pytest.mark.fault(44)
async def test_an_unreachable_approver_is_not_written_to(world: World) -> None:
    anna, proposal = await proposed(world)
    ben = await let_in(world, proposal.portfolio_id)
    async with world.store.begin() as work:
        await work.people.set_reachable(ben.id, reachable=False)
    await ask(world, anna, proposal.portfolio_id, "2")
    assert {item.chat_id for item in await told(world)} == {1001}


# --- targets change, time passes -----------------------------------------------------------------


@pytest.mark.fault(9)
async def test_new_targets_supersede_what_was_not_sent(world: World) -> None:
    anna, proposal = await proposed(world)
    world.pass_time(timedelta(hours=8))
    scheduled = await decide(world, anna, proposal)
    assert scheduled.proposal.state is ProposalState.SCHEDULED
    await world.set_targets(anna, proposal.portfolio_id, {"AAA": 70, "BBB": 30})
    latest = await show_proposal(world.store, member=anna, proposal_id=proposal.id)
    assert latest.proposal.state is ProposalState.SUPERSEDED
    assert {order.state for order in latest.orders} == {OrderState.VOID}
    with pytest.raises(ProposalNotOpen):
        await decide(world, anna, proposal)
    assert scheduled.scheduled_for is not None
    world.market_clock.set(scheduled.scheduled_for)
    await run_due_work(world.desk)
    assert world.broker.submits == []


async def test_a_scheduled_proposal_is_held_against_the_morning_s_prices(world: World) -> None:
    anna, proposal = await proposed(world)
    world.pass_time(timedelta(hours=8))
    scheduled = await decide(world, anna, proposal)
    assert scheduled.scheduled_for is not None
    world.market_clock.set(scheduled.scheduled_for)
    world.price(AAA="103.5")
    await execute_approved(world.desk)
    again = await world.proposal(proposal.id)
    assert world.broker.submits == []
    assert (again.state, again.revision.number) == (ProposalState.OPEN, 2)


async def test_across_a_close_three_percent_are_tolerated(world: World) -> None:
    anna, proposal = await proposed(world)
    world.pass_time(timedelta(hours=8))
    scheduled = await decide(world, anna, proposal)
    assert scheduled.scheduled_for is not None
    world.market_clock.set(scheduled.scheduled_for)
    world.price(AAA="102.9")
    assert await execute_approved(world.desk) == 1


# --- looking -------------------------------------------------------------------------------------


async def test_members_see_and_strangers_do_not(world: World) -> None:
    anna, proposal = await approved(world)
    await execute_approved(world.desk)
    pid = proposal.portfolio_id
    viewer = await let_in(world, pid, Role.VIEWER)
    assert (await show_proposal(world.store, member=viewer, proposal_id=proposal.id)).report
    assert await open_proposals(world.store, member=viewer, portfolio_id=pid) == ()
    seen = await history(world.store, member=viewer, portfolio_id=pid)
    assert [p.id for p in seen.proposals] == [proposal.id]
    older = await history(world.store, member=viewer, portfolio_id=pid, before=proposal.id)
    assert (older.proposals, older.changes, older.has_older) == ((), (), False)
    orders = await recent_orders(world.store, member=viewer, portfolio_id=pid)
    assert [order.leg for order in orders] == [2, 1]
    carl = await world.person(1003, "Carl")  # type: ignore[arg-type]
    with pytest.raises(UnknownProposal):
        await show_proposal(world.store, member=carl, proposal_id=proposal.id)
    with pytest.raises(UnknownPortfolio):
        await history(world.store, member=carl, portfolio_id=pid)
    assert anna.id != carl.id


async def test_the_report_counts_what_it_cost(world: World) -> None:
    """The fake fills at its own price: two dollars better for the sale, one worse for the purchase."""
    anna, proposal = await proposed(world)
    sale, purchase = proposal.revision.plan.trades
    await decide(world, anna, proposal)
    world.broker.prices.update({sale.symbol: Decimal("100.10"), purchase.symbol: Decimal("50.05")})
    await execute_approved(world.desk)
    seen = await show_proposal(world.store, member=anna, proposal_id=proposal.id)
    assert seen.report is not None
    sold, bought = seen.orders
    expected = Decimal("0.05") * bought.filled_quantity - Decimal("0.10") * sold.filled_quantity
    assert seen.report.cost == expected
