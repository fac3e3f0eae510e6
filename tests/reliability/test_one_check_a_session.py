"""Exactly one check in each trading session: through both changes of the clocks, holidays, half days and downtime."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pytest

from core.adapters.calendars.nyse import NyseCalendar
from core.application.schedule_checks import schedule_checks
from core.application.sweep_checks import run_due_checks
from core.domain.session import NEW_YORK, Session
from core.domain.slot import Edge, FromEdge, Slot
from tests.application.acts import set_policy
from tests.fakes.world import World
from tests.reliability.family import database, family_world, restarted, run
from tests.reliability.profile import by_profile, seeds

FIRST, LAST = date(2016, 1, 1), date(2035, 12, 31)
TIMES: list[Slot] = [
    time(9, 30),
    time(11, 0),
    time(23, 59),
    FromEdge(Edge.OPEN, 15),
    FromEdge(Edge.CLOSE, 45),
]


@pytest.fixture(scope="module")
def calendar() -> NyseCalendar:
    return NyseCalendar(FIRST, LAST)


@pytest.mark.fault(66, 67)
@pytest.mark.parametrize("slot", TIMES)
def test_every_slot_of_twenty_years_falls_into_its_open_session(
    calendar: NyseCalendar, slot: Slot
) -> None:
    sessions = calendar.between(FIRST, LAST)
    assert len(sessions) > 5_000
    due = [session.slot_at(slot) for session in sessions]
    assert all(session.is_open_at(at) for session, at in zip(sessions, due, strict=True))
    assert all(
        at.astimezone(NEW_YORK).date() == session.date
        for session, at in zip(sessions, due, strict=True)
    )
    assert len(set(due)) == len(due)


SEEDS = seeds(kept=by_profile(quick=(2021, 7, 42), soak=(2021,)), fresh=1)
SPANS = by_profile(
    quick=[(date(2021, 3, 1), date(2021, 4, 9)), (date(2021, 10, 25), date(2021, 12, 3))],
    soak=[(FIRST + timedelta(days=10), LAST - timedelta(days=10))],
)
"""In the suite the weeks around both changes of the clocks, here and in Europe; in the soak all twenty years."""


@pytest.mark.fault(66, 67, 68)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "slots",
    [(time(11, 0),), (time(16, 0),), (FromEdge(Edge.OPEN, 10), FromEdge(Edge.CLOSE, 60))],
    ids=["11", "16", "both"],
)
@pytest.mark.parametrize("span", SPANS, ids=["spring", "autumn"][: len(SPANS)])
def test_years_of_rounds_check_each_session_and_slot_once(
    calendar: NyseCalendar, seed: int, slots: tuple[Slot, ...], span: tuple[date, date]
) -> None:
    """Across changes of the clocks, half days, days on which nothing runs, and restarts.

    What was missed is caught up with once, when the exchange is next open; then the session's own turn comes.
    """
    looked, rounds = live_through(calendar, Random(seed), slots, *span)
    sessions = calendar.between(span[0] + timedelta(days=1), span[1] - timedelta(days=2))
    in_time = {session.date: _in_time(session, slots, rounds) for session in sessions}
    for before, session in itertools.pairwise(sessions):
        count = looked[session.date]
        assert count >= in_time[session.date], (seed, session)
        missed = in_time[before.date] < len(slots)
        assert count <= len(slots) + missed, (seed, session)
    assert all(calendar.session_on(day) for day, count in looked.items() if count)
    assert sum(looked.values()) > 15


def live_through(
    calendar: NyseCalendar, chance: Random, slots: tuple[Slot, ...], first: date, last: date
) -> tuple[Counter[date], list[datetime]]:
    """Rounds at odd times, at which day of the exchange each check was done, and every round's time."""
    world, people, portfolio_id = family_world()
    world.hold(500, AAA=50, BBB=90)
    run(set_policy(world, people["anna"], portfolio_id, check_times=slots))
    world = replace(world, market=replace(world.market, calendar=calendar))
    now = datetime.combine(first, time(15, 0), UTC)
    end = datetime.combine(last, time(0, 0), UTC)
    looked: Counter[date] = Counter()
    rounds = []
    while now < end:
        world.market_clock.set(now)
        looked[now.astimezone(NEW_YORK).date()] += run(_round(world))
        rounds.append(now)
        if chance.random() < 0.05:
            world = restarted(world, len(rounds))
        is_down = chance.random() < 0.015
        now += timedelta(hours=72) if is_down else timedelta(minutes=chance.randint(40, 240))
    done = database().raw.execute(
        "SELECT count(*), count(DISTINCT session || slot) FROM due_checks WHERE outcome IS NOT NULL"
    )
    assert done.fetchone() == (looked.total(), looked.total())
    return looked, rounds


def _in_time(session: Session, slots: tuple[Slot, ...], rounds: list[datetime]) -> int:
    """At how many of a session's slots there was a round before the next slot, or the close."""
    due = sorted(session.slot_at(slot) for slot in slots)
    ends = [*due[1:], session.closes_at]
    return sum(
        rounds[place] < end
        for at, end in zip(due, ends, strict=True)
        if (place := bisect_left(rounds, at)) < len(rounds)
    )


async def _round(world: World) -> int:
    swept = await run_due_checks(world.store, world.brokers, world.market, world.clock)
    await schedule_checks(world.store, world.market)
    assert swept.checked <= 1
    return swept.checked
