"""Alerts: what is looked at when, what is news, and where it is told; a button for each, its choices behind it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

from bot.telegram.html import bold, code, escape
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import head, lines, paragraphs
from bot.words.labels import capital
from bot.words.numbers import count, round_money
from bot.words.policy_fields import explain_field
from bot.words.times import clock_time
from core.application.choose_portfolio import Current
from core.domain.due_date import WEEKDAYS, CalendarRule
from core.domain.permissions import Act, may
from core.domain.pinned import Pinned
from core.domain.policy_fields import PolicyField, find_field
from core.domain.portfolio import ManagedPortfolio
from core.domain.slot import Edge, Slot

EXAMPLE = "/alerts check close-30m growth 3"
_WEEKDAYS = dict(
    zip(WEEKDAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"), strict=True)
)
_CALENDARS = {
    "off": "no dates",
    "weekly": "every week",
    "monthly": "every month",
    "quarterly": "every quarter",
    "semiannual": "every half year",
    "annual": "every year",
}
_TRIGGERS = {"either": "a date or a band", "band_on_date": "bands, on dates only"}


@dataclass(frozen=True, slots=True)
class AlertSetting:
    """One thing that ``/alerts`` sets: a field of the policy, and the values that it offers.

    ``key`` names it in buttons, whose payload must be short; it never comes to mean anything else.
    """

    key: str
    label: str
    field: str
    options: tuple[str, ...]

    @property
    def of(self) -> PolicyField:
        """The field of the policy."""
        return find_field(self.field)

    def offers(self, managed: ManagedPortfolio) -> tuple[str, ...]:
        """The values to choose from; what is set now is among them, first where it is none of the usual."""
        options = self.options
        if self.field == "calendar_day" and managed.policy.calendar is CalendarRule.WEEKLY:
            options = WEEKDAYS
        now = self.of.show(managed.policy)
        return options if now in options else (now, *options)

    def words(self, managed: ManagedPortfolio, value: str | None = None) -> str:
        """A value, or the one that is set, as people read it."""
        if value is None:
            value = self.of.show(managed.policy)
        return _said(self.field, self.of, value, managed)


SETTINGS = (
    AlertSetting(
        "t",
        "Checks",
        "check_times",
        ("11:00", "open+15m", "close-30m", "open+15m,close-30m"),
    ),
    AlertSetting("c", "Dates", "calendar", tuple(_CALENDARS)),
    AlertSetting("y", "On", "calendar_day", ("first", "15", "last")),
    AlertSetting("w", "Reason", "trigger", tuple(_TRIGGERS)),
    AlertSetting("b", "Band", "band_absolute", ("2", "3", "5", "10", "off")),
    AlertSetting("r", "Relative", "band_relative", ("10", "20", "25", "50", "off")),
    AlertSetting("p", "Whole portfolio", "portfolio_band", ("off", "2", "3", "5", "10")),
    AlertSetting("g", "Again from", "alert_growth", ("1", "2", "3", "5", "off")),
    AlertSetting("q", "Quiet", "cool_down", ("0", "1", "5", "10", "20")),
    AlertSetting("n", "Spare cash", "new_cash", ("off", "100", "500", "1000", "5000")),
    AlertSetting("x", "Open for", "expires_after", ("1", "3", "5", "10")),
    AlertSetting("m", "Pinned", "pinned", ("on", "off")),
    AlertSetting("d", "Digest", "digest", ("on", "off")),
)
"""What can be set, in the order in which it is shown."""

_LOOKS = ("t", "c", "y", "w")
_NEWS = ("b", "r", "p", "g", "q", "n", "x")
_TOLD = ("m", "d")


def alert_setting(key: str) -> AlertSetting | None:
    """The setting that a button names."""
    return next((setting for setting in SETTINGS if setting.key == key), None)


def alerts_screen(
    current: Current,
    *,
    next_at: datetime | None = None,
    pinned: Collection[Pinned] = (),
    channels: int = 0,
    is_private: bool = True,
) -> Screen:
    """Everything that is set, and a button for each; only owners get the buttons."""
    managed = current.portfolio
    is_owner = may(current.role, Act.CHANGE_POLICY)
    how = f"Tap one to change it, or type: {code(EXAMPLE)}"
    text = paragraphs(
        head(managed, "alerts"),
        lines(bold("When I look"), *_rows(managed, _LOOKS), _next(next_at)),
        lines(bold("What is news"), *_rows(managed, _NEWS)),
        lines(
            bold("How it is told"),
            *_rows(managed, _TOLD),
            _not_pinned(pinned),
            _channels(channels) if is_private else "",
        ),
        how if is_owner else "Only an owner can change these.",
    )
    return Screen(text, _buttons(managed, is_owner=is_owner, is_private=is_private))


def choices_screen(current: Current, setting: AlertSetting) -> Screen:
    """One setting: what it does, and what it can be, with a mark at what it is."""
    managed = current.portfolio
    now = setting.of.show(managed.policy)
    text = paragraphs(
        head(managed, "alerts"),
        f"{bold(setting.label)}: {escape(setting.words(managed))}",
        f"{escape(capital(explain_field(setting.of)))}.",
        f"Another value: {code(f'/alerts {setting.of.aliases[0] if setting.of.aliases else setting.field} …')}"
        f" takes {escape(setting.of.expected)}.",
    )
    portfolio = managed.portfolio.id
    rows = tuple(
        (
            tap(
                f"{'✓ ' if value == now else ''}{capital(setting.words(managed, value))}",
                "al",
                portfolio,
                setting.key,
                value,
            ),
        )
        for value in setting.offers(managed)
    )
    return Screen(text, (*rows, (tap("← Back", "al_back", portfolio),)))


def _shown(managed: ManagedPortfolio, keys: Collection[str]) -> list[AlertSetting]:
    """Those of some settings that mean anything now: a day and a reason only where there are dates."""
    has_dates = managed.policy.calendar is not CalendarRule.OFF
    return [s for s in SETTINGS if s.key in keys and (has_dates or s.key not in {"y", "w"})]


def _rows(managed: ManagedPortfolio, keys: Collection[str]) -> list[str]:
    return [
        f"{escape(setting.label)}: {bold(escape(setting.words(managed)))}"
        for setting in _shown(managed, keys)
    ]


def _next(next_at: datetime | None) -> str:
    return "" if next_at is None else f"Next: {clock_time(next_at)}"


def _not_pinned(pinned: Collection[Pinned]) -> str:
    if not any(p.chat_id < 0 and p.message_id is not None and not p.is_pinned for p in pinned):
        return ""
    return (
        "I may not pin in the group: its message stands there unpinned. Let me pin messages there."
    )


def _channels(number: int) -> str:
    return f"Other channels: {bold(count(number, 'channel') if number else 'none')}"


def _buttons(
    managed: ManagedPortfolio, *, is_owner: bool, is_private: bool
) -> tuple[tuple[Button, ...], ...]:
    portfolio = managed.portfolio.id
    rows: list[tuple[Button, ...]] = []
    if is_owner:
        settings = _shown(managed, [setting.key for setting in SETTINGS])
        buttons = [tap(setting.label, "al_of", portfolio, setting.key) for setting in settings]
        rows = [tuple(buttons[start : start + 3]) for start in range(0, len(buttons), 3)]
    if is_private:
        rows.append((tap("✉️ Other channels", "ch_show"),))
    return tuple(rows)


# --- values in words -----------------------------------------------------------------------------


def _said(name: str, field: PolicyField, value: str, managed: ManagedPortfolio) -> str:
    match name:
        case "check_times":
            return " and ".join(_slot(slot) for slot in field.parse(value))
        case "calendar":
            return _CALENDARS[value]
        case "calendar_day":
            return _day(value)
        case "trigger":
            return _TRIGGERS[value]
        case "new_cash" if value != "off":
            return f"from {round_money(Decimal(value), managed.portfolio.currency)}"
        case "pinned" | "digest":
            return (
                {"pinned": "edited after each check", "digest": "once a month"}[name]
                if value == "on"
                else "off"
            )
        case _:
            return _number(name, value)


def _number(name: str, value: str) -> str:
    if value == "off":
        return {"alert_growth": "not until the quiet days are over"}.get(name, "off")
    match name:
        case "band_absolute" | "portfolio_band":
            return f"{value} points off target"
        case "band_relative":
            return f"{value}% of the target off"
        case "alert_growth":
            return f"{value} points further"
        case "cool_down":
            return "not at all" if value == "0" else f"{_days(value)} after an answer"
        case "expires_after":
            return _days(value)
        case _:
            return value


def _days(value: str) -> str:
    return count(int(value), "trading day")


def _slot(slot: Slot) -> str:
    if isinstance(slot, time):
        return f"{slot:%H:%M} ET"
    if not slot.minutes:
        return f"at the {slot.edge}"
    return f"{slot.minutes} min {'after' if slot.edge is Edge.OPEN else 'before'} the {slot.edge}"


def _day(value: str) -> str:
    if value in _WEEKDAYS:
        return _WEEKDAYS[value]
    return {"first": "the first day", "last": "the last day"}.get(value, f"day {value}")
