"""The store of harvests: the switches back that they left, and which orders were theirs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Protocol

from core.domain.harvest import Switch, SwitchState
from core.domain.ids import AccountId, ClientOrderId, PortfolioId, ProposalId


class Harvests(Protocol):
    """Switches back, each once by proposal, account and what was sold."""

    async def add(self, switches: Sequence[Switch]) -> int:
        """Remember switches (their ``id`` is ignored), and return how many were new."""
        ...

    async def waiting(
        self, portfolio_ids: Collection[PortfolioId], until: date | None = None
    ) -> tuple[Switch, ...]:
        """The switches still to be offered, oldest first; only those to be looked for by a day, if one is said."""
        ...

    async def offered_by(self, proposal_id: ProposalId) -> tuple[Switch, ...]:
        """The switches that a proposal offered last, whatever became of them."""
        ...

    async def look_again(
        self, switch_ids: Collection[int], look_from: date, offered: ProposalId | None = None
    ) -> None:
        """Look for the way back again from a day on; ``offered`` names the proposal that offers it now."""
        ...

    async def settle(self, switch_ids: Collection[int], state: SwitchState) -> None:
        """Say whether these are still to be offered."""
        ...

    async def sales(self, account_ids: Collection[AccountId]) -> dict[ClientOrderId, ProposalId]:
        """The orders of accounts that harvested a loss, each with its proposal."""
        ...
