"""The store of cash that is set aside to be taken out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from core.domain.earmark import Earmark
from core.domain.ids import AccountId, EarmarkId, ProposalId


class Earmarks(Protocol):
    """Earmarks on accounts. One counts while it was not ended, has not lapsed, and its money was raised."""

    async def add(self, earmark: Earmark) -> Earmark:
        """Set cash aside; returns the earmark with its number."""
        ...

    async def get(self, earmark_id: EarmarkId) -> Earmark | None:
        """An earmark that was not ended, whether it counts or not."""
        ...

    async def counting(
        self, account_ids: Collection[AccountId], today: date
    ) -> dict[AccountId, Earmark]:
        """The earmark of each account that counts on this day, the latest where there are more; others are missing."""
        ...

    async def of_proposal(self, proposal_id: ProposalId) -> Earmark | None:
        """The earmark whose money a proposal raises, if it was not ended."""
        ...

    async def resize(self, earmark_id: EarmarkId, amount: Decimal) -> None:
        """Say how much is set aside from now on."""
        ...

    async def end(self, earmark_id: EarmarkId, at: datetime) -> bool:
        """Nothing is set aside any more; False where it was ended before."""
        ...
