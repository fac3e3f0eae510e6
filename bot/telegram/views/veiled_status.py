"""The status of a portfolio whose amounts are hidden in a group: weights, drift and states, and no amounts."""

from __future__ import annotations

from bot.charts import allocation_chart
from bot.telegram.html import escape
from bot.telegram.links import command_link
from bot.telegram.screen import Screen, tap
from bot.telegram.views.parts import (
    SOME_LINES,
    choose_lines,
    drift_table,
    head,
    left_out,
    legend,
    lines,
    paragraphs,
)
from bot.telegram.views.status import (
    drift_line,
    exchange_line,
    last_check_line,
    paused_line,
    prices_age,
    proposal_lines,
)
from bot.telegram.views.veiled import open_privately
from bot.words.by_hand import accounts_label
from bot.words.changes import waiting_line
from bot.words.holds import HOLD_REASONS
from bot.words.numbers import listed
from bot.words.times import clock_time, day
from core.application.show_status import Status
from core.domain.instrument import CASH


def veiled_status(status: Status, username: str, *, dark: bool = False) -> Screen:
    """A portfolio at a glance in percent, with a picture that has no amounts either."""
    portfolio = status.managed.portfolio
    rows = (
        (tap("🔄 Refresh", "status", portfolio.id),),
        open_privately(command_link(username, "status", portfolio.id)),
    )
    body = _weights(status)
    text = paragraphs(
        lines(head(status.managed), paused_line(status), _held(status)),
        *body,
        lines(
            prices_age(status) if status.drift else "",
            last_check_line(status),
            exchange_line(status),
            *proposal_lines(status),
            waiting_line(status.changes),
        ),
    )
    return Screen(text, rows, _picture(status, dark=dark))


def _weights(status: Status) -> list[str]:
    drift = status.drift
    if drift is None:
        return ["⚠ <b>No weights can be shown now.</b>"]
    shown, hidden = choose_lines(drift.lines, (CASH,), SOME_LINES)
    notes = " ".join(filter(None, [legend(shown, "table"), left_out(hidden)]))
    outside = listed([escape(line.symbol) for line in drift.outside])
    return [
        lines(drift_table(shown, None, "table") if shown else "", notes),
        lines(drift_line(drift), f"Not counted (no target): {outside}" if outside else ""),
    ]


def _picture(status: Status, *, dark: bool) -> bytes | None:
    if status.drift is None:
        return None
    when = status.prices_at or status.market_now
    accounts = accounts_label(status.managed.accounts)
    return allocation_chart(
        status.drift,
        title=status.managed.portfolio.name,
        subtitle=f"{accounts} · {day(when)}, {clock_time(when, when)}",
        dark=dark,
    )


def _held(status: Status) -> str:
    why = listed(list(dict.fromkeys(HOLD_REASONS[hold.reason] for hold in status.holds)))
    return f"⛔ Nothing is sent: {escape(why)}" if why else ""
