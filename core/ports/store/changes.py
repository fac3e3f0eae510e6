"""The store of changes of live portfolios that wait, and of what was said to them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from core.domain.change import Answer, ChangeState, PendingChange
from core.domain.change_kinds import What
from core.domain.ids import ChangeId, MemberId, PortfolioId


class Changes(Protocol):
    """Changes that were made out, and their answers; all that was ever asked for is kept."""

    async def draft(
        self, portfolio_id: PortfolioId, what: What, *, by: MemberId, at: datetime
    ) -> PendingChange:
        """Keep a change that nobody has asked for yet."""
        ...

    async def get(self, change_id: ChangeId) -> PendingChange | None:
        """A change with its answers, the first first."""
        ...

    async def in_states(
        self, states: Collection[ChangeState], portfolio_id: PortfolioId | None = None
    ) -> tuple[PendingChange, ...]:
        """The changes in any of these states, of one portfolio or (None) of all, by number."""
        ...

    async def due(self, now: datetime) -> tuple[ChangeId, ...]:
        """The numbers of the changes that wait for agreement or for their time, and whose day is over."""
        ...

    async def to_remind(self, until: datetime) -> tuple[ChangeId, ...]:
        """The numbers of the changes that still wait for agreement, whose day is over by then, without a reminder."""
        ...

    async def reminded(self, change_id: ChangeId, at: datetime) -> bool:
        """Note that people were reminded of a change; False where they were before."""
        ...

    async def drafted_before(self, at: datetime) -> tuple[ChangeId, ...]:
        """The numbers of the drafts that were made out before an instant and never asked for."""
        ...

    async def move(
        self,
        change_id: ChangeId,
        before: ChangeState,
        after: ChangeState,
        *,
        takes_effect_at: datetime | None = None,
    ) -> bool:
        """Move a change on, with its time where that is given; False where it is not in that state any more."""
        ...

    async def answer(self, change_id: ChangeId, answer: Answer) -> None:
        """Keep what a member said to a change."""
        ...
