"""Rules: a condition in words, and what is done while it holds. A new rule is off until somebody turns it on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import MemberId, PortfolioId, RuleId
from core.domain.refusals import BadFactor, FactorNotTaken

LEAST_FACTOR, MOST_FACTOR = Decimal("1.1"), Decimal(5)
"""By how much bands may be widened."""

QUIET = timedelta(days=7)
"""How long nothing is said anew of a rule that was told: a market that hovers about its limit would say it daily."""


class Action(StrEnum):
    """What a rule does while its condition holds; each one is off unless somebody wants it."""

    CHECK_NOW = "check_now"
    HOLD_OFF = "hold_off"
    WIDEN = "widen"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class Rule:
    """A portfolio's rule; ``factor`` is what bands are multiplied by, and only where it widens them.

    ``holding_since`` is the session in which it was first seen to hold, None for one that does not or is not followed;
    ``told_on`` the session in which people were last told that it holds.
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
    told_on: date | None = None

    @property
    def is_told(self) -> bool:
        """Whether people know that it holds now."""
        return (
            self.told_on is not None
            and self.holding_since is not None
            and self.told_on >= self.holding_since
        )

    def is_to_be_told(self, today: date) -> bool:
        """Whether people are to be told that it holds: they do not know, and heard nothing of it for a while."""
        is_quiet = self.told_on is not None and today - self.told_on < QUIET
        return not self.is_told and not is_quiet


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
