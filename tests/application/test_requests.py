"""A check that a person asks for, beside the sweep that does the scheduled ones."""

from __future__ import annotations

import asyncio
from datetime import time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from core.application.check_result import Outcome
from core.application.pause import pause
from core.application.schedule_checks import schedule_checks
from core.application.sweep_checks import run_due_checks
from core.domain.ids import ChatId, PortfolioId, Symbol
from core.domain.membership import Member, Role
from core.domain.policy import Band
from core.domain.quote import QuoteBatch
from core.domain.refusals import BrokerDown, MarketClosed, NotAllowed, NoTargets, PortfolioPaused
from core.ports.broker import BrokerUnavailable
from tests.application.acts import (
    ask,
    decide,
    drifted,
    let_in,
    proposed,
    set_policy,
    told,
)
from tests.fakes.world import World

DAY = timedelta(days=1)


async def sweep(world: World) -> dict[Outcome, int]:
    return dict(
        (await run_due_checks(world.store, world.brokers, world.market, world.clock)).counts
    )


def during_quotes(world: World, act: Any) -> None:
    """Do something while the price source is being asked, once."""
    ask_source = world.prices.quotes

    async def quotes(symbols: Any) -> QuoteBatch:
        world.prices.quotes = ask_source  # type: ignore[method-assign]
        await act()
        return await ask_source(symbols)

    world.prices.quotes = quotes  # type: ignore[method-assign]


async def test_a_sweep_does_not_do_what_a_person_is_being_answered(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    swept: list[dict[Outcome, int]] = []

    async def round_of_work() -> None:
        swept.append(await sweep(world))

    during_quotes(world, round_of_work)
    result = await ask(world, anna, portfolio_id)
    assert result.outcome is Outcome.PROPOSED
    assert swept == [{}]
    assert [item.kind for item in await told(world)] == ["proposal"]


async def test_a_request_whose_process_died_is_answered_by_the_sweep(world: World) -> None:
    anna, portfolio_id = await drifted(world)

    async def die() -> None:
        raise asyncio.CancelledError

    during_quotes(world, die)
    with pytest.raises(asyncio.CancelledError):
        await ask(world, anna, portfolio_id)
    assert await sweep(world) == {}
    world.pass_time(timedelta(minutes=2))
    assert await sweep(world) == {Outcome.PROPOSED: 1}
    assert await sweep(world) == {}


@pytest.mark.fault(9)
async def test_new_targets_during_a_sweep_are_looked_at_in_the_next_one(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)

    async def change() -> None:
        await world.set_targets(anna, portfolio_id, {"AAA": 70, "BBB": 30})

    await _out_of_the_ordinary(world, anna, portfolio_id)
    during_quotes(world, change)
    await sweep(world)
    assert await told(world) == []
    assert await sweep(world) == {Outcome.ON_TARGET: 1}


@pytest.mark.fault(9)
async def test_new_targets_before_a_drift_is_looked_at_exactly_are_those_that_count(
    world: World,
) -> None:
    anna, portfolio_id = await drifted(world)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)

    async def change() -> None:
        await world.set_targets(anna, portfolio_id, {"AAA": 70, "BBB": 30})

    during_quotes(world, change)
    assert await sweep(world) == {Outcome.ON_TARGET: 1}
    assert await told(world) == []


@pytest.mark.fault(9)
async def test_what_is_on_target_is_looked_at_again_where_its_targets_have_changed(
    world: World,
) -> None:
    anna, portfolio_id = await drifted(world)
    await world.set_targets(anna, portfolio_id, {"AAA": 70, "BBB": 30})
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)

    async def change() -> None:
        await world.set_targets(anna, portfolio_id, {"AAA": 50, "BBB": 50})

    during_quotes(world, change)
    await sweep(world)
    assert await told(world) == []
    assert await sweep(world) == {Outcome.PROPOSED: 1}


async def _out_of_the_ordinary(world: World, anna: Member, portfolio_id: PortfolioId) -> None:
    """With a band of its own, a portfolio is read before prices are asked for."""
    bands = MappingProxyType({Symbol("BBB"): Band(Decimal(4), None)})
    await set_policy(world, anna, portfolio_id, bands=bands)


@pytest.mark.fault(78)
async def test_a_pause_during_a_sweep_stops_its_proposal(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)

    async def pull() -> None:
        await pause(world.store, world.clock, member=anna, portfolio_id=portfolio_id)

    await _out_of_the_ordinary(world, anna, portfolio_id)
    during_quotes(world, pull)
    await sweep(world)
    assert await told(world) == []
    assert await sweep(world) == {Outcome.PAUSED: 1}


@pytest.mark.fault(78)
async def test_a_pause_before_a_drift_is_looked_at_exactly_ends_the_check(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)

    async def pull() -> None:
        await pause(world.store, world.clock, member=anna, portfolio_id=portfolio_id)

    during_quotes(world, pull)
    assert await sweep(world) == {Outcome.PAUSED: 1}
    assert await told(world) == []


async def test_an_approval_during_a_sweep_is_not_overtaken(world: World) -> None:
    anna, proposal = await proposed(world)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)
    world.price(AAA=40)

    async def approve() -> None:
        await decide(world, anna, proposal)

    during_quotes(world, approve)
    await sweep(world)
    async with world.store.read() as work:
        (only,) = await work.proposals.recent(proposal.portfolio_id, 5)
    assert only.id == proposal.id


async def test_the_chat_that_asked_is_answered_too(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await ask(world, anna, portfolio_id, chat_id=ChatId(-9))
    assert {item.chat_id for item in await told(world)} == {1001, -9}


async def test_a_proposer_may_ask_and_only_the_approver_is_asked_to_decide(world: World) -> None:
    _, portfolio_id = await drifted(world)
    ben = await let_in(world, portfolio_id, Role.PROPOSER)
    assert (await ask(world, ben, portfolio_id)).outcome is Outcome.PROPOSED
    assert {item.chat_id for item in await told(world)} == {1001}


async def test_a_viewer_may_not_ask(world: World) -> None:
    _, portfolio_id = await drifted(world)
    ben = await let_in(world, portfolio_id, Role.VIEWER)
    with pytest.raises(NotAllowed):
        await ask(world, ben, portfolio_id)


async def test_nothing_is_asked_of_a_paused_portfolio(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await pause(world.store, world.clock, member=anna, portfolio_id=portfolio_id)
    assert isinstance((await ask(world, anna, portfolio_id)).refusal, PortfolioPaused)


async def test_without_targets_there_is_nothing_to_measure_against(world: World) -> None:
    anna = await world.person()
    current = await world.portfolio(anna)
    result = await ask(world, anna, current.portfolio.portfolio.id)
    assert isinstance(result.refusal, NoTargets)


async def test_a_broker_that_does_not_answer_is_named(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    world.broker.read_error = BrokerUnavailable("502")
    assert isinstance((await ask(world, anna, portfolio_id)).refusal, BrokerDown)


async def test_while_one_is_carried_out_no_other_is_proposed(world: World) -> None:
    anna, proposal = await proposed(world)
    await decide(world, anna, proposal)
    result = await ask(world, anna, proposal.portfolio_id, "2")
    assert result.outcome is Outcome.IN_FLIGHT
    assert result.proposal is not None
    assert result.proposal.id == proposal.id


async def test_a_forced_check_plans_what_no_band_asks_for(world: World) -> None:
    anna, portfolio_id = await drifted(world, {"AAA": 68, "BBB": 32})
    assert (await ask(world, anna, portfolio_id)).outcome is Outcome.ON_TARGET
    assert (await ask(world, anna, portfolio_id, "2", force=True)).outcome is Outcome.PROPOSED


async def test_purchases_only_sell_nothing(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    result = await ask(world, anna, portfolio_id, buy_only=True)
    assert result.plan is not None
    assert result.plan.sells == ()
    assert result.plan.buys


@pytest.mark.fault(67)
async def test_a_check_time_after_the_close_is_kept_in_the_session(world: World) -> None:
    """A slot at 18:00 falls due half an hour before the close, while a check can still be done."""
    anna, portfolio_id = await drifted(world)
    await set_policy(world, anna, portfolio_id, check_times=(time(18, 0),))
    await schedule_checks(world.store, world.market)
    async with world.store.read() as work:
        due = await work.checks.next_due_at()
    assert due is not None
    world.market_clock.set(due)
    assert await sweep(world) == {Outcome.PROPOSED: 1}


async def test_after_the_close_a_person_is_told_when_it_opens(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    world.pass_time(timedelta(hours=6))
    refusal = (await ask(world, anna, portfolio_id)).refusal
    assert isinstance(refusal, MarketClosed)
    assert refusal.opens_at is not None
    assert refusal.opens_at > world.market_clock.instant
