"""Alerts over twenty years of the exchange: each due session and slot looked at once, no storm, and nothing lost.

In the suite a few portfolios live through the weeks around both changes of the clocks, the short session after
Thanksgiving among them. In the soak a hundred portfolios live through 252 sessions from the first of each year from
2016 to 2035: twenty runs on two or more processes, each on a store of its own with other families, prices and troubles,
and nothing carried from one year to the next. What years leave behind is tried by one run more, in which a few
portfolios live through all twenty without a break, on one store.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from core.adapters.calendars.nyse import NyseCalendar
from tests.reliability.profile import by_profile
from tests.reliability.years import Years

TWENTY = range(2016, 2036)
LIVES = by_profile(
    quick=[[(date(2021, 3, 1), 25, 8), (date(2021, 10, 25), 25, 8)]],
    soak=[
        [(date(TWENTY.start, 1, 1), 252 * len(TWENTY), 8)],
        *([(date(year, 1, 1), 252, 100)] for year in TWENTY),
    ],
)
"""For each run the streets whose lives it tells: the first day, sessions, and portfolios."""


HAPPENED = (
    "on_target",
    "proposed",
    "refused",
    "tried again",
    "caught up",
    "paused",
    "resumed",
    "held_off",
    "rule: widen",
    "looked at by a rule",
    "told of a rule",
    "told that it is over",
    "money asked for",
)
"""What every run must have seen, or it shows nothing."""


@pytest.mark.parametrize("streets", LIVES, ids=str)
def test_each_slot_is_looked_at_once_and_every_alert_comes_once(
    streets: list[tuple[date, int, int]],
) -> None:
    tally = Counter[str]()
    for first, sessions, count in streets:
        tally += lived(first, sessions, count)
    assert [what for what in HAPPENED if not tally[what]] == []


def lived(first: date, sessions: int, count: int) -> Counter[str]:
    """Let a street live from a day on; what happened in it, where nothing was wrong."""
    last = first.replace(year=first.year + sessions // 252 + 1, month=3, day=31)
    calendar = NyseCalendar(date(first.year - 1, 11, 1), last)
    years = Years(first.toordinal(), calendar, count, first)
    for session in range(1, sessions + 1):
        years.live(session)
        assert not years.ledger.wrong, "\n".join(years.ledger.wrong)
    return years.ledger.tally
