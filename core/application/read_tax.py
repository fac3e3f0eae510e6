"""Read taxes: what the household's ledger knows for a plan, over all accounts of the household."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from core.application.market import Moment
from core.domain.ids import AccountId, HouseholdId, MemberId, Symbol
from core.domain.ledger import (
    LedgerLot,
    RealisedSale,
    Split,
    TaxProfile,
    distinct_splits,
    shares_today,
    uncovered,
)
from core.domain.lots import Lot, LotMethod, Term, counted_as
from core.domain.money import ZERO
from core.domain.portfolio import (
    ONLY_FIFO,
    Account,
    KnownTaxes,
    ManagedAccount,
    ManagedPortfolio,
)
from core.domain.refusals import BrokerDown, NotBuiltYet
from core.domain.tax import (
    Acquisition,
    Equivalents,
    LossSale,
    TaxOwner,
    TaxRulesName,
    TaxSituation,
    Washed,
    YearInChain,
    adjusted_lots,
    chain_of_years,
    rules_of,
    still_claimed,
    still_free,
)
from core.domain.tax.wash import WINDOW
from core.domain.tax_treatment import TaxTreatment
from core.ports.broker import BrokerError, Brokers
from core.ports.hand_kept import HandKept
from core.ports.store import UnitOfWork

_Row = TypeVar("_Row", LedgerLot, RealisedSale)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the store knows of some households, as it was asked once for all of them."""

    accounts: Mapping[HouseholdId, tuple[Account, ...]] = field(default_factory=dict)
    lots: Mapping[AccountId, tuple[LedgerLot, ...]] = field(default_factory=dict)
    sales: Mapping[AccountId, tuple[RealisedSale, ...]] = field(default_factory=dict)
    profiles: Mapping[MemberId, TaxProfile] = field(default_factory=dict)
    names: Mapping[MemberId, str] = field(default_factory=dict)
    equivalents: Mapping[HouseholdId, Equivalents] = field(default_factory=dict)
    splits: tuple[Split, ...] = ()


@dataclass(frozen=True, slots=True)
class Washes:
    """A household's losses and purchases since the year before began to end, and which meet.

    Accounts are named by their numbers. ``disallowed`` is money by sale.
    """

    losses: Mapping[LossSale, tuple[RealisedSale, ...]] = field(default_factory=dict)
    bought: tuple[Acquisition, ...] = ()
    washes: tuple[Washed, ...] = ()

    def disallowed(self) -> dict[tuple[str, int], Decimal]:
        """How much of each loss does not count, by execution and part; equal sales of a day share it in their order."""
        found: dict[tuple[str, int], Decimal] = {}
        for loss, sales in self.losses.items():
            rest = sum((w.disallowed for w in self.washes if w.sale == loss), ZERO)
            for sale in sales:
                part = min(rest, -(sale.gain or ZERO))
                found[sale.execution, sale.part] = part
                rest -= part
        return found


async def read_ledger(
    work: UnitOfWork, household_ids: Collection[HouseholdId], today: date
) -> Ledger:
    """Ask the store about households with a fixed number of questions; with one where nothing is stored at all."""
    if await work.taxes.is_empty():
        return Ledger()
    households = frozenset(household_ids)
    accounts = await work.taxes.accounts_of(households)
    ids = [account.id for group in accounts.values() for account in group]
    owners = {
        account.tax_owner_id
        for group in accounts.values()
        for account in group
        if account.tax_owner_id is not None
    }
    profiles = await work.taxes.profiles(owners)
    since = _first_day(profiles, today)
    lots = await work.taxes.lots(ids, since)
    sales = await work.taxes.realised(ids, since)
    return Ledger(
        accounts,
        _by_account(lots),
        _by_account(sales),
        profiles,
        await work.taxes.names(owners),
        await work.taxes.equivalents(households),
        distinct_splits(await work.taxes.splits(since)),
    )


def _first_day(profiles: Mapping[MemberId, TaxProfile], today: date) -> date:
    """From when purchases and sales are asked for: all of them where earlier years' losses may be carried.

    Two windows before the year, because what was bought before it can wash what was lost in it.
    """
    if any(profile.rules is not TaxRulesName.NONE for profile in profiles.values()):
        return date.min
    return date(today.year, 1, 1) - 2 * WINDOW - timedelta(days=1)


def _by_account(rows: Sequence[_Row]) -> dict[AccountId, tuple[_Row, ...]]:
    found: defaultdict[AccountId, list[_Row]] = defaultdict(list)
    for row in rows:
        found[row.account_id].append(row)
    return {number: tuple(group) for number, group in found.items()}


def washes_of(ledger: Ledger, household: HouseholdId) -> Washes:
    """Match a household's losses with its purchases; nothing where nobody in it has rules."""
    accounts = ledger.accounts.get(household, ())
    names = {_rules(ledger, account) for account in accounts} - {TaxRulesName.NONE}
    if not names:
        return Washes()
    losses: dict[LossSale, tuple[RealisedSale, ...]] = {}
    for account in accounts:
        for sale in ledger.sales.get(account.id, ()):
            if _counts(ledger, account) and sale.gain is not None and sale.gain < ZERO:
                loss = LossSale(
                    sale.symbol,
                    shares_today(sale.symbol, sale.quantity, sale.sold, ledger.splits),
                    sale.sold,
                    -sale.gain,
                    str(account.id),
                    sale.acquired,
                )
                losses[loss] = (*losses.get(loss, ()), sale)
    bought = tuple(
        Acquisition(lot.symbol, lot.quantity, lot.acquired, str(account.id), account.tax_treatment)
        for account in accounts
        for lot in ledger.lots.get(account.id, ())
        if lot.acquired is not None
    )
    each = [loss for loss, sales in losses.items() for _ in sales]
    same = ledger.equivalents.get(household, Equivalents())
    return Washes(losses, bought, rules_of(min(names)).washes(each, bought, same))


def _rules(ledger: Ledger, account: Account) -> TaxRulesName:
    profile = ledger.profiles.get(account.tax_owner_id) if account.tax_owner_id else None
    return profile.rules if profile else TaxRulesName.NONE


def _counts(ledger: Ledger, account: Account) -> bool:
    is_taxable = account.tax_treatment is TaxTreatment.TAXABLE
    return is_taxable and _rules(ledger, account) is not TaxRulesName.NONE


def washed_lots(lots: Sequence[LedgerLot], washes: Sequence[Washed]) -> tuple[Lot, ...]:
    """Return what is left of one account's lots, dearer by the losses that they wash.

    Only lots of which nothing was sold are: of the others it is not known which shares of theirs the loss went to.
    """
    left = [lot for lot in lots if lot.remaining > ZERO]
    if not left or not washes:
        return tuple(lot.lot for lot in left)
    whole = [lot.lot for lot in left if lot.is_whole]
    others = tuple(lot.lot for lot in left if not lot.is_whole)
    return (*adjusted_lots(whole, washes, str(left[0].account_id)), *others)


# --- tax owners ----------------------------------------------------------------------------------


def owners_of(
    ledger: Ledger, household: HouseholdId, washes: Washes, today: date
) -> dict[MemberId, TaxOwner]:
    """Return a household's tax owners with their year to date, each under a name of their own.

    A gain of unknown term counts as short-term and a loss as long-term, one of unknown basis not at all.
    """
    members = _members(ledger, household)
    shared = Counter(ledger.names.get(member, "") for member in members)
    return {
        member: TaxOwner(
            _own_name(ledger.names.get(member, ""), member, shared),
            ledger.profiles.get(member, TaxProfile(member)).rules,
            years_of(ledger, household, washes, member, today)[-1].figures,
        )
        for member in members
    }


def _members(ledger: Ledger, household: HouseholdId) -> list[MemberId]:
    """Those for whose taxes a household's accounts count."""
    accounts = ledger.accounts.get(household, ())
    return sorted({a.tax_owner_id for a in accounts if a.tax_owner_id is not None})


def _own_name(name: str, member: MemberId, shared: Counter[str]) -> str:
    return name if name and shared[name] == 1 else f"{name} ({member})".strip()


def years_of(
    ledger: Ledger, household: HouseholdId, washes: Washes, member: MemberId, today: date
) -> tuple[YearInChain, ...]:
    """Return a member's years up to this one, each with the losses that the one before left."""
    profile = ledger.profiles.get(member, TaxProfile(member))
    disallowed = washes.disallowed()
    gains: defaultdict[int, tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
    for account in ledger.accounts.get(household, ()):
        if account.tax_treatment is TaxTreatment.TAXABLE:
            for sale in ledger.sales.get(account.id, ()):
                if sale.owner_id == member and sale.gain is not None:
                    washed = disallowed.get((sale.execution, sale.part), ZERO)
                    short, long = gains[sale.sold.year]
                    if counted_as(sale.term, sale.gain) is Term.SHORT:
                        short += sale.gain + washed
                    else:
                        long += sale.gain + washed
                    gains[sale.sold.year] = short, long
    told = {each.year: each for each in profile.years}
    return chain_of_years(rules_of(profile.rules), told, gains, today.year)


# --- for plans -----------------------------------------------------------------------------------


class TaxReader:
    """What plans of some portfolios are told of taxes; each household is looked at once."""

    def __init__(self, ledger: Ledger, moment: Moment) -> None:
        self._ledger = ledger
        self._today = moment.session.date
        self._washes: dict[HouseholdId, Washes] = {}
        self._situations: dict[HouseholdId, TaxSituation] = {}

    def of(
        self,
        managed: ManagedAccount,
        typed: tuple[Lot, ...] | None = None,
        methods: frozenset[LotMethod] = ONLY_FIFO,
    ) -> KnownTaxes:
        """Return what a plan is told of an account; ``typed`` are the lots of a book that people keep, if they do."""
        account, household = managed.account, managed.portfolio.household_id
        if not self._ledger.accounts:
            return KnownTaxes(typed or (), "", methods)
        owner = self._owner(household, account)
        return KnownTaxes(self._lots(account, typed, household), owner, methods)

    def situation(self, household: HouseholdId) -> TaxSituation:
        """Return what a plan is told of a household; accounts are named by their numbers."""
        if not self._ledger.accounts:
            return TaxSituation(self._today)
        return self._situation(household)

    def _of_household(self, household: HouseholdId) -> Washes:
        if household not in self._washes:
            self._washes[household] = washes_of(self._ledger, household)
        return self._washes[household]

    def _situation(self, household: HouseholdId) -> TaxSituation:
        if household not in self._situations:
            washes = self._of_household(household)
            owners = owners_of(self._ledger, household, washes, self._today)
            since = self._today - WINDOW
            claimed = still_claimed(
                [loss for loss, sales in washes.losses.items() for _ in sales], washes.washes
            )
            free = still_free(washes.bought, washes.washes)
            self._situations[household] = TaxSituation(
                self._today,
                {owner.name: owner for owner in owners.values()},
                tuple(each for each in free if each.acquired >= since),
                tuple(each for each in claimed if each.sold >= since),
                self._ledger.equivalents.get(household, Equivalents()),
            )
        return self._situations[household]

    def _owner(self, household: HouseholdId, account: Account) -> str:
        if account.tax_owner_id is None:
            return ""
        members = _members(self._ledger, household)
        shared = Counter(self._ledger.names.get(member, "") for member in members)
        name = self._ledger.names.get(account.tax_owner_id, "")
        return _own_name(name, account.tax_owner_id, shared)

    def _lots(
        self, account: Account, typed: tuple[Lot, ...] | None, household: HouseholdId
    ) -> tuple[Lot, ...]:
        """An account's lots, dearer by the losses that they wash as far as nothing was sold of them."""
        washes = self._of_household(household).washes
        kept = self._ledger.lots.get(account.id, ())
        if typed is not None and not _covers(kept, typed):
            return adjusted_lots(typed, washes, str(account.id))
        return washed_lots(kept, washes)


def _covers(kept: Sequence[LedgerLot], typed: Sequence[Lot]) -> bool:
    """Whether the ledger has as many shares as a book: then its lots, which have names, are the book's."""
    held: dict[Symbol, Decimal] = {}
    for lot in typed:
        held[lot.symbol] = held.get(lot.symbol, ZERO) + lot.quantity
    return not uncovered([lot.lot for lot in kept], held)


async def read_taxes(
    work: UnitOfWork, portfolios: Collection[ManagedPortfolio], moment: Moment
) -> TaxReader:
    """Ask the store once what plans of these portfolios are to know of taxes."""
    households = {managed.portfolio.household_id for managed in portfolios}
    return TaxReader(await read_ledger(work, households, moment.session.date), moment)


async def read_typed_lots(brokers: Brokers, managed: ManagedAccount) -> tuple[Lot, ...] | None:
    """The lots of a book that people keep; None where the account is no such one. Raises BrokerDown."""
    try:
        broker = brokers.of(managed.account)
    except NotBuiltYet:
        return None
    if not isinstance(broker, HandKept):
        return None
    try:
        return (await broker.book()).lots
    except BrokerError as error:
        raise BrokerDown(managed.account.broker, str(error)) from error


def methods_at(brokers: Brokers, managed: ManagedAccount) -> frozenset[LotMethod]:
    """The lot methods of an account's broker; first in, first out where it is not there."""
    try:
        names = set(brokers.of(managed.account).traits.lot_methods)
    except NotBuiltYet:
        return ONLY_FIFO
    return frozenset(method for method in LotMethod if method.value in names)


__all__ = [
    "Ledger",
    "TaxReader",
    "Washes",
    "methods_at",
    "owners_of",
    "read_ledger",
    "read_taxes",
    "read_typed_lots",
    "washes_of",
    "years_of",
]
