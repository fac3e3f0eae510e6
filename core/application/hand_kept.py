"""Hand-kept accounts: what every use case about them asks first."""

from __future__ import annotations

from core.application.access import account_for
from core.application.market import Moment
from core.domain.ids import AccountId, PortfolioId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.domain.portfolio import Account, ManagedAccount
from core.domain.refusals import BrokerDown, HoldingsOld, NotBuiltYet, NotKeptByHand
from core.ports.broker import BrokerError, Brokers
from core.ports.hand_kept import HandKept
from core.ports.store import Store


def hand_kept(brokers: Brokers, account: Account) -> HandKept:
    """The account as one whose book people keep; raises NotKeptByHand for any other."""
    broker = brokers.of(account)
    if not isinstance(broker, HandKept):
        raise NotKeptByHand(account.broker)
    return broker


async def owned_by_hand(
    store: Store,
    brokers: Brokers,
    member: Member,
    portfolio_id: PortfolioId,
    account_id: AccountId | None,
) -> tuple[ManagedAccount, HandKept]:
    """The account in whose book a member may write; raises NotAllowed or NotKeptByHand."""
    async with store.read() as work:
        managed, _ = await account_for(work, member, portfolio_id, Act.TYPE_HOLDINGS, account_id)
    return managed, hand_kept(brokers, managed.account)


async def require_confirmed(brokers: Brokers, managed: ManagedAccount, moment: Moment) -> None:
    """Raise HoldingsOld where people keep the book, and nobody has confirmed it for too long."""
    try:
        broker = brokers.of(managed.account)
    except NotBuiltYet:
        return
    if not isinstance(broker, HandKept):
        return
    try:
        book = await broker.book()
    except BrokerError as error:
        raise BrokerDown(managed.account.broker, str(error)) from error
    if book.is_old(moment.now):
        raise HoldingsOld(book.days_since(moment.now) or 0)
