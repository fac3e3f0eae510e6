"""Rules for market conditions in the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, delete, or_, select, update

from core.adapters.store.database import Database, Found
from core.adapters.store.tables import PORTFOLIOS, RULES
from core.domain.ids import MemberId, PortfolioId, RuleId
from core.domain.rules import Action, Rule

_IS_FOLLOWED = RULES.c.portfolio_id.not_in(
    select(PORTFOLIOS.c.id).where(PORTFOLIOS.c.is_paused.is_(True))
)
"""A portfolio that is paused is silent, and nothing is looked at."""


class SqlRules:
    """The port ``Rules`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        number = await self._database.add_numbered(
            RULES,
            portfolio_id=portfolio_id,
            text=text,
            action=action.value,
            factor=factor,
            is_enabled=False,
            created_by=by,
            created_at=at,
        )
        return Rule(RuleId(number), portfolio_id, text, action, by, at, factor)

    async def of(self, portfolio_id: PortfolioId) -> tuple[Rule, ...]:
        """A portfolio's rules, the oldest first."""
        rows = await self._database.rows(
            select(RULES).where(RULES.c.portfolio_id == portfolio_id).order_by(RULES.c.id)
        )
        return tuple(map(_rule_of, rows))

    async def enabled(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, tuple[Rule, ...]]:
        """The rules of portfolios that are on, the oldest first; those without one, and paused ones, are missing."""
        rows = await self._database.rows(
            select(RULES)
            .where(
                self._database.among(RULES.c.portfolio_id, portfolio_ids),
                RULES.c.is_enabled.is_(True),
                _IS_FOLLOWED,
            )
            .order_by(RULES.c.id)
        )
        found: defaultdict[PortfolioId, tuple[Rule, ...]] = defaultdict(tuple)
        for rule in map(_rule_of, rows):
            found[rule.portfolio_id] += (rule,)
        return dict(found)

    async def switch(self, portfolio_id: PortfolioId, rule_id: RuleId, *, is_enabled: bool) -> bool:
        """Turn a rule on or off, to be followed from now on; False where the portfolio has no such rule."""
        touched = await self._database.write(
            update(RULES)
            .where(*_the(portfolio_id, rule_id))
            .values(is_enabled=is_enabled, holding_since=None, looked_at=None, told_on=None)
        )
        return touched == 1

    async def turn(self, rule_id: RuleId, since: date | None) -> bool:
        """Note the session since which a rule that is on holds, or (None) that it holds no more."""
        column = RULES.c.holding_since
        is_new = column.is_not(None) if since is None else column.is_(None)
        touched = await self._database.write(
            update(RULES)
            .where(RULES.c.id == rule_id, RULES.c.is_enabled.is_(True), is_new)
            .values(holding_since=since)
        )
        return touched == 1

    async def told(self, rule_id: RuleId, on: date) -> None:
        """Note the session in which people were told that a rule holds."""
        await self._database.write(update(RULES).where(RULES.c.id == rule_id).values(told_on=on))

    async def to_look_at(self, before: datetime) -> tuple[PortfolioId, ...]:
        """The portfolios, but paused ones, with a rule that checks now, is on, and was not looked at since then."""
        rows = await self._database.rows(
            select(RULES.c.portfolio_id)
            .where(
                RULES.c.is_enabled.is_(True),
                _IS_FOLLOWED,
                RULES.c.action == Action.CHECK_NOW.value,
                or_(RULES.c.looked_at.is_(None), RULES.c.looked_at <= before),
            )
            .distinct()
            .order_by(RULES.c.portfolio_id)
        )
        return tuple(PortfolioId(row.portfolio_id) for row in rows)

    async def looked(self, rule_ids: Collection[RuleId], at: datetime) -> None:
        """Note that these rules were looked at."""
        if rule_ids:
            await self._database.write(
                update(RULES).where(self._database.among(RULES.c.id, rule_ids)).values(looked_at=at)
            )

    async def remove(self, portfolio_id: PortfolioId, rule_id: RuleId) -> bool:
        """Forget a rule; False where the portfolio has no such rule."""
        touched = await self._database.write(delete(RULES).where(*_the(portfolio_id, rule_id)))
        return touched == 1


def _the(portfolio_id: PortfolioId, rule_id: RuleId) -> tuple[ColumnElement[bool], ...]:
    return (RULES.c.portfolio_id == portfolio_id, RULES.c.id == rule_id)


def _rule_of(row: Found) -> Rule:
    return Rule(
        RuleId(row.id),
        PortfolioId(row.portfolio_id),
        row.text,
        Action(row.action),
        MemberId(row.created_by),
        row.created_at,
        row.factor,
        row.is_enabled,
        row.holding_since,
        row.told_on,
    )
