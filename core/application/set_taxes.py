"""Taxes in chat: show what the ledger knows of a member's year, and take down what people say of their taxes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from core.application.access import account_for, managed_for
from core.application.market import Market
from core.application.read_tax import (
    Ledger,
    owners_of,
    read_ledger,
    read_typed_lots,
    washes_of,
    years_of,
)
from core.domain.ids import AccountId, PortfolioId, Symbol
from core.domain.ledger import RealisedSale, TaxProfile, uncovered
from core.domain.membership import Member
from core.domain.money import ZERO
from core.domain.permissions import Act
from core.domain.portfolio import ManagedPortfolio
from core.domain.tax import (
    Equivalents,
    TaxOwner,
    TaxRates,
    TaxRulesName,
    TaxYear,
    YearInChain,
    rules_of,
)
from core.domain.tax_treatment import TaxTreatment
from core.planning.taxes import rates_of
from core.ports.broker import Brokers
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class RealisedEntry:
    """A realised sale with the part of its loss that does not count, and the name of its account."""

    sale: RealisedSale
    disallowed: Decimal
    account: str


@dataclass(frozen=True, slots=True)
class LotGap:
    """Shares of an account that have no known cost (above 0), or that lots name and nobody holds (below 0)."""

    account: str
    symbol: Symbol
    shares: Decimal


@dataclass(frozen=True, slots=True)
class ShownTaxes:
    """The taxes around a portfolio: its tax owners, rates, equal symbols, and what was realised this year.

    ``tax_so_far`` is each owner's estimated tax by name, and ``years`` how the losses carried in came about; ``own`` is
    the profile of the member who asks. ``gaps`` are where lots and holdings differ; of the accounts ``unheard`` nobody
    could say what they hold.
    """

    managed: ManagedPortfolio
    year: int
    rates: TaxRates
    owners: tuple[TaxOwner, ...]
    tax_so_far: dict[str, Decimal]
    equivalents: Equivalents
    entries: tuple[RealisedEntry, ...]
    own: TaxProfile
    years: dict[str, tuple[YearInChain, ...]] = field(default_factory=dict)
    gaps: tuple[LotGap, ...] = ()
    unheard: tuple[str, ...] = ()


async def show_taxes(
    store: Store, brokers: Brokers, market: Market, *, member: Member, portfolio_id: PortfolioId
) -> ShownTaxes:
    """Show the taxes of a portfolio's owners, and what was realised in the portfolios that the member belongs to."""
    today = (await market.moment()).session.date
    async with store.read() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.SEE_TAXES)
        household = managed.portfolio.household_id
        ledger = await read_ledger(work, [household], today)
        mine = await work.portfolios.of_member(member.id)
        seen = await work.portfolios.many([portfolio.id for portfolio in mine])
        own = await _profile(work, member)
    washes = washes_of(ledger, household)
    every = owners_of(ledger, household, washes, today)
    chains = {
        owner.name: years_of(ledger, household, washes, number, today)
        for number, owner in every.items()
    }
    gaps, unheard = await _gaps(brokers, managed, ledger)
    named = [account.tax_owner_id for account in managed.accounts]
    owners = tuple(every[number] for number in named if number is not None and number in every)
    rates = rates_of(managed.policy)
    disallowed = washes.disallowed()
    entries = tuple(
        RealisedEntry(sale, disallowed.get((sale.execution, sale.part), ZERO), each.portfolio.slug)
        for each in seen
        for account in each.accounts
        for sale in ledger.sales.get(account.id, ())
        if sale.sold.year == today.year
    )
    return ShownTaxes(
        managed,
        today.year,
        rates,
        tuple(dict.fromkeys(owners)),
        {owner.name: rules_of(owner.rules).tax(owner.year, rates) for owner in owners},
        ledger.equivalents.get(household, Equivalents()),
        tuple(sorted(entries, key=lambda entry: (entry.sale.sold, entry.sale.symbol))),
        own,
        chains,
        gaps,
        unheard,
    )


async def _gaps(
    brokers: Brokers, managed: ManagedPortfolio, ledger: Ledger
) -> tuple[tuple[LotGap, ...], tuple[str, ...]]:
    """Where lots and holdings of a portfolio's accounts differ, and which accounts did not answer."""
    held = await brokers.holdings(managed.accounts)
    gaps, unheard = [], []
    for each in managed.parts:
        account = each.account
        if account.id not in held:
            unheard.append(account.name)
            continue
        typed = await read_typed_lots(brokers, each)
        kept = [lot.lot for lot in ledger.lots.get(account.id, ())] if typed is None else typed
        rest = uncovered(kept, held[account.id].positions)
        for lot in kept:
            if lot.cost_per_share is None:
                rest[lot.symbol] = rest.get(lot.symbol, ZERO) + lot.quantity
        gaps += [LotGap(account.name, symbol, shares) for symbol, shares in sorted(rest.items())]
    return tuple(gap for gap in gaps if gap.shares), tuple(unheard)


async def tell_taxes(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    rules: TaxRulesName | None = None,
    carried: tuple[Decimal, Decimal] | None = None,
    forget_carried: bool = False,
    realised: tuple[Decimal, Decimal] | None = None,
) -> TaxProfile:
    """Take down what a member says of their own taxes: rules, or amounts (short, long) of this year.

    Losses carried in that are told stand instead of those calculated, until they are forgotten.
    Raises BadNumber for a carried loss below 0.
    """
    today = (await market.moment()).session.date
    async with store.begin() as work:
        profile = await _profile(work, member)
        if rules is not None:
            profile = replace(profile, rules=rules)
        told = profile.of(today.year)
        if carried is not None:
            TaxYear(carried_short=carried[0], carried_long=carried[1])
            told = replace(told, carried=carried)
        elif forget_carried:
            told = replace(told, carried=None)
        if realised is not None:
            told = replace(told, elsewhere=realised)
        if told != profile.of(today.year):
            profile = profile.telling(told)
        await work.taxes.set_profile(profile)
        words = f"rules {profile.rules} year {today.year}"
        await work.log.record(AuditEvent(clock.now(), "taxes_told", member.id, data=words))
    return profile


async def _profile(work: UnitOfWork, member: Member) -> TaxProfile:
    return (await work.taxes.profiles([member.id])).get(member.id, TaxProfile(member.id))


async def set_same(
    store: Store,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    symbols: tuple[Symbol, ...],
    clear: bool = False,
) -> Equivalents:
    """Let symbols count as the same in the household, or (``clear``) forget the groups that they are in.

    Raises InTwoGroups for a symbol that is in another group already, and NotAllowed for all but owners.
    """
    async with store.begin() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.SET_EQUIVALENTS)
        household = managed.portfolio.household_id
        before = (await work.taxes.equivalents([household])).get(household, Equivalents())
        named = frozenset(symbols)
        if clear:
            groups = tuple(group for group in before.groups if not group & named)
        else:
            groups = (*(group for group in before.groups if not group <= named), named)
        after = Equivalents(groups)
        await work.taxes.set_equivalents(household, after)
        word = "clear" if clear else "same"
        await work.log.record(
            AuditEvent(
                clock.now(),
                "same_symbols_set",
                member.id,
                portfolio_id,
                data=f"{word} {' '.join(sorted(named))}"[:500],
            )
        )
    return after


async def set_treatment(
    store: Store,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    treatment: TaxTreatment,
    account_id: AccountId | None = None,
) -> ManagedPortfolio:
    """Say how the gains in a portfolio's account are taxed; raises NotAllowed for all but owners."""
    async with store.begin() as work:
        managed, _ = await account_for(
            work,
            member,
            portfolio_id,
            Act.SET_TREATMENT,
            account_id,
        )
        await work.taxes.set_treatment(managed.account.id, treatment)
        await work.log.record(
            AuditEvent(clock.now(), "treatment_set", member.id, portfolio_id, data=treatment.value)
        )
        return await work.portfolios.get(portfolio_id)
