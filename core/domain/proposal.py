"""Proposals: a stored, numbered, frozen plan put to the approvers.

The diagram, held against the transition table by a test::

    A  open → scheduled | approved      the decision is complete (scheduled where the exchange is closed)
    B  open → rejected | expired | superseded
    C  rejected → open                  reopened before it expires
    D  rejected → superseded
    E  scheduled → approved             its time has come, and the re-check held
    F  scheduled | approved → open      the re-check failed: a revision marks what changed, or an approval is missing
    G  scheduled | approved → superseded | cancelled | expired | rejected    before the first send
    H  approved → executing             the first order is about to be sent
    I  executing → done | partial | failed | frozen
    J  frozen → executing               a person decided what cannot be known
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from core.domain.approval import Need, counted
from core.domain.ids import CheckId, MemberId, PortfolioId, ProposalId, Symbol
from core.domain.membership import Role
from core.domain.permissions import Act, require
from core.domain.plan import LegKey, Plan
from core.domain.portfolio import HoldingChange, Snapshot
from core.domain.refusals import (
    AlreadyApproved,
    CannotEnlarge,
    IllegalMove,
    NotApproved,
    NothingLeft,
    OldRevision,
    ProposalExpired,
    ProposalNotOpen,
    UnknownLeg,
)
from core.domain.rules import Widening

ONE_PERSON = Need()
"""What is needed where no rule asks for more: one approval."""


class ProposalState(StrEnum):
    """Where a proposal is."""

    OPEN = "open"
    SCHEDULED = "scheduled"
    APPROVED = "approved"
    EXECUTING = "executing"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    FROZEN = "frozen"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


_S = ProposalState
_BEFORE_SEND = frozenset({_S.SUPERSEDED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED, _S.OPEN})
TRANSITIONS: dict[ProposalState, frozenset[ProposalState]] = {
    _S.OPEN: frozenset({_S.SCHEDULED, _S.APPROVED, _S.REJECTED, _S.EXPIRED, _S.SUPERSEDED}),
    _S.REJECTED: frozenset({_S.OPEN, _S.SUPERSEDED}),
    _S.SCHEDULED: frozenset({_S.APPROVED, *_BEFORE_SEND}),
    _S.APPROVED: frozenset({_S.EXECUTING, *_BEFORE_SEND}),
    _S.EXECUTING: frozenset({_S.DONE, _S.PARTIAL, _S.FAILED, _S.FROZEN}),
    _S.FROZEN: frozenset({_S.EXECUTING}),
    _S.DONE: frozenset(),
    _S.PARTIAL: frozenset(),
    _S.FAILED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.SUPERSEDED: frozenset(),
    _S.CANCELLED: frozenset(),
}

TERMINAL = frozenset(state for state, nexts in TRANSITIONS.items() if not nexts)
UNDECIDED = frozenset({_S.OPEN, _S.SCHEDULED, _S.APPROVED, _S.REJECTED})
IN_FLIGHT = frozenset({_S.APPROVED, _S.EXECUTING, _S.FROZEN})


class Cause(StrEnum):
    """What a proposal came from."""

    SCHEDULED = "scheduled"
    REQUESTED = "requested"
    TARGETS_CHANGED = "targets_changed"
    NEW_CASH = "new_cash"
    AFTER_SALE = "after_sale"
    HARVEST = "harvest"
    SWITCH_BACK = "switch_back"
    WITHDRAWAL = "withdrawal"


class RevisionCause(StrEnum):
    """Why a revision replaced the one before it."""

    FIRST = "first"
    EDITED = "edited"
    BUY_ONLY = "buy_only"
    FULL = "full"
    PRICES_MOVED = "prices_moved"
    HOLDINGS_CHANGED = "holdings_changed"
    APPROVAL_AGED = "approval_aged"
    WASHED = "washed"


class DecisionKind(StrEnum):
    """What a member decided."""

    APPROVE = "approve"
    TAKE_BACK = "take_back"
    LAPSE = "lapse"
    REJECT = "reject"
    OBJECT = "object"
    REOPEN = "reopen"
    LATER = "later"
    CANCEL = "cancel"
    TRY_BUYS = "try_buys"
    STAY_IN_CASH = "stay_in_cash"
    STAY = "stay"
    """A switch back is rejected, and not to be offered again."""


OBJECTIONS = frozenset({DecisionKind.REJECT, DecisionKind.OBJECT, DecisionKind.STAY})
"""What ends a proposal as rejected, before it is complete or in the time for objections."""

GIVEN_UP = frozenset({DecisionKind.TAKE_BACK, DecisionKind.LAPSE})
"""What ends one person's approval alone: they changed their mind, or may not approve any longer."""

AFTER_SALE = frozenset({DecisionKind.TRY_BUYS, DecisionKind.STAY_IN_CASH})
"""What may be decided after a plan that sold and did not buy."""


@dataclass(frozen=True, slots=True)
class PriceMove:
    """One symbol whose price left the tolerance between show and tap."""

    symbol: Symbol
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Revision:
    """One frozen version of a proposal: its plan, what it was made from, why it came, and who must approve it.

    ``widening`` is set where rules for market conditions have widened the bands of this plan, or of the one before.
    """

    number: int
    plan: Plan
    snapshot: Snapshot
    cause: RevisionCause
    created_at: datetime
    created_by: MemberId | None = None
    dropped: frozenset[LegKey] = frozenset()
    moves: tuple[PriceMove, ...] = ()
    changes: tuple[HoldingChange, ...] = ()
    need: Need = ONE_PERSON
    widening: Widening | None = None

    @property
    def plan_hash(self) -> str:
        """A hash of exactly what an approver sees and approves: the trades and what they were made from."""
        is_shared = len(self.snapshot.accounts) > 1
        lines = [
            f"{trade.side} {trade.quantity.normalize():f} {trade.symbol} @ {trade.price.normalize():f}"
            f"{f' in {trade.account}' if is_shared else ''}"
            for trade in self.plan.trades
        ]
        text = "\n".join([f"revision {self.number}", *lines, self.snapshot.fingerprint])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a member decided about one revision, and when (market and wall time)."""

    member_id: MemberId
    member_name: str
    kind: DecisionKind
    revision: int
    plan_hash: str
    at: datetime
    market_at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """A numbered proposal of one portfolio with its current revision and the decisions so far."""

    id: ProposalId
    portfolio_id: PortfolioId
    state: ProposalState
    cause: Cause
    revision: Revision
    decisions: tuple[Decision, ...]
    created_at: datetime
    expires_at: datetime
    check_id: CheckId | None = None
    scheduled_for: datetime | None = None
    outcome: str = ""

    @property
    def approvals(self) -> tuple[Decision, ...]:
        """The approvals that count: of the current revision, one a member, none that was taken back."""
        given: dict[MemberId, Decision] = {}
        for decision in self.decisions:
            if decision.revision != self.revision.number:
                continue
            if decision.kind is DecisionKind.APPROVE:
                given.setdefault(decision.member_id, decision)
            elif decision.kind in GIVEN_UP:
                given.pop(decision.member_id, None)
            elif decision.kind is not DecisionKind.LATER and decision.kind not in AFTER_SALE:
                given.clear()
        return tuple(given.values())

    @property
    def approvals_needed(self) -> int:
        """How many different people must approve the current revision."""
        return self.revision.need.people

    @property
    def is_complete(self) -> bool:
        """Whether enough members have approved the current revision, whatever their roles are now."""
        return self.revision.need.is_met_by([each.member_id for each in self.approvals])

    def is_complete_by(self, roles: Mapping[MemberId, Role | None]) -> bool:
        """Whether enough of those who approved the current revision may do so by these roles."""
        givers = [each.member_id for each in self.approvals]
        return self.revision.need.is_met_by(counted(givers, roles))

    @property
    def after_sale(self) -> Decision | None:
        """What was decided about the money after its sales, once somebody did."""
        return next((d for d in self.decisions if d.kind in AFTER_SALE), None)

    @property
    def last_decision(self) -> Decision | None:
        """The latest decision, or None."""
        return self.decisions[-1] if self.decisions else None


def require_move(before: ProposalState, after: ProposalState) -> None:
    """Raise IllegalMove unless the diagram has the arrow."""
    if after not in TRANSITIONS[before]:
        raise IllegalMove("proposal", before, after)


def require_decidable(
    proposal: Proposal, *, role: Role | None, revision: int, market_now: datetime, act: Act
) -> None:
    """Raise the refusal that a tap earns, in the order that helps most: who, still open, in time, which revision."""
    require(role, act)
    if proposal.state is not ProposalState.OPEN:
        last = proposal.last_decision
        raise ProposalNotOpen(
            proposal.id,
            proposal.state,
            last.member_name if last else None,
            last.market_at if last else None,
        )
    if market_now >= proposal.expires_at:
        raise ProposalExpired(proposal.id, proposal.expires_at)
    if revision != proposal.revision.number:
        raise OldRevision(proposal.id, revision, proposal.revision.number)


def require_first_approval(proposal: Proposal, member: MemberId) -> None:
    """Raise AlreadyApproved when this member has approved the current revision."""
    if any(decision.member_id == member for decision in proposal.approvals):
        raise AlreadyApproved(proposal.id)


def require_own_approval(proposal: Proposal, member: MemberId) -> None:
    """Raise NotApproved when this member has no approval of the current revision to take back."""
    if all(decision.member_id != member for decision in proposal.approvals):
        raise NotApproved(proposal.id)


def caps_after_edit(proposal: Proposal, leg: int, quantity: Decimal) -> dict[LegKey, Decimal]:
    """The limits for planning again after one leg was shrunk (0 drops it); legs count from 1.

    Nothing can grow. Raises UnknownLeg, CannotEnlarge or NothingLeft.
    """
    trades = proposal.revision.plan.trades
    if not 1 <= leg <= len(trades):
        raise UnknownLeg(proposal.id, leg)
    if quantity > trades[leg - 1].quantity:
        raise CannotEnlarge(leg, trades[leg - 1].quantity, quantity)
    caps = {trade.key: trade.quantity for trade in trades}
    caps[trades[leg - 1].key] = quantity
    remaining = {key: cap for key, cap in caps.items() if cap > 0}
    if not remaining:
        raise NothingLeft
    return remaining
