"""The record of a proposal: hash, prices at show and before the orders went, who and when, every order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core.application.execute_proposal import execute_approved
from core.application.proposal_record import RECHECKED, proposal_record
from core.domain.ids import Symbol
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.proposal import ProposalState
from core.domain.refusals import UnknownProposal
from core.ports.store import AuditEvent
from tests.application.acts import approved, decide, let_in, proposed
from tests.fakes.world import BEN, World

AAA, BBB = Symbol("AAA"), Symbol("BBB")


async def test_prices_found_at_the_re_check_are_kept_beside_those_that_were_shown(
    world: World,
) -> None:
    anna, proposal = await proposed(world)
    world.pass_time(timedelta(minutes=3))
    await decide(world, anna, proposal)
    world.price(AAA="100.40", BBB="50.20")
    await execute_approved(world.desk)
    record = await proposal_record(world.store, member=anna, proposal_id=proposal.id)
    (recheck,) = record.rechecks
    assert recheck.plan_hash == proposal.revision.plan_hash
    assert recheck.prices == {AAA: Decimal("100.40"), BBB: Decimal("50.20")}
    assert recheck.market_at == world.market_clock.instant
    shown = {t.symbol: t.price for t in record.view.proposal.revision.plan.trades}
    assert shown == {AAA: Decimal(100), BBB: Decimal(50)}
    assert [order.client_order_id for order in record.orders] == [
        sent.client_order_id for sent in world.broker.submits
    ]


async def test_a_re_check_that_failed_is_kept_with_the_plan_that_it_failed(world: World) -> None:
    """The orders of both versions are in the record, the void ones too."""
    anna, proposal = await approved(world)
    world.price(AAA=103)
    await execute_approved(world.desk)
    again = await world.proposal(proposal.id)
    await decide(world, anna, again, again.revision.number)
    await execute_approved(world.desk)
    record = await proposal_record(world.store, member=anna, proposal_id=proposal.id)
    assert [recheck.plan_hash for recheck in record.rechecks] == [
        proposal.revision.plan_hash,
        again.revision.plan_hash,
    ]
    assert [recheck.prices[AAA] for recheck in record.rechecks] == [103, 103]
    states = [order.state for order in record.orders]
    assert states.count(OrderState.VOID) == 2
    assert states.count(OrderState.FILLED) == 2


async def test_a_stranger_sees_no_record(world: World) -> None:
    _, proposal = await proposed(world)
    ben = await world.person(BEN, "Ben")
    with pytest.raises(UnknownProposal):
        await proposal_record(world.store, member=ben, proposal_id=proposal.id)


async def test_who_may_look_may_see_it(world: World) -> None:
    _, proposal = await proposed(world)
    ben = await let_in(world, proposal.portfolio_id, Role.VIEWER)
    record = await proposal_record(world.store, member=ben, proposal_id=proposal.id)
    assert record.view.proposal.state is ProposalState.OPEN
    assert record.rechecks == ()


@pytest.mark.parametrize("data", ["", "[]", "{}", '{"plan":"x","market_at":"?","prices":{}}', "x"])
async def test_what_another_version_wrote_is_passed_over(world: World, data: str) -> None:
    anna, proposal = await proposed(world)
    async with world.store.begin() as work:
        event = AuditEvent(
            world.clock.now(), RECHECKED, None, proposal.portfolio_id, proposal.id, data
        )
        await work.log.record(event)
    record = await proposal_record(world.store, member=anna, proposal_id=proposal.id)
    assert record.rechecks == ()
