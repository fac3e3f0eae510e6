"""Sold and not bought: what is certain is said, and what becomes of the money is decided once, by a person."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.application.after_sale import stay_in_cash, try_the_buys
from core.application.check_result import CheckResult, Outcome
from core.application.execute_proposal import execute_approved
from core.application.list_proposals import history
from core.application.pause import pause
from core.application.reconcile import reconcile
from core.domain.ids import ChatId
from core.domain.membership import Member, Role
from core.domain.order import OrderState
from core.domain.outbox import Copy, MessageKind
from core.domain.plan import Side
from core.domain.proposal import Cause, DecisionKind, Proposal, ProposalState
from core.domain.refusals import AfterSaleDecided, MarketClosed, NotAllowed, NothingSold
from core.domain.report import WhyNot
from core.ports.broker import BrokerOrder, OrderRequest
from tests.application.acts import approved, decide, let_in, proposed, told, view
from tests.fakes.broker import Mishap
from tests.fakes.store import make_store
from tests.fakes.world import ANNA, World
from tests.reliability.crashing import Killed


async def sold(world: World) -> tuple[Member, Proposal]:
    """AAA was sold; the approval had become too old when BBB was to be bought."""
    anna, proposal = await approved(world)
    await sell_alone(world)
    return anna, await world.proposal(proposal.id)


async def sell_alone(world: World) -> None:
    """Carry what is approved out so slowly that only its sales are sent."""
    submit = world.broker.submit

    async def slowly(request: OrderRequest) -> BrokerOrder:
        placed = await submit(request)
        world.market_clock.advance(timedelta(minutes=16))
        return placed

    world.broker.submit = slowly  # type: ignore[method-assign]
    await execute_approved(world.desk)
    world.broker.submit = submit  # type: ignore[method-assign]


async def try_buys(world: World, member: Member, proposal: Proposal) -> CheckResult:
    return await try_the_buys(
        world.store,
        world.brokers,
        world.market,
        world.clock,
        member=member,
        proposal_id=proposal.id,
        chat_id=ChatId(member.user_id),
    )


async def stay(world: World, member: Member, proposal: Proposal) -> None:
    await stay_in_cash(
        world.store, world.market, world.clock, member=member, proposal_id=proposal.id
    )


@pytest.mark.fault(25)
async def test_what_was_sold_and_why_nothing_was_bought_is_certain(world: World) -> None:
    _, proposal = await sold(world)
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.PARTIAL
    case = shown.sold_not_bought
    assert case is not None
    assert [order.side for order in case.sold] == [Side.SELL]
    assert case.proceeds == case.sold[0].quantity * 100
    assert case.reasons == (WhyNot.APPROVAL_AGED,)
    assert world.broker.cash == 100 + case.proceeds


@pytest.mark.fault(1)
async def test_a_process_that_dies_between_sales_and_purchases_stops_in_cash(world: World) -> None:
    """Crash point C10: the next process finds the approval too old, buys nothing, and asks."""
    _, proposal = await approved(world)
    submit = world.broker.submit

    async def only_sales(request: OrderRequest) -> BrokerOrder:
        if request.side is Side.BUY:
            raise Killed
        return await submit(request)

    world.broker.submit = only_sales  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await execute_approved(world.desk)
    world.broker.submit = submit  # type: ignore[method-assign]
    world.pass_time(timedelta(minutes=20))
    next_process = replace(world.desk, holder="test:2")
    await reconcile(next_process)
    await execute_approved(next_process)
    assert [order.side for order in world.broker.orders] == [Side.SELL]
    case = (await view(world, proposal)).sold_not_bought
    assert case is not None
    assert case.reasons == (WhyNot.APPROVAL_AGED,)
    assert MessageKind.REPORT in [item.kind for item in await told(world)]


@pytest.mark.fault(25)
async def test_sales_that_never_fill_finance_no_purchase_and_leave_nothing_to_decide(
    world: World,
) -> None:
    """Purchases wait; at the deadline the sale is cancelled, and only the cash that was there is spent."""
    anna, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.STUCK])
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert [order.state for order in shown.orders] == [OrderState.CANCELLED, OrderState.FILLED]
    assert shown.orders[1].filled_value < 100
    assert world.broker.cash >= 0
    assert shown.sold_not_bought is None
    with pytest.raises(NothingSold):
        await try_buys(world, anna, proposal)


async def test_a_refused_purchase_is_money_in_cash_too(world: World) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([None, Mishap.REFUSED])
    await execute_approved(world.desk)
    case = (await view(world, proposal)).sold_not_bought
    assert case is not None
    assert case.reasons == (WhyNot.REFUSED,)


async def test_pausing_after_the_sales_is_said_to_be_the_reason(world: World) -> None:
    anna, proposal = await approved(world)
    submit = world.broker.submit

    async def and_pause(request: OrderRequest) -> BrokerOrder:
        placed = await submit(request)
        await pause(world.store, world.clock, member=anna, portfolio_id=proposal.portfolio_id)
        return placed

    world.broker.submit = and_pause  # type: ignore[method-assign]
    await execute_approved(world.desk)
    case = (await view(world, proposal)).sold_not_bought
    assert case is not None
    assert case.reasons == (WhyNot.PAUSED,)


async def test_trying_the_buys_is_a_new_proposal_that_needs_its_own_approval(world: World) -> None:
    """At the prices of now, purchases only; nothing is sent under the old approval."""
    anna, proposal = await sold(world)
    world.price(BBB=51)
    result = await try_buys(world, anna, proposal)
    assert result.outcome is Outcome.PROPOSED
    new = result.proposal
    assert new is not None
    assert (new.cause, new.state) == (Cause.AFTER_SALE, ProposalState.OPEN)
    assert {trade.side for trade in new.revision.plan.trades} == {Side.BUY}
    assert {trade.price for trade in new.revision.plan.trades} == {Decimal(51)}
    await execute_approved(world.desk)
    assert [sent.side for sent in world.broker.submits] == [Side.SELL]
    await decide(world, anna, new)
    await execute_approved(world.desk)
    assert [sent.side for sent in world.broker.submits] == [Side.SELL, Side.BUY]
    assert (await world.proposal(new.id)).state is ProposalState.DONE
    assert len((await world.proposal(proposal.id)).approvals) == 1


async def test_of_taps_at_once_one_makes_a_proposal(world: World) -> None:
    anna, proposal = await sold(world)
    answers = await asyncio.gather(
        *(try_buys(world, anna, proposal) for _ in range(3)), return_exceptions=True
    )
    made = [answer for answer in answers if isinstance(answer, CheckResult)]
    assert [answer.outcome for answer in made] == [Outcome.PROPOSED]
    others = [answer for answer in answers if not isinstance(answer, CheckResult)]
    assert all(isinstance(other, AfterSaleDecided) for other in others)
    async with world.store.read() as work:
        recent = await work.proposals.recent(proposal.portfolio_id, 10)
    assert len(recent) == 2


async def test_the_second_person_is_told_who_decided_what(world: World) -> None:
    anna, proposal = await sold(world)
    ben = await let_in(world, proposal.portfolio_id)
    await stay(world, anna, proposal)
    for act in (stay, try_buys):
        with pytest.raises(AfterSaleDecided) as caught:
            await act(world, ben, proposal)
        assert caught.value.decided_by == "Anna"
        assert caught.value.stays_in_cash


async def test_staying_in_cash_is_recorded_and_shown_in_every_copy(world: World) -> None:
    anna, proposal = await sold(world)
    async with world.store.begin() as work:
        await work.proposals.add_copy(Copy(proposal.id, 1, ChatId(ANNA), 10))
        await work.proposals.add_copy(Copy(proposal.id, 1, ChatId(-5), 11))
    await stay(world, anna, proposal)
    refreshed = {item.chat_id for item in await told(world) if item.kind is MessageKind.REFRESH}
    assert refreshed == {ChatId(ANNA), ChatId(-5)}
    past = await history(world.store, member=anna, portfolio_id=proposal.portfolio_id)
    kinds = [decision.kind for decision in past.proposals[0].decisions]
    assert kinds == [DecisionKind.APPROVE, DecisionKind.STAY_IN_CASH]
    async with world.store.read() as work:
        events = await work.log.events(proposal.portfolio_id, 20)
    assert "decided_stay_in_cash" in [event.kind for event in events]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PROPOSER])
async def test_who_may_not_approve_may_not_decide_this_either(world: World, role: Role) -> None:
    _, proposal = await sold(world)
    ben = await let_in(world, proposal.portfolio_id, role)
    for act in (stay, try_buys):
        with pytest.raises(NotAllowed):
            await act(world, ben, proposal)
    assert (await world.proposal(proposal.id)).after_sale is None


async def test_what_cannot_be_planned_now_decides_nothing(world: World) -> None:
    anna, proposal = await sold(world)
    world.pass_time(timedelta(hours=8))
    result = await try_buys(world, anna, proposal)
    assert isinstance(result.refusal, MarketClosed)
    world.market_clock.set(proposal.created_at + timedelta(days=1))
    assert (await try_buys(world, anna, proposal)).outcome is Outcome.PROPOSED


async def test_both_work_after_a_restart(world: World, tmp_path: object) -> None:
    anna, proposal = await sold(world)
    store = await make_store(tmp_path)  # type: ignore[arg-type]
    try:
        again = replace(world, store=store)
        assert (await try_buys(again, anna, proposal)).outcome is Outcome.PROPOSED
    finally:
        await store.aclose()


async def test_a_proposal_that_is_still_open_has_nothing_to_decide(world: World) -> None:
    anna, proposal = await proposed(world)
    with pytest.raises(NothingSold):
        await stay(world, anna, proposal)
