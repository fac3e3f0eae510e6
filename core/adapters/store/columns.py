"""Plain portfolios in the store, packed: the database puts the lines of all into one text a column."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, func, select, type_coerce

from core.adapters.store.accounts import HOLD_STANDS
from core.adapters.store.checks import latest_look
from core.adapters.store.database import Database, Question
from core.adapters.store.documents import read_policy
from core.adapters.store.earmarks import EARMARK_STANDS
from core.adapters.store.proposals import latest_settled, stands_against_a_check
from core.adapters.store.tables import (
    ACCOUNT_HOLDS,
    ACCOUNTS,
    EARMARKS,
    INSTRUMENTS,
    POLICIES,
    PORTFOLIOS,
    PROPOSALS,
    RULES,
    SUBSTITUTES,
    SWITCHES,
    TARGET_LINES,
    TARGETS,
)
from core.domain.harvest import SwitchState
from core.domain.ids import PortfolioId, Symbol
from core.domain.instrument import CASH
from core.domain.packed import NO_INSTRUMENT, PackedLines, PlainPortfolio

_OTHER = ACCOUNTS.alias()
_WHAT_IT_IS = (
    PORTFOLIOS.c.id,
    PORTFOLIOS.c.household_id,
    PORTFOLIOS.c.currency,
    PORTFOLIOS.c.home_chat_id,
    ACCOUNTS.c.broker,
    ACCOUNTS.c.broker_account_id,
    TARGETS.c.id,
    POLICIES.c.id,
)
"""The columns by which a plain portfolio is seen to be what it was; they are the first fields of ``PlainPortfolio``."""
_MANY = len(_WHAT_IT_IS)


class SqlColumns:
    """The port ``Columns`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def plain(
        self, portfolio_ids: Collection[PortfolioId], before: date, without: Collection[str] = ()
    ) -> tuple[PlainPortfolio, ...]:
        """Those of the portfolios that are plain, by id."""
        rows = await self._database.rows(
            _plain(
                *_WHAT_IT_IS,
                POLICIES.c.document,
                latest_look(before, without),
                latest_settled(),
            )
            .where(self._database.among(PORTFOLIOS.c.id, portfolio_ids))
            .order_by(PORTFOLIOS.c.id)
        )
        return tuple(
            PlainPortfolio._make((*row[:_MANY], read_policy(row[_MANY]), *row[_MANY + 1 :]))
            for row in rows
        )

    async def targets(self, versions: Collection[int]) -> PackedLines:
        """The lines of versions of targets.

        They come as one row, which is made without this process having a part in it.
        """
        as_text = self._database.as_text
        instrument = func.coalesce(TARGET_LINES.c.instrument_id, NO_INSTRUMENT)
        weight = type_coerce(TARGET_LINES.c.weight, Text)
        columns = (as_text(TARGET_LINES.c.targets_id), as_text(instrument), weight)
        (row,) = await self._database.rows(
            select(
                *(func.coalesce(func.aggregate_strings(each, ","), "") for each in columns)
            ).where(self._database.among(TARGET_LINES.c.targets_id, versions))
        )
        return PackedLines._make(row)

    async def instruments(self) -> dict[int, Symbol]:
        """The symbol of every instrument by its number as targets have it, that of CASH among them."""
        rows = await self._database.rows(select(INSTRUMENTS.c.id, INSTRUMENTS.c.symbol))
        return {NO_INSTRUMENT: CASH} | {number: Symbol(symbol) for number, symbol in rows}

    async def still_plain(self, portfolios: Sequence[PlainPortfolio]) -> frozenset[PortfolioId]:
        """Those of the portfolios that are plain and what they were."""
        known = {each.id: each for each in portfolios}
        rows = await self._database.rows(
            _plain(*_WHAT_IT_IS).where(self._database.among(PORTFOLIOS.c.id, known))
        )
        return frozenset(row[0] for row in rows if known[row[0]][:_MANY] == tuple(row))


def _plain(*columns: ColumnElement[Any]) -> Question:
    """A question about the portfolios that are plain."""
    has_targets = and_(TARGETS.c.portfolio_id == PORTFOLIOS.c.id, TARGETS.c.replaced_at.is_(None))
    has_policy = and_(POLICIES.c.portfolio_id == PORTFOLIOS.c.id, POLICIES.c.replaced_at.is_(None))
    another = select(_OTHER.c.id).where(
        _OTHER.c.portfolio_id == ACCOUNTS.c.portfolio_id, _OTHER.c.id != ACCOUNTS.c.id
    )
    switches = SWITCHES.c.state == SwitchState.WAITING.value
    return (
        select(*columns)
        .select_from(PORTFOLIOS)
        .join(TARGETS, has_targets)
        .join(POLICIES, has_policy)
        .join(ACCOUNTS, ACCOUNTS.c.portfolio_id == PORTFOLIOS.c.id)
        .where(
            PORTFOLIOS.c.is_paused.is_(False),
            ~another.exists(),
            TARGETS.c.id.not_in(select(SUBSTITUTES.c.targets_id)),
            ACCOUNTS.c.id.not_in(select(ACCOUNT_HOLDS.c.account_id).where(HOLD_STANDS)),
            ACCOUNTS.c.id.not_in(select(EARMARKS.c.account_id).where(EARMARK_STANDS)),
            PORTFOLIOS.c.id.not_in(
                select(PROPOSALS.c.portfolio_id).where(stands_against_a_check())
            ),
            PORTFOLIOS.c.id.not_in(
                select(RULES.c.portfolio_id).where(RULES.c.is_enabled.is_(True))
            ),
            PORTFOLIOS.c.id.not_in(select(SWITCHES.c.portfolio_id).where(switches)),
        )
    )
