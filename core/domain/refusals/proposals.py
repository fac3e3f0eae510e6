"""Refusals about proposals, their orders, and what may be sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.domain.refusals.base import Refusal


@dataclass(eq=False)
class UnknownProposal(Refusal):
    """A proposal that does not exist or belongs to somebody else."""

    number: int


@dataclass(eq=False)
class OldRevision(Refusal):
    """A button of a revision that has been replaced by a newer one."""

    proposal: int
    revision: int
    current: int


@dataclass(eq=False)
class ProposalNotOpen(Refusal):
    """A decision on a proposal that no longer takes one; ``state`` says what became of it."""

    proposal: int
    state: str
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(eq=False)
class NothingSold(Refusal):
    """A decision about the money of a proposal's sales, where none is to be made."""

    proposal: int


@dataclass(eq=False)
class AfterSaleDecided(Refusal):
    """A second decision about the money of a proposal's sales; says who made the first, and which."""

    proposal: int
    decided_by: str
    decided_at: datetime
    stays_in_cash: bool


@dataclass(eq=False)
class TooLateToCancel(Refusal):
    """Taking an approval back after the first order has gone; ``state`` says how far it is."""

    proposal: int
    state: str


@dataclass(eq=False)
class ProposalExpired(Refusal):
    """A decision on a proposal after its time."""

    proposal: int
    expired_at: datetime


@dataclass(eq=False)
class EndsBeforeOpen(Refusal):
    """An approval for the next open of a proposal that ends before."""

    proposal: int
    ends_at: datetime


@dataclass(eq=False)
class EndsBeforeSending(Refusal):
    """An approval of a proposal whose orders could go only after its end, such as once nobody may object any more."""

    proposal: int
    ends_at: datetime
    sends_at: datetime


@dataclass(eq=False)
class AlreadyApproved(Refusal):
    """A second approval by the same person."""

    proposal: int


@dataclass(eq=False)
class NotApproved(Refusal):
    """Taking back an approval that this person has not given."""

    proposal: int


@dataclass(eq=False)
class UnknownLeg(Refusal):
    """An edit of a line that the proposal does not have."""

    proposal: int
    leg: int


@dataclass(eq=False)
class CannotEnlarge(Refusal):
    """An edit that would trade more than was proposed."""

    leg: int
    proposed: Decimal
    asked: Decimal


@dataclass(eq=False)
class LotsNotChosen(Refusal):
    """A choice of lots where the account's broker sells them in its own order, or where there are none to choose."""

    symbol: str


@dataclass(eq=False)
class NothingLeft(Refusal):
    """An edit after which no trade would remain."""


@dataclass(eq=False)
class NothingToBuyWith(Refusal):
    """Purchases only were asked for, and the cash that is there without sales buys nothing that would help."""


@dataclass(eq=False)
class ClaimContradicted(Refusal):
    """What a person says of an order, and the broker contradicts; ``is_there``: the broker has the order."""

    symbol: str
    is_there: bool


@dataclass(eq=False)
class ClaimBelied(Refusal):
    """A claim that an order is not at the broker, while the account has changed by shares as if it had been filled."""

    symbol: str
    shares: Decimal
    is_sale: bool


@dataclass(eq=False)
class StillAtWork(Refusal):
    """Something about a proposal's orders, while somebody is at work for its account, or the broker took too long."""

    proposal: int


@dataclass(eq=False)
class NothingInDoubt(Refusal):
    """What a person says of an order about which nothing is unclear any more."""

    proposal: int


@dataclass(eq=False)
class PortfolioPaused(Refusal):
    """Something that would send orders, asked while the portfolio is paused."""

    name: str


@dataclass(eq=False)
class MayNotTrade(Refusal):
    """An account for which nothing may be sent now; the reason is a barrier of the ladder, or ``dry_run``."""

    reason: str
    rung: str


@dataclass(eq=False)
class CodeNeeded(Refusal):
    """An approval of real money by a member with one-time codes, or of a change there, without a code."""

    proposal: int | None = None
    change: int | None = None


@dataclass(eq=False)
class BadCode(Refusal):
    """A one-time code that is wrong, or ``was_used`` before; None attempts left: they are not counted here."""

    attempts_left: int | None
    was_used: bool = False


@dataclass(eq=False)
class CodesLocked(Refusal):
    """A code after too many wrong ones; none is accepted until then."""

    until: datetime


@dataclass(eq=False)
class CodesNeedKey(Refusal):
    """One-time codes that cannot be kept or checked: the installation's key is missing, or is another one."""


@dataclass(eq=False)
class PrivateOnly(Refusal):
    """Something that is done only where nobody else reads along."""

    action: str


@dataclass(eq=False)
class NoRungAbove(Refusal):
    """A step on the ladder that an account does not have."""

    rung: str


@dataclass(eq=False)
class DryRunFirst(Refusal):
    """Going live before enough plans were carried out as dry runs."""

    done: int
    needed: int


@dataclass(eq=False)
class WrongDigits(Refusal):
    """A typed confirmation that is not the end of the broker's account number; ``left`` tries remain."""

    left: int


@dataclass(eq=False)
class ClimbOver(Refusal):
    """A typed confirmation without a question, or after its time."""


@dataclass(eq=False)
class RiskLimit(Refusal):
    """What breaks a limit which chat cannot raise; the ``setting`` that says so, and the ``leg``, if it is one."""

    limit: str
    value: Decimal
    allowed: Decimal
    leg: str = ""
    setting: str = ""
