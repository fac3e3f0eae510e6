"""Approvals by several people: who counts, changes of mind, objections, and who is asked when."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.application.change_policy import change_policy
from core.application.execute_proposal import execute_approved
from core.application.expire_proposals import expire_proposals, send_reminders
from core.application.members import change_role
from core.application.sending_time import is_undoable
from core.application.set_home_chat import set_home_chat
from core.domain.approval import Because
from core.domain.ids import ChatId, UserId
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.portfolio import Rung
from core.domain.proposal import DecisionKind, ProposalState, RevisionCause
from core.domain.refusals import (
    AlreadyApproved,
    EndsBeforeSending,
    NotAllowed,
    NotApproved,
    ProposalNotOpen,
    TooLateToCancel,
    UnknownProposal,
)
from core.ports.store import Chat
from tests.application.acts import edit, shown_in
from tests.application.family_acts import Family, family
from tests.application.live_world import live_world, stand_on
from tests.fakes.world import World

HOUR = timedelta(hours=1)
ANNA, BEN, CARLA, DORA = 1001, 1002, 1003, 1004
S = ProposalState


async def orders_of(world: World, proposal: Any) -> list[OrderState]:
    async with world.store.read() as work:
        return [order.state for order in await work.orders.of_proposal(proposal.id)]


# --- how many, and why ----------------------------------------------------------------------------


async def test_a_plan_above_the_amount_waits_for_a_second_person(world: World) -> None:
    """sell 20 AAA @ 100 = 2,000"""
    home = await family(world, approvals_above=Decimal(1999))
    proposal = await home.ask()
    need = proposal.revision.need
    assert (need.people, [why.because for why in need.why]) == (2, [Because.AMOUNT])
    assert not (await home.approve(home.anna, proposal)).is_complete
    assert await orders_of(world, proposal) == []
    assert (await home.approve(home.ben, proposal)).is_complete
    assert await execute_approved(world.desk) == 1
    assert (await home.now(proposal)).state is S.DONE


async def test_a_plan_at_the_amount_needs_one_person(world: World) -> None:
    home = await family(world, approvals_above=Decimal(2000))
    assert (await home.approve(home.ben, await home.ask())).is_complete


async def test_a_line_made_smaller_by_an_edit_may_need_fewer_people_and_clears_the_approvals(
    world: World,
) -> None:
    home = await family(world, approvals_above=Decimal(1500))
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    edited = await edit(world, home.anna, proposal, 1, 10)
    assert edited.revision.need.people == 1
    assert (await home.now(proposal)).approvals == ()
    assert await home.told("approval_lapsed") == [ANNA, BEN, CARLA]
    assert (await home.approve(home.carla, proposal)).is_complete


async def test_a_rule_that_was_made_stricter_after_the_prices_were_read_holds_for_the_proposal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = await family(world)
    before = world.broker.holdings

    async def holdings() -> Any:
        await home.set_rule(approvals=2)
        return await before()

    monkeypatch.setattr(world.broker, "holdings", holdings)
    assert (await home.ask()).approvals_needed == 2


@pytest.mark.parametrize(
    "stricter",
    [("approvals", "2"), ("approvals_above", "5"), ("four_eyes", "on"), ("veto", "1h")],
)
async def test_a_stricter_rule_ends_what_was_proposed_under_the_one_before(
    world: World, stricter: tuple[str, str]
) -> None:
    home = await family(world)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    await _change(home, stricter)
    assert (await home.now(proposal)).state is S.SUPERSEDED
    assert await execute_approved(world.desk) == 0
    assert world.broker.submits == []


@pytest.mark.parametrize(
    "looser", [("approvals", "1"), ("approvals_above", "off"), ("veto", "off"), ("remind", "2h")]
)
async def test_a_looser_rule_leaves_what_is_open_to_what_it_was_put_under(
    world: World, looser: tuple[str, str]
) -> None:
    home = await family(world, approvals=2, approvals_above=Decimal(5), veto=60)
    proposal = await home.ask()
    await _change(home, looser)
    now = await home.now(proposal)
    assert (now.state, now.revision.need) == (S.OPEN, proposal.revision.need)


async def _change(home: Family, pair: tuple[str, str]) -> None:
    await change_policy(
        home.world.store,
        home.world.market,
        home.world.clock,
        member=home.anna,
        portfolio_id=home.portfolio_id,
        pairs=[pair],
    )


# --- four eyes ------------------------------------------------------------------------------------


async def test_with_four_eyes_who_asked_needs_somebody_else(world: World) -> None:
    home = await family(world, four_eyes=True)
    proposal = await home.ask(home.anna)
    assert not (await home.approve(home.anna, proposal)).is_complete
    with pytest.raises(AlreadyApproved):
        await home.approve(home.anna, proposal)
    assert (await home.approve(home.ben, proposal)).is_complete


async def test_with_four_eyes_somebody_else_alone_is_enough(world: World) -> None:
    home = await family(world, four_eyes=True)
    assert (await home.approve(home.ben, await home.ask(home.anna))).is_complete


async def test_with_four_eyes_who_changed_a_line_cannot_approve_it_alone_either(
    world: World,
) -> None:
    home = await family(world, four_eyes=True)
    proposal = await home.ask(home.dora)
    await edit(world, home.ben, proposal, 1, 10)
    assert (await home.now(proposal)).revision.need.authors == (home.dora.id, home.ben.id)
    assert not (await home.approve(home.ben, proposal)).is_complete
    assert (await home.approve(home.carla, proposal)).is_complete


async def test_with_four_eyes_what_a_re_check_plans_anew_is_still_whose_it_was(
    world: World,
) -> None:
    home = await family(world, four_eyes=True)
    proposal = await home.ask(home.anna)
    await home.approve(home.ben, proposal)
    world.price(AAA=104)
    await execute_approved(world.desk)
    again = await home.now(proposal)
    assert (again.state, again.revision.cause) == (S.OPEN, RevisionCause.PRICES_MOVED)
    assert not (await home.approve(home.anna, proposal)).is_complete
    assert world.broker.submits == []


# --- changes of mind ------------------------------------------------------------------------------


async def test_an_approval_can_be_taken_back_and_given_again_while_others_are_needed(
    world: World,
) -> None:
    home = await family(world, approvals=2)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    assert (await home.take_back(home.ben, proposal)).proposal.approvals == ()
    assert not (await home.approve(home.carla, proposal)).is_complete
    decided = await home.approve(home.ben, proposal)
    assert decided.is_complete
    assert [each.kind for each in decided.proposal.decisions] == [
        DecisionKind.APPROVE,
        DecisionKind.TAKE_BACK,
        DecisionKind.APPROVE,
        DecisionKind.APPROVE,
    ]
    async with world.store.read() as work:
        events = await work.log.of_proposal(home.portfolio_id, proposal.id)
    assert [event.kind for event in events if event.kind.startswith("decided_")] == [
        "decided_approve",
        "decided_take_back",
        "decided_approve",
        "decided_approve",
    ]


async def test_only_one_s_own_approval_can_be_taken_back(world: World) -> None:
    home = await family(world, approvals=2)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    with pytest.raises(NotApproved):
        await home.take_back(home.carla, proposal)
    assert [each.member_id for each in (await home.now(proposal)).approvals] == [home.ben.id]


async def test_an_approval_that_completed_it_is_not_taken_back_but_cancelled(world: World) -> None:
    home = await family(world)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    with pytest.raises(ProposalNotOpen):
        await home.take_back(home.ben, proposal)


async def test_one_rejection_ends_what_others_have_approved_and_they_are_told(
    world: World,
) -> None:
    home = await family(world, approvals=3)
    proposal = await home.ask()
    await home.approve(home.anna, proposal)
    await home.approve(home.ben, proposal)
    await home.reject(home.carla, proposal)
    assert (await home.now(proposal)).state is S.REJECTED
    assert await home.told("objected") == [ANNA, BEN, CARLA]
    await home.reopen(home.ben, proposal)
    assert (await home.now(proposal)).approvals == ()


# --- who may, at that moment ----------------------------------------------------------------------


async def test_an_approval_of_somebody_who_was_demoted_completes_nothing(world: World) -> None:
    home = await family(world, approvals=2)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    await home.demote(home.ben)
    decided = await home.approve(home.carla, proposal)
    assert not decided.is_complete
    assert [each.member_id for each in decided.proposal.approvals] == [home.carla.id]
    assert (await home.approve(home.anna, proposal)).is_complete


async def test_who_may_approve_again_has_to_approve_again(world: World) -> None:
    home = await family(world, approvals=2)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    await home.demote(home.ben)
    await home.approve(home.carla, proposal)
    await home.demote(home.ben, Role.APPROVER)
    assert not (await home.now(proposal)).is_complete
    assert (await home.approve(home.ben, proposal)).is_complete


@pytest.mark.fault(50)
@pytest.mark.parametrize("removed", [False, True])
async def test_what_a_lost_right_had_completed_is_open_again_and_nothing_is_sent(
    world: World, *, removed: bool
) -> None:
    home = await family(world, approvals=2)
    proposal = await home.ask()
    await home.approve(home.anna, proposal)
    await home.approve(home.ben, proposal)
    async with world.store.begin() as work:
        if removed:
            await work.people.remove_membership(home.ben.id, home.portfolio_id)
        else:
            await work.people.set_role(home.ben.id, home.portfolio_id, Role.PROPOSER)
    assert await execute_approved(world.desk) == 0
    again = await home.now(proposal)
    assert (again.state, [each.member_id for each in again.approvals]) == (S.OPEN, [home.anna.id])
    assert set(await orders_of(world, proposal)) == {OrderState.VOID}
    assert world.broker.submits == []
    assert await home.told("approval_lost") == [ANNA, CARLA]
    with pytest.raises((NotAllowed, UnknownProposal)):
        await home.approve(home.ben, proposal)
    assert (await home.approve(home.carla, proposal)).is_complete
    assert await execute_approved(world.desk) == 1
    assert (await home.now(proposal)).state is S.DONE


async def test_when_a_role_changes_what_waits_is_shown_anew(world: World) -> None:
    home = await family(world, approvals=2)
    proposal = await home.ask()
    await shown_in(world, proposal, ANNA, BEN)
    await change_role(
        world.store,
        world.clock,
        member=home.anna,
        portfolio_id=home.portfolio_id,
        user_id=UserId(CARLA),
        role=Role.VIEWER,
    )
    assert await home.told("refresh") == [ANNA, BEN]


@pytest.mark.fault(50)
async def test_a_lost_right_opens_a_scheduled_proposal_before_its_time(world: World) -> None:
    home = await family(world)
    proposal = await home.ask()
    await home.approve(home.ben, proposal, at_open=True)
    await home.demote(home.ben)
    await execute_approved(world.desk)
    again = await home.now(proposal)
    assert (again.state, again.scheduled_for) == (S.OPEN, None)


# --- objections -----------------------------------------------------------------------------------


async def test_orders_wait_for_objections_and_then_go(world: World) -> None:
    home = await family(world, veto=60)
    proposal = await home.ask()
    decided = await home.approve(home.ben, proposal)
    assert decided.scheduled_for == await world.market_clock.now() + HOUR
    assert await home.told("may_object") == [ANNA, BEN, CARLA]
    world.pass_time(HOUR - timedelta(seconds=1))
    assert await execute_approved(world.desk) == 0
    assert world.broker.submits == []
    world.pass_time(timedelta(seconds=1))
    assert await execute_approved(world.desk) == 1


@pytest.mark.parametrize("who", ["carla", "ben"])
async def test_one_objection_stops_it_and_its_giver_is_named(world: World, who: str) -> None:
    """Whoever approved it may object as well."""
    home = await family(world, veto=60)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    await home.object_to(getattr(home, who), proposal)
    stopped = await home.now(proposal)
    assert (stopped.state, stopped.scheduled_for) == (S.REJECTED, None)
    assert stopped.last_decision is not None
    assert stopped.last_decision.kind is DecisionKind.OBJECT
    assert set(await orders_of(world, proposal)) == {OrderState.VOID}
    assert await home.told("objected") == [ANNA, BEN, CARLA]
    world.pass_time(2 * HOUR)
    assert await execute_approved(world.desk) == 0
    assert world.broker.submits == []


async def test_what_was_stopped_can_be_reopened_and_waits_for_objections_anew(
    world: World,
) -> None:
    home = await family(world, veto=60)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    await home.object_to(home.carla, proposal)
    await home.reopen(home.carla, proposal)
    world.pass_time(timedelta(minutes=30))
    again = await home.approve(home.carla, proposal)
    assert again.scheduled_for == await world.market_clock.now() + HOUR
    world.pass_time(HOUR)
    assert await execute_approved(world.desk) == 1


async def test_who_may_not_approve_cannot_object(world: World) -> None:
    home = await family(world, veto=60)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    with pytest.raises(NotAllowed):
        await home.object_to(home.dora, proposal)
    assert (await home.now(proposal)).state is S.SCHEDULED


async def test_an_objection_after_the_first_order_is_too_late(world: World) -> None:
    home = await family(world)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    await execute_approved(world.desk)
    with pytest.raises(TooLateToCancel):
        await home.object_to(home.carla, proposal)


async def test_an_objection_to_what_is_still_open_rejects_it(world: World) -> None:
    home = await family(world)
    proposal = await home.ask()
    await home.object_to(home.carla, proposal)
    assert (await home.now(proposal)).state is S.REJECTED


async def test_an_objection_to_what_is_rejected_already_is_refused(world: World) -> None:
    home = await family(world)
    proposal = await home.ask()
    await home.reject(home.ben, proposal)
    with pytest.raises(ProposalNotOpen):
        await home.object_to(home.carla, proposal)


async def test_where_the_exchange_closes_before_nobody_may_object_any_more_it_waits_for_the_next_open(
    world: World,
) -> None:
    """11:00 in New York, and five hours and a half: past the close; opens 9:30 the next day."""
    home = await family(world, veto=330)
    proposal = await home.ask()
    decided = await home.approve(home.ben, proposal)
    session = (await world.market.moment()).session
    following = world.market.calendar.next_after(session.date)
    assert decided.scheduled_for == following.opens_at + timedelta(minutes=5)


async def test_at_the_next_open_nothing_goes_before_objections_are_over(world: World) -> None:
    """Approved at 11:00 with a day for objections: not at 9:35, but at 11:00 the next day."""
    home = await family(world, veto=24 * 60)
    decided = await home.approve(home.ben, await home.ask(), at_open=True)
    assert decided.scheduled_for == await world.market_clock.now() + timedelta(days=1)


async def test_what_would_go_only_after_its_end_is_not_approved(world: World) -> None:
    home = await family(world, veto=24 * 60, expires_after=1)
    proposal = await home.ask()
    with pytest.raises(EndsBeforeSending):
        await home.approve(home.ben, proposal)
    assert (await home.now(proposal)).approvals == ()


async def test_prices_that_moved_while_objections_were_waited_for_are_asked_about_again(
    world: World,
) -> None:
    home = await family(world, veto=60)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    world.price(AAA=104)
    world.pass_time(HOUR)
    await execute_approved(world.desk)
    assert (await home.now(proposal)).revision.cause is RevisionCause.PRICES_MOVED
    assert world.broker.submits == []


async def test_real_money_waits_for_objections_instead_of_its_undo(tmp_path: Path) -> None:
    async with live_world(tmp_path) as world:
        home = await family(world, veto=60)
        await stand_on(world, home.anna, Rung.LIVE)
        decided = await home.approve(home.ben, await home.ask())
        assert decided.scheduled_for == await world.market_clock.now() + HOUR
        assert not is_undoable(decided.proposal)


# --- who is asked when ----------------------------------------------------------------------------


async def first_ben(world: World, **rule: Any) -> Family:
    home = await family(world, **rule)
    await home.set_rule(ask_first=(home.ben.id,))
    return home


async def test_those_asked_first_get_it_first(world: World) -> None:
    home = await first_ben(world)
    await home.ask()
    assert await home.told("proposal") == [BEN]


async def test_the_others_are_asked_when_one_of_the_first_puts_it_off(world: World) -> None:
    home = await first_ben(world)
    proposal = await home.ask()
    await shown_in(world, proposal, BEN)
    await home.put_off(home.ben, proposal)
    assert await home.told("proposal") == [BEN, ANNA, CARLA]


async def test_the_others_are_asked_once_the_first_have_approved_and_more_are_needed(
    world: World,
) -> None:
    home = await first_ben(world, approvals=2)
    proposal = await home.ask()
    await shown_in(world, proposal, BEN)
    await home.approve(home.ben, proposal)
    assert await home.told("proposal") == [BEN, ANNA, CARLA]


async def test_the_others_are_asked_after_a_time_and_the_first_are_reminded_once(
    world: World,
) -> None:
    home = await first_ben(world, remind_after=60)
    proposal = await home.ask()
    await shown_in(world, proposal, BEN)
    world.pass_time(HOUR - timedelta(seconds=1))
    assert await remind(world) == 0
    world.pass_time(timedelta(seconds=1))
    assert await remind(world) == 3
    assert await home.told("proposal") == [BEN, ANNA, CARLA]
    assert await home.told("reminder") == [BEN]
    await shown_in(world, proposal, ANNA, CARLA)
    world.pass_time(HOUR)
    assert await remind(world) == 2, (
        "those who were asked later hear of it once more, and Ben no more"
    )
    assert await remind(world) == 0


async def remind(world: World) -> int:
    return await send_reminders(world.store, world.market, world.clock)


async def test_who_has_approved_is_not_reminded(world: World) -> None:
    home = await family(world, approvals=2, remind_after=60)
    proposal = await home.ask()
    await shown_in(world, proposal, ANNA, BEN, CARLA)
    await home.approve(home.ben, proposal)
    world.pass_time(HOUR)
    await remind(world)
    assert await home.told("reminder") == [ANNA, CARLA]


async def test_where_nobody_of_the_first_may_approve_all_are_asked(world: World) -> None:
    home = await family(world)
    await home.set_rule(ask_first=(home.dora.id,))
    await home.ask()
    assert await home.told("proposal") == [ANNA, BEN, CARLA]


async def test_in_the_family_s_group_nobody_is_asked_before_the_others(world: World) -> None:
    home = await first_ben(world)
    await set_home_chat(
        world.store,
        world.clock,
        member=home.anna,
        portfolio_id=home.portfolio_id,
        chat=Chat(ChatId(-5), "group", "Family"),
    )
    await home.ask()
    assert await home.told("proposal") == [-5]


async def test_everybody_who_may_object_gets_to_see_what_is_about_to_go(world: World) -> None:
    home = await first_ben(world, veto=60)
    proposal = await home.ask()
    await shown_in(world, proposal, BEN)
    await home.approve(home.ben, proposal)
    assert await home.told("proposal") == [BEN, ANNA, CARLA]


# --- the end --------------------------------------------------------------------------------------


async def test_at_the_end_who_was_missing_is_said_where_somebody_had_approved(
    world: World,
) -> None:
    home = await family(world, approvals=2)
    proposal = await home.ask()
    await home.approve(home.ben, proposal)
    world.market_clock.advance(proposal.expires_at - await world.market_clock.now())
    assert await expire_proposals(world.store, world.market, world.clock) == 1
    assert await home.told("approvals_missing") == [ANNA, BEN, CARLA]


async def test_at_the_end_of_what_nobody_looked_at_nothing_more_is_said(world: World) -> None:
    home = await family(world, approvals=2)
    proposal = await home.ask()
    world.market_clock.advance(proposal.expires_at - await world.market_clock.now())
    await expire_proposals(world.store, world.market, world.clock)
    assert await home.told("approvals_missing") == []
