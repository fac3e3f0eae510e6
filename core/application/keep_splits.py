"""Keep splits: what a split does to an account's lots, once, whatever is looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from core.domain.ledger import LedgerLot, Split, split_ledger
from core.domain.look import HeldChange
from core.domain.lots import LotMethod, lot_order
from core.domain.money import ZERO
from core.domain.portfolio import Account, ManagedAccount
from core.ports.store import AuditEvent, UnitOfWork

_ONE_SHARE = Decimal(1)


async def keep_splits(
    work: UnitOfWork,
    managed: ManagedAccount,
    account: Account,
    changes: Sequence[HeldChange],
    session: date,
    now: datetime,
) -> None:
    """Change the lots of what was split in an account: shares by its ratio, cost as a whole and dates not at all.

    Where less than a share is in the lots beyond what is held afterwards, it was paid out in cash: the oldest lots give
    it up. What that brought is not known here, so nothing is realised; the audit log says how much it was.
    """
    for change in changes:
        if change.ratio is None:
            continue
        split = Split(change.symbol, session, change.ratio)
        if not await work.taxes.add_split(account.id, split, now):
            continue
        known = await work.taxes.lots([account.id], date.min)
        lots = split_ledger([lot for lot in known if lot.symbol == change.symbol], split.ratio)
        await work.taxes.change_lots(lots, now)
        paid_out = await _pay_out(work, lots, change.after, now)
        await work.log.record(
            AuditEvent(
                now,
                "lots_split",
                None,
                managed.portfolio.id,
                data=f"{change.symbol} {split.ratio}:1 account {account.id} lots {len(lots)} "
                f"shares {change.before:f} {change.after:f} paid out {paid_out:f}",
            )
        )


async def _pay_out(
    work: UnitOfWork, lots: Sequence[LedgerLot], held: Decimal, now: datetime
) -> Decimal:
    """Take the fraction of a share out of the lots that a split has left no room for, and return it."""
    by_name = {str(lot.id): lot for lot in lots if lot.remaining > ZERO}
    over = sum((lot.remaining for lot in by_name.values()), ZERO) - held
    if not ZERO < over < _ONE_SHARE:
        return ZERO
    named = [lot.named(name) for name, lot in by_name.items()]
    left = over
    for lot in lot_order(named, LotMethod.FIFO, sold=now.date(), price=ZERO):
        if (part := min(lot.quantity, left)) > ZERO:
            await work.taxes.take(by_name[lot.name].id, part, now)
            left -= part
    return over
