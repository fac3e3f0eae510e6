"""Portfolios: who keeps what where, and what an account holds at one instant."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import AccountId, ChatId, HouseholdId, MemberId, PortfolioId, Symbol, TopicId
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
    """One target allocation over one or more accounts, shared with members in roles.

    ``is_shared``: everybody who comes into the household comes in here too, as a viewer.
    """

    id: PortfolioId
    household_id: HouseholdId
    slug: str
    name: str
    currency: str = "USD"
    is_paused: bool = False
    home_chat_id: ChatId | None = None
    home_topic_id: TopicId | None = None
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class ManagedPortfolio:
    """A portfolio with all that a check needs to know of it; ``targets`` is None until they are set."""

    portfolio: Portfolio
    accounts: tuple[Account, ...]
    targets: TargetAllocation | None
    policy: Policy

    @property
    def parts(self) -> tuple[ManagedAccount, ...]:
        """Each of the accounts with what it shares with the others, in their order."""
        return tuple(
            ManagedAccount(
                self.portfolio, account, self.targets, self.policy, is_only=len(self.accounts) == 1
            )
            for account in self.accounts
        )

    def part(self, account_id: AccountId) -> ManagedAccount:
        """One of the accounts; raises KeyError for any other."""
        for each in self.parts:
            if each.account.id == account_id:
                return each
        raise KeyError(account_id)


@dataclass(frozen=True, slots=True)
class ManagedAccount:
    """One account of a managed portfolio: what is watched, held, traded at and settled by itself.

    Where it is the portfolio's only one, nobody need be told which it is.
    """

    portfolio: Portfolio
    account: Account
    targets: TargetAllocation | None
    policy: Policy
    is_only: bool = True

    @property
    def slug(self) -> str:
        """The short form of the account's name, by which commands address it."""
        return slug_of(self.account.name)


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


def together(parts: Iterable[Holdings]) -> Holdings:
    """What several accounts hold together."""
    each_holds = tuple(parts)
    if len(each_holds) == 1:
        return each_holds[0]
    cash, positions = ZERO, dict[Symbol, Decimal]()
    for each in each_holds:
        cash += each.cash
        for symbol, quantity in each.positions.items():
            positions[symbol] = positions.get(symbol, ZERO) + quantity
    return Holdings(cash, positions, sum((each.bound for each in each_holds), ZERO))


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
    """What the ledger knows of an account for a plan: its lots and its tax owner.

    ``lot_methods`` are those that the account's broker can be asked for; ``lots_first`` are the names of the lots that
    a person chose to sell first, in this order.
    """

    lots: tuple[Lot, ...] = ()
    owner: str = ""
    lot_methods: frozenset[LotMethod] = ONLY_FIFO
    lots_first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """What one account holds, what its broker lets be done with it, and what was known of its taxes.

    ``set_aside`` is cash that is to be taken out: a plan leaves it alone, and raises what is missing of it.
    """

    account_id: AccountId
    holdings: Holdings
    fractionable: frozenset[Symbol] = frozenset()
    settlement: Settlement = AT_ONCE
    untradable: frozenset[Symbol] = frozenset()
    taxes: KnownTaxes = field(default_factory=KnownTaxes)
    set_aside: Decimal = ZERO

    @property
    def remaining(self) -> Holdings:
        """What is managed: the holdings without the cash that is set aside; cash below 0 where it must be raised."""
        return replace(self.holdings, cash=self.holdings.cash - self.set_aside)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The accounts of a portfolio, the quotes they were valued with, and the household's taxes, at one instant."""

    accounts: tuple[AccountSnapshot, ...]
    quotes: Mapping[Symbol, Quote]
    taken_at: datetime
    session: date | None
    situation: TaxSituation = field(default_factory=TaxSituation)

    def of(self, account_id: AccountId) -> AccountSnapshot:
        """One of the accounts; raises KeyError for any other."""
        for each in self.accounts:
            if each.account_id == account_id:
                return each
        raise KeyError(account_id)

    @property
    def holdings(self) -> Holdings:
        """What all accounts hold together."""
        return together(each.holdings for each in self.accounts)

    @property
    def remaining(self) -> Holdings:
        """What is managed: the holdings without the cash that is set aside; cash below 0 where it must be raised."""
        return together(each.remaining for each in self.accounts)

    @property
    def set_aside(self) -> Decimal:
        """The cash of all accounts that is to be taken out."""
        return sum((each.set_aside for each in self.accounts), ZERO)

    def with_aside(self, amount: Decimal) -> Snapshot:
        """The same with another amount to be taken out, of the account of which most was."""
        most = max(self.accounts, key=lambda each: each.set_aside)
        other = replace(most, set_aside=most.set_aside + amount - self.set_aside)
        return replace(self, accounts=tuple(other if a is most else a for a in self.accounts))

    def choosing(self, chosen: Mapping[AccountId, tuple[str, ...]]) -> Snapshot:
        """The same with other names of lots that sales take first, by account; none in accounts that are not named."""
        accounts = (
            replace(each, taxes=replace(each.taxes, lots_first=chosen.get(each.account_id, ())))
            for each in self.accounts
        )
        return replace(self, accounts=tuple(accounts))

    @property
    def chosen(self) -> dict[AccountId, tuple[str, ...]]:
        """The names of the lots that sales take first, by account."""
        return {each.account_id: each.taxes.lots_first for each in self.accounts}

    @property
    def fractionable(self) -> frozenset[Symbol]:
        """The symbols that any of the accounts trades in parts."""
        return frozenset[Symbol]().union(*(each.fractionable for each in self.accounts))

    @property
    def fingerprint(self) -> str:
        """A short hash of what every account holds; of one account alone, its own."""
        if len(self.accounts) == 1:
            return self.accounts[0].holdings.fingerprint
        lines = [f"{each.account_id} {each.holdings.fingerprint}" for each in self.accounts]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

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
    """One symbol (or CASH) whose quantity is not what a proposal was made from, and in which account.

    Notes of before accounts were named have no account.
    """

    symbol: Symbol
    before: Decimal
    after: Decimal
    account_id: AccountId | None = None


def holding_changes(before: AccountSnapshot, after: AccountSnapshot) -> tuple[HoldingChange, ...]:
    """Return what differs in an account; additional cash is no change, because it waits for the next check."""
    was, now, number = before.holdings, after.holdings, before.account_id
    symbols = sorted({*was.positions, *now.positions})
    changes = [
        HoldingChange(symbol, old, new, number)
        for symbol in symbols
        if (old := was.positions.get(symbol, ZERO)) != (new := now.positions.get(symbol, ZERO))
    ]
    if now.cash < was.cash:
        changes.append(HoldingChange(Symbol("CASH"), was.cash, now.cash, number))
    return tuple(changes)


def snapshot_changes(before: Snapshot, after: Snapshot) -> tuple[HoldingChange, ...]:
    """Return what differs in any account; one that came since is as good as empty before, one that went, after."""
    empty = Holdings(ZERO)
    was = {each.account_id: each for each in before.accounts}
    now = {each.account_id: each for each in after.accounts}
    return tuple(
        change
        for number in sorted({*was, *now})
        for change in holding_changes(
            was.get(number, AccountSnapshot(number, empty)),
            now.get(number, AccountSnapshot(number, empty)),
        )
    )


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


def under_own_names(portfolios: Iterable[Portfolio]) -> tuple[Portfolio, ...]:
    """The same with a short name each: where households use the same one, the later ones are numbered from 2 on."""
    taken: set[str] = set()
    named = []
    for portfolio in portfolios:
        numbered = (f"{portfolio.slug}-{number}" for number in range(2, len(taken) + 3))
        slug = next(each for each in (portfolio.slug, *numbered) if each not in taken)
        taken.add(slug)
        named.append(replace(portfolio, slug=slug))
    return tuple(named)


def free_slug(name: str, taken: Collection[str]) -> str:
    """Return a name's slug; nameless ones are numbered, so that a household can have several."""
    slug = slug_of(name)
    if slug != NAMELESS:
        return slug
    numbered = (f"{NAMELESS}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in (NAMELESS, *numbered) if each not in taken)
