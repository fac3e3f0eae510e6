"""Keep others' trades: what somebody else did at the broker does to the ledger what our own executions do, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby

from core.application.desk import Desk
from core.application.keep_splits import fractions_of
from core.application.realise import SoldShares, realise
from core.domain.ids import AccountId, Symbol
from core.domain.ledger import LedgerLot, LotSource, RealisedSale, priced
from core.domain.look import ChangeKind, Held, HeldChange
from core.domain.lots import quantity_of
from core.domain.money import ZERO, sale_proceeds
from core.domain.opening import CashInLieu, ShareMove, moves_behind
from core.domain.order import OrderState
from core.domain.portfolio import Account, ManagedAccount
from core.domain.session import NEW_YORK
from core.ports.broker import BrokerError, TellsTrades
from core.ports.store import AuditEvent, UnitOfWork

TOLD_LATE = timedelta(days=7)
"""So long a sale is asked about that the broker has not told of when the shares were gone."""

PAID_LATE = timedelta(days=90)
"""So long after a split the money for a fraction of a share is waited for."""

_TRADES = frozenset({ChangeKind.TRADED, ChangeKind.APPEARED})


@dataclass(frozen=True, slots=True)
class _Gap:
    """Shares that came or went without us: how many, and how many of those before had no lot."""

    shares: Decimal
    unknown: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class _Known:
    """What the ledger knows of an account already."""

    lots: tuple[LedgerLot, ...]
    sales: tuple[RealisedSale, ...]

    @property
    def names(self) -> frozenset[str]:
        """The broker's names of the executions behind lots and sales."""
        told = (*(lot.execution for lot in self.lots), *(sale.execution for sale in self.sales))
        return frozenset(name.rpartition("/")[2] for name in told if name)

    @property
    def unpriced(self) -> tuple[RealisedSale, ...]:
        """Sales of which nobody has told what they have brought."""
        return tuple(sale for sale in self.sales if sale.proceeds is None)

    def covered(self, symbol: Symbol) -> Decimal:
        """The shares of a symbol that are in lots."""
        return quantity_of(lot.lot for lot in self.lots if lot.symbol == symbol)


async def keep_others(
    desk: Desk,
    managed: ManagedAccount,
    changes: Sequence[HeldChange],
    held: Mapping[Symbol, Held],
    since: datetime,
    *,
    has_new_cash: bool,
) -> None:
    """Open lots for what others bought and realise what they sold, as the account's broker tells it.

    ``changes`` are those of one look, ``since`` a time that is surely before them. Where the trades that are told do
    not come to a change, nothing is done: the shares came or went in another way. A sale that is told late is found
    later, because lots name more then than is held. Fractions are priced once the broker has paid for them
    (``has_new_cash``: the cash has changed, so it may have).
    """
    broker, now = desk.brokers.of(managed.account), desk.clock.now()
    if not isinstance(broker, TellsTrades):
        return
    async with desk.store.read() as work:
        before = await _read(work, managed.account.id)
    late = _over_covered(before, held)
    changed = _changed(before, changes)
    wanted = sorted({*late, *changed})
    unpriced = [s for s in before.unpriced if now.date() - s.sold <= PAID_LATE]
    try:
        trades = await broker.trades(min(since, now - TOLD_LATE)) if wanted else ()
        paid = await _paid(broker, unpriced) if unpriced and has_new_cash else ()
    except BrokerError:
        return
    if not trades and not paid:
        return
    async with desk.store.begin() as work:
        if await _read(work, managed.account.id) != before:
            return
        theirs = await _of_others(work, managed.account.id, trades, before.names)
        for symbol in wanted:
            gaps = [gaps[symbol] for gaps in (changed, late) if symbol in gaps]
            await _keep(work, managed, [m for m in theirs if m.symbol == symbol], gaps, now)
        await _price(work, managed.account.id, before, paid)


async def _read(work: UnitOfWork, account_id: AccountId) -> _Known:
    lots = await work.taxes.lots([account_id], date.min)
    return _Known(lots, await work.taxes.realised([account_id], date.min))


async def _paid(broker: TellsTrades, unpriced: Sequence[RealisedSale]) -> Sequence[CashInLieu]:
    first = min(sale.sold for sale in unpriced)
    return await broker.paid_in_lieu(datetime.combine(first, time(), NEW_YORK))


def _changed(known: _Known, changes: Sequence[HeldChange]) -> dict[Symbol, _Gap]:
    return {
        change.symbol: _Gap(
            change.after - change.before, max(change.before - known.covered(change.symbol), ZERO)
        )
        for change in changes
        if change.kind in _TRADES
    }


def _over_covered(known: _Known, held: Mapping[Symbol, Held]) -> dict[Symbol, _Gap]:
    """The symbols of which lots name more shares than are held."""
    gaps = {
        symbol: (held[symbol].quantity if symbol in held else ZERO) - known.covered(symbol)
        for symbol in {lot.symbol for lot in known.lots if lot.remaining}
    }
    return {symbol: _Gap(shares) for symbol, shares in gaps.items() if shares < ZERO}


async def _of_others(
    work: UnitOfWork, account_id: AccountId, trades: Sequence[ShareMove], known: frozenset[str]
) -> list[ShareMove]:
    """The trades that neither orders of ours have made nor the ledger knows already."""
    orders = await work.orders.of_account(account_id, frozenset(OrderState)) if trades else ()
    ours = {order.broker_order_id for order in orders if order.broker_order_id}
    return [move for move in trades if move.order not in ours and move.name not in known]


async def _keep(
    work: UnitOfWork,
    managed: ManagedAccount,
    theirs: Sequence[ShareMove],
    gaps: Sequence[_Gap],
    now: datetime,
) -> None:
    """Do what the trades behind the first of these gaps that they come to have done."""
    for gap in gaps:
        if found := moves_behind(theirs, gap.shares):
            unknown = gap.unknown
            for move in found:
                unknown -= await _keep_one(work, managed, move, unknown)
            data = (
                f"{found[0].symbol} account {managed.account.id} trades {len(found)} {gap.shares:f}"
            )
            portfolio_id = managed.portfolio.id
            await work.log.record(AuditEvent(now, "others_traded", None, portfolio_id, data=data))
            return


async def _keep_one(
    work: UnitOfWork, managed: ManagedAccount, move: ShareMove, unknown: Decimal
) -> Decimal:
    """Open or close lots for one trade; returns how many shares it took that no lot had covered."""
    account, price = managed.account, move.price or ZERO
    name = f"others-{account.id}/{move.name}"
    if move.shares > ZERO:
        await work.taxes.open_lot(_bought(account, move, price, name), account.currency)
        return ZERO
    proceeds = sale_proceeds(-move.shares, price)
    sold = SoldShares(move.symbol, -move.shares, proceeds, move.day, move.at, name)
    sales = await realise(work, managed, sold, unknown=unknown)
    return sum((sale.quantity for sale in sales if sale.lot_id is None), ZERO)


def _bought(account: Account, move: ShareMove, price: Decimal, name: str) -> LedgerLot:
    return LedgerLot(
        account_id=account.id,
        symbol=move.symbol,
        quantity=move.shares,
        remaining=move.shares,
        cost_per_share=price,
        acquired=move.day,
        source=LotSource.FILL,
        execution=name,
    )


async def _price(
    work: UnitOfWork, account_id: AccountId, known: _Known, paid: Sequence[CashInLieu]
) -> None:
    """Give each payment to the oldest fraction of its symbol that waits for one."""
    name = fractions_of(account_id)
    waiting = [s for s in known.unpriced if s.execution.startswith(f"{name}/")]
    used: set[str] = set()
    for _, group in groupby(waiting, key=lambda sale: sale.execution):
        parts = tuple(group)
        sold = parts[0]
        for payment in sorted(paid, key=lambda each: (each.day, each.name)):
            is_its = payment.symbol == sold.symbol and payment.day >= sold.sold
            if is_its and payment.name not in used:
                used.add(payment.name)
                await work.taxes.price_sales(priced(parts, known.lots, payment.amount))
                break
