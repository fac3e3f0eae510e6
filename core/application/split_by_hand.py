"""Split by hand: tell a hand-kept account of a split, so that its book and its lots move once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from core.application.broker_faults import as_refusal
from core.application.hand_kept import owned_by_hand
from core.application.keep_splits import split_account
from core.application.market import Market
from core.domain.book import Book, BookChange
from core.domain.ids import AccountId, PortfolioId, Symbol
from core.domain.ledger import Split
from core.domain.look import Held, split_ratio, times
from core.domain.lots import (
    Lot,
    LotMethod,
    lot_order,
    lots_after,
    quantity_of,
    sell_lots,
    split_lots,
)
from core.domain.membership import Member
from core.domain.money import ZERO
from core.domain.portfolio import ManagedAccount
from core.domain.refusals import BadNumber, ChecklistOpen, PriceSourceDown
from core.ports.broker import BrokerError, Brokers
from core.ports.clock import Clock
from core.ports.store import Store

_ANY_DAY = date(2000, 1, 1)
"""First in, first out does not ask when the shares are sold."""

MOST = 1000
"""So many new shares for one, or one for so many, can be told."""


@dataclass(frozen=True, slots=True)
class ToldSplit:
    """What a split makes of a position in a book; a fraction is ``paid_out`` where only whole shares are traded."""

    managed: ManagedAccount
    symbol: Symbol
    ratio: Fraction
    before: Decimal
    lots: tuple[Lot, ...]
    paid_out: Decimal

    @property
    def after(self) -> Decimal:
        """Shares after it."""
        return quantity_of(self.lots)


async def plan_split(
    store: Store,
    brokers: Brokers,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    symbol: Symbol,
    ratio: Fraction,
    account_id: AccountId | None = None,
) -> ToldSplit:
    """Say what a split would make of a position; raises NotKeptByHand, or BadNumber for what is not held."""
    managed, account = await owned_by_hand(store, brokers, member, portfolio_id, account_id)
    try:
        return _told(managed, await account.book(), symbol, ratio)
    except BrokerError as error:
        raise as_refusal(error, managed.account) from error


async def split_by_hand(
    store: Store,
    brokers: Brokers,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    told: ToldSplit,
) -> Book:
    """Move the book and the lots of a position once: the lots first, so that a crash between them is made good.

    Raises BadNumber where the book has changed since, and ChecklistOpen.
    """
    portfolio_id, account_id = told.managed.portfolio.id, told.managed.account.id
    managed, account = await owned_by_hand(store, brokers, member, portfolio_id, account_id)
    session = (await market.moment()).session.date
    split, now = Split(told.symbol, session, told.ratio), clock.now()
    try:
        if waiting := await brokers.of(managed.account).open_orders():
            raise ChecklistOpen(len(waiting))
        if _told(managed, await account.book(), told.symbol, told.ratio) != told:
            raise _gone(told.symbol, told.before)
        async with store.begin() as work:
            is_new = await work.taxes.add_split(account_id, split, now)
            lots = await work.taxes.open_lots(account_id, told.symbol)
            if is_new or quantity_of(lot.lot for lot in lots) == told.before:
                shares = (told.before, told.after)
                await split_account(work, managed, split, shares, now, member.id)
        return await account.write(BookChange({told.symbol: told.lots}))
    except BrokerError as error:
        raise as_refusal(error, managed.account) from error


async def seen_split(
    store: Store, market: Market, book: Book, change: BookChange
) -> tuple[Symbol, Fraction] | None:
    """The split that a new number of shares is exactly, the price having moved by as much; None where it is none.

    Only for one symbol of which nothing but the shares was typed.
    """
    if len(change.lots) != 1 or change.cash is not None or change.replaces_all:
        return None
    ((symbol, lots),) = change.lots.items()
    before = book.positions.get(symbol, ZERO)
    if len(lots) != 1 or lots[0].cost_per_share is not None or lots[0].acquired is not None:
        return None
    moment = await market.moment()
    async with store.read() as work:
        close = (await work.instruments.last_closes([symbol], moment.jumps_since)).get(symbol)
    try:
        quote = (await market.prices.quotes([symbol])).quotes.get(symbol)
    except PriceSourceDown:
        return None
    if close is None or quote is None:
        return None
    now = Held(lots[0].quantity, price=quote.price)
    ratio = split_ratio(Held(before, price=close), now, before)
    return None if ratio is None or times(before, ratio) != now.quantity else (symbol, ratio)


def _told(managed: ManagedAccount, book: Book, symbol: Symbol, ratio: Fraction) -> ToldSplit:
    if not Fraction(1, MOST) <= ratio <= MOST or ratio == 1:
        expected = "new shares for old ones, such as 4:1 or 1:10"
        raise BadNumber("the split", f"{ratio.numerator}:{ratio.denominator}", expected)
    before = [lot for lot in book.lots if lot.symbol == symbol]
    held = quantity_of(before)
    if not before:
        raise _gone(symbol, held)
    lots = split_lots(before, ratio)
    paid_out = ZERO
    if not book.has_fractions and held == held.to_integral_value():
        after = quantity_of(lots)
        paid_out = after - after.to_integral_value(ROUND_FLOOR)
        lots = _without_oldest(lots, paid_out)
    return ToldSplit(managed, symbol, ratio, held, lots, paid_out)


def _without_oldest(lots: tuple[Lot, ...], shares: Decimal) -> tuple[Lot, ...]:
    if not shares:
        return lots
    sold = max((lot.acquired for lot in lots if lot.acquired is not None), default=_ANY_DAY)
    in_order = lot_order(lots, LotMethod.FIFO, sold=sold, price=ZERO)
    return lots_after(lots, sell_lots(in_order, shares, ZERO, sold))


def _gone(symbol: Symbol, held: Decimal) -> BadNumber:
    return BadNumber(symbol, f"{held:f}", "a number of shares that the account still holds")
