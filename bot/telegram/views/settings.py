"""Settings: what a member has set for messages, and how times, numbers and pictures are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.telegram.html import bold, code
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import lines, paragraphs
from bot.words.wishes import LOUDNESS, NOTICE_KINDS, NUMBER_FORMATS
from core.domain.membership import Member
from core.domain.notices import Loudness, NoticeKind
from core.domain.preferences import EXCHANGE, NumberFormat, Preferences

LAYOUTS = {"table": "tables", "list": "sentences"}
OTHERS = {"table": "list", "list": "table", "light": "dark", "dark": "light"}

QUIET_CHOICES = ("21:00-07:00", "22:00-07:00", "23:00-08:00", "off")
ZONE_CHOICES = (
    "New York",
    "Chicago",
    "Denver",
    "Los Angeles",
    "Sao Paulo",
    "London",
    "Berlin",
    "Athens",
    "Dubai",
    "Kolkata",
    "Singapore",
    "Tokyo",
    "Sydney",
)
"""Cities to choose from; every other zone is typed."""

_IN_A_ROW = 3
_MARKS = {Loudness.ON: "🔔", Loudness.SILENT: "🔕", Loudness.OFF: "✖"}
_NEXT = {
    Loudness.ON: Loudness.SILENT,
    Loudness.SILENT: Loudness.OFF,
    Loudness.OFF: Loudness.ON,
}
_BACK = (tap("← Back", "st_back"),)


def settings_screen(member: Member, now: datetime) -> Screen:
    """Everything that a member has set, with a button for each."""
    layout, picture = OTHERS[member.layout], OTHERS[member.picture]
    preferences = member.preferences
    text = paragraphs(
        f"You read {bold(LAYOUTS[member.layout])}, and pictures for {bold(member.picture)} chats. "
        "Sentences suit large type and screen readers.",
        lines(
            f"Messages: {_wishes(preferences)}",
            f"Quiet hours: {preferences.quiet or 'none'}",
            f"Times: {_zone(preferences, now)}",
            f"Numbers: {NUMBER_FORMATS[preferences.numbers or NumberFormat.UK]}",
            f"Plain words, without the trade’s terms: {'on' if preferences.is_plain else 'off'}",
        ),
        f"Mail, push and others: {code('/settings channel')}",
    )
    rows = (
        (tap("🔔 Messages", "st_of", "kinds"), tap("🌙 Quiet hours", "st_of", "quiet")),
        (tap("🕐 Time zone", "st_of", "zone"), tap("🔢 Numbers", "st_of", "format")),
        (_plain_button(preferences),),
        (tap(f"Show me {LAYOUTS[layout]} instead", "layout", layout),),
        (tap(f"Pictures for {picture} chats", "picture", picture),),
    )
    return Screen(text, rows)


def _plain_button(preferences: Preferences) -> Button:
    if preferences.is_plain:
        return tap("🎓 Show me everything again", "st_set", "plain", "off")
    return tap("🌱 Use plain words", "st_set", "plain", "on")


def _wishes(preferences: Preferences) -> str:
    found = [f"{NOTICE_KINDS[kind].lower()} {LOUDNESS[how]}" for kind, how in preferences.wishes]
    return ", ".join(found) if found else "all with sound"


def _zone(preferences: Preferences, now: datetime) -> str:
    clock = f"{now.astimezone(preferences.time_zone):%H:%M} now"
    return f"{preferences.zone or 'the exchange’s (ET)'}, {clock}"


def kinds_screen(member: Member) -> Screen:
    """Each kind of message, and how it comes; a tap takes the next way."""
    text = paragraphs(
        bold("Messages to you"),
        lines(
            "🔔 with sound · 🔕 silent · ✖ off. A tap changes it.",
            "A decision that only you can give, and what needs your eyes (a frozen order, keys, a held account), "
            "come silently at the least.",
        ),
        f"Typed: {code('/settings orders silent')}",
    )
    rows = tuple(_kind_row(kind, member.preferences.wish(kind)) for kind in NoticeKind)
    return Screen(text, (*rows, _BACK))


def _kind_row(kind: NoticeKind, how: Loudness) -> tuple[Button, ...]:
    label = f"{_MARKS[how]} {NOTICE_KINDS[kind]}: {LOUDNESS[how]}"
    return (tap(label, "st_set", kind.value, _NEXT[how].value),)


def quiet_screen(member: Member) -> Screen:
    """When a member's messages wait."""
    text = paragraphs(
        bold("Quiet hours"),
        lines(
            f"Now: {member.preferences.quiet or 'none'}, on your clock ({_zone_name(member.preferences)}).",
            "What comes in them waits for their end. A proposal that would end before, and what needs your eyes, "
            "come at once without a sound.",
        ),
        f"Typed: {code('/settings quiet 22:30-06:45')}",
    )
    return Screen(text, (*_choices("quiet", QUIET_CHOICES), _BACK))


def zone_screen(member: Member, now: datetime) -> Screen:
    """Whose times a member reads."""
    text = paragraphs(
        bold("Time zone"),
        lines(
            f"Now: {_zone(member.preferences, now)}.",
            "Times are shown on your clock, with the exchange’s beside them where they differ.",
        ),
        f"Any other: {code('/settings zone Europe/Madrid')}",
    )
    return Screen(text, (*_choices("zone", ZONE_CHOICES), *_choices("zone", (EXCHANGE,)), _BACK))


def format_screen(member: Member) -> Screen:
    """How a member reads numbers and dates."""
    now = NUMBER_FORMATS[member.preferences.numbers or NumberFormat.UK]
    text = paragraphs(
        bold("Numbers and dates"),
        lines(f"Now: {now}.", "What you type keeps its decimal point: 12.50"),
        f"Typed: {code('/settings format de')}",
    )
    rows = tuple(
        (tap(NUMBER_FORMATS[form], "st_set", "format", form.value),) for form in NumberFormat
    )
    return Screen(text, (*rows, _BACK))


def _zone_name(preferences: Preferences) -> str:
    return preferences.zone or "the exchange’s time"


def _choices(name: str, values: Sequence[str]) -> tuple[tuple[Button, ...], ...]:
    buttons = [
        tap(value.capitalize() if value.islower() else value, "st_set", name, value)
        for value in values
    ]
    return tuple(tuple(buttons[at : at + _IN_A_ROW]) for at in range(0, len(buttons), _IN_A_ROW))
