"""Alerts over twenty years of the exchange: each due session and slot looked at once, no storm, and nothing lost.

In the suite a few portfolios live through the weeks around both changes of the clocks, the short session after
Thanksgiving among them; in the soak a hundred portfolios live through each of the years from 2016 to 2035.
"""

from __future__ import annotations

from datetime import date

import pytest

from core.adapters.calendars.nyse import NyseCalendar
from tests.reliability.profile import by_profile
from tests.reliability.years import Years

SPANS = by_profile(
    quick=[date(2021, 3, 1), date(2021, 10, 25)],
    soak=[date(year, 1, 1) for year in range(2016, 2036)],
)
SESSIONS = by_profile(quick=25, soak=252)
COUNT = by_profile(quick=8, soak=100)


@pytest.mark.parametrize("first", SPANS, ids=str)
def test_each_slot_is_looked_at_once_and_every_alert_comes_once(first: date) -> None:
    calendar = NyseCalendar(date(first.year - 1, 11, 1), date(first.year + 1, 3, 31))
    years = Years(first.toordinal(), calendar, COUNT, first)
    for session in range(1, SESSIONS + 1):
        years.live(session)
        assert not years.ledger.wrong, "\n".join(years.ledger.wrong)
    tally = years.ledger.tally
    assert min(tally[what] for what in ("on_target", "proposed", "refused", "tried again")) > 0
    assert tally["caught up"] > 0
