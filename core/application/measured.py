"""Measured: what the checks of a portfolio have found it worth, what money came and went, and when.

Nothing is valued anew: a portfolio's values are those of its checks. Where a broker moves money that it does not tell
apart, the flows are not known, and nothing is guessed from the values.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from core.domain.ids import PortfolioId
from core.domain.money import ZERO
from core.domain.performance import Flow, Valued
from core.domain.portfolio import ManagedPortfolio, Rung
from core.ports.store import CheckRecord, UnitOfWork

EVER = datetime(1970, 1, 1, tzinfo=UTC)
CASH_MOVED = "cash_moved"
_CHECKS_READ = 5000
"""Some ten years of daily checks and their repetitions."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One value: when its check ended on our clock, the value with its instant on the market's, and the session."""

    noted_at: datetime
    valued: Valued
    session: date


@dataclass(frozen=True, slots=True)
class Span:
    """The values of a span, oldest first; ``is_new``: there is none from before it.

    ``flows`` are those after its first value, up to its last; None where they are not known.
    """

    values: tuple[Measured, ...]
    flows: tuple[Flow, ...] | None
    is_new: bool

    @property
    def valued(self) -> tuple[Valued, ...]:
        """The values on the market's clock."""
        return tuple(each.valued for each in self.values)

    @property
    def noted(self) -> tuple[datetime, datetime] | None:
        """When it began and ended on our clock; None without a value. A new one began before anything happened."""
        if not self.values:
            return None
        return EVER if self.is_new else self.values[0].noted_at, self.values[-1].noted_at


async def read_span(
    work: UnitOfWork, managed: ManagedPortfolio, first: date | None, last: date | None = None
) -> Span:
    """What was measured from the last value before the ``first`` day (or the first one since) up to the ``last``."""
    every = await read_values(work, managed.portfolio.id)
    within = [m for m in every if (first is None or m.session >= first) and _is_up_to(m, last)]
    before = [m for m in every if first is not None and m.session < first]
    values = (*before[-1:], *within) if within else ()
    flows = await _flows(work, managed, values)
    return Span(values, flows, is_new=not before)


def _is_up_to(measured: Measured, last: date | None) -> bool:
    return last is None or measured.session <= last


async def read_values(work: UnitOfWork, portfolio_id: PortfolioId) -> list[Measured]:
    """Everything that checks have measured, oldest first."""
    records = await work.checks.recent(portfolio_id, _CHECKS_READ)
    is_replay = await work.log.market() is not None
    found = [_measured(record, is_replay=is_replay) for record in reversed(records)]
    return [each for each in found if each is not None]


def _measured(record: CheckRecord, *, is_replay: bool) -> Measured | None:
    total, noted_at = number_of(record, "total"), record.finished_at
    if total is None or noted_at is None:
        return None
    value = total + (number_of(record, "set_aside") or ZERO)
    # A replay's days pass in minutes of ours; elsewhere a late check has measured what was true when it ended.
    at = record.check.due_at if is_replay else noted_at
    return Measured(noted_at, Valued(at, value), record.check.session)


def number_of(record: CheckRecord, name: str) -> Decimal | None:
    """A number that a check has noted; None where it has noted none."""
    try:
        found = json.loads(record.detail or "{}").get(name)
        return None if found is None else Decimal(str(found))
    except (ValueError, AttributeError, InvalidOperation):
        return None


async def _flows(
    work: UnitOfWork, managed: ManagedPortfolio, values: Sequence[Measured]
) -> tuple[Flow, ...] | None:
    """The money that came and went between the values; None where not all accounts say so."""
    if any(account.rung is not Rung.SIMULATED for account in managed.accounts):
        return None
    if not values:
        return ()
    is_replay = await work.log.market() is not None
    events = await work.log.of_kind(managed.portfolio.id, CASH_MOVED, values[0].noted_at)
    return tuple(
        Flow(_when(event.at, values, is_replay=is_replay), Decimal(event.data))
        for event in events
        if event.at <= values[-1].noted_at
    )


def _when(at: datetime, values: Sequence[Measured], *, is_replay: bool) -> datetime:
    """When money moved, on the market's clock; in a replay, whose days are minutes, with the next value."""
    if not is_replay:
        return at
    return next(each.valued.at for each in values if each.noted_at >= at)
