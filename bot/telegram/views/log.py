"""The log of a portfolio, for an owner on a phone: a day's heading, and a line for each thing done."""

from __future__ import annotations

from itertools import groupby

from bot.telegram.html import TEXT_LIMIT, bold, escape, shown_name
from bot.telegram.screen import Screen, tap
from bot.telegram.views.parts import capped, head, lines, paragraphs
from bot.words.events import event_words
from bot.words.times import clock_name, day, time_of_day
from core.application.choose_portfolio import Current
from core.application.read_log import LogEntry, LogPage


def log_screen(current: Current, page: LogPage, limit: int) -> Screen:
    """A page of the log, newest first, with a button for what is older."""
    portfolio = current.portfolio.portfolio
    if not page.entries:
        return Screen(paragraphs(head(current.portfolio, "log"), "Nothing older is kept."))
    days = [
        lines(bold(name), *map(_line, entries))
        for name, entries in groupby(page.entries, key=lambda entry: day(entry.at))
    ]
    text = paragraphs(
        head(current.portfolio, f"log, times {clock_name()}"),
        capped("\n\n".join(days).split("\n"), TEXT_LIMIT - 200, "more entries"),
    )
    older = (
        ()
        if page.older is None
        else ((tap("Older", "log_older", portfolio.id, page.older, limit),),)
    )
    return Screen(text, older)


def _line(entry: LogEntry) -> str:
    who = f" ({shown_name(entry.member_name)})" if entry.member_name else ""
    return f"{time_of_day(entry.at)} {escape(event_words(entry))}{who}"
