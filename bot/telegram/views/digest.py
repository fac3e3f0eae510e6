"""The monthly digest: what became of a family's portfolios in a month, for those who only want the monthly picture."""

from __future__ import annotations

from decimal import Decimal

from bot.performance_chart import Curves, performance_chart
from bot.telegram.html import bold, code
from bot.telegram.screen import Screen, tap
from bot.telegram.views.parts import head, lines, paragraphs
from bot.telegram.views.performance import changed, done, returns, value_lines
from bot.words.numbers import growth, money, signed_money, small_drift
from bot.words.plain_words import out_of_place
from bot.words.reader import reader
from bot.words.times import clock_time, month_of
from core.application.month_digest import MonthDigest, PortfolioMonth
from core.domain.performance import Course, time_weighted

NOT_TOLD = (
    f"What came or went at the broker is not told apart here: {code('/performance 1m')} asks it."
)
OFF = f"Off: {code('/settings digests off')}"


def digest_screen(digest: MonthDigest, *, dark: bool = False) -> Screen:
    """A month of all portfolios, with what stands now and a picture of them together."""
    course = digest.course
    blocks = [_portfolio(part) for part in digest.parts]
    several = len(blocks) > 1
    title = f"{bold('Your portfolios')} · {month_of(digest.month)}" if several else ""
    if not several and digest.parts:
        blocks[0] = _portfolio(digest.parts[0], month_of(digest.month))
    together = _together(course, digest.currency) if several else ""
    text = paragraphs(lines(title, together), *blocks, OFF)
    portfolio = digest.parts[0].performance.managed.portfolio
    rows = (
        (
            tap("📈 Performance", "perf", portfolio.id, "ytd"),
            tap("📊 Status", "status", portfolio.id),
        ),
    )
    if course is None:
        return Screen(text, rows)
    curves = Curves(course.values, course.flows, digest.currency or "")
    if not curves.is_drawable:
        return Screen(text, rows)
    name = "Your portfolios" if several else portfolio.name
    picture = performance_chart(curves, title=name, subtitle=month_of(digest.month), dark=dark)
    return Screen(text, rows, picture)


def _together(course: Course | None, currency: str | None) -> str:
    """The family's sum; nothing where the portfolios do not add up."""
    if course is None or currency is None or not course.values:
        return ""
    began, ended = course.values[0].value, course.values[-1].value
    rows = [f"Together: {money(began, currency)} → {bold(money(ended, currency))}"]
    if course.gain is not None:
        earned = time_weighted(course.values, course.flows or ())
        by_time = "" if earned is None or reader().is_plain else f" ({growth(earned)} by time)"
        rows.append(f"Gain: {signed_money(course.gain, currency)}{by_time}")
    return lines(*rows)


def _portfolio(part: PortfolioMonth, *topics: str) -> str:
    found = part.performance
    if found.began is None:
        what = ["No check of that month measured a value."]
    else:
        currency = found.managed.portfolio.currency
        what = [
            *value_lines(found, not_told=NOT_TOLD),
            *([] if reader().is_plain else returns(found)),
            *done(found.proposals, currency),
            changed(found.changes),
        ]
    return lines(
        head(found.managed, *topics),
        *what,
        "" if part.drift is None else _drift(part.drift, found.managed.portfolio.currency),
        "" if part.next_at is None else f"Next check {clock_time(part.next_at)}",
    )


def _drift(drift: Decimal, currency: str) -> str:
    if reader().is_plain:
        return out_of_place(drift, currency)
    return f"Drift now {small_drift(drift)} points"
