"""Move cash: deposits and withdrawals in an embedded broker's account."""

from __future__ import annotations

from decimal import Decimal

from core.application.access import account_for
from core.domain.ids import AccountId, PortfolioId
from core.domain.membership import Member
from core.domain.money import CENT, ZERO
from core.domain.permissions import Act, require
from core.domain.refusals import BadNumber, BrokerDown, NoCashTransfers
from core.ports.broker import BrokerError, Brokers, CashTransfers
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store

LARGEST = Decimal(1_000_000_000)


async def deposit(
    store: Store,
    brokers: Brokers,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    amount: Decimal,
    key: str,
    account_id: AccountId | None = None,
) -> Decimal:
    """Put money in and return the cash after; the same key moves it once.

    Raises NoCashTransfers, to everybody who sees the account, where its broker moves money itself; else NotAllowed and
    BrokerDown.
    """
    return await _move(
        store, brokers, clock, member, portfolio_id, positive(amount), key, account_id
    )


async def withdraw(
    store: Store,
    brokers: Brokers,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    amount: Decimal,
    key: str,
    account_id: AccountId | None = None,
) -> Decimal:
    """Take money out and return the cash after; raises NotEnoughCash or BrokerDown. The same key moves it once."""
    return await _move(
        store, brokers, clock, member, portfolio_id, -positive(amount), key, account_id
    )


def positive(amount: Decimal) -> Decimal:
    """An amount of money that can be moved: above 0, in whole cents; raises BadNumber."""
    if not ZERO < amount <= LARGEST or amount != amount.quantize(CENT):
        raise BadNumber(
            "amount", f"{amount:f}", "an amount above 0 with at most two decimals, such as 500"
        )
    return amount


async def _move(
    store: Store,
    brokers: Brokers,
    clock: Clock,
    member: Member,
    portfolio_id: PortfolioId,
    amount: Decimal,
    key: str,
    account_id: AccountId | None,
) -> Decimal:
    async with store.read() as work:
        managed, role = await account_for(work, member, portfolio_id, Act.SEE_ACCOUNTS, account_id)
    teller = brokers.of(managed.account)
    if not isinstance(teller, CashTransfers):
        raise NoCashTransfers(managed.account.broker)
    require(role, Act.MOVE_CASH)
    try:
        cash = await teller.transfer(amount, key)
    except BrokerError as error:
        raise BrokerDown(managed.account.broker, str(error)) from error
    async with store.begin() as work:
        await work.log.record(
            AuditEvent(clock.now(), "cash_moved", member.id, portfolio_id, data=f"{amount:f}")
        )
    return cash
