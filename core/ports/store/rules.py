"""The store of rules for market conditions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from core.domain.ids import MemberId, PortfolioId, RuleId
from core.domain.rules import Action, Rule


class Rules(Protocol):
    """Portfolios' rules; numbers are never used again for another rule of the same portfolio."""

    async def add(
        self,
        portfolio_id: PortfolioId,
        text: str,
        action: Action,
        *,
        factor: Decimal | None,
        by: MemberId,
        at: datetime,
    ) -> Rule:
        """Keep a new rule, which is off."""
        ...

    async def of(self, portfolio_id: PortfolioId) -> tuple[Rule, ...]:
        """A portfolio's rules, the oldest first."""
        ...

    async def enabled(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, tuple[Rule, ...]]:
        """The rules of portfolios that are on, the oldest first; those without one, and paused ones, are missing."""
        ...

    async def switch(self, portfolio_id: PortfolioId, rule_id: RuleId, *, is_enabled: bool) -> bool:
        """Turn a rule on or off, to be followed from now on; False where the portfolio has no such rule."""
        ...

    async def turn(self, rule_id: RuleId, since: date | None) -> bool:
        """Note the session since which a rule that is on holds, or (None) that it holds no more.

        False where that was noted already: the session of before stays.
        """
        ...

    async def told(self, rule_id: RuleId, on: date) -> None:
        """Note the session in which people were told that a rule holds."""
        ...

    async def to_look_at(self, before: datetime) -> tuple[PortfolioId, ...]:
        """The portfolios, but paused ones, with a rule that checks now, is on, and was not looked at since then."""
        ...

    async def looked(self, rule_ids: Collection[RuleId], at: datetime) -> None:
        """Note that these rules were looked at."""
        ...

    async def remove(self, portfolio_id: PortfolioId, rule_id: RuleId) -> bool:
        """Forget a rule; False where the portfolio has no such rule."""
        ...
