"""Read the log: what was done to a portfolio of late, checks among it, newest first, for its owners."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from core.application.access import require_role
from core.application.check_result import Outcome
from core.domain.ids import ChatId, PortfolioId, ProposalId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.domain.session import NEW_YORK
from core.ports.store import AuditEvent, CheckRecord, Store, UnitOfWork

CHECKED = "checked"
PROPOSED = "proposed"
ORDER_SENT = "order_sent"
CHECK_REFUSED = "check_refused"
"""Said by the check itself, whose entry stands beside it."""

MOST_ENTRIES = 50
USUAL_ENTRIES = 15
FURTHEST_BACK = 1000
"""So many entries can be paged through in the chat; everything older is in the store."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that was done: when, what (a code), by whom, to which proposal.

    ``outcome`` is what a check came to, ``due_at`` when it had fallen due; ``chats`` are those that a proposal has
    reached; ``count`` is above 1 where the same was done several times in a row.
    """

    at: datetime
    kind: str
    member_name: str = ""
    proposal_id: ProposalId | None = None
    outcome: str = ""
    due_at: datetime | None = None
    chats: tuple[ChatId, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some entries, newest first; ``older`` is where the next page begins, None at the end."""

    entries: tuple[LogEntry, ...]
    older: int | None = None


async def read_log(
    store: Store,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    limit: int = USUAL_ENTRIES,
    skipped: int = 0,
) -> LogPage:
    """Return a page of a portfolio's log, after so many entries; raises NotAllowed but for owners."""
    limit = min(max(limit, 1), MOST_ENTRIES)
    skipped = min(max(skipped, 0), FURTHEST_BACK)
    async with store.read() as work:
        await require_role(work, member, portfolio_id, Act.SEE_LOG)
        wanted = skipped + limit + 1
        events = await work.log.events(portfolio_id, wanted, without={CHECK_REFUSED})
        checks = await work.checks.recent(portfolio_id, wanted)
        found = sorted(
            [*map(_of_event, events), *map(_of_check, checks)], key=lambda e: e[0].at, reverse=True
        )
        page = found[skipped : skipped + limit]
        entries = [await _completed(work, entry, event) for entry, event in page]
    is_all = len(found) <= skipped + limit or skipped + limit > FURTHEST_BACK
    return LogPage(_gathered(entries), None if is_all else skipped + limit)


def _of_event(event: AuditEvent) -> tuple[LogEntry, AuditEvent | None]:
    return LogEntry(event.at, event.kind, proposal_id=event.proposal_id), event


def _of_check(record: CheckRecord) -> tuple[LogEntry, AuditEvent | None]:
    at = record.finished_at
    if at is None:
        raise ValueError(f"check {record.check.id} is not finished")
    return LogEntry(at, CHECKED, outcome=record.outcome or "", due_at=record.check.due_at), None


async def _completed(work: UnitOfWork, entry: LogEntry, event: AuditEvent | None) -> LogEntry:
    """The entry with what other rows say of it: who it was, and whom a proposal reached."""
    if event is not None and event.member_id is not None:
        member = await work.people.member(event.member_id)
        entry = replace(entry, member_name=member.name)
    if entry.kind == PROPOSED and entry.proposal_id is not None:
        copies = await work.proposals.copies(entry.proposal_id)
        entry = replace(entry, chats=tuple(dict.fromkeys(copy.chat_id for copy in copies)))
    return entry


def _gathered(entries: list[LogEntry]) -> tuple[LogEntry, ...]:
    """Orders of one proposal, and tries of a check that made no plan, are one entry, as of the last."""
    gathered: list[LogEntry] = []
    for entry in entries:
        last = gathered[-1] if gathered else None
        if last is not None and _is_same(last, entry):
            gathered[-1] = replace(last, count=last.count + 1)
        else:
            gathered.append(entry)
    return tuple(gathered)


def _is_same(last: LogEntry, entry: LogEntry) -> bool:
    if last.kind != entry.kind:
        return False
    if entry.kind == CHECKED and last.due_at is not None and entry.due_at is not None:
        days = {each.astimezone(NEW_YORK).date() for each in (last.due_at, entry.due_at)}
        return last.outcome == entry.outcome == Outcome.REFUSED and len(days) == 1
    return entry.kind == ORDER_SENT and entry.proposal_id == last.proposal_id
