"""Changes of a live portfolio that loosen or redirect it: asked for, told to everybody, and in force a day later.

The diagram, held against the transition table by a test::

    A  drafted → asked                  who made it asks for it
    B  drafted → withdrawn | lapsed     or drops it, or forgets it for a day
    C  asked → agreed                   enough people have agreed
    D  agreed → asked                   one of them took it back
    E  asked | agreed → objected        somebody who decides is against it
    F  asked | agreed → withdrawn       whoever asked takes it back
    G  agreed → in_force                its day is over, and everything still holds
    H  asked | agreed → lapsed          its day is over, and too few of those who may decide then have agreed
    I  asked | agreed → overtaken       what it would change is not what it was any more, or cannot be done

It takes the people that the largest trade may take (``core.domain.approval``). Whoever asks agrees thereby, where they
may approve. One objection ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.domain.approval import Need, counted, most_needed, rule_of
from core.domain.change_kinds import What, concerned
from core.domain.ids import ChangeId, MemberId, PortfolioId
from core.domain.membership import Role
from core.domain.permissions import Act, require
from core.domain.policy import Policy
from core.domain.refusals import (
    AlreadyAgreed,
    ChangeOver,
    IllegalMove,
    NotAgreed,
    NotTheAsker,
    OwnRights,
)

NOTICE = timedelta(hours=24)
"""So long everybody has to hear of a change before it takes effect."""

DRAFT_KEPT = timedelta(hours=24)
"""So long a change may be asked for after it was made out."""

REMIND_BEFORE = timedelta(hours=4)
"""So long before the end of its day those hear of a change again who are still needed."""

STILL_LIVE = timedelta(days=7)
"""So long a portfolio counts as live after its last account left a live rung: nobody steps down to change alone."""


class ChangeState(StrEnum):
    """Where a change is."""

    DRAFTED = "drafted"
    ASKED = "asked"
    AGREED = "agreed"
    IN_FORCE = "in_force"
    OBJECTED = "objected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    OVERTAKEN = "overtaken"


_S = ChangeState
ENDS = frozenset({_S.OBJECTED, _S.WITHDRAWN, _S.LAPSED, _S.OVERTAKEN})
"""Where a change has come to nothing."""

TRANSITIONS: Mapping[ChangeState, frozenset[ChangeState]] = {
    _S.DRAFTED: frozenset({_S.ASKED, _S.WITHDRAWN, _S.LAPSED}),
    _S.ASKED: ENDS | {_S.AGREED},
    _S.AGREED: ENDS | {_S.ASKED, _S.IN_FORCE},
    _S.IN_FORCE: frozenset(),
    _S.OBJECTED: frozenset(),
    _S.WITHDRAWN: frozenset(),
    _S.LAPSED: frozenset(),
    _S.OVERTAKEN: frozenset(),
}

PENDING = frozenset({_S.ASKED, _S.AGREED})
"""What people may agree or object to."""


def require_move(before: ChangeState, after: ChangeState) -> None:
    """Raise IllegalMove unless the diagram has the arrow."""
    if after not in TRANSITIONS[before]:
        raise IllegalMove("change", before, after)


# --- a change that waits -------------------------------------------------------------------------


class AnswerKind(StrEnum):
    """What a member said to a change."""

    AGREE = "agree"
    TAKE_BACK = "take_back"
    OBJECT = "object"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one member said to a change, and when."""

    member_id: MemberId
    member_name: str
    kind: AnswerKind
    at: datetime


@dataclass(frozen=True, slots=True)
class PendingChange:
    """A change with what was said to it; ``takes_effect_at`` is None until it is asked for."""

    id: ChangeId
    portfolio_id: PortfolioId
    what: What
    state: ChangeState
    asked_by: MemberId
    drafted_at: datetime
    takes_effect_at: datetime | None = None
    answers: tuple[Answer, ...] = ()

    @property
    def givers(self) -> tuple[MemberId, ...]:
        """Those who agree as it stands, the first first; nobody whose own rights it is about."""
        given: dict[MemberId, None] = {}
        for answer in self.answers:
            if answer.kind is AnswerKind.AGREE:
                given.setdefault(answer.member_id)
            elif answer.kind is AnswerKind.TAKE_BACK:
                given.pop(answer.member_id, None)
        return tuple(each for each in given if each not in concerned(self.what))

    @property
    def last_answer(self) -> Answer | None:
        """The latest answer, or None."""
        return self.answers[-1] if self.answers else None

    def need(self, policy: Policy) -> Need:
        """Whose agreement it takes by the policy as it is now."""
        return most_needed(rule_of(policy), self.asked_by)

    def is_agreed(self, policy: Policy, roles: Mapping[MemberId, Role]) -> bool:
        """Whether enough of those who agree may decide by these roles."""
        return self.need(policy).is_met_by(counted(self.givers, roles))

    def is_due(self, now: datetime) -> bool:
        """Whether its day is over."""
        return self.takes_effect_at is not None and now >= self.takes_effect_at


def require_may_agree(change: PendingChange, member: MemberId, role: Role | None) -> None:
    """Raise the refusal that an agreement earns: NotAllowed, ChangeOver, OwnRights or AlreadyAgreed."""
    require(role, Act.AGREE_TO_CHANGE)
    _require_pending(change)
    if member in concerned(change.what):
        raise OwnRights(change.id)
    if member in change.givers:
        raise AlreadyAgreed(change.id)


def require_may_take_back(change: PendingChange, member: MemberId, role: Role | None) -> None:
    """Raise the refusal that taking an agreement back earns: NotAllowed, ChangeOver or NotAgreed."""
    require(role, Act.AGREE_TO_CHANGE)
    _require_pending(change)
    if member not in change.givers:
        raise NotAgreed(change.id)


def require_may_object(change: PendingChange, member: MemberId, role: Role | None) -> None:
    """Raise the refusal that an objection earns: NotAllowed, ChangeOver or OwnRights.

    Nobody keeps a right to approve by their own objection alone, but an owner keeps ownership so.
    """
    require(role, Act.OBJECT_TO_CHANGE)
    _require_pending(change)
    if member in concerned(change.what) and role is not Role.OWNER:
        raise OwnRights(change.id)


def require_may_withdraw(change: PendingChange, member: MemberId, role: Role | None) -> None:
    """Raise the refusal that a withdrawal earns: NotAllowed, ChangeOver or NotTheAsker."""
    require(role, Act.WITHDRAW_CHANGE)
    if change.state is not ChangeState.DRAFTED:
        _require_pending(change)
    if member != change.asked_by:
        raise NotTheAsker(change.id)


def _require_pending(change: PendingChange) -> None:
    if change.state not in PENDING:
        raise ChangeOver(change.id, change.state)
