"""Performance: what a portfolio has earned, apart from the money that came and went, by time and by money.

Money is in the portfolio's currency; returns are fractions of one (0.05 is 5 percent) of the whole span, unless said
otherwise. Values are those that were measured; nothing in between is guessed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from operator import attrgetter

from core.domain.ids import Symbol
from core.domain.money import ONE, ZERO

_YEAR = timedelta(days=365)
_MOST_GROWTH = Decimal(10) ** 9
_CLOSE_ENOUGH = Decimal("1e-15")
_MOST_STEPS = 200
_MONTHS = 12


class Period(StrEnum):
    """How far back a look goes."""

    MONTH = "1m"
    QUARTER = "3m"
    YEAR_TO_DATE = "ytd"
    YEAR = "1y"
    ALL = "all"

    def begins(self, today: date) -> date | None:
        """The first day of it; None for everything that there is."""
        match self:
            case Period.ALL:
                return None
            case Period.YEAR_TO_DATE:
                return today.replace(month=1, day=1)
            case _:
                return _months_before(today, {"1m": 1, "3m": 3, "1y": _MONTHS}[self.value])


def _months_before(today: date, months: int) -> date:
    """The same day of an earlier month, or that month's last one."""
    year, month = divmod(today.year * _MONTHS + today.month - 1 - months, _MONTHS)
    first_of_next = date(year + (month + 1) // _MONTHS, (month + 1) % _MONTHS + 1, 1)
    last = (first_of_next - timedelta(days=1)).day
    return date(year, month + 1, min(today.day, last))


@dataclass(frozen=True, slots=True)
class Valued:
    """What a portfolio was worth at an instant."""

    at: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class Flow:
    """Money that came in (above 0) or went out at an instant."""

    at: datetime
    amount: Decimal


def moved(flows: Iterable[Flow]) -> tuple[Decimal, Decimal]:
    """The money that came in and the money that went out, both 0 or above."""
    amounts = [flow.amount for flow in flows]
    came = sum((amount for amount in amounts if amount > ZERO), ZERO)
    return came, -sum((amount for amount in amounts if amount < ZERO), ZERO)


def time_weighted(values: Sequence[Valued], flows: Sequence[Flow]) -> Decimal | None:
    """The return as if no money had come or gone: what one who decides over none of the flows is measured by.

    The growths between neighbouring values are chained. Where money moved between two of them, the growth there is the
    modified Dietz return (P. Dietz, "Pension Funds: Measuring Investment Performance", 1966; the linking of such
    returns is that of the Global Investment Performance Standards): the gain over the capital that was there on
    average, each flow counted for the part of the time that it was there. None where no capital was there to earn.
    """
    growth = ONE
    for before, after in pairwise(values):
        between = [flow for flow in flows if before.at < flow.at <= after.at]
        earned = _dietz(before, after, between)
        if earned is None:
            return None
        growth *= ONE + earned
    return growth - ONE if len(values) > 1 else None


def _dietz(before: Valued, after: Valued, flows: Sequence[Flow]) -> Decimal | None:
    """The modified Dietz return between two values; 0 where nothing was there and nothing came."""
    if not before.value and not flows:
        return ZERO if not after.value else None
    begins = before.at if before.value else flows[0].at
    capital = before.value + sum(
        (flow.amount * _part_left(begins, flow.at, after.at) for flow in flows), ZERO
    )
    gain = after.value - before.value - sum((flow.amount for flow in flows), ZERO)
    if capital <= ZERO:
        return ZERO if not gain else None
    return gain / capital


def _part_left(begins: datetime, at: datetime, ends: datetime) -> Decimal:
    """The part of a span that was still to come at an instant."""
    if ends <= begins:
        return ZERO
    return _microseconds(ends - at) / _microseconds(ends - begins)


def _microseconds(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1))


def money_weighted(values: Sequence[Valued], flows: Sequence[Flow]) -> Decimal | None:
    """The return of each unit of money for the time that it was there: the internal rate of return (XIRR).

    The growth x of the whole span is sought at which the first value and the flows would have grown to the last value:
    first · x + Σ flow · x^(part of the span left) = last. It is found by bracketing and the Illinois method (M. Dowell
    and P. Jarratt, "A modified regula falsi method", BIT 11, 1971). Where more money was taken out than was there,
    several growths may fit; one of them is returned. None where none does, or no time has passed.
    """
    if len(values) < 2 or values[-1].at <= values[0].at:  # noqa: PLR2004 - a span has two ends
        return None
    first, last = values[0], values[-1]
    terms = [(first.value, ONE)] + [
        (flow.amount, _part_left(first.at, flow.at, last.at))
        for flow in flows
        if first.at < flow.at <= last.at
    ]
    found = _root(terms, last.value)
    return None if found is None else found - ONE


def _root(terms: Sequence[tuple[Decimal, Decimal]], last: Decimal) -> Decimal | None:
    """The growth above or at 0 at which the terms (amount, exponent) come to ``last``."""

    def short(growth: Decimal) -> Decimal:
        return last - sum((amount * _power(growth, part) for amount, part in terms), ZERO)

    low, high = ZERO, Decimal(2)
    at_low, at_high = short(low), short(high)
    if not at_low:
        return low
    while at_low * at_high > ZERO:
        high *= 8
        if high > _MOST_GROWTH:
            return None
        at_high = short(high)
    return _illinois(short, (low, at_low), (high, at_high))


def _power(growth: Decimal, part: Decimal) -> Decimal:
    if not part:
        return ONE
    return growth**part if growth else ZERO


def _illinois(
    short: Callable[[Decimal], Decimal],
    low: tuple[Decimal, Decimal],
    high: tuple[Decimal, Decimal],
) -> Decimal:
    """Close in on the root between two points at which a function has opposite signs."""
    (a, at_a), (b, at_b) = low, high
    for _ in range(_MOST_STEPS):
        middle = (a * at_b - b * at_a) / (at_b - at_a)
        at_middle = short(middle)
        if not at_middle or abs(middle - b) <= _CLOSE_ENOUGH:
            return middle
        if at_middle * at_b < ZERO:
            a, at_a = b, at_b
        else:
            at_a /= 2
        b, at_b = middle, at_middle
    return b


def a_year(growth: Decimal, span: timedelta) -> Decimal | None:
    """The return of a year that comes to the same; None for less than a year, which would be extrapolated."""
    if span < _YEAR or growth <= -ONE:
        return None
    return (ONE + growth) ** (_microseconds(_YEAR) / _microseconds(span)) - ONE


# --- against never having rebalanced -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """Cash and shares by symbol, in the shares of today."""

    cash: Decimal
    positions: Mapping[Symbol, Decimal]

    def worth(self, prices: Mapping[Symbol, Decimal]) -> Decimal:
        """What they come to at these prices; raises KeyError where one is missing."""
        shares = sum(
            (prices[s] * quantity for s, quantity in self.positions.items() if quantity), ZERO
        )
        return self.cash + shares

    def times(self, factor: Decimal) -> Kept:
        """So many times as much of everything."""
        grown = {symbol: quantity * factor for symbol, quantity in self.positions.items()}
        return Kept(self.cash * factor, grown)


def left_alone(
    begun: Kept,
    flows: Sequence[tuple[date, Decimal]],
    closes: Mapping[date, Mapping[Symbol, Decimal]],
) -> Kept | None:
    """What is held where nothing was traded but money that came or went, in proportion to what was there.

    Each flow, with the session at whose closes it is invested or raised, changes all shares and the cash by the same
    factor. None where nothing was there to put money into, or no more than was taken out.
    """
    kept = begun
    for day, amount in flows:
        worth = kept.worth(closes[day])
        if worth <= ZERO or worth + amount <= ZERO:
            return None
        kept = kept.times(ONE + amount / worth)
    return kept


# --- several portfolios together -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Course:
    """Values by time, oldest first, and the money that came and went between them (None: not known)."""

    values: tuple[Valued, ...]
    flows: tuple[Flow, ...] | None

    @property
    def gain(self) -> Decimal | None:
        """What the value changed by beside the money that came and went; None where that is not known."""
        if self.flows is None or not self.values:
            return None
        came, went = moved(self.flows)
        return self.values[-1].value - self.values[0].value - came + went


def together(courses: Sequence[Course]) -> Course | None:
    """Several courses as one: at each instant the sum of the latest values; None without any.

    What begins later comes in with its first value, as money that was paid in. A flow counts from the value that shows
    it: until then the sum does not have it either.
    """
    some = [course for course in courses if course.values]
    if not some:
        return None
    begins = min(course.values[0].at for course in some)
    instants = sorted({each.at for course in some for each in course.values})
    values = tuple(Valued(at, sum((_latest(c, at) for c in some), ZERO)) for at in instants)
    flows: list[Flow] = []
    for course in some:
        if course.flows is None:
            return Course(values, None)
        if course.values[0].at > begins:
            flows.append(Flow(course.values[0].at, course.values[0].value))
        flows += [Flow(_shown_at(course, flow), flow.amount) for flow in course.flows]
    return Course(values, tuple(sorted(flows, key=lambda flow: flow.at)))


def _latest(course: Course, at: datetime) -> Decimal:
    """The last value up to an instant; 0 before the first."""
    place = bisect_right(course.values, at, key=attrgetter("at"))
    return course.values[place - 1].value if place else ZERO


def _shown_at(course: Course, flow: Flow) -> datetime:
    """When a value shows a flow for the first time; the flow's own instant after the last."""
    return next((each.at for each in course.values if each.at >= flow.at), flow.at)
