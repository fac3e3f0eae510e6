"""The monthly digest: on the first session of a month, once, what became of a portfolio in the month before.

A month's values are those that its checks measured: the last one before the month, or else its first, against its
last. Returns that weigh money by time are another matter, and are not guessed from these.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from core.application.show_proposal import ProposalView, view_of
from core.application.tell_channels import enqueue
from core.domain.ids import ChatId, PortfolioId
from core.domain.money import ZERO
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.permissions import Act, may
from core.domain.portfolio import ManagedPortfolio, Rung
from core.ports.store import CheckRecord, UnitOfWork

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_CHECKS_READ = 500
_PROPOSALS_READ = 60
_EVENTS_READ = 500


async def tell_month(
    work: UnitOfWork,
    portfolios: Sequence[tuple[ManagedPortfolio, date | None]],
    session: date,
    now: datetime,
) -> None:
    """Tell every member of these portfolios about the month before, where this session is the first one of a month.

    Each comes with the last session in which it was looked at before; a paused one is silent.
    """
    begins = [
        managed
        for managed, before in portfolios
        if managed.policy.digest
        and not managed.portfolio.is_paused
        and before is not None
        and (before.year, before.month) < (session.year, session.month)
    ]
    if not begins:
        return
    month = f"{session.replace(day=1) - timedelta(days=1):%Y-%m}"
    members = await work.people.memberships_of([managed.portfolio.id for managed in begins])
    items = [
        OutboxItem(
            MessageKind.DIGEST,
            ChatId(each.member.user_id),
            f"{MessageKind.DIGEST}:{managed.portfolio.id}:{month}:{each.member.user_id}",
            managed.portfolio.id,
            data={"month": month},
        )
        for managed in begins
        for each in members.get(managed.portfolio.id, ())
        if each.member.is_reachable and may(each.role, Act.SEE_PORTFOLIO)
    ]
    await enqueue(work, items, now)


@dataclass(frozen=True, slots=True)
class MonthDigest:
    """A month of a portfolio; ``month`` is its first day, money is in the portfolio's currency.

    ``is_new``: it was looked at for the first time in that month. ``began`` and ``ended`` are None where no check
    measured a value; ``paid_in`` and ``paid_out`` are None where a broker moves money that is not told apart.
    ``drift`` is that of the latest check, in points.
    """

    managed: ManagedPortfolio
    month: date
    began: Decimal | None
    ended: Decimal | None
    paid_in: Decimal | None
    paid_out: Decimal | None
    proposals: tuple[ProposalView, ...]
    drift: Decimal | None
    next_at: datetime | None
    is_new: bool = False

    @property
    def rest(self) -> Decimal | None:
        """What changed in value beside the money that came and went; None where one of them is not known."""
        if self.is_new or None in {self.began, self.ended, self.paid_in, self.paid_out}:
            return None
        moved = (self.paid_in or ZERO) - (self.paid_out or ZERO)
        return (self.ended or ZERO) - (self.began or ZERO) - moved


async def read_month(work: UnitOfWork, portfolio_id: PortfolioId, month: str) -> MonthDigest:
    """Gather a month, named as ``2020-02``."""
    first = date.fromisoformat(f"{month}-01")
    managed = await work.portfolios.get(portfolio_id)
    records = await work.checks.recent(portfolio_id, _CHECKS_READ)
    measured = [record for record in reversed(records) if _number(record, "total") is not None]
    before = [record for record in measured if record.check.session < first]
    within = [record for record in measured if _is_in(record.check.session, first)]
    start = (before or within)[-1 if before else 0] if before or within else None
    end = within[-1] if within else None
    since, until = _done(start) if before else _EVER, _done(end)
    paid = await _moved(work, managed, since, until)
    return MonthDigest(
        managed,
        first,
        None if start is None else _number(start, "total"),
        None if end is None else _number(end, "total"),
        *paid,
        await _proposals(work, portfolio_id, since, until),
        next((d for r in records if (d := _number(r, "portfolio_drift")) is not None), None),
        await work.checks.next_due_of(portfolio_id),
        is_new=not before,
    )


def _is_in(day: date, first: date) -> bool:
    return (day.year, day.month) == (first.year, first.month)


def _done(record: CheckRecord | None) -> datetime | None:
    return None if record is None else record.finished_at


def _number(record: CheckRecord, name: str) -> Decimal | None:
    try:
        found = json.loads(record.detail or "{}").get(name)
        return None if found is None else Decimal(str(found))
    except (ValueError, AttributeError, InvalidOperation):
        return None


async def _moved(
    work: UnitOfWork, managed: ManagedPortfolio, since: datetime | None, until: datetime | None
) -> tuple[Decimal | None, Decimal | None]:
    """The money that came in and went out between two instants, where all accounts say so."""
    if any(account.rung is not Rung.SIMULATED for account in managed.accounts):
        return None, None
    events = await work.log.events(managed.portfolio.id, _EVENTS_READ)
    amounts = [
        Decimal(event.data)
        for event in events
        if event.kind == "cash_moved" and _is_between(event.at, since, until)
    ]
    came = sum((amount for amount in amounts if amount > ZERO), ZERO)
    return came, -sum((amount for amount in amounts if amount < ZERO), ZERO)


async def _proposals(
    work: UnitOfWork, portfolio_id: PortfolioId, since: datetime | None, until: datetime | None
) -> tuple[ProposalView, ...]:
    found = await work.proposals.recent(portfolio_id, _PROPOSALS_READ)
    return tuple(
        [
            await view_of(work, proposal.id)
            for proposal in reversed(found)
            if _is_between(proposal.created_at, since, until)
        ]
    )


def _is_between(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return since is not None and until is not None and since < at <= until
