"""Accounts where others trade too: what is seen there, and what is concluded from it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.application.check_result import Outcome
from core.application.execute_proposal import execute_approved
from core.application.run_due_work import run_due_work
from core.application.watch_accounts import watch_accounts
from core.domain.hold import HoldReason
from core.domain.ids import Symbol
from core.domain.look import ChangeKind, HeldChange
from core.domain.outbox import MessageKind
from core.domain.proposal import ProposalState
from core.domain.refusals import ForeignOrder
from core.domain.targets import TargetAllocation
from core.ports.broker import BrokerUnavailable
from tests.application.acts import ask, decide, let_in, proposed, view
from tests.application.watching import (
    LATER,
    changes_told,
    look,
    reasons,
    told_of,
    watched,
)
from tests.fakes.broker import Mishap
from tests.fakes.world import World

K = ChangeKind
AAA, BBB, CCC, NEW = Symbol("AAA"), Symbol("BBB"), Symbol("CCC"), Symbol("NEW")


def change(
    kind: ChangeKind, symbol: Symbol, before: int, after: int, was: Symbol | None = None
) -> HeldChange:
    return HeldChange(kind, symbol, Decimal(before), Decimal(after), was)


# --- when ----------------------------------------------------------------------------------------


async def test_an_account_is_looked_at_at_once_and_then_every_five_minutes(world: World) -> None:
    await watched(world)
    for _ in range(9):
        world.clock.advance(LATER / 10)
        assert await watch_accounts(world.desk) == 0
    world.clock.advance(LATER / 10)
    assert await watch_accounts(world.desk) == 1
    assert len(world.broker.reports) == 2


async def test_a_restarted_process_looks_at_once(world: World) -> None:
    await watched(world)
    again = replace(world.desk, watched=type(world.desk.watched)())
    assert await watch_accounts(again) == 1


async def test_a_clock_that_was_set_back_does_not_keep_anybody_from_looking(world: World) -> None:
    await watched(world)
    world.clock.set(world.clock.now() - timedelta(hours=5))
    assert await watch_accounts(world.desk) == 1


async def test_where_nobody_else_trades_nothing_is_asked(world: World) -> None:
    await proposed(world)
    await run_due_work(world.desk)
    assert world.broker.reports == []


async def test_a_round_of_due_work_looks_before_it_checks(world: World) -> None:
    await watched(world)
    world.hold(100, AAA=60, BBB=60)
    world.pass_time(LATER)
    await run_due_work(world.desk)
    assert len(await changes_told(world)) == 1


@pytest.mark.fault(19)
async def test_a_broker_that_does_not_answer_is_asked_again_later_and_nothing_is_concluded(
    world: World,
) -> None:
    await watched(world)
    world.broker.read_error = BrokerUnavailable("500")
    for _ in range(3):
        await look(world)
        assert await watch_accounts(world.desk) == 0
    assert len(world.broker.reports) == 4
    assert await reasons(world) == []
    assert await told_of(world, MessageKind.HOLDINGS_CHANGED) == []
    world.broker.read_error = None
    await look(world)
    assert await changes_told(world) == []


# --- what changed --------------------------------------------------------------------------------


@pytest.mark.fault(10)
async def test_what_somebody_traded_is_told_once(world: World) -> None:
    anna, portfolio_id = await watched(world)
    ben = await let_in(world, portfolio_id)
    world.hold(1100, AAA=60, BBB=60)
    await look(world)
    await look(world)
    items = await told_of(world, MessageKind.HOLDINGS_CHANGED)
    assert {int(item.chat_id) for item in items} == {int(anna.user_id), int(ben.user_id)}
    assert await changes_told(world) == [(change(K.TRADED, AAA, 70, 60),)] * 2


@pytest.mark.fault(40)
async def test_cash_that_comes_or_goes_is_silent(world: World) -> None:
    """A dividend, a fee, a deposit."""
    await watched(world)
    world.hold("100.37", AAA=70, BBB=60)
    await look(world)
    world.hold(0, AAA=70, BBB=60)
    await look(world)
    assert await changes_told(world) == []


async def test_our_own_trades_are_silent(world: World) -> None:
    anna, portfolio_id = await watched(world)
    result = await ask(world, anna, portfolio_id)
    assert result.proposal is not None
    await decide(world, anna, result.proposal)
    await execute_approved(world.desk)
    assert (await view(world, result.proposal)).proposal.state is ProposalState.DONE
    await look(world)
    assert await changes_told(world) == []
    world.broker.positions[AAA] += 1
    await look(world)
    ((found,),) = await changes_told(world)
    assert (found.kind, found.after - found.before) == (K.TRADED, Decimal(1))


async def test_while_an_order_of_ours_is_under_way_nobody_is_accused(world: World) -> None:
    """Half of a sale is filled, which we have not been told yet; afterwards it is ours."""
    anna, portfolio_id = await watched(world)
    result = await ask(world, anna, portfolio_id)
    assert result.proposal is not None
    await decide(world, anna, result.proposal)
    world.desk = replace(world.desk, deadline=timedelta(0))
    world.broker.mishaps = deque([Mishap.STUCK])
    world.broker.cancel = _unheard  # type: ignore[method-assign, assignment]
    await execute_approved(world.desk)
    world.broker.positions[AAA] -= 5
    await look(world)
    assert await changes_told(world) == []


async def _unheard(_client_order_id: object) -> None:
    raise BrokerUnavailable("502")


@pytest.mark.fault(37)
async def test_a_split_is_recognised(world: World) -> None:
    await watched(world)
    world.price(AAA=10)
    world.hold(100, AAA=700, BBB=60)
    await look(world)
    assert await changes_told(world) == [(change(K.SPLIT, AAA, 70, 700),)]


@pytest.mark.fault(37)
async def test_a_price_that_fell_before_the_shares_grew_is_not_believed_until_they_do(
    world: World,
) -> None:
    anna, portfolio_id = await watched(world)
    assert (await ask(world, anna, portfolio_id)).outcome is Outcome.PROPOSED
    world.price(AAA=10)
    await look(world)
    assert (await ask(world, anna, portfolio_id, key="2")).outcome is Outcome.REFUSED
    world.hold(100, AAA=700, BBB=60)
    await look(world)
    assert await changes_told(world) == [(change(K.SPLIT, AAA, 70, 700),)]
    result = await ask(world, anna, portfolio_id, key="3")
    assert result.outcome is Outcome.PROPOSED
    assert result.drift is not None
    assert result.drift.line(AAA).value == 7000


@pytest.mark.fault(38)
async def test_shares_of_something_new_are_told_and_left_alone(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.price(CCC=10)
    world.hold(100, AAA=70, BBB=60, CCC=20)
    await look(world)
    assert await changes_told(world) == [(change(K.APPEARED, CCC, 0, 20),)]
    result = await ask(world, anna, portfolio_id)
    assert result.plan is not None
    assert CCC not in {trade.symbol for trade in result.plan.trades}


@pytest.mark.fault(39)
async def test_targets_follow_an_instrument_to_its_new_name(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.asset_ids[NEW] = "id-AAA"
    world.price(NEW=100)
    world.hold(100, NEW=70, BBB=60)
    await look(world)
    assert await changes_told(world) == [(change(K.RENAMED, NEW, 70, 70, AAA),)]
    async with world.store.read() as work:
        managed = await work.portfolios.get(portfolio_id)
    assert managed.targets == TargetAllocation.of({"NEW": 50, "BBB": 50})
    result = await ask(world, anna, portfolio_id)
    assert result.plan is not None
    assert {trade.symbol for trade in result.plan.trades} == {NEW, BBB}
    await look(world)
    assert len(await changes_told(world)) == 1


@pytest.mark.fault(10)
async def test_a_proposal_made_from_other_holdings_is_superseded(world: World) -> None:
    anna, portfolio_id = await watched(world)
    first = (await ask(world, anna, portfolio_id)).proposal
    assert first is not None
    world.hold(1100, AAA=60, BBB=60)
    await look(world)
    assert (await view(world, first)).proposal.state is ProposalState.SUPERSEDED
    (item,) = await told_of(world, MessageKind.HOLDINGS_CHANGED)
    assert item.data["ended"] == str(first.id)


async def test_a_proposal_made_from_these_very_holdings_stays(world: World) -> None:
    """It was asked for after somebody had traded and before that was noticed."""
    anna, portfolio_id = await watched(world)
    world.hold(100, AAA=75, BBB=60)
    proposal = (await ask(world, anna, portfolio_id)).proposal
    assert proposal is not None
    await look(world)
    assert len(await changes_told(world)) == 1
    assert (await view(world, proposal)).proposal.state is ProposalState.OPEN


@pytest.mark.fault(10)
async def test_a_trade_between_approval_and_sending_is_noticed_and_nothing_is_sent(
    world: World,
) -> None:
    anna, portfolio_id = await watched(world)
    proposal = (await ask(world, anna, portfolio_id)).proposal
    assert proposal is not None
    await decide(world, anna, proposal)
    world.hold(1100, AAA=60, BBB=60)
    world.pass_time(timedelta(minutes=1))
    await execute_approved(world.desk)
    assert world.broker.submits == []
    assert len(await changes_told(world)) == 1
    now = (await view(world, proposal)).proposal
    assert (now.state, now.revision.number) == (ProposalState.OPEN, 2)


# --- others' orders ------------------------------------------------------------------------------


@pytest.mark.fault(29)
async def test_nothing_is_planned_across_somebody_else_s_open_order(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.somebody_orders("AAA")
    result = await ask(world, anna, portfolio_id)
    assert isinstance(result.refusal, ForeignOrder)
    assert result.refusal.symbols == ("AAA",)
    world.broker.others.clear()
    assert (await ask(world, anna, portfolio_id, key="2")).outcome is Outcome.PROPOSED


async def test_an_order_for_something_else_stands_in_nobody_s_way(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.somebody_orders("CCC")
    assert (await ask(world, anna, portfolio_id)).outcome is Outcome.PROPOSED


@pytest.mark.fault(29)
async def test_the_scheduled_check_is_refused_across_somebody_else_s_open_order(
    world: World,
) -> None:
    await watched(world)
    await run_due_work(world.desk)
    world.broker.somebody_orders("BBB")
    world.pass_time(timedelta(days=1, minutes=1))
    done = await run_due_work(world.desk)
    assert done.checks.counts == {Outcome.REFUSED: 1}
    (item,) = await told_of(world, MessageKind.CHECK_REFUSED)
    assert (item.data["code"], item.data["symbols"]) == ("ForeignOrder", "BBB")


@pytest.mark.fault(29)
async def test_a_plan_is_not_begun_across_somebody_else_s_open_order(world: World) -> None:
    anna, portfolio_id = await watched(world)
    proposal = (await ask(world, anna, portfolio_id)).proposal
    assert proposal is not None
    await decide(world, anna, proposal)
    world.broker.somebody_orders("AAA")
    world.pass_time(timedelta(minutes=1))
    for _ in range(3):
        await execute_approved(world.desk)
    assert world.broker.submits == []
    assert len(world.broker.reports) == 2
    world.broker.others.clear()
    world.pass_time(timedelta(minutes=1))
    await execute_approved(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE


async def test_people_are_told_once_of_somebody_else_s_open_order(world: World) -> None:
    await watched(world)
    world.broker.somebody_orders("AAA")
    world.broker.somebody_orders("ZZZ", id_="by-hand-2")
    await look(world)
    await look(world)
    (item,) = await told_of(world, MessageKind.FOREIGN_ORDERS)
    assert item.data == {"symbols": "AAA", "account": "1"}


async def test_another_installation_s_orders_are_somebody_else_s(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.somebody_orders("AAA", id_="rb-elsewhere-1-1-1")
    await look(world)
    assert HoldReason.STRANGE_FILL not in await reasons(world)
    assert isinstance((await ask(world, anna, portfolio_id)).refusal, ForeignOrder)
