"""Proposals with their revisions, decisions and copies in the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, delete, func, select, update

from core.adapters.store import documents
from core.adapters.store.database import Database, Found, Question
from core.adapters.store.tables import (
    DECISIONS,
    DELIVERIES,
    MEMBERS,
    PORTFOLIOS,
    PROPOSALS,
    REVISIONS,
    SNOOZES,
)
from core.domain.approval import Need
from core.domain.ids import ChatId, CheckId, PortfolioId, ProposalId
from core.domain.outbox import Copy
from core.domain.proposal import (
    Cause,
    Decision,
    DecisionKind,
    Proposal,
    ProposalState,
    Revision,
    RevisionCause,
    require_move,
)

BLOCKING = (
    ProposalState.OPEN,
    ProposalState.SCHEDULED,
    ProposalState.APPROVED,
    ProposalState.EXECUTING,
    ProposalState.FROZEN,
)
"""The states of a proposal that a new check must know of."""

UNSCHEDULED = frozenset({ProposalState.OPEN, ProposalState.REJECTED})
"""The states in which no time is fixed any more at which orders go."""

SETTLED = (ProposalState.DONE, ProposalState.PARTIAL, ProposalState.REJECTED)
"""The states after which a cool-down runs."""


class SqlProposals:
    """The port ``Proposals`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        portfolio_id: PortfolioId,
        *,
        cause: Cause,
        revision: Revision,
        created_at: datetime,
        expires_at: datetime,
        check_id: CheckId | None,
    ) -> Proposal:
        """Store a new open proposal with its first revision, and number it."""
        number = await self._database.add_numbered(
            PROPOSALS,
            portfolio_id=portfolio_id,
            state=ProposalState.OPEN.value,
            cause=cause.value,
            revision=revision.number,
            created_at=created_at,
            expires_at=expires_at,
            approvals_needed=revision.need.people,
            check_id=check_id,
            scheduled_for=None,
            outcome="",
        )
        await self._add_revision(ProposalId(number), revision)
        self._database.deeds.note(
            f"proposed: {cause}", proposal=number, check=check_id, portfolio=portfolio_id
        )
        return Proposal(
            id=ProposalId(number),
            portfolio_id=portfolio_id,
            state=ProposalState.OPEN,
            cause=cause,
            revision=revision,
            decisions=(),
            created_at=created_at,
            expires_at=expires_at,
            check_id=check_id,
        )

    async def get(self, proposal_id: ProposalId) -> Proposal | None:
        """A proposal with its current revision and decisions."""
        found = await self._load(_current().where(PROPOSALS.c.id == proposal_id))
        return found[0] if found else None

    async def move(
        self,
        proposal_id: ProposalId,
        before: ProposalState,
        after: ProposalState,
        *,
        scheduled_for: datetime | None = None,
        outcome: str | None = None,
    ) -> bool:
        """Change the state if it is still ``before``; returns whether it was. Raises IllegalMove."""
        require_move(before, after)
        values: dict[str, Any] = {"state": after.value}
        if scheduled_for is not None:
            values["scheduled_for"] = scheduled_for
        elif after in UNSCHEDULED:
            values["scheduled_for"] = None
        if outcome is not None:
            values["outcome"] = outcome
        touched = await self._database.write(
            update(PROPOSALS)
            .where(PROPOSALS.c.id == proposal_id, PROPOSALS.c.state == before.value)
            .values(**values)
        )
        if touched == 1:
            self._database.deeds.note(f"proposal: {before} to {after}", proposal=proposal_id)
        return touched == 1

    async def add_revision(
        self, proposal_id: ProposalId, revision: Revision, *, after: int
    ) -> bool:
        """Make a revision current if the current one is still number ``after``."""
        touched = await self._database.write(
            update(PROPOSALS)
            .where(PROPOSALS.c.id == proposal_id, PROPOSALS.c.revision == after)
            .values(revision=revision.number, approvals_needed=revision.need.people)
        )
        if touched != 1:
            return False
        await self._add_revision(proposal_id, revision)
        return True

    async def _add_revision(self, proposal_id: ProposalId, revision: Revision) -> None:
        await self._database.add(
            REVISIONS,
            proposal_id=proposal_id,
            number=revision.number,
            account_id=revision.snapshot.accounts[0].account_id,
            session=revision.snapshot.session,
            cause=revision.cause.value,
            plan=documents.write_plan(revision.plan),
            snapshot=documents.write_snapshot(revision.snapshot),
            changes=documents.write_changes(revision),
            plan_hash=revision.plan_hash,
            created_at=revision.created_at,
            created_by=revision.created_by,
        )

    async def add_decision(self, proposal_id: ProposalId, decision: Decision) -> None:
        """Record a decision."""
        await self._database.add(
            DECISIONS,
            proposal_id=proposal_id,
            revision=decision.revision,
            member_id=decision.member_id,
            kind=decision.kind.value,
            plan_hash=decision.plan_hash,
            at=decision.at,
            market_at=decision.market_at,
        )

    async def in_states(
        self, states: Collection[ProposalState], portfolio_id: PortfolioId | None = None
    ) -> tuple[Proposal, ...]:
        """Proposals in any of these states, oldest first."""
        statement = _current().where(_is_in(states)).order_by(PROPOSALS.c.id)
        if portfolio_id is not None:
            statement = statement.where(PROPOSALS.c.portfolio_id == portfolio_id)
        return await self._load(statement)

    async def recent(
        self, portfolio_id: PortfolioId, limit: int, before: ProposalId | None = None
    ) -> tuple[Proposal, ...]:
        """The latest proposals of a portfolio, newest first; or the latest of those older than one."""
        statement = _current().where(PROPOSALS.c.portfolio_id == portfolio_id)
        if before is not None:
            statement = statement.where(PROPOSALS.c.id < before)
        return await self._load(statement.order_by(PROPOSALS.c.id.desc()).limit(limit))

    async def of_portfolios(
        self, portfolio_ids: Collection[PortfolioId], states: Collection[ProposalState]
    ) -> dict[PortfolioId, tuple[Proposal, ...]]:
        """Each portfolio's proposals in any of these states, oldest first; those without one are missing."""
        found = await self._load(
            _current()
            .where(self._database.among(PROPOSALS.c.portfolio_id, portfolio_ids), _is_in(states))
            .order_by(PROPOSALS.c.id)
        )
        grouped: defaultdict[PortfolioId, list[Proposal]] = defaultdict(list)
        for proposal in found:
            grouped[proposal.portfolio_id].append(proposal)
        return {portfolio_id: tuple(group) for portfolio_id, group in grouped.items()}

    async def blocking(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, tuple[Proposal, ...]]:
        """For a sweep: each portfolio's proposals that are open, scheduled, approved, executing or frozen."""
        return await self.of_portfolios(portfolio_ids, BLOCKING)

    async def last_settled(self, portfolio_ids: Collection[PortfolioId]) -> dict[PortfolioId, date]:
        """For cool-downs: the session of the snapshot of each portfolio's last settled proposal."""
        rows = await self._database.rows(
            select(PORTFOLIOS.c.id, latest_settled()).where(
                self._database.among(PORTFOLIOS.c.id, portfolio_ids)
            )
        )
        return {PortfolioId(number): session for number, session in rows if session is not None}

    async def last_answered(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, Proposal]:
        """Each portfolio's last done, partial or rejected proposal; those without one are missing."""
        latest = (
            select(func.max(PROPOSALS.c.id))
            .where(self._database.among(PROPOSALS.c.portfolio_id, portfolio_ids), _is_in(SETTLED))
            .group_by(PROPOSALS.c.portfolio_id)
        )
        found = await self._load(_current().where(PROPOSALS.c.id.in_(latest)))
        return {proposal.portfolio_id: proposal for proposal in found}

    async def add_snooze(self, proposal_id: ProposalId, chat_id: ChatId, until: datetime) -> None:
        """Remind a chat of a proposal at a market time; a later wish replaces an earlier one."""
        await self._database.put(
            SNOOZES,
            ("proposal_id", "chat_id"),
            proposal_id=proposal_id,
            chat_id=chat_id,
            until=until,
        )

    async def take_due_snoozes(self, market_now: datetime) -> tuple[tuple[ProposalId, ChatId], ...]:
        """The reminders whose time has come, oldest first; they are taken once, those of paused portfolios later."""
        paused = (
            select(PROPOSALS.c.id)
            .join(PORTFOLIOS, PORTFOLIOS.c.id == PROPOSALS.c.portfolio_id)
            .where(PORTFOLIOS.c.is_paused.is_(True))
        )
        is_due = and_(SNOOZES.c.until <= market_now, SNOOZES.c.proposal_id.not_in(paused))
        rows = await self._database.rows(
            select(SNOOZES).where(is_due).order_by(SNOOZES.c.until, SNOOZES.c.proposal_id)
        )
        if rows:
            await self._database.write(delete(SNOOZES).where(is_due))
        return tuple((row.proposal_id, row.chat_id) for row in rows)

    async def snoozed(
        self, proposal_ids: Collection[ProposalId]
    ) -> frozenset[tuple[ProposalId, ChatId]]:
        """In which chats these proposals are put off, and not yet told of again."""
        rows = await self._database.rows(
            select(SNOOZES.c.proposal_id, SNOOZES.c.chat_id).where(
                self._database.among(SNOOZES.c.proposal_id, proposal_ids)
            )
        )
        return frozenset((ProposalId(row.proposal_id), ChatId(row.chat_id)) for row in rows)

    async def add_copy(self, copy: Copy) -> None:
        """Remember a message that shows a proposal, or which revision it shows now."""
        await self._database.put(
            DELIVERIES,
            ("chat_id", "message_id"),
            proposal_id=copy.proposal_id,
            revision=copy.revision,
            chat_id=copy.chat_id,
            topic_id=copy.topic_id,
            message_id=copy.message_id,
        )

    async def copies(self, proposal_id: ProposalId) -> tuple[Copy, ...]:
        """Every remembered message of a proposal."""
        rows = await self._database.rows(
            select(DELIVERIES)
            .where(DELIVERIES.c.proposal_id == proposal_id)
            .order_by(DELIVERIES.c.id)
        )
        return tuple(
            Copy(row.proposal_id, row.revision, row.chat_id, row.message_id, row.topic_id)
            for row in rows
        )

    async def _load(self, statement: Question) -> tuple[Proposal, ...]:
        rows = await self._database.rows(statement)
        if not rows:
            return ()
        decisions = await self._decisions([row.id for row in rows])
        return tuple(_proposal_of(row, tuple(decisions[row.id])) for row in rows)

    async def _decisions(
        self, proposal_ids: Collection[ProposalId]
    ) -> defaultdict[int, list[Decision]]:
        rows = await self._database.rows(
            select(DECISIONS, MEMBERS.c.name)
            .join(MEMBERS, MEMBERS.c.id == DECISIONS.c.member_id)
            .where(self._database.among(DECISIONS.c.proposal_id, proposal_ids))
            .order_by(DECISIONS.c.id)
        )
        grouped: defaultdict[int, list[Decision]] = defaultdict(list)
        for row in rows:
            grouped[row.proposal_id].append(_decision_of(row))
        return grouped


def latest_settled() -> ScalarSelect[date]:
    """The session of the snapshot of a row's portfolio's last settled proposal."""
    return (
        select(REVISIONS.c.session)
        .join(PROPOSALS, _is_current())
        .where(PROPOSALS.c.portfolio_id == PORTFOLIOS.c.id, _is_in(SETTLED))
        .order_by(PROPOSALS.c.id.desc())
        .limit(1)
        .correlate(PORTFOLIOS)
        .scalar_subquery()
    )


def stands_against_a_check() -> ColumnElement[bool]:
    """Whether a proposal is one that a new check must know of."""
    return _is_in(BLOCKING)


def _is_in(states: Collection[ProposalState]) -> ColumnElement[bool]:
    return PROPOSALS.c.state.in_([state.value for state in states])


def _is_current() -> ColumnElement[bool]:
    return and_(
        REVISIONS.c.proposal_id == PROPOSALS.c.id, REVISIONS.c.number == PROPOSALS.c.revision
    )


def _current() -> Question:
    return select(
        PROPOSALS,
        REVISIONS.c.cause.label("revision_cause"),
        REVISIONS.c.account_id,
        REVISIONS.c.plan,
        REVISIONS.c.snapshot,
        REVISIONS.c.changes,
        REVISIONS.c.created_at.label("revised_at"),
        REVISIONS.c.created_by,
    ).join(REVISIONS, _is_current())


def _proposal_of(row: Found, decisions: tuple[Decision, ...]) -> Proposal:
    return Proposal(
        id=row.id,
        portfolio_id=row.portfolio_id,
        state=ProposalState(row.state),
        cause=Cause(row.cause),
        revision=_revision_of(row),
        decisions=decisions,
        created_at=row.created_at,
        expires_at=row.expires_at,
        check_id=row.check_id,
        scheduled_for=row.scheduled_for,
        outcome=row.outcome,
    )


def _revision_of(row: Found) -> Revision:
    changes = documents.read_changes(row.changes, row.account_id)
    return Revision(
        number=row.revision,
        plan=documents.read_plan(row.plan, row.account_id),
        snapshot=documents.read_snapshot(row.snapshot),
        cause=RevisionCause(row.revision_cause),
        created_at=row.revised_at,
        created_by=row.created_by,
        dropped=changes.dropped,
        moves=changes.moves,
        changes=changes.changes,
        need=changes.need or Need(people=row.approvals_needed),
        widening=changes.widening,
    )


def _decision_of(row: Found) -> Decision:
    return Decision(
        member_id=row.member_id,
        member_name=row.name,
        kind=DecisionKind(row.kind),
        revision=row.revision,
        plan_hash=row.plan_hash,
        at=row.at,
        market_at=row.market_at,
    )
