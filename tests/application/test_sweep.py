"""The scheduled sweep: due checks as rows, one request for prices, one alert."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.application.change_policy import change_policy
from core.application.check_result import Outcome
from core.application.create_portfolio import create_portfolio
from core.application.decide_proposal import reject_proposal
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.application.sweep_checks import run_due_checks
from core.domain.ids import ChatId, Symbol
from core.domain.membership import Member
from core.domain.refusals import PriceSourceDown
from core.ports.broker import BrokerAsset, BrokerUnavailable
from core.ports.store import Chat
from tests.fakes.world import World

DAY = timedelta(days=1)


async def _two_portfolios(world: World) -> Member:
    anna = await world.person()
    await world.portfolio(anna, {"AAA": 50, "BBB": 50}, "First")
    await world.portfolio(anna, {"BBB": 50, "CCC": 50}, "Second")
    world.hold(100, AAA=70, BBB=60)
    return anna


async def test_all_due_portfolios_share_one_request_for_prices(world: World) -> None:
    await _two_portfolios(world)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)
    world.prices.requests.clear()
    swept = await run_due_checks(world.store, world.brokers, world.market, world.clock)
    assert swept.checked == 2
    assert world.prices.requests == [frozenset({"AAA", "BBB", "CCC"})]


async def test_a_drift_is_pushed_once(world: World) -> None:
    await _two_portfolios(world)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)
    first = await run_due_work(world.desk)
    assert first.checks.counts[Outcome.PROPOSED] == 2
    assert [kind for kind, _ in await world.outbox()] == ["proposal", "proposal"]
    again = await run_due_work(world.desk)
    assert again.checks.checked == 0
    world.pass_time(DAY)
    next_day = await run_due_work(world.desk)
    assert next_day.checks.counts == {Outcome.STILL_OPEN: 2}
    assert len(await world.outbox()) == 2


@pytest.mark.fault(68)
async def test_three_missed_sessions_are_caught_up_by_one_check(world: World) -> None:
    await _two_portfolios(world)
    await schedule_checks(world.store, world.market)
    world.pass_time(3 * DAY)
    assert (await run_due_work(world.desk)).checks.checked == 2
    assert (await run_due_work(world.desk)).checks.checked == 0


async def test_what_falls_due_while_closed_waits_for_the_open(world: World) -> None:
    await _two_portfolios(world)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY + timedelta(hours=8))
    assert (await run_due_work(world.desk)).checks.checked == 0
    world.pass_time(timedelta(hours=16))
    assert (await run_due_work(world.desk)).checks.checked == 2


async def test_after_a_rejection_there_are_five_sessions_of_silence(world: World) -> None:
    anna = await world.person()
    current = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(100, AAA=70, BBB=60)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)
    await run_due_work(world.desk)
    async with world.store.read() as work:
        (proposal,) = await work.proposals.recent(current.portfolio.portfolio.id, 5)
    await reject_proposal(
        world.store, world.market, world.clock, member=anna, proposal_id=proposal.id, revision=1
    )
    outcomes = []
    for _ in range(7):
        world.pass_time(DAY)
        outcomes.append(dict((await run_due_work(world.desk)).checks.counts))
    # Wednesday to Friday, a weekend without checks, Monday, Tuesday: the fifth session after.
    assert outcomes == [
        {Outcome.COOLING_DOWN: 1},
        {Outcome.COOLING_DOWN: 1},
        {Outcome.COOLING_DOWN: 1},
        {},
        {},
        {Outcome.COOLING_DOWN: 1},
        {Outcome.PROPOSED: 1},
    ]


async def test_a_date_alone_is_reason_enough(world: World) -> None:
    anna = await world.person()
    current = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(0, AAA=51, BBB=98)
    await change_policy(
        world.store,
        world.market,
        world.clock,
        member=anna,
        portfolio_id=current.portfolio.portfolio.id,
        pairs=[("calendar", "weekly"), ("reserve", "0"), ("min", "0")],
    )
    await schedule_checks(world.store, world.market)
    outcomes: list[Outcome] = []
    for _ in range(8):
        world.pass_time(DAY)
        outcomes += (await run_due_work(world.desk)).checks.counts
    assert outcomes == [Outcome.ON_TARGET] * 4 + [Outcome.PROPOSED, Outcome.ON_TARGET]


async def test_prices_that_fail_are_told_once_a_session(world: World) -> None:
    await _two_portfolios(world)
    await schedule_checks(world.store, world.market)
    world.prices.set_fault("BBB")
    world.pass_time(DAY)
    swept = await run_due_work(world.desk)
    assert swept.checks.counts == {Outcome.REFUSED: 2}
    assert [kind for kind, _ in await world.outbox()] == ["check_refused", "check_refused"]


# --- one that fails does not stop the others -----------------------------------------------------


async def test_a_broker_that_this_installation_no_longer_has_stops_nobody_else(
    world: World,
) -> None:
    anna = await world.person()
    chat = Chat(ChatId(1001), "private", "Anna")
    gone = await create_portfolio(
        world.store,
        world.brokers,
        world.clock,
        member=anna,
        name="Gone",
        chat=chat,
        broker="elsewhere",
    )
    await world.set_targets(anna, gone.portfolio.portfolio.id, {"AAA": 100})
    await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(100, AAA=70, BBB=60)
    await schedule_checks(world.store, world.market)
    del world.brokers.by_id[gone.portfolio.accounts[0].broker_account_id]
    world.pass_time(DAY)
    swept = await run_due_work(world.desk)
    assert swept.checks.counts == {Outcome.PROPOSED: 1, Outcome.REFUSED: 1}
    kinds = sorted(kind for kind, _ in await world.outbox())
    assert kinds == ["check_refused", "proposal"]


@pytest.mark.fault(19)
async def test_a_broker_that_does_not_answer_is_told_once_a_session(world: World) -> None:
    await _two_portfolios(world)
    await schedule_checks(world.store, world.market)
    world.broker.read_error = BrokerUnavailable("502")
    world.pass_time(DAY)
    swept = await run_due_work(world.desk)
    assert swept.checks.counts == {Outcome.PROPOSED: 1, Outcome.REFUSED: 1}


async def test_a_broker_that_does_not_say_what_it_trades_refuses_the_check(world: World) -> None:
    anna = await world.person()
    await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(100, AAA=70, BBB=60)
    await schedule_checks(world.store, world.market)

    async def unavailable(_symbols: object) -> dict[Symbol, BrokerAsset]:
        raise BrokerUnavailable("502")

    world.broker.assets = unavailable  # type: ignore[method-assign, assignment]
    world.pass_time(DAY)
    assert (await run_due_work(world.desk)).checks.counts == {Outcome.REFUSED: 1}


async def test_a_price_source_that_is_down_refuses_every_check(world: World) -> None:
    await _two_portfolios(world)
    await schedule_checks(world.store, world.market)
    world.prices.failure = PriceSourceDown("fake", "503")
    world.pass_time(DAY)
    assert (await run_due_work(world.desk)).checks.counts == {Outcome.REFUSED: 2}


async def test_an_empty_account_is_no_news(world: World) -> None:
    anna = await world.person()
    await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(0)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)
    assert (await run_due_work(world.desk)).checks.counts == {Outcome.REFUSED: 1}
    assert await world.outbox() == []


async def test_bands_count_on_dates_only_where_policy_says_so(world: World) -> None:
    anna = await world.person()
    current = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(100, AAA=70, BBB=60)
    await change_policy(
        world.store,
        world.market,
        world.clock,
        member=anna,
        portfolio_id=current.portfolio.portfolio.id,
        pairs=[("calendar", "weekly"), ("trigger", "band_on_date")],
    )
    await schedule_checks(world.store, world.market)
    outcomes: list[Outcome] = []
    for _ in range(7):
        world.pass_time(DAY)
        outcomes += (await run_due_work(world.desk)).checks.counts
    assert outcomes == [Outcome.ON_TARGET] * 4 + [Outcome.PROPOSED]
