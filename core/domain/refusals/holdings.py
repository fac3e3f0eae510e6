"""Refusals about cash, holdings and the accounts that have them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.domain.refusals.base import Refusal


@dataclass(eq=False)
class NotEnoughCash(Refusal):
    """More money asked for than the account holds as cash."""

    asked: Decimal
    available: Decimal
    currency: str


@dataclass(eq=False)
class StillSetAside(Refusal):
    """A withdrawal while the money of the one before still waits to be taken out."""

    amount: Decimal
    currency: str


@dataclass(eq=False)
class NothingSetAside(Refusal):
    """Money that was to be taken out, or kept, and is not set aside any more."""


@dataclass(eq=False)
class WhichAccount(Refusal):
    """Something about one account, where the portfolio has several and none was named."""

    names: tuple[str, ...]


@dataclass(eq=False)
class UnknownAccount(Refusal):
    """An account that the portfolio does not have."""

    text: str
    known: tuple[str, ...] = ()


@dataclass(eq=False)
class AccountNameTaken(Refusal):
    """A name for an account that another account of the portfolio has, at least in its short form."""

    name: str


@dataclass(eq=False)
class TooManyAccounts(Refusal):
    """More accounts than a portfolio can have."""

    limit: int


@dataclass(eq=False)
class NoCashTransfers(Refusal):
    """A broker through which no money can be moved."""

    broker: str


@dataclass(eq=False)
class AccountInUse(Refusal):
    """A broker's account that belongs to a portfolio already."""

    broker: str


@dataclass(eq=False)
class EmptyAccount(Refusal):
    """An account that holds nothing to plan with."""


@dataclass(eq=False)
class BrokerDown(Refusal):
    """A broker that did not answer usably."""

    broker: str
    detail: str


@dataclass(eq=False)
class HoldingsOld(Refusal):
    """Typed holdings that nobody has confirmed for too long; the age is in whole days."""

    age_days: int


@dataclass(eq=False)
class NotKeptByHand(Refusal):
    """Typing holdings, prices or fills of an account whose broker tells them itself."""

    broker: str


@dataclass(eq=False)
class BadProxy(Refusal):
    """A symbol that another's price cannot move with: ``fault`` says what is wrong with its own price.

    Without a fault it is no other symbol, or has no price of a source's own.
    """

    symbol: str
    proxy: str
    fault: object | None = None


@dataclass(eq=False)
class ChecklistOpen(Refusal):
    """Typing holdings while orders of a checklist have no answer yet: they would be counted twice."""

    count: int


@dataclass(eq=False)
class ChecklistClosed(Refusal):
    """An answer to a line of a checklist whose time is over."""

    proposal: int


@dataclass(eq=False)
class UnreadableFile(Refusal):
    """A file of holdings that cannot be used; ``faults`` names each line and what is wrong with it."""

    faults: tuple[str, ...]


@dataclass(eq=False)
class UnknownLot(Refusal):
    """A tax lot that a position does not have, with the names of those it has."""

    symbol: str
    name: str
    known: tuple[str, ...] = ()


@dataclass(eq=False)
class LotsBeyondHeld(Refusal):
    """Typed lots that come to more shares than the account's broker says that it holds."""

    symbol: str
    typed: Decimal
    held: Decimal


@dataclass(eq=False)
class InTwoGroups(Refusal):
    """A symbol in two groups of securities that count as substantially identical."""

    symbol: str
