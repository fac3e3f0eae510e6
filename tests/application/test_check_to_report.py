"""The main job on fakes: check, proposal, tap, orders, report."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from decimal import Decimal

import pytest

from core.application.check_drift import request_rebalance
from core.application.check_result import CheckResult, Outcome
from core.application.decide_proposal import (
    approve_proposal,
    cancel_proposal,
    reject_proposal,
    reopen_proposal,
)
from core.application.edit_proposal import edit_leg, plan_buys_only
from core.application.execute_proposal import execute_approved
from core.application.members import remove_member
from core.application.pause import pause
from core.application.reconcile import reconcile
from core.application.run_due_work import run_due_work
from core.application.show_proposal import ProposalView, load_view
from core.domain.ids import ChatId, PortfolioId, ProposalId, Symbol
from core.domain.membership import Member, Role
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.proposal import Proposal, ProposalState, RevisionCause
from core.domain.refusals import (
    AlreadyApproved,
    CannotEnlarge,
    MarketClosed,
    NotAllowed,
    OldRevision,
    PortfolioPaused,
    ProposalExpired,
    ProposalNotOpen,
    UnknownProposal,
)
from core.ports.broker import Dedup
from tests.fakes.broker import Mishap
from tests.fakes.world import BEN, World

HALVES = {"AAA": 50, "BBB": 50}


async def _drifted(world: World) -> tuple[Member, PortfolioId]:
    """cash 100 · AAA 70 @ 100 target 50 · BBB 60 @ 50 target 50."""
    anna = await world.person()
    current = await world.portfolio(anna, HALVES)
    world.hold(100, AAA=70, BBB=60)
    return anna, current.portfolio.portfolio.id


async def _ask(
    world: World, member: Member, portfolio_id: PortfolioId, key: str = "1"
) -> CheckResult:
    return await request_rebalance(
        world.store,
        world.brokers,
        world.market,
        world.clock,
        member=member,
        portfolio_id=portfolio_id,
        request_key=key,
    )


async def _proposed(world: World) -> tuple[Member, Proposal]:
    member, portfolio_id = await _drifted(world)
    result = await _ask(world, member, portfolio_id)
    assert result.proposal is not None, result
    return member, result.proposal


async def _approve(world: World, member: Member, proposal: Proposal, revision: int = 1) -> Proposal:
    decided = await approve_proposal(
        world.store,
        world.market,
        world.clock,
        member=member,
        proposal_id=proposal.id,
        revision=revision,
    )
    return decided.proposal


async def _view(world: World, proposal: Proposal) -> ProposalView:
    return await load_view(world.store, ProposalId(proposal.id))


async def test_a_drifted_portfolio_is_proposed_approved_and_carried_out(world: World) -> None:
    member, proposal = await _proposed(world)
    assert [(t.side, t.symbol) for t in proposal.revision.plan.trades] == [
        (Side.SELL, "AAA"),
        (Side.BUY, "BBB"),
    ]
    assert (await world.outbox()) == [("proposal", 1001)]

    assert (await _approve(world, member, proposal)).state is ProposalState.APPROVED
    assert await execute_approved(world.desk) == 1

    view = await _view(world, proposal)
    assert view.proposal.state is ProposalState.DONE
    assert [order.state for order in view.orders] == [OrderState.FILLED, OrderState.FILLED]
    assert view.report is not None
    assert view.report.drift_after is not None
    assert view.report.drift_after < Decimal(1)
    assert [r.side for r in world.broker.submits] == [Side.SELL, Side.BUY]
    assert ("report", 1001) in await world.outbox()


async def test_a_portfolio_on_target_is_left_alone(world: World) -> None:
    anna = await world.person()
    current = await world.portfolio(anna, HALVES)
    world.hold(0, AAA=50, BBB=100)
    result = await _ask(world, anna, current.portfolio.portfolio.id)
    assert result.outcome is Outcome.ON_TARGET
    assert await world.outbox() == []


@pytest.mark.fault(5)
async def test_the_same_request_is_answered_once(world: World) -> None:
    member, portfolio_id = await _drifted(world)
    first = await _ask(world, member, portfolio_id, "7")
    again = await _ask(world, member, portfolio_id, "7")
    assert (first.outcome, again.outcome) == (Outcome.PROPOSED, Outcome.REPEATED)


async def test_a_newer_request_supersedes_the_open_proposal(world: World) -> None:
    member, proposal = await _proposed(world)
    world.price(AAA=110)
    second = await _ask(world, member, proposal.portfolio_id, "2")
    assert second.proposal is not None
    assert (await world.proposal(proposal.id)).state is ProposalState.SUPERSEDED
    with pytest.raises(ProposalNotOpen):
        await _approve(world, member, proposal)


@pytest.mark.fault(34)
async def test_nothing_is_asked_while_the_exchange_is_closed(world: World) -> None:
    member, portfolio_id = await _drifted(world)
    world.pass_time(timedelta(hours=8))
    result = await _ask(world, member, portfolio_id)
    assert isinstance(result.refusal, MarketClosed)


@pytest.mark.fault(42)
async def test_a_missing_price_refuses_the_whole_check(world: World) -> None:
    member, portfolio_id = await _drifted(world)
    world.prices.set_fault("BBB")
    result = await _ask(world, member, portfolio_id)
    assert result.outcome is Outcome.REFUSED
    assert result.plan is None


@pytest.mark.fault(2)
async def test_a_double_tap_approves_once(world: World) -> None:
    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    with pytest.raises(ProposalNotOpen):
        await _approve(world, member, proposal)
    await execute_approved(world.desk)
    await execute_approved(world.desk)
    assert len(world.broker.submits) == 2


async def test_two_approvals_are_needed_where_the_policy_says_so(world: World) -> None:
    member, portfolio_id = await _drifted(world)
    ben = await world.person(BEN, "Ben")
    await world.give_role(ben, portfolio_id, Role.APPROVER)
    async with world.store.begin() as work:
        from dataclasses import replace

        managed = await work.portfolios.get(portfolio_id)
        policy = replace(managed.policy, approvals=2)
        await work.portfolios.set_policy(portfolio_id, policy, by=member.id, at=world.clock.now())
    result = await _ask(world, member, portfolio_id)
    assert result.proposal is not None
    assert (await _approve(world, member, result.proposal)).state is ProposalState.OPEN
    with pytest.raises(AlreadyApproved):
        await _approve(world, member, result.proposal)
    assert await execute_approved(world.desk) == 0
    assert (await _approve(world, ben, result.proposal)).state is ProposalState.APPROVED
    assert await execute_approved(world.desk) == 1


@pytest.mark.fault(58)
async def test_a_viewer_may_not_approve(world: World) -> None:
    _, proposal = await _proposed(world)
    ben = await world.person(BEN, "Ben")
    await world.give_role(ben, proposal.portfolio_id, Role.VIEWER)
    with pytest.raises(NotAllowed):
        await _approve(world, ben, proposal)


@pytest.mark.fault(49)
async def test_a_removed_member_s_old_button_does_nothing(world: World) -> None:
    member, proposal = await _proposed(world)
    ben = await world.person(BEN, "Ben")
    await world.give_role(ben, proposal.portfolio_id, Role.APPROVER)
    await remove_member(
        world.store,
        world.clock,
        member=member,
        portfolio_id=proposal.portfolio_id,
        user_id=BEN,
    )
    with pytest.raises(UnknownProposal):
        await _approve(world, ben, proposal)


@pytest.mark.fault(50)
async def test_a_member_demoted_before_the_first_send_opens_it_again(world: World) -> None:
    _, proposal = await _proposed(world)
    ben = await world.person(BEN, "Ben")
    await world.give_role(ben, proposal.portfolio_id, Role.APPROVER)
    await _approve(world, ben, proposal)
    await world.give_role(ben, proposal.portfolio_id, Role.VIEWER)
    await execute_approved(world.desk)
    assert (await world.proposal(proposal.id)).state is ProposalState.OPEN
    assert world.broker.submits == []


@pytest.mark.fault(52)
async def test_a_tap_at_the_very_end_is_too_late(world: World) -> None:
    member, proposal = await _proposed(world)
    world.market_clock.set(proposal.expires_at)
    with pytest.raises(ProposalExpired):
        await _approve(world, member, proposal)
    world.market_clock.set(proposal.expires_at - timedelta(microseconds=1))
    approved = await _approve(world, member, proposal)
    assert approved.state is ProposalState.APPROVED


async def test_an_old_proposal_expires_by_the_market_s_time(world: World) -> None:
    _, proposal = await _proposed(world)
    world.market_clock.set(proposal.expires_at)
    done = await run_due_work(world.desk)
    assert done.expired == 1
    assert (await world.proposal(proposal.id)).state is ProposalState.EXPIRED


@pytest.mark.fault(36)
async def test_a_price_beyond_tolerance_asks_again(world: World) -> None:
    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    world.price(AAA=102)
    await execute_approved(world.desk)
    latest = await world.proposal(proposal.id)
    assert world.broker.submits == []
    assert (latest.state, latest.revision.number) == (ProposalState.OPEN, 2)
    assert latest.revision.cause is RevisionCause.PRICES_MOVED
    (move,) = latest.revision.moves
    assert move.symbol == "AAA"
    assert move.before == 100
    assert move.after == 102
    with pytest.raises(OldRevision):
        await _approve(world, member, proposal, revision=1)
    await _approve(world, member, proposal, revision=2)
    assert await execute_approved(world.desk) == 1
    assert {r.client_order_id[-3:] for r in world.broker.submits} == {"1-2", "2-2"}


async def test_a_price_within_tolerance_goes_ahead(world: World) -> None:
    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    world.price(AAA="100.9")
    assert await execute_approved(world.desk) == 1


@pytest.mark.fault(10)
async def test_a_trade_made_elsewhere_asks_again(world: World) -> None:
    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    world.hold(100, AAA=69, BBB=60)
    await execute_approved(world.desk)
    latest = await world.proposal(proposal.id)
    assert latest.revision.cause is RevisionCause.HOLDINGS_CHANGED
    assert world.broker.submits == []


@pytest.mark.fault(40)
async def test_more_cash_than_before_is_left_for_the_next_check(world: World) -> None:
    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    world.hold(105, AAA=70, BBB=60)
    assert await execute_approved(world.desk) == 1


async def test_an_approval_that_has_grown_old_is_asked_for_again(world: World) -> None:
    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    world.pass_time(timedelta(minutes=16))
    await execute_approved(world.desk)
    latest = await world.proposal(proposal.id)
    assert latest.revision.cause is RevisionCause.APPROVAL_AGED
    assert world.broker.submits == []


async def test_approved_while_closed_waits_for_the_open(world: World) -> None:
    member, proposal = await _proposed(world)
    world.pass_time(timedelta(hours=8))
    decided = await approve_proposal(
        world.store,
        world.market,
        world.clock,
        member=member,
        proposal_id=proposal.id,
        revision=1,
    )
    assert decided.proposal.state is ProposalState.SCHEDULED
    assert await execute_approved(world.desk) == 0
    assert decided.scheduled_for is not None
    world.market_clock.set(decided.scheduled_for)
    assert await execute_approved(world.desk) == 1
    assert (await world.proposal(proposal.id)).state is ProposalState.DONE


async def test_a_rejected_proposal_can_be_reopened(world: World) -> None:
    member, proposal = await _proposed(world)
    for verb, state in (
        (reject_proposal, ProposalState.REJECTED),
        (reopen_proposal, ProposalState.OPEN),
    ):
        decided = await verb(
            world.store,
            world.market,
            world.clock,
            member=member,
            proposal_id=proposal.id,
            revision=1,
        )
        assert decided.proposal.state is state
    assert (await _approve(world, member, proposal)).state is ProposalState.APPROVED


async def test_a_dropped_sale_resizes_the_purchase(world: World) -> None:
    member, proposal = await _proposed(world)
    edited = await edit_leg(
        world.store,
        world.market,
        world.clock,
        member=member,
        proposal_id=proposal.id,
        revision=1,
        leg=1,
        quantity=Decimal(0),
    )
    before, after = proposal.revision.plan, edited.revision.plan
    assert after.sells == ()
    assert 0 < after.buys[0].quantity < before.buys[0].quantity
    with pytest.raises(OldRevision):
        await _approve(world, member, proposal, revision=1)


async def test_an_edit_cannot_enlarge(world: World) -> None:
    member, proposal = await _proposed(world)
    with pytest.raises(CannotEnlarge):
        await edit_leg(
            world.store,
            world.market,
            world.clock,
            member=member,
            proposal_id=proposal.id,
            revision=1,
            leg=1,
            quantity=Decimal(1000),
        )


async def test_buy_only_uses_the_cash_that_is_there(world: World) -> None:
    member, proposal = await _proposed(world)
    revised = await plan_buys_only(
        world.store, world.market, world.clock, member=member, proposal_id=proposal.id, revision=1
    )
    assert revised.revision.plan.sells == ()
    assert sum(t.value for t in revised.revision.plan.buys) <= 100


@pytest.mark.fault(78)
async def test_a_paused_portfolio_takes_no_approval(world: World) -> None:
    member, proposal = await _proposed(world)
    await pause(world.store, world.clock, member=member, portfolio_id=proposal.portfolio_id)
    with pytest.raises(PortfolioPaused):
        await _approve(world, member, proposal)


@pytest.mark.fault(12, 13, 14)
@pytest.mark.parametrize("mishap", [Mishap.LOST_ANSWER, Mishap.LATE, Mishap.NEVER_ARRIVED])
async def test_a_doubtful_answer_is_looked_up_and_never_doubled(
    world: World, mishap: Mishap
) -> None:
    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    world.broker.mishaps = deque([mishap])
    for _ in range(4):
        await execute_approved(world.desk)
    view = await _view(world, proposal)
    assert view.proposal.state is ProposalState.DONE
    assert world.broker.positions[Symbol("AAA")] == 70 - proposal.revision.plan.sells[0].quantity
    assert len({r.client_order_id for r in world.broker.submits}) == 2


@pytest.mark.fault(15)
async def test_without_idempotency_a_doubt_is_frozen_and_never_sent_again(world: World) -> None:
    world.broker.dedup = Dedup.NONE
    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    world.broker.mishaps = deque([Mishap.NEVER_ARRIVED])
    for _ in range(3):
        await execute_approved(world.desk)
        await reconcile(world.desk)
    view = await _view(world, proposal)
    assert view.proposal.state is ProposalState.FROZEN
    assert len(world.broker.submits) == 1
    assert ("frozen", 1001) in await world.outbox()


@pytest.mark.fault(22)
async def test_a_refused_leg_is_reported_and_not_tried_again(world: World) -> None:
    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    world.broker.mishaps = deque([Mishap.REFUSED])
    world.broker.refusal_code = "not_tradable"
    await execute_approved(world.desk)
    view = await _view(world, proposal)
    assert view.orders[0].state is OrderState.REJECTED
    assert view.proposal.state is ProposalState.PARTIAL
    assert view.orders[1].quantity <= 2


@pytest.mark.fault(25)
async def test_purchases_wait_for_sales_and_are_sized_by_the_cash_there(world: World) -> None:
    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    world.broker.mishaps = deque([Mishap.STUCK])
    await execute_approved(world.desk)
    view = await _view(world, proposal)
    assert view.orders[0].state is OrderState.CANCELLED
    assert world.broker.cash >= 0
    assert view.orders[1].filled_value <= 100


@pytest.mark.fault(19)
async def test_a_broker_that_does_not_answer_changes_nothing(world: World) -> None:
    from core.ports.broker import BrokerUnavailable

    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    world.broker.read_error = BrokerUnavailable("502")
    assert await execute_approved(world.desk) == 0
    assert (await world.proposal(proposal.id)).state is ProposalState.APPROVED
    world.broker.read_error = None
    assert await execute_approved(world.desk) == 1


async def test_the_group_is_told_where_it_is_the_home(world: World) -> None:
    member, portfolio_id = await _drifted(world)
    async with world.store.begin() as work:
        from core.ports.store import Chat

        await work.conversation.save_chat(Chat(ChatId(-5), "group", "Family"))
        await work.portfolios.set_home_chat(portfolio_id, ChatId(-5))
    await _ask(world, member, portfolio_id)
    assert await world.outbox() == [("proposal", -5)]


async def test_a_scheduled_proposal_can_be_cancelled_before_the_open(world: World) -> None:
    member, proposal = await _proposed(world)
    world.pass_time(timedelta(hours=8))
    scheduled = await _approve(world, member, proposal)
    assert scheduled.state is ProposalState.SCHEDULED
    decided = await cancel_proposal(
        world.store,
        world.market,
        world.clock,
        member=member,
        proposal_id=proposal.id,
        revision=1,
    )
    assert decided.proposal.state is ProposalState.CANCELLED
    assert scheduled.scheduled_for is not None
    world.market_clock.set(scheduled.scheduled_for)
    assert await execute_approved(world.desk) == 0
    assert world.broker.submits == []
    with pytest.raises(ProposalNotOpen):
        await cancel_proposal(
            world.store,
            world.market,
            world.clock,
            member=member,
            proposal_id=proposal.id,
            revision=1,
        )


@pytest.mark.fault(9)
async def test_targets_changed_before_the_first_send_end_what_was_approved(world: World) -> None:
    member, proposal = await _proposed(world)
    await _approve(world, member, proposal)
    await world.set_targets(member, proposal.portfolio_id, {"AAA": 40, "BBB": 60})
    assert (await world.proposal(proposal.id)).state is ProposalState.SUPERSEDED
    assert await execute_approved(world.desk) == 0
    assert world.broker.submits == []
