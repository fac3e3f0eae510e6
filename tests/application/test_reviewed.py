"""What a second look found: states that would have been stuck, rounds that one portfolio would have ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

import core.application.check_drift as check_drift_module
import core.application.run_due_work as run_due_work_module
from core import planning
from core.adapters.calendars.replay import ReplayCalendar
from core.application.check_drift import Outcome
from core.application.decide_proposal import reject_proposal
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.application.sweep_checks import run_due_checks
from core.domain.ids import Symbol
from core.domain.plan import Plan, PlanRequest
from core.domain.policy import CalendarRule, Trigger
from core.domain.proposal import ProposalState
from core.domain.refusals import PriceSourceDown
from core.domain.session import Session
from tests.application.acts import HALVES, approved, ask, drifted, proposed, set_policy, view
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

    def calculate(request: PlanRequest) -> Plan:
        if Symbol("CCC") in request.targets.weights:
            raise ArithmeticError("scripted")
        return planning.calculate(request)

    monkeypatch.setattr(check_drift_module, "calculate", calculate)
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
