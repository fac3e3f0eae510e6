"""Refusals about brokers' keys and what seals them."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.access_fault import AccessFault
from core.domain.refusals.base import Refusal
from core.domain.refusals.holdings import BrokerDown


@dataclass(eq=False)
class MasterKeyMissing(Refusal):
    """Sealing or opening secrets without a master key; ``sealed`` is how many are in the store."""

    sealed: int = 0


@dataclass(eq=False)
class MasterKeyWrong(Refusal):
    """Secrets in the store that were sealed with another master key than those given."""

    locked: int
    sealed: int


@dataclass(eq=False)
class SealsBroken(Refusal):
    """Secrets that were changed or exchanged in the store.

    Accounts are given as (broker, last four); of one-time codes and channels it is how many.
    """

    accounts: tuple[tuple[str, str], ...]
    codes: int = 0
    channels: int = 0


@dataclass(eq=False)
class AccountLocked(BrokerDown):
    """An account that cannot be reached with the keys that there are; ``account`` is its last four, if known."""

    account: str
    why: AccessFault


@dataclass(eq=False)
class KeysUnreadable(Refusal):
    """A text that cannot be a broker's key: the ``field`` is the key id, the secret, or the file of both."""

    broker: str
    field: str


@dataclass(eq=False)
class KeysNotAccepted(Refusal):
    """Keys that a broker's service refuses; ``resemble_live`` says for which of its services they look made."""

    broker: str
    origin: str
    is_live: bool
    resemble_live: bool | None = None


@dataclass(eq=False)
class BrokerNotThere(Refusal):
    """An address at which no broker answers as it should."""

    broker: str
    origin: str
    detail: str


@dataclass(eq=False)
class AccountRestricted(Refusal):
    """An account in which its broker permits no trade: blocked, or not active yet."""

    broker: str
    account: str


@dataclass(eq=False)
class AnotherAccount(Refusal):
    """Keys that open another account than the portfolio's; both by their last four."""

    broker: str
    expected: str
    found: str


@dataclass(eq=False)
class OrdersUnderWay(Refusal):
    """A change that has to wait until nothing of a portfolio is being carried out."""

    slug: str


@dataclass(eq=False)
class WhichOwner(Refusal):
    """Keys that must belong to one owner of a portfolio; ``owners`` are its owners as (user id, name)."""

    slug: str
    owners: tuple[tuple[int, str], ...]


@dataclass(eq=False)
class LiveNotAllowed(Refusal):
    """Real money in an installation for paper."""

    broker: str


@dataclass(eq=False)
class ForeignPrices(Refusal):
    """A broker whose orders are priced by its own quotes, where prices come from elsewhere."""

    broker: str
    source: str


@dataclass(eq=False)
class NoKeysKept(Refusal):
    """A portfolio whose account has no keys in the store."""

    slug: str


@dataclass(eq=False)
class PriceKeysMissing(Refusal):
    """A price source that needs keys, where there are none."""

    source: str


@dataclass(eq=False)
class AccountHeld(Refusal):
    """Something that would send orders, asked while holds stand on the account; ``reasons`` are theirs."""

    reasons: tuple[str, ...]


@dataclass(eq=False)
class ForeignOrder(Refusal):
    """A plan for symbols on which somebody else has an order open at the broker."""

    symbols: tuple[str, ...]


@dataclass(eq=False)
class OtherAccountNow(Refusal):
    """An account that an owner accepts, when the broker's keys open yet another one by now."""

    shown: str
    opened: str
