"""Rules: a condition in words, and what is done while it holds. A new rule is off until somebody turns it on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import MemberId, PortfolioId, RuleId
from core.domain.refusals import BadFactor, FactorNotTaken

LEAST_FACTOR, MOST_FACTOR = Decimal("1.1"), Decimal(5)
"""By how much bands may be widened."""


class Action(StrEnum):
    """What a rule does while its condition holds; each one is off unless somebody wants it."""

    CHECK_NOW = "check_now"
    HOLD_OFF = "hold_off"
    WIDEN = "widen"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class Rule:
    """A portfolio's rule; ``factor`` is what bands are multiplied by, and only where it widens them.

    ``holding_since`` is the session in which it was first seen to hold, None for one that does not or is not followed.
    """

    id: RuleId
    portfolio_id: PortfolioId
    text: str
    action: Action
    created_by: MemberId
    created_at: datetime
    factor: Decimal | None = None
    is_enabled: bool = False
    holding_since: date | None = None


def require_factor(action: Action, factor: Decimal | None) -> None:
    """Refuse a widening without a factor within its limits to two decimals, and a factor for anything else.

    Raises BadFactor or FactorNotTaken.
    """
    if action is not Action.WIDEN:
        if factor is not None:
            raise FactorNotTaken
        return
    if factor is None or not factor.is_finite() or not _is_right(factor):
        raise BadFactor(factor, LEAST_FACTOR, MOST_FACTOR)


def _is_right(factor: Decimal) -> bool:
    return LEAST_FACTOR <= factor <= MOST_FACTOR and factor == round(factor, 2)
