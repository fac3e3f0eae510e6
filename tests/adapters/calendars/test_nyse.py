"""What only the real exchange's calendar knows: half days, and years to come."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from core.adapters.calendars.nyse import NyseCalendar


@pytest.fixture(scope="module")
def nyse() -> NyseCalendar:
    return NyseCalendar(date(2012, 1, 1), date(2035, 12, 31))


@pytest.mark.fault(67)
@pytest.mark.parametrize(
    ("day", "closes"),
    [
        (date(2019, 11, 29), datetime(2019, 11, 29, 18, 0, tzinfo=UTC)),
        (date(2026, 12, 24), datetime(2026, 12, 24, 18, 0, tzinfo=UTC)),
        (date(2018, 7, 3), datetime(2018, 7, 3, 17, 0, tzinfo=UTC)),
    ],
)
def test_half_days_close_at_one(nyse: NyseCalendar, day: date, closes: datetime) -> None:
    session = nyse.session_on(day)
    assert session is not None
    assert session.closes_at == closes
    assert not session.is_open_at(closes)


def test_hurricane_sandy_closed_the_exchange(nyse: NyseCalendar) -> None:
    assert nyse.session_on(date(2012, 10, 29)) is None
    assert nyse.next_after(date(2012, 10, 26)).date == date(2012, 10, 31)


def test_every_year_to_come_has_about_252_sessions(nyse: NyseCalendar) -> None:
    for year in range(2013, 2036):
        sessions = nyse.between(date(year, 1, 1), date(year, 12, 31))
        assert 249 <= len(sessions) <= 253


def test_making_one_loads_no_heavy_library() -> None:
    code = (
        "import sys, datetime as d; from core.adapters.calendars.nyse import NyseCalendar; "
        "NyseCalendar(d.date(2020, 1, 1), d.date(2021, 1, 1)); "
        "print('pandas' in sys.modules or 'exchange_calendars' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
