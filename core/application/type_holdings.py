"""Type: what an account holds, and what a fund is worth, where its broker has no interface to ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.application.access import account_for
from core.application.broker_faults import as_refusal
from core.application.hand_kept import hand_kept, owned_by_hand
from core.application.keep_lots import keep_book
from core.domain.book import Book, BookChange, TypedPrice
from core.domain.ids import AccountId, PortfolioId, Symbol
from core.domain.instrument import CASH
from core.domain.membership import Member, Role
from core.domain.money import ZERO
from core.domain.permissions import Act
from core.domain.portfolio import ManagedAccount
from core.domain.quote import Proxy
from core.domain.refusals import BadNumber, BadSymbol
from core.ports.broker import BrokerError, Brokers
from core.ports.clock import Clock, MarketClock
from core.ports.store import AuditEvent, Store


@dataclass(frozen=True, slots=True)
class ShownBook:
    """A hand-kept account's book with its typed prices, and the market's instant at which it was looked at."""

    managed: ManagedAccount
    role: Role
    book: Book
    prices: tuple[TypedPrice, ...]
    market_now: datetime


async def show_book(
    store: Store,
    brokers: Brokers,
    market_clock: MarketClock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    account_id: AccountId | None = None,
) -> ShownBook:
    """Look at what people wrote down; raises NotKeptByHand."""
    async with store.read() as work:
        managed, role = await account_for(work, member, portfolio_id, Act.SEE_HOLDINGS, account_id)
    account = hand_kept(brokers, managed.account)
    now = await market_clock.now()
    try:
        return ShownBook(managed, role, await account.book(), await account.typed_prices(), now)
    except BrokerError as error:
        raise as_refusal(error, managed.account) from error


async def type_holdings(
    store: Store,
    brokers: Brokers,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    change: BookChange,
    account_id: AccountId | None = None,
) -> Book:
    """Write down what a person says, all of it or nothing, and return the book after it.

    Raises NotKeptByHand, or ChecklistOpen while orders of a checklist have no answer yet.
    """
    managed, account = await owned_by_hand(store, brokers, member, portfolio_id, account_id)
    try:
        book = await account.write(change)
    except BrokerError as error:
        raise as_refusal(error, managed.account) from error
    async with store.begin() as work:
        await work.instruments.ensure(
            tuple(symbol for symbol, lots in change.lots.items() if lots),
            managed.portfolio.currency,
        )
        typed = None if change.replaces_all else tuple(change.lots)
        await keep_book(work, managed.account, book, typed)
        await work.log.record(
            AuditEvent(
                clock.now(), "holdings_typed", member.id, portfolio_id, data=_summary(change)
            )
        )
    return book


async def confirm_holdings(
    store: Store,
    brokers: Brokers,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    account_id: AccountId | None = None,
) -> Book:
    """Say that what was written down is still right."""
    managed, account = await owned_by_hand(store, brokers, member, portfolio_id, account_id)
    try:
        book = await account.confirm()
    except BrokerError as error:
        raise as_refusal(error, managed.account) from error
    await _log(store, clock, member, portfolio_id, "holdings_confirmed", "")
    return book


async def set_fractions(
    store: Store,
    brokers: Brokers,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    has_fractions: bool,
    account_id: AccountId | None = None,
) -> None:
    """Say whether the account's broker trades parts of shares."""
    managed, account = await owned_by_hand(store, brokers, member, portfolio_id, account_id)
    try:
        await account.set_fractions(has_fractions=has_fractions)
    except BrokerError as error:
        raise as_refusal(error, managed.account) from error
    words = "on" if has_fractions else "off"
    await _log(store, clock, member, portfolio_id, "fractions_set", words)


async def type_price(  # noqa: PLR0913 - all that a typed price says
    store: Store,
    brokers: Brokers,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    symbol: Symbol,
    price: Decimal,
    like: Proxy | None = None,
    account_id: AccountId | None = None,
) -> TypedPrice:
    """Write down what a share of something is worth that no source quotes.

    It is good for five sessions, or with a proxy (``find_proxy``), with which it then moves, for ninety days.
    """
    if symbol == CASH:
        raise BadSymbol(symbol)
    if price <= ZERO:
        raise BadNumber("the price", f"{price:f}", "a price above 0, such as 12.34")
    managed, account = await owned_by_hand(store, brokers, member, portfolio_id, account_id)
    try:
        typed = await account.set_price(symbol, price, like)
    except BrokerError as error:
        raise as_refusal(error, managed.account) from error
    moving = f" like {like.symbol} at {like.price:f}" if like else ""
    await _log(store, clock, member, portfolio_id, "price_typed", f"{symbol} {price:f}{moving}")
    return typed


async def _log(
    store: Store, clock: Clock, member: Member, portfolio_id: PortfolioId, kind: str, data: str
) -> None:
    async with store.begin() as work:
        await work.log.record(AuditEvent(clock.now(), kind, member.id, portfolio_id, data=data))


def _summary(change: BookChange) -> str:
    words = [f"{symbol} {quantity:f}" for symbol, quantity in change.positions.items()]
    if change.cash is not None:
        words.append(f"CASH {change.cash:f}")
    scope = "all" if change.replaces_all else "these"
    return f"{scope}: {', '.join(words)}"[:500]
