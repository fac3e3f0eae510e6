"""Keep lots: what executions do to the household's own ledger, and what people type of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from core.application.read_tax import methods_at, read_ledger, washed_lots, washes_of
from core.domain.book import Book
from core.domain.ids import Symbol
from core.domain.ledger import LedgerLot, LotSource, RealisedSale
from core.domain.lots import Lot, LotMethod, LotSale, Term, quantity_of
from core.domain.money import ZERO, sale_proceeds
from core.domain.order import Fill, Order
from core.domain.plan import Side
from core.domain.portfolio import Account, AccountSnapshot, ManagedAccount
from core.domain.session import NEW_YORK
from core.domain.tax import TaxRulesName, rules_of
from core.ports.broker import Brokers
from core.ports.store import UnitOfWork

_UNKNOWN = "unknown"
"""The name of the shares that no lot covers, while a sale takes its lots."""


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
            sold = await _sold(work, managed, account, order, fill, names, unknown)
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


async def _sold(
    work: UnitOfWork,
    managed: ManagedAccount,
    account: Account,
    order: Order,
    fill: Fill,
    names: Sequence[str],
    unknown: Decimal,
) -> list[RealisedSale]:
    household = managed.portfolio.household_id
    ledger = await read_ledger(work, [household], day_of(fill))
    washes = washes_of(ledger, household).washes
    found = await work.taxes.open_lots(account.id, order.symbol)
    by_name = {str(lot.id): lot for lot in found}
    lots = list(washed_lots([replace(lot, name=name) for name, lot in by_name.items()], washes))
    if unknown > ZERO:
        lots.append(Lot(order.symbol, unknown, name=_UNKNOWN))
    prefer = _in_order(names, by_name) if names else ()
    there = {lot.name for lot in lots}
    parts = rules_of(TaxRulesName.NONE).lots_sold(
        order.symbol,
        lots,
        LotMethod.SPECIFIC,
        quantity=fill.quantity,
        proceeds=sale_proceeds(fill.quantity, fill.price) - fill.commission,
        sold=day_of(fill),
        prefer=tuple(name for name in prefer if name in there),
    )
    sales = [
        _realised(
            account, part, by_name.get(part.lot.name), day_of(fill), _execution(order, fill), place
        )
        for place, part in enumerate(parts)
    ]
    await work.taxes.add_realised(sales)
    for sale in sales:
        if sale.lot_id is not None:
            await work.taxes.take(sale.lot_id, sale.quantity, fill.at)
    return sales


def _in_order(names: Sequence[str], by_name: Mapping[str, LedgerLot]) -> tuple[str, ...]:
    """The lots that a plan named, as they are called while a sale takes them; without a name are those nobody knows."""
    called = {lot.label: name for name, lot in by_name.items()}
    found = (called.get(name, _UNKNOWN if not name else "") for name in names)
    return tuple(dict.fromkeys(name for name in found if name))


def _realised(
    account: Account,
    part: LotSale,
    lot: LedgerLot | None,
    sold: date,
    execution: str,
    place: int,
) -> RealisedSale:
    return RealisedSale(
        account_id=account.id,
        owner_id=account.tax_owner_id,
        symbol=part.lot.symbol,
        acquired=None if lot is None else lot.acquired,
        quantity=part.quantity,
        proceeds=part.proceeds,
        gain=part.gain,
        term=part.term if part.gain is not None else Term.UNKNOWN,
        sold=sold,
        execution=execution,
        part=place,
        lot_id=None if lot is None else lot.id,
    )


async def keep_book(
    work: UnitOfWork, account: Account, book: Book, symbols: Collection[Symbol] | None
) -> None:
    """Take over what people typed of these symbols (None: of all) as the lots of a hand-kept account."""
    lots = [
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
        for lot in book.lots
        if symbols is None or lot.symbol in symbols
    ]
    await work.taxes.replace_lots(account.id, symbols, lots, account.currency)
