"""What people read about the ladder to real money: rungs, what changes on the next one, and who changed what."""

from __future__ import annotations

from bot.words.labels import rung_label
from bot.words.numbers import count, money, plain
from core.application.change_rung import RungCause
from core.application.sending_time import UNDO
from core.domain.ladder import LIVE_RUNGS
from core.domain.portfolio import Rung
from core.domain.risk import Limits

PLACES = {rung: place for place, rung in enumerate(Rung, start=1)}

LOSSES = (
    "What you can lose: what you buy may fall in value, orders may fill at worse prices than those "
    "shown (each has a limit), and sales may be taxed. None of that can be given back."
)

REINS = (
    f"How you stop it: approved orders wait {UNDO.seconds} seconds behind ↩ Undo, /pause stops whatever "
    "has not been sent, and Down to dry run (/accounts) works at once."
)


def place_line(rung: Rung) -> str:
    """Where a rung is on the ladder: ``Rung 3 of 5 on the way to real money``."""
    return f"Rung {PLACES[rung]} of {len(Rung)} on the way to real money"


def caps_line(rung: Rung, limits: Limits, currency: str) -> str:
    """The most money that orders may move on a live rung."""
    if rung not in LIVE_RUNGS:
        return ""
    cap, _ = limits.order_cap(rung)
    each = f"at most {money(cap, currency)} an order" if cap is not None else ""
    if rung is Rung.LIVE_CAPPED:
        return (
            f"{each} and {money(limits.live_cap_day, currency)} a trading day, both sides together"
        )
    whole = (
        f"up to {count(limits.max_legs, 'order')} and {plain(limits.max_turnover)}% of the "
        "account's value in one plan"
    )
    return f"{each}, {whole}" if each else f"no cap on one order; {whole}"


def what_changes(rung: Rung, limits: Limits, currency: str) -> str:
    """What is different on a live rung, in plain words."""
    return (
        "From then on every plan that is approved here sends real orders for real money: "
        f"{caps_line(rung, limits, currency)}."
    )


def rung_news(before: Rung, rung: Rung, cause: RungCause, name: str) -> str:
    """Who or what put an account on another rung."""
    step = f"{rung_label(before)} → {rung_label(rung)}"
    if before is rung:
        step = f"{rung_label(rung)}, confirmed anew"
    match cause:
        case RungCause.PAPER_MODE:
            return f"{step}: whoever runs me has set this installation to paper."
        case RungCause.RESTORED:
            return f"{step}: my data were put back from a backup, so an owner confirms real trading anew."
        case _:
            return f"{step}, by {name or 'an owner'}."


def is_up(before: Rung, rung: Rung) -> bool:
    """Whether a step makes an account more real."""
    return PLACES[rung] >= PLACES[before]
