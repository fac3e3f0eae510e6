"""Keep lots: what executions do to the household's own ledger, and what people type of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal

from core.application.read_tax import methods_at
from core.application.realise import SoldShares, realise
from core.domain.book import Book
from core.domain.ids import Symbol
from core.domain.ledger import LedgerLot, LotSource, RealisedSale
from core.domain.lots import Lot, LotMethod, LotSale, quantity_of
from core.domain.money import ZERO, sale_proceeds
from core.domain.order import Fill, Order
from core.domain.plan import Side
from core.domain.portfolio import Account, AccountSnapshot, ManagedAccount
from core.domain.session import NEW_YORK
from core.ports.broker import Brokers
from core.ports.store import UnitOfWork


async def keep_lots(
    work: UnitOfWork,
    brokers: Brokers,
    managed: ManagedAccount,
    snapshot: AccountSnapshot,
    order: Order,
    fills: Sequence[Fill],
    taken: Sequence[LotSale] = (),
) -> None:
    """Open lots for what was bought and close lots for what was sold, each execution once.

    A sale takes the lots that the approved plan named (``taken``), in their order, where the account's broker sells any
    lot, otherwise first in, first out; what the account held beyond its lots (by the ``snapshot`` of the plan) is a lot
    of unknown date and basis.
    """
    account = managed.account
    can_choose = LotMethod.SPECIFIC in methods_at(brokers, managed)
    names = tuple(sale.lot.name for sale in taken) if can_choose else ()
    if order.side is Side.BUY:
        for fill in fills:
            await work.taxes.open_lot(_bought(account, order, fill), account.currency)
        return
    realised = await _realised_so_far(work, order)
    known = {sale.execution for sale in realised}
    unknown = _uncovered(snapshot, order.symbol) - _of_unknown(realised)
    for fill in sorted(fills, key=lambda fill: (fill.at, fill.execution_id)):
        if _execution(order, fill) not in known:
            sold = await realise(work, managed, _sale(order, fill), names, unknown)
            unknown -= _of_unknown(sold)


async def _realised_so_far(work: UnitOfWork, order: Order) -> list[RealisedSale]:
    """What the orders of this order's plan have realised of its symbol."""
    orders = await work.orders.of_proposal(order.proposal_id)
    return [
        sale
        for each in orders
        if (each.account_id, each.symbol, each.side) == (order.account_id, order.symbol, order.side)
        for sale in await work.taxes.realised_by(each.client_order_id)
    ]


def _of_unknown(sales: Sequence[RealisedSale]) -> Decimal:
    return sum((sale.quantity for sale in sales if sale.lot_id is None), ZERO)


def _execution(order: Order, fill: Fill) -> str:
    return f"{order.client_order_id}/{fill.execution_id}"


def day_of(fill: Fill) -> date:
    """The day of an execution at the exchange."""
    return fill.at.astimezone(NEW_YORK).date()


def _sale(order: Order, fill: Fill) -> SoldShares:
    return SoldShares(
        order.symbol,
        fill.quantity,
        sale_proceeds(fill.quantity, fill.price) - fill.commission,
        day_of(fill),
        fill.at,
        _execution(order, fill),
    )


def _uncovered(snapshot: AccountSnapshot, symbol: Symbol) -> Decimal:
    """The shares that an account held, before its plan was carried out, beyond its lots."""
    held = snapshot.holdings.positions.get(symbol, ZERO)
    covered = quantity_of(lot for lot in snapshot.taxes.lots if lot.symbol == symbol)
    return max(held - covered, ZERO)


def _bought(account: Account, order: Order, fill: Fill) -> LedgerLot:
    return LedgerLot(
        account_id=account.id,
        symbol=order.symbol,
        quantity=fill.quantity,
        remaining=fill.quantity,
        cost_per_share=fill.price + fill.commission / fill.quantity,
        acquired=day_of(fill),
        source=LotSource.FILL,
        execution=_execution(order, fill),
    )


async def keep_book(
    work: UnitOfWork, account: Account, book: Book, symbols: Collection[Symbol] | None
) -> None:
    """Take over what people typed of these symbols (None: of all) as the lots of a hand-kept account."""
    lots = [lot for lot in book.lots if symbols is None or lot.symbol in symbols]
    await work.taxes.replace_lots(account.id, symbols, typed_lots(account, lots), account.currency)


def typed_lots(account: Account, lots: Iterable[Lot]) -> list[LedgerLot]:
    """What a person says of lots, as the ledger has them."""
    return [
        LedgerLot(
            account_id=account.id,
            symbol=lot.symbol,
            quantity=lot.quantity,
            remaining=lot.quantity,
            cost_per_share=lot.cost_per_share,
            acquired=lot.acquired,
            name=lot.name,
            source=LotSource.TYPED,
        )
        for lot in lots
    ]
