"""The monthly digest: on the first session of a month, once, what became of a member's portfolios in the month before.

One message tells a member of all portfolios of a household that they see. Values and returns are those of /performance,
without the comparison that asks for closes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from core.application.measured import number_of
from core.application.read_performance import Performance, read_performance
from core.application.tell_channels import enqueue
from core.domain.ids import ChatId, HouseholdId, PortfolioId
from core.domain.membership import Member
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.performance import Course, together
from core.domain.permissions import Act, may
from core.domain.portfolio import ManagedPortfolio
from core.ports.store import UnitOfWork

_CHECKS_LOOKED_AT = 20


class Looked(NamedTuple):
    """A portfolio that was looked at, its household, and the last session in which it was looked at before."""

    portfolio_id: PortfolioId
    household_id: HouseholdId
    before: date | None


async def tell_month(
    work: UnitOfWork, portfolios: Sequence[Looked], session: date, now: datetime
) -> None:
    """Tell every member of these portfolios about the month before, where this session is the first one of a month.

    Whichever portfolio of a household is looked at first brings the message about all of them.
    """
    begins = [
        each
        for each in portfolios
        if each.before is not None
        and (each.before.year, each.before.month) < (session.year, session.month)
    ]
    if not begins:
        return
    month = f"{session.replace(day=1) - timedelta(days=1):%Y-%m}"
    members = await work.people.memberships_of([looked.portfolio_id for looked in begins])
    items = [
        OutboxItem(
            MessageKind.DIGEST,
            ChatId(each.member.user_id),
            f"{MessageKind.DIGEST}:{looked.household_id}:{month}:{each.member.user_id}",
            looked.portfolio_id,
            data={"month": month},
        )
        for looked in begins
        for each in members.get(looked.portfolio_id, ())
        if each.member.is_reachable and may(each.role, Act.SEE_PORTFOLIO)
    ]
    await enqueue(work, items, now)


def tells(managed: ManagedPortfolio) -> bool:
    """Whether a portfolio has a digest; a paused one is silent."""
    return managed.policy.digest and not managed.portfolio.is_paused


@dataclass(frozen=True, slots=True)
class PortfolioMonth:
    """A month of one portfolio; ``drift`` is that of the latest check, in points."""

    performance: Performance
    drift: Decimal | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class MonthDigest:
    """A month of all portfolios of a household that somebody sees; ``month`` is its first day."""

    month: date
    parts: tuple[PortfolioMonth, ...]

    @property
    def currency(self) -> str | None:
        """The currency of all of them; None where there are several."""
        found = {part.performance.managed.portfolio.currency for part in self.parts}
        return found.pop() if len(found) == 1 else None

    @property
    def course(self) -> Course | None:
        """The values and flows of all together; None where they do not add up, or nothing was measured."""
        if self.currency is None:
            return None
        spans = [part.performance.span for part in self.parts if part.performance.span.values]
        return together([Course(span.valued, span.flows) for span in spans])


async def read_month(
    work: UnitOfWork, member: Member, portfolio_id: PortfolioId, month: str
) -> MonthDigest:
    """Gather a month, named as ``2020-02``, of what the member sees of this portfolio's household by now."""
    first = date.fromisoformat(f"{month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    household = (await work.portfolios.get(portfolio_id)).portfolio.household_id
    mine = await work.portfolios.of_member(member.id)
    managed = await work.portfolios.many([p.id for p in mine if p.household_id == household])
    parts = [await _month_of(work, each, first, last) for each in managed if tells(each)]
    return MonthDigest(first, tuple(parts))


async def _month_of(
    work: UnitOfWork, managed: ManagedPortfolio, first: date, last: date
) -> PortfolioMonth:
    portfolio_id = managed.portfolio.id
    records = await work.checks.recent(portfolio_id, _CHECKS_LOOKED_AT)
    drifts = (number_of(record, "portfolio_drift") for record in records)
    return PortfolioMonth(
        await read_performance(work, managed, first, last),
        next((drift for drift in drifts if drift is not None), None),
        await work.checks.next_due_of(portfolio_id),
    )
