"""Kinds of changes: what of a live portfolio is changed, from what to what, and whether that loosens or redirects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import ClassVar

from core.domain.ids import AccountId, CredentialId, MemberId, RuleId
from core.domain.loosening import loosened
from core.domain.membership import Role
from core.domain.money import ZERO
from core.domain.permissions import Act, may
from core.domain.policy import Policy
from core.domain.portfolio import Account, ManagedPortfolio, Rung
from core.domain.rules import Action
from core.domain.targets import TargetAllocation, TargetLine
from core.domain.tax_treatment import TaxTreatment


class Kind:
    """What every kind of change answers: whose act it is, and whether it loosens or redirects."""

    __slots__ = ()

    ACT: ClassVar[Act]

    @property
    def act(self) -> Act:
        """What whoever asks must be permitted."""
        return self.ACT

    @property
    def loosens(self) -> bool:
        """Whether it loosens or redirects; it does, where a kind says nothing else."""
        return True


@dataclass(frozen=True, slots=True)
class TargetsChange(Kind):
    """Other targets; any change of them redirects."""

    ACT: ClassVar[Act] = Act.CHANGE_TARGETS

    before: TargetAllocation | None
    after: TargetAllocation

    @property
    def loosens(self) -> bool:
        """Whether it loosens or redirects; the order of the lines does not matter."""
        return _lines(self.before) != _lines(self.after)


@dataclass(frozen=True, slots=True)
class PolicyChange(Kind):
    """Other settings, all of them together."""

    ACT: ClassVar[Act] = Act.CHANGE_POLICY

    before: Policy
    after: Policy

    @property
    def loosens(self) -> bool:
        """Whether any setting is loosened or redirected."""
        return bool(loosened(self.before, self.after))

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the policy that are different afterwards."""
        return tuple(
            each.name
            for each in fields(Policy)
            if getattr(self.before, each.name) != getattr(self.after, each.name)
        )

    def onto(self, present: Policy) -> Policy | None:
        """The present policy with this change; None where what it changes is not what it was."""
        parts = self.parts
        if any(getattr(present, name) != getattr(self.before, name) for name in parts):
            return None
        return replace(present, **{name: getattr(self.after, name) for name in parts})


@dataclass(frozen=True, slots=True)
class RoleChange(Kind):
    """Another role of a member; None after it: they are taken out."""

    member_id: MemberId
    before: Role
    after: Role | None

    @property
    def act(self) -> Act:
        """What whoever asks must be permitted."""
        return Act.REMOVE_MEMBERS if self.after is None else Act.CHANGE_ROLES

    @property
    def loosens(self) -> bool:
        """Whether it gives, changes or takes a right to decide.

        Who decides may also object: whoever could take that from the others could change everything afterwards.
        """
        decides = may(self.before, Act.APPROVE) or may(self.after, Act.APPROVE)
        return self.before is not self.after and decides


@dataclass(frozen=True, slots=True)
class RuleTurnedOn(Kind):
    """A rule for the market that is followed from then on; its number never stands for another one."""

    ACT: ClassVar[Act] = Act.CHANGE_RULES

    rule_id: RuleId
    text: str
    action: Action
    factor: Decimal | None = None

    @property
    def loosens(self) -> bool:
        """Whether lines may drift further while its condition holds."""
        return self.action in {Action.WIDEN, Action.HOLD_OFF}


@dataclass(frozen=True, slots=True)
class HandOver(Kind):
    """The ownership of one member for another, who has confirmed it; the giver becomes an approver.

    It always redirects: somebody else has the say.
    """

    ACT: ClassVar[Act] = Act.HAND_OVER

    giver_id: MemberId
    taker_id: MemberId
    taker_before: Role


@dataclass(frozen=True, slots=True)
class AccountAdded(Kind):
    """Another account, which is open at its broker already and takes part in plans from then on.

    It always redirects: plans go by what all accounts hold.
    """

    ACT: ClassVar[Act] = Act.ADD_ACCOUNT

    name: str
    broker: str
    broker_account_id: str
    rung: Rung
    treatment: TaxTreatment = TaxTreatment.TAXABLE
    opening_cash: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class RungRaised(Kind):
    """A more real account, as an owner typed it for this account number of the broker's.

    It always redirects: more real money, or that of another account.
    """

    ACT: ClassVar[Act] = Act.RAISE_RUNG

    account_id: AccountId
    broker_account_id: str
    before: Rung
    after: Rung


@dataclass(frozen=True, slots=True)
class AccountConnected(Kind):
    """A broker's account in the place of one that is simulated or kept by hand; its keys are kept, sealed, already.

    It always redirects: orders go elsewhere.
    """

    ACT: ClassVar[Act] = Act.ADD_ACCOUNT

    account_id: AccountId
    before: tuple[str, str]
    """The broker, and its account id, as they were."""
    broker: str
    broker_account_id: str
    rung: Rung
    credential_id: CredentialId


What = (
    TargetsChange
    | PolicyChange
    | RuleTurnedOn
    | RoleChange
    | HandOver
    | AccountAdded
    | AccountConnected
    | RungRaised
)
"""What a change changes."""


def concerned(what: What) -> frozenset[MemberId]:
    """Those whose own rights it is about: their agreement does not count."""
    match what:
        case RoleChange():
            return frozenset({what.member_id})
        case HandOver():
            return frozenset({what.taker_id})
        case _:
            return frozenset()


def _lines(targets: TargetAllocation | None) -> frozenset[TargetLine]:
    return frozenset() if targets is None else frozenset(targets.lines)


def still_holds(what: What, managed: ManagedPortfolio, roles: Mapping[MemberId, Role]) -> bool:
    """Whether what it changes is now what it was when the change was made out."""
    match what:
        case TargetsChange():
            return _lines(managed.targets) == _lines(what.before)
        case PolicyChange():
            return what.onto(managed.policy) is not None
        case RoleChange():
            return roles.get(what.member_id) is what.before
        case HandOver():
            is_owner = roles.get(what.giver_id) is Role.OWNER
            return is_owner and roles.get(what.taker_id) is what.taker_before
        case RuleTurnedOn() | AccountAdded():
            return True
        case AccountConnected():
            account = _account(managed, what.account_id)
            return account is not None and (
                (account.broker, account.broker_account_id) == what.before
            )
        case RungRaised():
            account = _account(managed, what.account_id)
            return account is not None and (
                (account.rung, account.broker_account_id) == (what.before, what.broker_account_id)
            )


def _account(managed: ManagedPortfolio, account_id: AccountId) -> Account | None:
    return next((account for account in managed.accounts if account.id == account_id), None)
