"""Keep splits: what a split does to an account's lots, once, whatever is looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from core.application.realise import SoldShares, realise
from core.domain.ids import AccountId, ClientOrderId, MemberId
from core.domain.ledger import LedgerLot, Split, split_ledger
from core.domain.look import HeldChange
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
    it up, in a sale of which nobody has told yet what it has brought.
    """
    for change in changes:
        if change.ratio is None:
            continue
        split = Split(change.symbol, session, change.ratio)
        if await work.taxes.add_split(account.id, split, now):
            await split_account(work, managed, split, (change.before, change.after), now)


async def split_account(
    work: UnitOfWork,
    managed: ManagedAccount,
    split: Split,
    shares: tuple[Decimal, Decimal],
    now: datetime,
    member: MemberId | None = None,
) -> None:
    """Change an account's lots of what was split, which held so many ``shares`` before and after."""
    account, (before, after) = managed.account, shares
    known = await work.taxes.lots([account.id], date.min)
    lots = split_ledger([lot for lot in known if lot.symbol == split.symbol], split.ratio)
    await work.taxes.change_lots(lots, now)
    paid_out = await _pay_out(work, managed, split, lots, after, now)
    await work.log.record(
        AuditEvent(
            now,
            "lots_split",
            member,
            managed.portfolio.id,
            data=f"{split.symbol} {split.ratio}:1 account {account.id} lots {len(lots)} "
            f"shares {before:f} {after:f} paid out {paid_out:f}",
        )
    )


async def _pay_out(
    work: UnitOfWork,
    managed: ManagedAccount,
    split: Split,
    lots: Sequence[LedgerLot],
    held: Decimal,
    now: datetime,
) -> Decimal:
    """Sell the fraction of a share that a split has left no room for in the lots, and return it."""
    over = sum((lot.remaining for lot in lots), ZERO) - held
    if not ZERO < over < _ONE_SHARE:
        return ZERO
    name = f"{fractions_of(managed.account.id)}/{split.symbol}-{split.effective}"
    day = split.effective
    await realise(work, managed, SoldShares(split.symbol, over, None, day, now, name))
    return over


def fractions_of(account_id: AccountId) -> ClientOrderId:
    """What the sales of an account's fractions are called together, where orders have their own names."""
    return ClientOrderId(f"split-{account_id}")
