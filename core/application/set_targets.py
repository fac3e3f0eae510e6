"""Targets: look at what a change would trade, then make it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core.application.access import managed_for
from core.application.hold_back import hold_back
from core.application.market import Market
from core.application.propose import supersede
from core.application.take_snapshot import plan_request, read_holdings, take_snapshot
from core.domain.change_kinds import TargetsChange
from core.domain.ids import PortfolioId, ProposalId, Symbol
from core.domain.instrument import CASH, nearest_symbols
from core.domain.membership import Member
from core.domain.money import ZERO
from core.domain.permissions import Act
from core.domain.plan import Plan
from core.domain.portfolio import Account, ManagedPortfolio
from core.domain.quote import PriceFaultKind
from core.domain.refusals import (
    CurrencyMismatch,
    EmptyAccount,
    NegativeTotal,
    Refusal,
    UnknownSymbol,
)
from core.domain.targets import TargetAllocation, require_readable, scale_to_hundred
from core.planning import calculate
from core.ports.broker import Brokers
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class TargetsPreview:
    """A change of targets before it is made; where ``plan`` is None, ``refusal`` says why none can be shown."""

    before: TargetAllocation | None
    after: TargetAllocation
    plan: Plan | None
    refusal: Refusal | None
    accounts: tuple[Account, ...] = ()


async def preview_targets(
    store: Store,
    brokers: Brokers,
    market: Market,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    targets: TargetAllocation,
) -> TargetsPreview:
    """Say what new targets would trade now.

    Raises TooManyTargets, and UnknownSymbol for what the price source does not know.
    """
    require_readable(targets)
    async with store.read() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.CHANGE_TARGETS)
    await require_known(market, targets, managed.portfolio.currency)
    moment = await market.moment()
    try:
        snapshot = await take_snapshot(store, brokers, market, managed, moment, targets)
        plan = calculate(plan_request(managed, snapshot, targets=targets, force=True))
    except NegativeTotal:
        return TargetsPreview(managed.targets, targets, None, EmptyAccount())
    except Refusal as refusal:
        return TargetsPreview(managed.targets, targets, None, refusal)
    return TargetsPreview(managed.targets, targets, plan, None, managed.accounts)


async def set_targets(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    targets: TargetAllocation,
) -> tuple[ProposalId, ...]:
    """Replace the targets and return the proposals that this supersedes; raises as the preview does.

    Those of a live portfolio are only made out, to be asked for: NeedsAgreement.
    """
    require_readable(targets)
    async with store.read() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.CHANGE_TARGETS)
    await require_known(market, targets, managed.portfolio.currency)
    now, market_now = clock.now(), await market.clock.now()
    async with store.begin() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.CHANGE_TARGETS)
        what = TargetsChange(managed.targets, targets)
        held = await hold_back(work, managed, what, member, now)
        if held is None:
            return await put_targets(
                work, managed, targets, by=member, now=now, market_now=market_now
            )
    raise held


async def put_targets(
    work: UnitOfWork,
    managed: ManagedPortfolio,
    targets: TargetAllocation,
    *,
    by: Member,
    now: datetime,
    market_now: datetime,
) -> tuple[ProposalId, ...]:
    """Replace the targets, inside the caller's unit of work, and return the proposals that this supersedes."""
    portfolio = managed.portfolio
    await work.instruments.ensure(_every_symbol(targets), portfolio.currency)
    await work.portfolios.set_targets(portfolio.id, targets, by=by.id, at=market_now)
    ended = await supersede(work, portfolio.id, now)
    text = " ".join(f"{line.symbol} {line.weight:f}" for line in targets.lines)
    await work.log.record(AuditEvent(now, "targets_set", by.id, portfolio.id, data=text))
    return ended


async def require_known(market: Market, targets: TargetAllocation, currency: str) -> None:
    """Raise UnknownSymbol or CurrencyMismatch for a symbol that this price source cannot serve."""
    symbols = _every_symbol(targets)
    known = await market.prices.known_symbols()
    if known is not None:
        _require_listed(symbols, known)
        return
    batch = await market.prices.quotes(symbols)
    for symbol in symbols:
        quote = batch.quotes.get(symbol)
        if quote is None and batch.fault_of(symbol).kind is PriceFaultKind.MISSING:
            raise UnknownSymbol(symbol)
        if quote is not None and quote.currency != currency:
            raise CurrencyMismatch(symbol, quote.currency, currency)


def _require_listed(symbols: Collection[Symbol], known: frozenset[Symbol]) -> None:
    for symbol in symbols:
        if symbol not in known:
            raise UnknownSymbol(symbol, nearest_symbols(symbol, known))


def _every_symbol(targets: TargetAllocation) -> tuple[Symbol, ...]:
    named = [symbol for line in targets.lines for symbol in (line.symbol, *line.substitutes)]
    return tuple(symbol for symbol in named if symbol != CASH)


async def targets_from_holdings(
    store: Store, brokers: Brokers, market: Market, *, member: Member, portfolio_id: PortfolioId
) -> TargetAllocation:
    """Make targets of what the account holds now, in percent with two decimals; raises EmptyAccount."""
    async with store.read() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.CHANGE_TARGETS)
    holdings = await read_holdings(brokers, managed)
    held = [symbol for symbol, quantity in sorted(holdings.positions.items()) if quantity > ZERO]
    if not held:
        raise EmptyAccount
    stand_in = scale_to_hundred([(symbol, holdings.positions[symbol]) for symbol in held])
    snapshot = await take_snapshot(store, brokers, market, managed, await market.moment(), stand_in)
    values = [(symbol, holdings.positions[symbol] * snapshot.prices[symbol]) for symbol in held]
    if holdings.cash > ZERO:
        values.append((CASH, holdings.cash))
    return scale_to_hundred(values)
