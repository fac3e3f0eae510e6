"""One short sentence for each reason of a plan that has to do with taxes."""

from __future__ import annotations

from collections.abc import Callable

from bot.words.numbers import money
from bot.words.times import date_of
from core.domain.plan import Reason, ReasonCode


def _washes(reason: Reason, currency: str) -> str:
    who = f"{reason.symbol}: buying it now" if "weight" not in reason.values else "Buying it now"
    lost = f" of {money(reason.values['amount'], currency)}" if _is_note(reason) else ""
    return f"{who} would undo a loss{lost} for taxes{_until(reason, '; free from ')}."


def _deferred(reason: Reason, _: str) -> str:
    return f"It becomes long-term soon; your policy waits{_until(reason, ' until ')}."


def _has_gained(_: Reason, __: str) -> str:
    return "It has no target, and has gained (or its cost is unknown); your policy keeps it then."


def _gain_budget(_: Reason, __: str) -> str:
    return "Selling it would realise more gain than your budget for the year."


def _substituted(_: Reason, __: str) -> str:
    return "Another fund of the same line is bought instead."


def _loss_washed(reason: Reason, currency: str) -> str:
    lost = money(reason.values["amount"], currency)
    return f"{lost} of the losses will not count: the same was bought within 30 days."


def _basis_unknown(reason: Reason, currency: str) -> str:
    sold = money(reason.values["amount"], currency)
    return f"Tax unknown: the cost of what is sold for {sold} is not known."


def _is_note(reason: Reason) -> bool:
    return "weight" not in reason.values and "amount" in reason.values


def _until(reason: Reason, before: str) -> str:
    return "" if reason.until is None else f"{before}{date_of(reason.until)}"


TAX_SENTENCES: dict[ReasonCode, Callable[[Reason, str], str]] = {
    ReasonCode.WASHES: _washes,
    ReasonCode.DEFERRED: _deferred,
    ReasonCode.HAS_GAINED: _has_gained,
    ReasonCode.GAIN_BUDGET: _gain_budget,
    ReasonCode.SUBSTITUTED: _substituted,
    ReasonCode.LOSS_WASHED: _loss_washed,
    ReasonCode.BASIS_UNKNOWN: _basis_unknown,
}
"""The sentences by code, each a function of the reason and its currency."""
