"""Portfolios: who keeps what where, and what an account holds at one instant."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import AccountId, ChatId, HouseholdId, MemberId, PortfolioId, Symbol
from core.domain.lots import Lot, LotMethod
from core.domain.money import ZERO
from core.domain.policy import Policy
from core.domain.quote import Quote
from core.domain.refusals import BadName
from core.domain.targets import TargetAllocation
from core.domain.tax import TaxSituation
from core.domain.tax_treatment import TaxTreatment as TaxTreatment  # noqa: PLC0414 - named here by all

NAME_LIMIT = 40
NAMELESS = "portfolio"
"""The slug of a name in which no Latin letter or digit is left."""


class Rung(StrEnum):
    """How real an account is; every message about it carries this label."""

    SIMULATED = "simulated"
    BROKER_PAPER = "broker_paper"
    DRY_RUN = "dry_run"
    LIVE_CAPPED = "live_capped"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Account:
    """Money at one broker; belongs to exactly one portfolio."""

    id: AccountId
    portfolio_id: PortfolioId
    name: str
    broker: str
    broker_account_id: str
    currency: str = "USD"
    tax_treatment: TaxTreatment = TaxTreatment.TAXABLE
    tax_owner_id: MemberId | None = None
    rung: Rung = Rung.SIMULATED


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One target allocation over one or more accounts, shared with members in roles."""

    id: PortfolioId
    household_id: HouseholdId
    slug: str
    name: str
    currency: str = "USD"
    is_paused: bool = False
    home_chat_id: ChatId | None = None


@dataclass(frozen=True, slots=True)
class ManagedPortfolio:
    """A portfolio with all that a check needs to know of it; ``targets`` is None until they are set."""

    portfolio: Portfolio
    accounts: tuple[Account, ...]
    targets: TargetAllocation | None
    policy: Policy

    @property
    def account(self) -> Account:
        """The portfolio's first account."""
        return self.accounts[0]


@dataclass(frozen=True, slots=True)
class Holdings:
    """What an account holds, as its broker says: settled or usable cash, and whole positions by symbol.

    ``bound`` is the cash beside it that open purchases hold back, where the broker says it: it is part of what the
    account is worth, and of no plan.
    """

    cash: Decimal
    positions: Mapping[Symbol, Decimal] = field(default_factory=dict)
    bound: Decimal = ZERO

    @property
    def with_bound(self) -> Holdings:
        """The same with all of its cash, as long as it is there."""
        return replace(self, cash=self.cash + self.bound)

    @property
    def fingerprint(self) -> str:
        """A short hash of positions and cash, by which a later look can tell whether anything changed."""
        lines = [
            f"{symbol}={quantity.normalize():f}"
            for symbol, quantity in sorted(self.positions.items())
        ]
        text = "\n".join([*lines, f"cash={self.cash.normalize():f}"])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Settlement:
    """How an account's money settles, as far as a plan must know it.

    ``held``: bought with money that may not have settled, and so not to be sold yet. ``buys_wait``: the broker lends
    nothing for the time between, so that a plan sells in one session and buys in a later one.
    """

    held: frozenset[Symbol] = frozenset()
    buys_wait: bool = False


AT_ONCE = Settlement()
"""An account whose money is usable, and whose shares may be sold, as soon as they are there."""


@dataclass(frozen=True, slots=True)
class Tradable:
    """What a broker says of the symbols of a look: which it trades in parts, and which not at all now."""

    in_parts: frozenset[Symbol] = frozenset()
    never: frozenset[Symbol] = frozenset()


ONLY_FIFO = frozenset({LotMethod.FIFO})


@dataclass(frozen=True, slots=True)
class KnownTaxes:
    """What the ledger knows for a plan: the account's lots and tax owner, and the taxes of the whole household.

    ``lot_methods`` are those that the account's broker can be asked for.
    """

    lots: tuple[Lot, ...] = ()
    owner: str = ""
    lot_methods: frozenset[LotMethod] = ONLY_FIFO
    situation: TaxSituation = field(default_factory=TaxSituation)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The holdings of one account, the quotes they were valued with, and what was known of taxes, at one instant.

    ``set_aside`` is cash that is to be taken out: a plan leaves it alone, and raises what is missing of it.
    """

    account_id: AccountId
    holdings: Holdings
    quotes: Mapping[Symbol, Quote]
    taken_at: datetime
    session: date | None
    fractionable: frozenset[Symbol] = frozenset()
    settlement: Settlement = AT_ONCE
    untradable: frozenset[Symbol] = frozenset()
    taxes: KnownTaxes = field(default_factory=KnownTaxes)
    set_aside: Decimal = ZERO

    @property
    def remaining(self) -> Holdings:
        """What is managed: the holdings without the cash that is set aside; cash below 0 where it must be raised."""
        return replace(self.holdings, cash=self.holdings.cash - self.set_aside)

    @property
    def prices(self) -> dict[Symbol, Decimal]:
        """Price by symbol."""
        return {symbol: quote.price for symbol, quote in self.quotes.items()}

    @property
    def estimates(self) -> dict[Symbol, Symbol]:
        """The symbols whose price is an estimate, each with the one that it moves like."""
        return {s: quote.like for s, quote in sorted(self.quotes.items()) if quote.like is not None}

    @property
    def prices_at(self) -> datetime:
        """The time of the oldest price; the snapshot's own time where there is none."""
        return min((quote.at for quote in self.quotes.values()), default=self.taken_at)


@dataclass(frozen=True, slots=True)
class HoldingChange:
    """One symbol (or CASH) whose quantity is not what a proposal was made from."""

    symbol: Symbol
    before: Decimal
    after: Decimal


def holding_changes(before: Holdings, after: Holdings) -> tuple[HoldingChange, ...]:
    """Return what differs; additional cash is no change, because it waits for the next check."""
    symbols = sorted({*before.positions, *after.positions})
    changes = [
        HoldingChange(symbol, old, new)
        for symbol in symbols
        if (old := before.positions.get(symbol, ZERO)) != (new := after.positions.get(symbol, ZERO))
    ]
    if after.cash < before.cash:
        changes.append(HoldingChange(Symbol("CASH"), before.cash, after.cash))
    return tuple(changes)


def parse_name(text: str) -> str:
    """Read a portfolio's or person's name: one line, no control or direction characters; raises BadName."""
    name = " ".join(text.split())
    if not name or len(name) > NAME_LIMIT or any(not _is_plain(char) for char in name):
        raise BadName(text[:NAME_LIMIT], NAME_LIMIT)
    return name


def _is_plain(char: str) -> bool:
    return char.isprintable() and not ("\u200b" <= char <= "\u200f" or "\u202a" <= char <= "\u2069")


def slug_of(name: str) -> str:
    """Return the short form of a name by which commands address it: letters, digits and dashes.

    Accents are dropped; a name without a Latin letter or digit gets the nameless slug.
    """
    plain = "".join(
        char
        for char in unicodedata.normalize("NFKD", name.casefold())
        if not unicodedata.combining(char)
    )
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return slug[:24].strip("-") or NAMELESS


def free_slug(name: str, taken: Collection[str]) -> str:
    """Return a name's slug; nameless ones are numbered, so that a household can have several."""
    slug = slug_of(name)
    if slug != NAMELESS:
        return slug
    numbered = (f"{NAMELESS}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in (NAMELESS, *numbered) if each not in taken)
