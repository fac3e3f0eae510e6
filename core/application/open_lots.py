"""Open lots of what an account held before the ledger knew of it, from what its broker says that it has cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from core.application.desk import Desk
from core.domain.ids import Symbol
from core.domain.ledger import LedgerLot, LotSource, uncovered
from core.domain.look import Held
from core.domain.lots import Lot
from core.domain.money import ZERO
from core.domain.opening import BrokerCosts, opening_lots
from core.domain.portfolio import Account, ManagedAccount
from core.ports.broker import BrokerError, TellsCosts
from core.ports.store import AuditEvent, UnitOfWork


async def open_lots(
    desk: Desk, managed: ManagedAccount, account: Account, held: Mapping[Symbol, Held]
) -> None:
    """Give lots to the shares that none covers, where the account's broker tells of costs.

    What people typed and what our own executions opened stays as it is. While shares are on their way (``held`` is not
    what the broker says of costs, or the lots have changed meanwhile) it is left to the next look.
    """
    broker = desk.brokers.of(account)
    positions = {symbol: each.quantity for symbol, each in held.items()}
    async with desk.store.read() as work:
        before = await work.taxes.lots([account.id], date.min)
    missing = _missing(before, positions)
    if not missing or not isinstance(broker, TellsCosts):
        return
    try:
        costs = await broker.costs(missing)
    except BrokerError:
        return
    async with desk.store.begin() as work:
        known = await work.taxes.lots([account.id], date.min)
        if known != before:
            return
        for symbol in missing:
            told = costs.positions.get(symbol)
            if told is not None and told.shares == positions[symbol]:
                await _open(work, desk, managed, account, symbol, known, costs)


def _missing(lots: Sequence[LedgerLot], positions: Mapping[Symbol, Decimal]) -> list[Symbol]:
    rest = uncovered([lot.lot for lot in lots], positions)
    return [symbol for symbol, shares in rest.items() if shares > ZERO]


async def _open(
    work: UnitOfWork,
    desk: Desk,
    managed: ManagedAccount,
    account: Account,
    symbol: Symbol,
    known: Sequence[LedgerLot],
    costs: BrokerCosts,
) -> None:
    its = [lot for lot in known if lot.symbol == symbol]
    named = {lot.execution.rpartition("/")[2] for lot in its if lot.execution}
    lots = opening_lots(symbol, [lot.lot for lot in its if lot.remaining], named, costs)
    for lot in lots:
        await work.taxes.open_lot(_ledger_lot(account, lot), account.currency)
    if lots:
        dated = sum(lot.acquired is not None for lot in lots)
        await work.log.record(
            AuditEvent(
                desk.clock.now(),
                "lots_opened",
                None,
                managed.portfolio.id,
                data=f"{symbol} account {account.id} lots {len(lots)} dated {dated}",
            )
        )


def _ledger_lot(account: Account, lot: Lot) -> LedgerLot:
    return LedgerLot(
        account_id=account.id,
        symbol=lot.symbol,
        quantity=lot.quantity,
        remaining=lot.quantity,
        cost_per_share=lot.cost_per_share,
        acquired=lot.acquired,
        source=LotSource.OPENING,
        execution=f"opening-{account.id}/{lot.name}" if lot.name else None,
    )
