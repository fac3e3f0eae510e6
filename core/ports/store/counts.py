"""The store of counts: how many checks, proposals, orders and messages there are, for whoever watches over the bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.domain.order import OrderState
from core.domain.proposal import ProposalState

LATE = timedelta(minutes=30)
"""A scheduled check is late when it is done, or waits, longer than this after it fell due."""


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """Numbers of rows, of all processes together.

    ``checks`` are the finished ones by outcome. ``checks_late`` is None in a replay, whose checks fall due by another
    clock than they are done by. ``waiting``, ``oldest`` (seconds) and ``given_up`` are of the outbox, by where its
    messages go. ``holds`` are accounts, ``paused`` portfolios.
    """

    checks: Mapping[str, int]
    checks_late: int | None
    checks_overdue: int
    proposals: Mapping[ProposalState, int]
    orders: Mapping[OrderState, int]
    waiting: Mapping[str, int]
    oldest: Mapping[str, float]
    given_up: Mapping[str, int]
    holds: int
    paused: int


class Counts(Protocol):
    """Counting, cheaply enough to be asked every few seconds."""

    async def take(
        self, *, now: datetime, market_now: datetime, is_replay: bool = False
    ) -> StoreCounts:
        """Count everything; ``now`` is the wall's instant, ``market_now`` the exchange's."""
        ...
