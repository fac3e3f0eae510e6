"""What a second look found: states that would have been stuck, rounds that one portfolio would have ended."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

import core.application.run_due_work as run_due_work_module
from core.adapters.calendars.replay import ReplayCalendar
from core.application.check_result import Outcome
from core.application.decide_proposal import reject_proposal
from core.application.execute_proposal import execute_approved
from core.application.pause import pause
from core.application.plan_within import plan_within
from core.application.reconcile import reconcile
from core.application.resolve_frozen import check_again, say_at_broker, say_not_at_broker
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.application.send_order import NOT_THERE
from core.application.sweep_checks import run_due_checks
from core.domain.ids import ClientOrderId, Symbol
from core.domain.membership import Member
from core.domain.order import OrderState
from core.domain.plan import Plan, PlanRequest, Side
from core.domain.policy import CalendarRule, Trigger
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import ClaimContradicted, PriceSourceDown
from core.domain.session import Session
from core.ports.broker import BrokerAccount, BrokerOrder, BrokerUnavailable, OrderRequest
from tests.application.acts import (
    HALVES,
    approved,
    ask,
    decide,
    drifted,
    proposed,
    set_policy,
    view,
)
from tests.fakes.broker import Mishap
from tests.fakes.world import World

DAY = timedelta(days=1)
TODAY = date(2020, 3, 9)


def _with_calendar(world: World, first: date, last: date) -> World:
    """The same world under a calendar that begins and ends elsewhere."""
    days: list[Session] = list(world.market.calendar.between(date(2020, 1, 2), date(2020, 12, 31)))
    calendar = ReplayCalendar([day.date for day in days if first <= day.date <= last])
    market = replace(world.market, calendar=calendar)
    return replace(world, market=market, desk=replace(world.desk, market=market))


async def test_at_the_end_of_the_calendar_a_proposal_expires_with_its_last_session(
    world: World,
) -> None:
    anna, portfolio_id = await drifted(world)
    ending = _with_calendar(world, date(2020, 1, 2), TODAY)
    result = await ask(ending, anna, portfolio_id)
    assert result.proposal is not None
    assert result.proposal.expires_at == ending.market.calendar.next_after(TODAY - DAY).closes_at


async def test_the_last_session_of_the_calendar_is_checked_as_any_other(world: World) -> None:
    await drifted(world)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)
    ending = _with_calendar(world, date(2020, 1, 2), TODAY + DAY)
    done = await run_due_work(ending.desk)
    assert done.checks.counts == {Outcome.PROPOSED: 1}


async def test_what_was_settled_before_the_calendar_begins_holds_nobody_up(world: World) -> None:
    anna, proposal = await proposed(world)
    await reject_proposal(
        world.store,
        world.market,
        world.clock,
        member=anna,
        proposal_id=proposal.id,
        revision=1,
    )
    await world.portfolio(anna, HALVES, "Another")
    world.hold(100, AAA=70, BBB=60)
    later = date(2020, 11, 2)
    world.pass_time(later - TODAY)
    later_world = _with_calendar(world, date(2020, 10, 1), date(2020, 12, 31))
    await schedule_checks(later_world.store, later_world.market)
    world.pass_time(DAY)
    swept = await run_due_checks(world.store, world.brokers, later_world.market, world.clock)
    assert swept.counts == {Outcome.PROPOSED: 2}


async def test_a_date_is_not_lost_because_prices_were_missing_on_it(world: World) -> None:
    """Monday begins the week and has no prices: the date is kept on Tuesday."""
    anna, portfolio_id = await drifted(world)
    await set_policy(
        world,
        anna,
        portfolio_id,
        calendar=CalendarRule.WEEKLY,
        trigger=Trigger.BAND_ON_DATE,
        cool_down=0,
    )
    await schedule_checks(world.store, world.market)
    for _ in range(4):
        world.pass_time(DAY)
        assert (await run_due_work(world.desk)).checks.counts == {Outcome.ON_TARGET: 1}
    world.pass_time(3 * DAY)
    world.prices.failure = PriceSourceDown("fake", "scripted")
    assert (await run_due_work(world.desk)).checks.counts == {Outcome.REFUSED: 1}
    world.prices.failure = None
    world.pass_time(DAY)
    assert (await run_due_work(world.desk)).checks.counts == {Outcome.PROPOSED: 1}
    world.pass_time(DAY)
    assert (await run_due_work(world.desk)).checks.counts == {Outcome.ON_TARGET: 1}


async def test_a_portfolio_that_cannot_be_planned_does_not_end_the_round_for_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, _ = await drifted(world)
    await world.portfolio(anna, {"BBB": 50, "CCC": 50}, "Second")
    world.hold(100, AAA=70, BBB=60)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)

    def fails_for_one(request: PlanRequest, *rest: Any) -> Plan:
        if Symbol("CCC") in request.targets.weights:
            raise ArithmeticError("scripted")
        return plan_within(request, *rest)

    monkeypatch.setattr("core.application.check_drift.plan_within", fails_for_one)
    done = await run_due_work(world.desk)
    assert done.checks.counts == {Outcome.PROPOSED: 1, Outcome.REFUSED: 1}
    assert (await run_due_work(world.desk)).checks.checked == 0
    assert "check_refused" in [kind for kind, _ in await world.outbox()]


async def test_checks_that_fail_do_not_keep_an_approved_plan_from_being_carried_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, proposal = await approved(world)

    async def fail(*_: object) -> None:
        raise ArithmeticError("scripted")

    monkeypatch.setattr(run_due_work_module, "run_due_checks", fail)
    with pytest.raises(ArithmeticError):
        await run_due_work(world.desk)
    assert (await view(world, proposal)).proposal.state is ProposalState.DONE


async def _collided(world: World) -> tuple[Member, Proposal]:
    """A frozen sale under whose name the broker has an order of somebody else."""
    anna, proposal = await approved(world)
    sale = (await view(world, proposal)).orders[0]
    world.broker.prices[Symbol("ZZZ")] = Decimal(1)
    world.broker.mishaps = deque([Mishap.STUCK])
    await world.broker.submit(
        OrderRequest(sale.client_order_id, Symbol("ZZZ"), Side.BUY, Decimal(7), Decimal(1))
    )
    world.broker.cash += 7  # what that order keeps back is not part of this test
    await execute_approved(world.desk)
    frozen = await view(world, proposal)
    assert frozen.orders[0].state is OrderState.FROZEN
    return anna, frozen.proposal


@pytest.mark.fault(16)
async def test_an_order_of_somebody_else_is_never_taken_over(world: World) -> None:
    anna, proposal = await _collided(world)
    again = await check_again(world.desk, member=anna, proposal_id=proposal.id)
    assert again.orders[0].state is OrderState.FROZEN
    with pytest.raises(ClaimContradicted):
        await say_at_broker(
            world.desk, member=anna, proposal_id=proposal.id, order_id=again.orders[0].id
        )
    said = await say_not_at_broker(
        world.desk, member=anna, proposal_id=proposal.id, order_id=again.orders[0].id
    )
    assert said.orders[0].state is OrderState.VOID
    assert said.orders[0].fills == ()


@pytest.mark.fault(25)
async def test_nothing_is_bought_while_a_sale_may_still_be_filled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker would not cancel a sale that is too slow: purchases wait for its end."""
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.STUCK])
    cancel = world.broker.cancel

    async def refuse(_client_order_id: str) -> None:
        raise BrokerUnavailable("scripted")

    monkeypatch.setattr(world.broker, "cancel", refuse)
    await execute_approved(world.desk)
    assert [sent.side for sent in world.broker.submits] == [Side.SELL]
    assert (await view(world, proposal)).proposal.state is ProposalState.EXECUTING
    monkeypatch.setattr(world.broker, "cancel", cancel)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert shown.orders[0].state is OrderState.CANCELLED
    assert shown.proposal.state not in {ProposalState.EXECUTING, ProposalState.APPROVED}


async def test_a_start_survives_look_ups_that_outlast_the_lease(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.LOST_ANSWER])
    world.broker.read_error = None
    find = world.broker.find_order

    async def slow(client_order_id: ClientOrderId) -> BrokerOrder | None:
        world.clock.advance(timedelta(minutes=1))
        return await find(client_order_id)

    monkeypatch.setattr(world.broker, "find_order", slow)
    await execute_approved(world.desk)
    assert (await view(world, proposal)).orders[0].state is OrderState.UNKNOWN
    assert await reconcile(world.desk) == 1


async def test_a_proposal_that_cannot_be_carried_on_does_not_hold_up_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, first = await approved(world)
    second = await world.portfolio(anna, HALVES, "Second")
    world.hold(100, AAA=70, BBB=60)
    asked = await ask(world, anna, second.portfolio.portfolio.id, "2")
    assert asked.proposal is not None
    await decide(world, anna, asked.proposal)

    async def fail(_: object) -> object:
        raise ArithmeticError("scripted")

    monkeypatch.setattr(world.broker, "submit", fail)
    await execute_approved(world.desk)
    assert (await view(world, first)).proposal.state is ProposalState.EXECUTING
    assert (await view(world, asked.proposal)).proposal.state is ProposalState.DONE


async def test_an_account_without_usable_cash_buys_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holdings may have been read a moment earlier: what the account says last is what counts, 0 too."""
    _, proposal = await approved(world)
    account = world.broker.account

    async def empty() -> BrokerAccount:
        return replace(await account(), cash=Decimal(0))

    monkeypatch.setattr(world.broker, "account", empty)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert [sent.side for sent in world.broker.submits] == [Side.SELL]
    assert shown.orders[1].state is OrderState.VOID


@pytest.mark.fault(14)
async def test_an_order_that_appears_late_is_not_declared_void_by_a_pause(world: World) -> None:
    anna, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.LATE])
    world.broker.late_lookups = 1
    await execute_approved(world.desk)
    assert (await view(world, proposal)).orders[0].detail == NOT_THERE
    await pause(world.store, world.clock, member=anna, portfolio_id=proposal.portfolio_id)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert [order.state for order in shown.orders] == [OrderState.FILLED, OrderState.VOID]
    assert shown.proposal.state is ProposalState.PARTIAL
    assert len(world.broker.orders) == 1
