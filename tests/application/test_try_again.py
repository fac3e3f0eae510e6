"""A check that failed for want of prices or a broker is repeated in its session, and told of once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.application.check_result import Outcome
from core.application.follow_settlement import Look, schedule
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.application.sweep_checks import run_due_checks
from core.application.try_again import origin, tries
from core.domain.portfolio import ManagedPortfolio
from core.domain.refusals import PriceSourceDown
from core.ports.broker import BrokerUnavailable
from tests.fakes.world import World

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
async def managed(world: World) -> ManagedPortfolio:
    """A portfolio that has drifted, to be checked tomorrow at eleven."""
    anna = await world.person()
    made = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(100, AAA=70, BBB=60)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)
    return made.portfolio


async def outcomes(world: World) -> dict[Outcome, int]:
    return dict((await run_due_work(world.desk)).checks.counts)


def no_price(world: World) -> None:
    world.prices.set_fault("BBB")


def no_source(world: World) -> None:
    world.prices.failure = PriceSourceDown("fake", "503")


def no_broker(world: World) -> None:
    world.broker.read_error = BrokerUnavailable("502")


def all_well(world: World) -> None:
    world.prices.failure = None
    world.broker.read_error = None
    world.prices.set_price("BBB", 60)


@pytest.mark.fault(19, 33, 40)
@pytest.mark.parametrize("breaks", [no_price, no_source, no_broker])
@pytest.mark.usefixtures("managed")
async def test_what_failed_is_tried_again_and_told_of_once(
    world: World, breaks: Callable[[World], None]
) -> None:
    breaks(world)
    assert await outcomes(world) == {Outcome.REFUSED: 1}
    seen = []
    for _ in range(70):
        world.pass_time(MINUTE)
        breaks(world)
        seen.append((await outcomes(world)).get(Outcome.REFUSED, 0))
    assert [minute for minute, count in enumerate(seen, 1) if count] == [10, 30, 70]
    assert [kind for kind, _ in await world.outbox()] == ["check_refused"]
    all_well(world)
    world.pass_time(60 * MINUTE)
    assert await outcomes(world) == {Outcome.PROPOSED: 1}
    world.pass_time(60 * MINUTE)
    assert await outcomes(world) == {}
    assert [kind for kind, _ in await world.outbox()] == ["check_refused", "proposal"]


@pytest.mark.usefixtures("managed")
async def test_only_what_people_are_told_is_news_so_that_a_replay_does_not_stop_for_each_try(
    world: World,
) -> None:
    no_price(world)
    news = []
    for _ in range(3):
        done = await run_due_work(world.desk)
        news.append((dict(done.checks.counts), done.has_news))
        world.pass_time(20 * MINUTE)
    assert news == [({Outcome.REFUSED: 1}, is_new) for is_new in (True, False, False)]


@pytest.mark.usefixtures("managed")
async def test_tries_end_with_the_session_and_the_next_has_its_own_check(world: World) -> None:
    no_source(world)
    counts = []
    for _ in range(10):
        counts.append(sum((await outcomes(world)).values()))
        world.pass_time(60 * MINUTE)
    assert counts == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    world.pass_time(DAY - 10 * 60 * MINUTE)
    assert sum((await outcomes(world)).values()) == 1
    assert [kind for kind, _ in await world.outbox()] == ["check_refused"] * 2


@pytest.mark.usefixtures("managed")
async def test_what_a_catch_up_and_the_session_s_own_check_are_refused_for_is_told_once(
    world: World,
) -> None:
    """Tuesday's check is caught up with on Wednesday at ten; at eleven comes Wednesday's own."""
    world.pass_time(DAY - 60 * MINUTE)
    no_source(world)
    assert await outcomes(world) == {Outcome.REFUSED: 1}
    seen = []
    for _ in range(7):
        world.pass_time(10 * MINUTE)
        seen.append((await outcomes(world)).get(Outcome.REFUSED, 0))
    assert seen == [1, 0, 1, 0, 0, 1, 1]
    assert [kind for kind, _ in await world.outbox()] == ["check_refused"]


@pytest.mark.usefixtures("managed")
async def test_a_catch_up_s_repetitions_take_none_from_the_session_s_own_check(
    world: World,
) -> None:
    """Prices come for Tuesday's check after its repetition, and are away again for Wednesday's."""
    world.pass_time(DAY - 60 * MINUTE)
    no_source(world)
    assert await outcomes(world) == {Outcome.REFUSED: 1}
    world.pass_time(10 * MINUTE)
    world.prices.failure = None
    world.hold(0, AAA=50, BBB=100)
    assert await outcomes(world) == {Outcome.ON_TARGET: 1}
    no_source(world)
    world.pass_time(50 * MINUTE)
    assert await outcomes(world) == {Outcome.REFUSED: 1}
    world.pass_time(10 * MINUTE)
    assert await outcomes(world) == {Outcome.REFUSED: 1}


@pytest.mark.usefixtures("managed")
async def test_the_next_check_is_written_with_the_outcome_of_this_one(world: World) -> None:
    """A process that dies right after its checks loses no session."""
    await run_due_checks(world.store, world.brokers, world.market, world.clock)
    async with world.store.read() as work:
        assert await work.checks.next_due_at() == world.clock.now() + DAY
    assert await schedule_checks(world.store, world.market) == 0


@pytest.mark.parametrize("locked", [0, 1])
@pytest.mark.usefixtures("managed")
async def test_an_account_that_is_locked_out_keeps_no_other_from_being_checked(
    world: World, locked: int
) -> None:
    anna = await world.person()
    await world.portfolio(anna, {"AAA": 50, "BBB": 50}, "Second")
    world.hold(100, AAA=70, BBB=60)
    world.pass_time(-MINUTE)
    await schedule_checks(world.store, world.market)
    world.pass_time(MINUTE)
    [*world.brokers.by_id.values()][locked].read_error = BrokerUnavailable("401")
    assert await outcomes(world) == {Outcome.REFUSED: 1, Outcome.PROPOSED: 1}


async def test_the_purchases_after_a_settlement_are_tried_again_as_such(
    world: World, managed: ManagedPortfolio
) -> None:
    moment = await world.market.moment()
    async with world.store.begin() as work:
        await work.checks.drop_unfinished(managed.portfolio.id)
        await schedule(work, Look(managed.portfolio.id, moment.session.date, moment.now))
    world.hold(5000, AAA=70, BBB=60)
    no_source(world)
    assert await outcomes(world) == {Outcome.REFUSED: 1}
    all_well(world)
    world.pass_time(10 * MINUTE)
    assert await outcomes(world) == {Outcome.PROPOSED: 1}
    async with world.store.read() as work:
        (proposal,) = (await work.proposals.blocking([managed.portfolio.id]))[managed.portfolio.id]
    assert proposal.cause == "after_sale"
    assert not proposal.revision.plan.sells


async def test_targets_that_are_missing_are_not_tried_again(world: World) -> None:
    anna = await world.person()
    await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(0)
    await schedule_checks(world.store, world.market)
    world.pass_time(DAY)
    assert await outcomes(world) == {Outcome.REFUSED: 1}
    world.pass_time(60 * MINUTE)
    assert await outcomes(world) == {}


@pytest.mark.parametrize(
    ("slot", "first", "count"),
    [
        ("11:00", "11:00", 0),
        ("again1:11:00", "11:00", 1),
        ("again12:settled", "settled", 12),
        ("settled", "settled", 0),
        ("open+15m", "open+15m", 0),
        ("asked:again", "asked:again", 0),
    ],
)
def test_a_repetition_knows_what_it_repeats(slot: str, first: str, count: int) -> None:
    assert (origin(slot), tries(slot)) == (first, count)
