"""Realise: take what was sold from an account's lots, and write down what that brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from core.application.read_tax import read_ledger, washed_lots, washes_of
from core.domain.ids import Symbol
from core.domain.ledger import LedgerLot, RealisedSale
from core.domain.lots import Lot, LotMethod, LotSale, Term
from core.domain.money import ZERO
from core.domain.portfolio import Account, ManagedAccount
from core.domain.tax import TaxRulesName, rules_of
from core.ports.store import UnitOfWork

_UNKNOWN = "unknown"
"""The name of the shares that no lot covers, while a sale takes its lots."""


@dataclass(frozen=True, slots=True)
class SoldShares:
    """Shares that have left an account for money: ``proceeds`` after costs, None where nobody has told them yet.

    ``execution`` names it; one name is realised once.
    """

    symbol: Symbol
    quantity: Decimal
    proceeds: Decimal | None
    day: date
    at: datetime
    execution: str


async def realise(
    work: UnitOfWork,
    managed: ManagedAccount,
    sold: SoldShares,
    names: Sequence[str] = (),
    unknown: Decimal = ZERO,
) -> list[RealisedSale]:
    """Close lots for what was sold, those ``named`` first, then first in, first out; return the parts.

    ``unknown`` are the shares that were held beyond the lots: they are a lot of unknown date and basis.
    """
    account, household = managed.account, managed.portfolio.household_id
    ledger = await read_ledger(work, [household], sold.day)
    washes = washes_of(ledger, household).washes
    found = await work.taxes.open_lots(account.id, sold.symbol)
    by_name = {str(lot.id): lot for lot in found}
    lots = list(washed_lots([replace(lot, name=name) for name, lot in by_name.items()], washes))
    if unknown > ZERO:
        lots.append(Lot(sold.symbol, unknown, name=_UNKNOWN))
    prefer = _in_order(names, by_name) if names else ()
    there = {lot.name for lot in lots}
    parts = rules_of(TaxRulesName.NONE).lots_sold(
        sold.symbol,
        lots,
        LotMethod.SPECIFIC,
        quantity=sold.quantity,
        proceeds=sold.proceeds or ZERO,
        sold=sold.day,
        prefer=tuple(name for name in prefer if name in there),
    )
    sales = [
        _realised(account, sold, part, by_name.get(part.lot.name), place)
        for place, part in enumerate(parts)
    ]
    await work.taxes.add_realised(sales)
    for sale in sales:
        if sale.lot_id is not None:
            await work.taxes.take(sale.lot_id, sale.quantity, sold.at)
    return sales


def _in_order(names: Sequence[str], by_name: Mapping[str, LedgerLot]) -> tuple[str, ...]:
    """The lots that a plan named, as they are called while a sale takes them; without a name are those nobody knows."""
    called = {lot.label: name for name, lot in by_name.items()}
    found = (called.get(name, _UNKNOWN if not name else "") for name in names)
    return tuple(dict.fromkeys(name for name in found if name))


def _realised(
    account: Account, sold: SoldShares, part: LotSale, lot: LedgerLot | None, place: int
) -> RealisedSale:
    gain = None if sold.proceeds is None else part.gain
    return RealisedSale(
        account_id=account.id,
        owner_id=account.tax_owner_id,
        symbol=part.lot.symbol,
        acquired=None if lot is None else lot.acquired,
        quantity=part.quantity,
        proceeds=None if sold.proceeds is None else part.proceeds,
        gain=gain,
        term=part.term if gain is not None else Term.UNKNOWN,
        sold=sold.day,
        execution=sold.execution,
        part=place,
        lot_id=None if lot is None else lot.id,
    )
