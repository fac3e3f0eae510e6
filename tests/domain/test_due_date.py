"""Due dates: when a date alone is a reason to look, also on a chosen day and across closed ones."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.due_date import (
    FIRST_DAY,
    LAST_DAY,
    CalendarRule,
    ChosenDay,
    is_date_due,
    latest_date,
)

DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31))
MONTHLY_RULES = st.sampled_from(
    [rule for rule in CalendarRule if rule.value not in {"off", "weekly"}]
)
FRIDAY = ChosenDay(5, is_weekday=True)


@pytest.mark.parametrize(
    ("rule", "previous", "today", "is_due"),
    [
        # a week begins on Monday, across a year's end too
        ("weekly", "2020-03-06", "2020-03-09", True),
        ("weekly", "2020-03-09", "2020-03-13", False),
        ("weekly", "2018-12-31", "2019-01-02", False),
        ("weekly", "2020-12-31", "2021-01-04", True),
        ("weekly", "2019-01-02", "2020-01-02", True),
        ("monthly", "2020-01-31", "2020-02-03", True),
        ("monthly", "2020-02-03", "2020-02-28", False),
        ("monthly", "2020-12-31", "2021-01-04", True),
        ("monthly", "2020-03-02", "2021-03-02", True),
        ("quarterly", "2020-03-31", "2020-04-01", True),
        ("quarterly", "2020-01-02", "2020-03-31", False),
        ("quarterly", "2020-12-31", "2021-01-04", True),
        ("semiannual", "2020-06-30", "2020-07-01", True),
        ("semiannual", "2020-03-31", "2020-04-01", False),
        ("semiannual", "2020-12-31", "2021-01-04", True),
        ("annual", "2020-12-31", "2021-01-04", True),
        ("annual", "2020-01-02", "2020-12-31", False),
        ("off", "2020-12-31", "2021-01-04", False),
    ],
)
def test_a_date_is_due_at_the_first_session_of_a_new_period(
    rule: str, previous: str, today: str, *, is_due: bool
) -> None:
    days = date.fromisoformat(today), date.fromisoformat(previous)
    assert is_date_due(CalendarRule(rule), *days) is is_due


def test_a_portfolio_never_checked_waits_for_the_next_period() -> None:
    assert not is_date_due(CalendarRule.MONTHLY, date(2020, 3, 9), None)


@pytest.mark.parametrize(
    ("rule", "on", "previous", "today", "is_due"),
    [
        ("monthly", ChosenDay(15), "2020-03-13", "2020-03-16", True),  # the 15th is a Sunday
        ("monthly", ChosenDay(15), "2020-03-16", "2020-03-17", False),
        ("monthly", ChosenDay(15), "2020-03-12", "2020-03-13", False),
        ("monthly", ChosenDay(LAST_DAY), "2020-02-27", "2020-02-28", False),
        (
            "monthly",
            ChosenDay(LAST_DAY),
            "2020-02-28",
            "2020-03-02",
            True,
        ),  # 29 February, a Saturday
        ("monthly", ChosenDay(LAST_DAY), "2021-02-26", "2021-03-01", True),  # 28 February, a Sunday
        ("weekly", FRIDAY, "2020-04-09", "2020-04-13", True),  # Good Friday is closed
        ("weekly", FRIDAY, "2020-03-05", "2020-03-06", True),
        ("weekly", FRIDAY, "2020-03-06", "2020-03-09", False),
        ("quarterly", ChosenDay(15, 2), "2020-05-14", "2020-05-15", True),
        ("quarterly", ChosenDay(15, 2), "2020-04-14", "2020-04-15", False),
        ("semiannual", ChosenDay(1, 6), "2020-11-30", "2020-12-01", True),
        ("annual", ChosenDay(31, 12), "2020-12-31", "2021-01-04", False),
        ("annual", ChosenDay(31, 12), "2022-12-30", "2023-01-03", True),  # a Saturday
        ("annual", ChosenDay(15, 4), "2020-04-14", "2020-04-15", True),
        ("annual", ChosenDay(15, 4), "2019-04-15", "2020-04-15", True),
    ],
)
def test_a_chosen_day_is_kept_at_the_first_session_on_or_after_it(
    rule: str, on: ChosenDay, previous: str, today: str, *, is_due: bool
) -> None:
    days = date.fromisoformat(today), date.fromisoformat(previous)
    assert is_date_due(CalendarRule(rule), *days, on) is is_due


@given(MONTHLY_RULES, st.integers(1, 31), DAYS)
def test_each_period_has_exactly_one_date(rule: CalendarRule, day: int, first: date) -> None:
    """Over three years from any day on, every day being looked at."""
    days = [first + timedelta(days=n) for n in range(1096)]
    on = ChosenDay(day)
    due = [at for before, at in itertools.pairwise(days) if is_date_due(rule, at, before, on)]
    assert {latest_date(rule, on, at) for at in due} == set(due)
    months = {"monthly": 36, "quarterly": 12, "semiannual": 6, "annual": 3}[rule]
    assert months - 1 <= len(due) <= months + 1
    assert len({(at.year, at.month) for at in due}) == len(due)


def test_a_rule_that_is_off_has_no_dates() -> None:
    assert latest_date(CalendarRule.OFF, FIRST_DAY, date(2020, 3, 9)) is None


@pytest.mark.parametrize(
    ("rule", "on", "fits"),
    [
        ("weekly", FRIDAY, True),
        ("weekly", ChosenDay(15), False),
        ("monthly", FRIDAY, False),
        ("monthly", ChosenDay(15), True),
        ("monthly", ChosenDay(15, 2), False),
        ("quarterly", ChosenDay(15, 3), True),
        ("quarterly", ChosenDay(15, 4), False),
        ("annual", ChosenDay(31, 12), True),
        ("weekly", FIRST_DAY, True),
        ("off", ChosenDay(15), True),
        ("off", FRIDAY, False),
    ],
)
def test_which_days_a_rule_has(rule: str, on: ChosenDay, *, fits: bool) -> None:
    assert on.fits(CalendarRule(rule)) is fits
