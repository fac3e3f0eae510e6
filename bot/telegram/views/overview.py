"""The overview: each of a member's portfolios in a few lines, with a button that leads to it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.telegram.html import bold, escape, neutral
from bot.telegram.screen import Action, Button, Screen, tap
from bot.telegram.views.parts import capped_blocks, head, lines
from bot.telegram.views.status import (
    drift_line,
    paused_line,
    prices_age,
    proposal_lines,
    status_in_words,
)
from bot.words.changes import waiting_line
from bot.words.holds import HOLD_REASONS
from bot.words.numbers import listed, money
from bot.words.plain_words import furthest, how_it_stands
from bot.words.reader import reader
from bot.words.refusals import refusal_sentence
from core.application.show_overview import HouseholdOverview, worth_of
from core.application.show_status import Status
from core.domain.drift import DriftReport

MOST_BUTTONS = 40
_LABEL_LIMIT = 28


def overview_screen(houses: Sequence[HouseholdOverview]) -> Screen:
    """Every portfolio by household, what they are worth together, and a button for each."""
    blocks = [block for house in houses for block in _house(house, is_only=len(houses) == 1)]
    statuses = [status for house in houses for status in house.statuses]
    rows = tuple((_button(status),) for status in statuses[:MOST_BUTTONS])
    first = statuses[0].managed.portfolio.id
    refresh = (tap("🔄 Refresh", "ov_all", first),)
    return Screen(capped_blocks(blocks, "more portfolios"), (*rows, refresh))


def _house(house: HouseholdOverview, *, is_only: bool) -> list[str]:
    title = "" if is_only else f"🏠 {bold(escape(house.name))}"
    first, *others = map(_portfolio, house.statuses)
    return [lines(title, first), *others, _together(house)]


def _portfolio(status: Status) -> str:
    currency = status.managed.portfolio.currency
    worth = worth_of(status)
    return lines(
        head(status.managed),
        paused_line(status),
        _held(status),
        "" if worth is None else f"Value {money(worth, currency)}",
        _drift(status.drift, currency) if status.drift is not None else _trouble(status),
        prices_age(status) if status.drift is not None else "",
        *proposal_lines(status),
        waiting_line(status.changes, f"/changes @{status.managed.portfolio.slug}"),
    )


def _drift(drift: DriftReport, currency: str) -> str:
    line = furthest(drift)
    if reader().is_plain and line is not None:
        return escape(how_it_stands(line, currency))
    return drift_line(drift)


def _trouble(status: Status) -> str:
    """Why there is no drift, in one line; the portfolio's own status says more."""
    if status.refusal is None:
        return ""
    return f"⚠ {escape(refusal_sentence(status.refusal).splitlines()[0])}"


def _held(status: Status) -> str:
    why = listed(list(dict.fromkeys(HOLD_REASONS[hold.reason] for hold in status.holds)))
    return f"⛔ Nothing is sent: {escape(why)}" if why else ""


def _together(house: HouseholdOverview) -> str:
    if len(house.statuses) == 1 or not house.totals:
        return ""
    sums = listed([money(total, currency) for currency, total in house.totals.items()])
    without = listed([escape(neutral(name)) for name in house.unknown])
    return f"Together {bold(sums)}" + (f", without {without}" if without else "")


def _button(status: Status) -> Button:
    portfolio = status.managed.portfolio
    return tap(f"{neutral(portfolio.name)[:_LABEL_LIMIT].strip()}", "ov_show", portfolio.id)


def one_of_all(status: Status, *, layout: str) -> Screen:
    """One portfolio in the overview's place, in words, with the way back."""
    portfolio = status.managed.portfolio.id
    shown = status_in_words(status, layout=layout)
    rows = tuple(tuple(_here(button) for button in row) for row in shown.rows)
    back = (tap("← All", "ov_all", portfolio), tap("🖼 Picture", "status", portfolio))
    return Screen(shown.text, (*rows, back))


def _here(button: Button) -> Button:
    """A button that would send the status anew brings this message up to date instead."""
    action = button.action
    if action is None or action.verb != "status":
        return button
    return Button(button.label, Action("ov_show", action.args))
