"""Ready-made examples: rules to begin with. None is on by default, and none of them is advice."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.domain.rules.rule import Action


@dataclass(frozen=True, slots=True)
class Example:
    """A rule that can be taken over as it is, or changed."""

    name: str
    text: str
    action: Action
    factor: Decimal | None = None


EXAMPLES = (
    Example("nervous market", "VIX > 30", Action.NOTIFY),
    Example("nervous for days", "VIX > 30 for 3d", Action.HOLD_OFF),
    Example("wild swings", "SPX volatility 20d > 35", Action.WIDEN, Decimal("1.5")),
    Example("ten percent down", "SPX drawdown 52w > 10", Action.CHECK_NOW),
    Example("a day's fall", "SPX move 1d < -4", Action.CHECK_NOW),
    Example("rates jump", "TNX change 1m > 0.5", Action.NOTIFY),
    Example("below the average", "SPX distance 200d < 0 for 5d", Action.NOTIFY),
)
