"""Exactly one check in each trading session: through both changes of the clocks, holidays, half days and downtime."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

import pytest

from core.adapters.calendars.nyse import NyseCalendar
from core.application.market import Market
from core.application.schedule_checks import schedule_checks
from core.application.sweep_checks import run_due_checks
from core.domain.session import NEW_YORK
from tests.application.acts import set_policy
from tests.fakes.world import World, small_world

FIRST, LAST = date(2016, 1, 1), date(2035, 12, 31)
TIMES = [time(9, 30), time(11, 0), time(15, 59), time(23, 59)]


@pytest.fixture(scope="module")
def calendar() -> NyseCalendar:
    return NyseCalendar(FIRST, LAST)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with small_world(tmp_path) as made:
        yield made


@pytest.mark.fault(66, 67)
@pytest.mark.parametrize("slot", TIMES)
def test_every_slot_of_twenty_years_falls_into_its_open_session(
    calendar: NyseCalendar, slot: time
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


@pytest.mark.fault(66, 67, 68)
@pytest.mark.parametrize(
    ("slot", "first", "last"),
    [
        (time(11, 0), date(2021, 3, 1), date(2021, 4, 9)),
        (time(16, 0), date(2021, 10, 25), date(2021, 12, 3)),
    ],
)
async def test_weeks_of_rounds_check_each_session_once(
    world: World, calendar: NyseCalendar, slot: time, first: date, last: date
) -> None:
    """Across each change of the clocks, a half day, and days on which nothing runs.

    What was missed is caught up with once, when the exchange is next open; then the session's own turn comes.
    """
    chance = Random(2021)
    anna = await world.person()
    current = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    portfolio_id = current.portfolio.portfolio.id
    await set_policy(world, anna, portfolio_id, check_times=(slot,))
    world.hold(0, AAA=50, BBB=100)
    market = replace(world.market, calendar=calendar)
    now = datetime.combine(first, time(15, 0), UTC)
    end = datetime.combine(last, time(0, 0), UTC)
    looked: Counter[date] = Counter()
    rounds = []
    while now < end:
        looked[now.astimezone(NEW_YORK).date()] += await _round(world, market, now)
        rounds.append(now)
        is_down = chance.random() < 0.015
        now += timedelta(hours=72) if is_down else timedelta(minutes=chance.randint(40, 180))
    sessions = calendar.between(first + timedelta(days=1), last - timedelta(days=2))
    in_time = {
        session.date: any(session.slot_at(slot) <= at < session.closes_at for at in rounds)
        for session in sessions
    }
    for before, session in itertools.pairwise(sessions):
        count = looked[session.date]
        assert count >= in_time[session.date], session
        assert count <= (1 if in_time[before.date] else 2), session
    assert all(calendar.session_on(day) for day, count in looked.items() if count)
    assert sum(looked.values()) > 20


async def _round(world: World, market: Market, now: datetime) -> int:
    world.market_clock.set(now)
    swept = await run_due_checks(world.store, world.brokers, market, world.clock)
    await schedule_checks(world.store, market)
    assert swept.checked <= 1
    return swept.checked
