"""What a person may say about an order that the broker could not tell us about."""

from __future__ import annotations

import asyncio
from collections import deque

import pytest

from core.application.check_drift import request_rebalance
from core.application.decide_proposal import approve_proposal
from core.application.desk import LEASE
from core.application.execute_proposal import execute_approved
from core.application.resolve_frozen import check_again, say_at_broker, say_not_at_broker
from core.application.show_proposal import ProposalView, load_view
from core.domain.ids import ClientOrderId, ProposalId
from core.domain.membership import Member, Role
from core.domain.order import OrderState
from core.domain.portfolio import Holdings
from core.domain.proposal import ProposalState
from core.domain.refusals import (
    ClaimBelied,
    ClaimContradicted,
    NotAllowed,
    NothingInDoubt,
    ProposalNotOpen,
    StillAtWork,
)
from core.ports.broker import BrokerOrder, Dedup
from tests.application.acts import let_in
from tests.fakes.broker import Mishap
from tests.fakes.world import BEN, World


async def _frozen(world: World, mishap: Mishap) -> tuple[Member, ProposalView]:
    """A sale whose answer was lost, at a broker that does not notice repeated ids."""
    world.broker.dedup = Dedup.NONE
    anna = await world.person()
    current = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(100, AAA=70, BBB=60)
    result = await request_rebalance(
        world.store,
        world.brokers,
        world.market,
        world.clock,
        member=anna,
        portfolio_id=current.portfolio.portfolio.id,
        request_key="1",
    )
    assert result.proposal is not None
    number = ProposalId(result.proposal.id)
    await approve_proposal(
        world.store, world.market, world.clock, member=anna, proposal_id=number, revision=1
    )
    world.broker.mishaps = deque([mishap])
    world.broker.late_lookups = 1
    await execute_approved(world.desk)
    view = await load_view(world.store, number)
    assert view.proposal.state is ProposalState.FROZEN
    assert [order.state for order in view.orders] == [OrderState.FROZEN, OrderState.VOID]
    return anna, view


async def test_checking_again_finds_an_order_that_was_late(world: World) -> None:
    anna, view = await _frozen(world, Mishap.LATE)
    found = await check_again(world.desk, member=anna, proposal_id=view.proposal.id)
    assert found.orders[0].state is OrderState.FILLED
    assert await execute_approved(world.desk) == 1
    assert (await world.proposal(view.proposal.id)).state is ProposalState.PARTIAL
    assert len(world.broker.submits) == 1


async def test_checking_again_leaves_what_the_broker_does_not_have(world: World) -> None:
    anna, view = await _frozen(world, Mishap.NEVER_ARRIVED)
    same = await check_again(world.desk, member=anna, proposal_id=view.proposal.id)
    assert same.proposal.state is ProposalState.FROZEN


async def test_a_claim_that_it_is_there_is_held_against_the_broker(world: World) -> None:
    anna, view = await _frozen(world, Mishap.NEVER_ARRIVED)
    with pytest.raises(ClaimContradicted):
        await say_at_broker(
            world.desk, member=anna, proposal_id=view.proposal.id, order_id=view.orders[0].id
        )
    assert (await world.proposal(view.proposal.id)).state is ProposalState.FROZEN


async def test_a_claim_that_it_is_not_there_is_held_against_the_broker(world: World) -> None:
    anna, view = await _frozen(world, Mishap.LATE)
    with pytest.raises(ClaimContradicted):
        await say_not_at_broker(
            world.desk, member=anna, proposal_id=view.proposal.id, order_id=view.orders[0].id
        )
    after = await load_view(world.store, view.proposal.id)
    assert after.orders[0].state is OrderState.FILLED


async def test_an_order_that_never_arrived_is_given_up_and_nothing_is_sent_again(
    world: World,
) -> None:
    anna, view = await _frozen(world, Mishap.NEVER_ARRIVED)
    after = await say_not_at_broker(
        world.desk, member=anna, proposal_id=view.proposal.id, order_id=view.orders[0].id
    )
    assert after.orders[0].state is OrderState.VOID
    assert await execute_approved(world.desk) == 1
    assert (await world.proposal(view.proposal.id)).state is ProposalState.FAILED
    assert len(world.broker.submits) == 1


async def test_a_claim_that_it_is_not_there_is_held_against_what_the_account_holds(
    world: World,
) -> None:
    """The broker has forgotten the order, and the shares are gone: only who has heard of that gives it up."""
    anna, view = await _frozen(world, Mishap.NEVER_ARRIVED)
    order = view.orders[0]
    world.broker.positions[order.symbol] -= 15
    with pytest.raises(ClaimBelied) as refused:
        await say_not_at_broker(
            world.desk, member=anna, proposal_id=view.proposal.id, order_id=order.id
        )
    assert refused.value.shares == 15
    assert refused.value.is_sale
    assert (await load_view(world.store, view.proposal.id)).orders[0].state is OrderState.FROZEN
    given_up = await say_not_at_broker(
        world.desk,
        member=anna,
        proposal_id=view.proposal.id,
        order_id=order.id,
        was_looked_at=True,
    )
    assert given_up.orders[0].state is OrderState.VOID


async def test_shares_that_came_instead_of_going_speak_for_the_claim(world: World) -> None:
    anna, view = await _frozen(world, Mishap.NEVER_ARRIVED)
    world.broker.positions[view.orders[0].symbol] += 3
    after = await say_not_at_broker(
        world.desk, member=anna, proposal_id=view.proposal.id, order_id=view.orders[0].id
    )
    assert after.orders[0].state is OrderState.VOID


async def test_a_second_tap_while_the_first_is_at_work_changes_nothing(world: World) -> None:
    anna, view = await _frozen(world, Mishap.LATE)
    asked, answers = asyncio.Event(), asyncio.Event()
    find = world.broker.find_order

    async def slowly(client_order_id: ClientOrderId) -> BrokerOrder | None:
        asked.set()
        await answers.wait()
        return await find(client_order_id)

    world.broker.find_order = slowly  # type: ignore[method-assign]
    number = view.proposal.id
    first = asyncio.create_task(check_again(world.desk, member=anna, proposal_id=number))
    await asked.wait()
    for again in (
        check_again(world.desk, member=anna, proposal_id=number),
        say_not_at_broker(world.desk, member=anna, proposal_id=number, order_id=view.orders[0].id),
    ):
        with pytest.raises(StillAtWork):
            await again
    answers.set()
    assert (await first).orders[0].state is OrderState.FILLED
    assert await execute_approved(world.desk) == 1


async def test_what_is_said_of_an_order_that_is_clear_already_changes_nothing(
    world: World,
) -> None:
    anna, view = await _frozen(world, Mishap.NEVER_ARRIVED)
    given_up = view.orders[1]
    for say in (say_at_broker, say_not_at_broker):
        with pytest.raises(NothingInDoubt):
            await say(world.desk, member=anna, proposal_id=view.proposal.id, order_id=given_up.id)
    assert await load_view(world.store, view.proposal.id) == view


async def test_a_broker_slower_than_the_account_is_held_leaves_the_doubt_for_another_tap(
    world: World,
) -> None:
    anna, view = await _frozen(world, Mishap.LATE)
    find = world.broker.find_order

    async def slowly(client_order_id: ClientOrderId) -> BrokerOrder | None:
        world.clock.advance(LEASE)
        return await find(client_order_id)

    world.broker.find_order = slowly  # type: ignore[method-assign]
    with pytest.raises(StillAtWork):
        await check_again(world.desk, member=anna, proposal_id=view.proposal.id)
    assert (await world.proposal(view.proposal.id)).state is ProposalState.FROZEN
    world.broker.find_order = find  # type: ignore[method-assign]
    found = await check_again(world.desk, member=anna, proposal_id=view.proposal.id)
    assert found.orders[0].state is OrderState.FILLED


async def test_a_viewer_has_no_say(world: World) -> None:
    _, view = await _frozen(world, Mishap.NEVER_ARRIVED)
    ben = await world.person(BEN, "Ben")
    await world.give_role(ben, view.proposal.portfolio_id, Role.PROPOSER)
    with pytest.raises(NotAllowed):
        await check_again(world.desk, member=ben, proposal_id=view.proposal.id)


async def test_what_is_not_frozen_needs_no_say(world: World) -> None:
    anna, view = await _frozen(world, Mishap.NEVER_ARRIVED)
    await say_not_at_broker(
        world.desk, member=anna, proposal_id=view.proposal.id, order_id=view.orders[0].id
    )
    with pytest.raises(ProposalNotOpen):
        await check_again(world.desk, member=anna, proposal_id=view.proposal.id)


async def test_who_may_no_more_when_the_broker_has_answered_gives_nothing_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, view = await _frozen(world, Mishap.NEVER_ARRIVED)
    ben = await let_in(world, view.proposal.portfolio_id)
    before = world.broker.holdings

    async def holdings() -> Holdings:
        await world.give_role(ben, view.proposal.portfolio_id, Role.VIEWER)
        return await before()

    monkeypatch.setattr(world.broker, "holdings", holdings)
    with pytest.raises(NotAllowed):
        await say_not_at_broker(
            world.desk, member=ben, proposal_id=view.proposal.id, order_id=view.orders[0].id
        )
    assert (await world.proposal(view.proposal.id)).state is ProposalState.FROZEN
