"""Loosening: which changes of a policy let more happen than before, or something else.

One table names every setting with its sense. What only says when people are asked or told loosens nothing: every order
still takes their approval.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from core.domain.ids import Symbol
from core.domain.money import ZERO
from core.domain.policy import Band, Direction, Outside, Policy, Reserve, WashRule
from core.domain.policy_fields import FIELDS

BANDS = "bands"
"""The lines' own bands: the one part of a policy that is no single field."""


class Way(StrEnum):
    """In which way a setting is loosened."""

    GREATER = "greater"
    SMALLER = "smaller"
    LESS = "less"
    """What is taken out of a list is not kept from happening any more."""
    FURTHER = "further"
    """Its words stand in an order, each letting more happen than the ones before it."""
    EITHER = "either"
    NEVER = "never"


class Sense(NamedTuple):
    """How one setting is loosened, and the question whether a change of its value does."""

    way: Way
    loosens: Callable[[Any, Any], bool]


def _or_endless(value: Decimal | None) -> Decimal:
    return Decimal("Infinity") if value is None else Decimal(value)


def _is_greater(before: Decimal | None, after: Decimal | None) -> bool:
    """Whether a limit lets more through; one that is off lets everything through."""
    return _or_endless(after) > _or_endless(before)


def _is_smaller(before: Any, after: Any) -> bool:
    return bool(after < before)


def _is_smaller_threshold(before: Decimal, after: Decimal) -> bool:
    """Whether something happens of itself from less on; at 0 it never does."""
    return _is_greater(after or None, before or None)


def _is_less(before: Collection[object], after: Collection[object]) -> bool:
    return not set(before) <= set(after)


def _is_smaller_reserve(before: Reserve, after: Reserve) -> bool:
    """Whether less cash may be left; an amount and a percentage cannot be compared unless one of them is 0."""
    if before.is_percent == after.is_percent or ZERO in {before.amount, after.amount}:
        return after.amount < before.amount
    return True


_SIDES: Mapping[Direction, frozenset[str]] = {
    Direction.BUY_ONLY: frozenset({"buy"}),
    Direction.SELL_ONLY: frozenset({"sell"}),
    Direction.BOTH: frozenset({"buy", "sell"}),
}


def _adds_a_side(before: Direction, after: Direction) -> bool:
    return not _SIDES[after] <= _SIDES[before]


def _has_wider_band(before: Policy, after: Policy) -> bool:
    """Whether a line that has, or had, a band of its own may drift further than before."""
    return any(_is_wider(before, after, line) for line in {*before.bands, *after.bands})


def _is_wider(before: Policy, after: Policy, line: Symbol) -> bool:
    old, new = before.band_of(line), after.band_of(line)
    return any(_is_greater(was, now) for was, now in zip(_parts(old), _parts(new), strict=True))


def _parts(band: Band) -> tuple[Decimal | None, Decimal | None]:
    return band.absolute, band.relative


def _further(*words: StrEnum) -> Sense:
    return Sense(Way.FURTHER, lambda before, after: words.index(after) > words.index(before))


GREATER = Sense(Way.GREATER, _is_greater)
SMALLER = Sense(Way.SMALLER, _is_smaller)
LESS = Sense(Way.LESS, _is_less)
EITHER = Sense(Way.EITHER, lambda before, after: before != after)
NEVER = Sense(Way.NEVER, lambda before, after: False)  # noqa: ARG005 - whatever they are

SENSES: Mapping[str, Sense] = {
    "band_absolute": GREATER,
    "band_relative": GREATER,
    BANDS: Sense(Way.GREATER, _has_wider_band),
    "portfolio_band": GREATER,
    "destination": EITHER,
    "direction": Sense(Way.FURTHER, _adds_a_side),
    "objective": EITHER,
    "fractional": EITHER,
    "min_trade": SMALLER,
    "cash_reserve": Sense(Way.SMALLER, _is_smaller_reserve),
    "min_lot": EITHER,
    # What trades are thought to cost keeps those back that are not worth it, or cost too much.
    "commission": SMALLER,
    "commission_per_share": SMALLER,
    "spread_bps": SMALLER,
    "turnover_limit": GREATER,
    "cost_limit": GREATER,
    "worth": SMALLER,
    "outside": _further(Outside.KEEP, Outside.SELL_WITHOUT_GAIN, Outside.SELL),
    "do_not_sell": LESS,
    "do_not_buy": LESS,
    "lot_method": EITHER,
    "tax_short": EITHER,
    "tax_long": EITHER,
    "loss_offset": EITHER,
    "gain_budget": GREATER,
    "defer_days": SMALLER,
    "wash": _further(WashRule.BLOCK, WashRule.FLAG, WashRule.OFF),
    "locations": EITHER,
    "harvest_loss": Sense(Way.SMALLER, _is_smaller_threshold),
    "harvest_percent": SMALLER,
    "harvest_look": NEVER,
    # With trigger band_on_date the dates decide when a band counts at all.
    "calendar": EITHER,
    "trigger": EITHER,
    "calendar_day": NEVER,
    "check_times": NEVER,
    "cool_down": SMALLER,
    "alert_growth": NEVER,
    "new_cash": NEVER,
    "expires_after": GREATER,
    "pinned": NEVER,
    "digest": NEVER,
    "approvals": SMALLER,
    "approvals_many": SMALLER,
    "approvals_above": GREATER,
    "approvals_share": GREATER,
    "approvals_gain": GREATER,
    "four_eyes": SMALLER,
    "veto": SMALLER,
    "ask_first": NEVER,
    "remind_after": NEVER,
    "collar": GREATER,
    "tolerance": GREATER,
    "tolerance_across_close": GREATER,
}
"""Every setting of a policy with its sense, in the order in which people are shown them."""


def loosened(before: Policy, after: Policy) -> tuple[str, ...]:
    """The names of the settings that a change of a policy loosens or redirects; empty where it only tightens."""
    found = [
        field.name
        for field in FIELDS
        if SENSES[field.name].loosens(field.value(before), field.value(after))
    ]
    if SENSES[BANDS].loosens(before, after):
        found.append(BANDS)
    return tuple(found)
