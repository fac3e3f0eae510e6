"""Due dates: how often a date alone is a reason to look at a portfolio, and on which day."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class CalendarRule(StrEnum):
    """How often a date alone is a reason to look."""

    OFF = "off"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SEMIANNUAL = "semiannual"
    ANNUAL = "annual"


MONTHS = {
    CalendarRule.MONTHLY: 1,
    CalendarRule.QUARTERLY: 3,
    CalendarRule.SEMIANNUAL: 6,
    CalendarRule.ANNUAL: 12,
}
"""How many months a period of each rule has, counted from January."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
LAST_DAY = 31


@dataclass(frozen=True, slots=True)
class ChosenDay:
    """The day of a period on which its date falls.

    ``day`` of the month, in a shorter month its last one, or with ``is_weekday`` of the week (1 is Monday);
    ``month`` is counted within the period from 1. The default is the period's first day.
    """

    day: int = 1
    month: int = 1
    is_weekday: bool = False

    def fits(self, rule: CalendarRule) -> bool:
        """Whether a rule's periods have such a day."""
        if self == FIRST_DAY:
            return True
        if rule is CalendarRule.WEEKLY:
            return self.is_weekday
        return not self.is_weekday and self.month <= MONTHS.get(rule, 12)


FIRST_DAY = ChosenDay()


def latest_date(rule: CalendarRule, on: ChosenDay, day: date) -> date | None:
    """The latest date of a rule that is not after a day; None where the rule is off."""
    if rule is CalendarRule.OFF:
        return None
    if rule is CalendarRule.WEEKLY:
        weekday = on.day if on.is_weekday else 1
        return day - timedelta(days=(day.isoweekday() - weekday) % 7)
    length = MONTHS[rule]
    period = (day.year * 12 + day.month - 1) // length
    found = _date_in(period * length, on)
    return found if found <= day else _date_in((period - 1) * length, on)


def _date_in(first_month: int, on: ChosenDay) -> date:
    """The chosen day of a period that begins with a month, counted from the year 0."""
    year, month = divmod(first_month + on.month - 1, 12)
    days = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(on.day, days))


def is_date_due(
    rule: CalendarRule, session: date, previous: date | None, on: ChosenDay = FIRST_DAY
) -> bool:
    """Whether a date of the rule has come since the last session that was looked at, up to and with this one.

    A date on which the exchange is closed falls on the next session. ``previous`` is the last session checked
    before; a portfolio never checked waits for the next date.
    """
    latest = latest_date(rule, on, session)
    return latest is not None and previous is not None and previous < latest
