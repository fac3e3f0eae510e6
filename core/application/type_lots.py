"""Type lots: what the shares in an account have cost and when they came, where its broker says how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.application.access import account_for, require_role
from core.application.broker_faults import as_refusal
from core.application.keep_lots import typed_lots
from core.domain.book import BookChange
from core.domain.ids import AccountId, PortfolioId
from core.domain.ledger import LedgerLot
from core.domain.membership import Member, Role
from core.domain.money import ZERO
from core.domain.order import TERMINAL, OrderState
from core.domain.permissions import Act
from core.domain.portfolio import Holdings, ManagedAccount
from core.domain.refusals import LotsBeyondHeld, NotKeptByHand, OrdersUnderWay
from core.ports.broker import BrokerError, Brokers
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store

_UNDER_WAY = frozenset(OrderState) - TERMINAL


@dataclass(frozen=True, slots=True)
class ShownLots:
    """What an account's broker says that it holds, and the lots that are known of it."""

    managed: ManagedAccount
    role: Role
    holdings: Holdings
    lots: tuple[LedgerLot, ...]


async def show_lots(
    store: Store,
    brokers: Brokers,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    account_id: AccountId | None = None,
) -> ShownLots:
    """Look at the lots of an account; raises BrokerDown."""
    async with store.read() as work:
        managed, role = await account_for(work, member, portfolio_id, Act.SEE_HOLDINGS, account_id)
        known = await work.taxes.lots([managed.account.id], date.max)
    return ShownLots(managed, role, await _held(brokers, managed), known)


async def type_lots(
    store: Store,
    brokers: Brokers,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    change: BookChange,
    account_id: AccountId | None = None,
) -> None:
    """Take down lots instead of those that are known of these symbols; what is held stays what the broker says.

    A symbol without lots forgets them, so that they are taken over from the broker anew. Raises NotKeptByHand for cash
    and for lots that say neither cost nor day, LotsBeyondHeld, OrdersUnderWay, or BrokerDown.
    """
    async with store.read() as work:
        managed, _ = await account_for(work, member, portfolio_id, Act.TYPE_LOTS, account_id)
    lots = [lot for its in change.lots.values() for lot in its]
    is_bare = any(lot.cost_per_share is None and lot.acquired is None for lot in lots)
    if change.cash is not None or is_bare:
        raise NotKeptByHand(managed.account.broker)
    holdings = await _held(brokers, managed)
    for symbol, shares in change.positions.items():
        if shares > (held := holdings.positions.get(symbol, ZERO)):
            raise LotsBeyondHeld(symbol, shares, held)
    account = managed.account
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.TYPE_LOTS)
        if await work.orders.of_account(account.id, _UNDER_WAY):
            raise OrdersUnderWay(managed.portfolio.slug)
        await work.taxes.replace_lots(
            account.id, tuple(change.lots), typed_lots(account, lots), account.currency
        )
        data = ", ".join(f"{s} {q:f}" for s, q in change.positions.items())[:500]
        event = AuditEvent(clock.now(), "lots_typed", member.id, portfolio_id, data=data)
        await work.log.record(event)


async def _held(brokers: Brokers, managed: ManagedAccount) -> Holdings:
    try:
        return await brokers.of(managed.account).holdings()
    except BrokerError as error:
        raise as_refusal(error, managed.account) from error
