"""Pinned messages in the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import delete, select, update

from core.adapters.store.database import Database
from core.adapters.store.tables import PINNED
from core.domain.ids import ChatId, PortfolioId
from core.domain.pinned import Pinned

_COLUMNS = tuple(PINNED.c[each.name] for each in fields(Pinned))


class SqlPinned:
    """The port ``PinnedMessages`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, tuple[Pinned, ...]]:
        """Each portfolio's pinned messages, by chat; portfolios without one are missing."""
        rows = await self._database.rows(
            select(*_COLUMNS)
            .where(self._database.among(PINNED.c.portfolio_id, portfolio_ids))
            .order_by(PINNED.c.portfolio_id, PINNED.c.chat_id)
        )
        found: defaultdict[PortfolioId, tuple[Pinned, ...]] = defaultdict(tuple)
        for row in rows:
            found[row[0]] += (Pinned(*row),)
        return dict(found)

    async def keep(self, pinned: Pinned) -> None:
        """Remember one, in the place of what was known of it."""
        await self.keep_many([pinned])

    async def keep_many(self, pinned: Sequence[Pinned]) -> None:
        """The same for many."""
        rows = [asdict(each) for each in pinned]
        await self._database.put_many(PINNED, ("portfolio_id", "chat_id"), rows)

    async def checked(self, portfolio_ids: Collection[PortfolioId], at: datetime) -> None:
        """Say when portfolios were last checked, by the market's time."""
        await self._database.write(
            update(PINNED)
            .where(self._database.among(PINNED.c.portfolio_id, portfolio_ids))
            .values(checked_at=at)
        )

    async def forget(self, portfolio_id: PortfolioId, chat_id: ChatId) -> bool:
        """No longer keep one up; False where there was none."""
        touched = await self._database.write(
            delete(PINNED).where(PINNED.c.portfolio_id == portfolio_id, PINNED.c.chat_id == chat_id)
        )
        return touched == 1
