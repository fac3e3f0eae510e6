"""Add an account: another one under the same targets, at a broker of its own and taxed in its own way."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from core.application.access import managed_for
from core.application.create_portfolio import CURRENCY, EMBEDDED, first_rung_at, open_account
from core.application.hold_back import hold_back
from core.application.propose import supersede
from core.domain.book import BookChange
from core.domain.change_kinds import AccountAdded
from core.domain.ids import AccountId, PortfolioId
from core.domain.membership import Member
from core.domain.money import ZERO
from core.domain.permissions import Act
from core.domain.portfolio import ManagedAccount, ManagedPortfolio, parse_name, slug_of
from core.domain.proposal import IN_FLIGHT, ProposalState
from core.domain.refusals import (
    AccountInUse,
    AccountNameTaken,
    NoCashTransfers,
    OrdersUnderWay,
    TooManyAccounts,
)
from core.domain.tax_treatment import TaxTreatment
from core.ports.broker import Brokers, CashTransfers
from core.ports.clock import Clock
from core.ports.hand_kept import HandKept
from core.ports.store import AuditEvent, Store, UnitOfWork

MOST_ACCOUNTS = 8
"""So many accounts a portfolio has at most: a message about all of them must fit a phone."""


async def add_account(  # noqa: PLR0913 - all that a new account is
    store: Store,
    brokers: Brokers,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    name: str,
    broker: str = EMBEDDED,
    treatment: TaxTreatment = TaxTreatment.TAXABLE,
    opening_cash: Decimal = ZERO,
) -> ManagedAccount:
    """Open an account for a portfolio, and return it; what was proposed without it is superseded.

    The opening cash is paid in where we can move cash, and written down where people keep the book. Raises NotAllowed,
    BadName, AccountNameTaken, TooManyAccounts, OrdersUnderWay, AccountInUse or BrokerDown. Another account of a live
    portfolio is only made out, to be asked for: NeedsAgreement.
    """
    name = parse_name(name)
    async with store.read() as work:
        await _addable(work, member, portfolio_id, name)
    broker_account_id = await open_account(brokers, broker)
    now = clock.now()
    async with store.begin() as work:
        managed = await _addable(work, member, portfolio_id, name)
        rung = first_rung_at(brokers, managed.portfolio, broker, broker_account_id)
        what = AccountAdded(name, broker, broker_account_id, rung, treatment, opening_cash)
        held = await hold_back(work, managed, what, member, now)
        if held is None:
            added = await put_account(work, portfolio_id, what, by=member, now=now)
    if held is not None:
        raise held
    await pay_in(brokers, added, opening_cash)
    return added


async def put_account(
    work: UnitOfWork, portfolio_id: PortfolioId, what: AccountAdded, *, by: Member, now: datetime
) -> ManagedAccount:
    """Add an account that is open at its broker, inside the caller's unit of work; its cash is not paid in yet.

    Raises as ``add_account`` does.
    """
    await _addable(work, by, portfolio_id, what.name)
    if await work.portfolios.is_account_known(what.broker, what.broker_account_id):
        raise AccountInUse(what.broker)
    account = await work.portfolios.add_account(
        portfolio_id,
        name=what.name,
        broker=what.broker,
        broker_account_id=what.broker_account_id,
        currency=CURRENCY,
        rung=what.rung,
        tax_owner_id=by.id,
    )
    await work.taxes.set_treatment(account.id, what.treatment)
    await supersede(work, portfolio_id, now)
    data = f"{what.name} {what.broker} {what.treatment}"
    await work.log.record(AuditEvent(now, "account_added", by.id, portfolio_id, data=data))
    return (await work.portfolios.get(portfolio_id)).part(account.id)


async def _addable(
    work: UnitOfWork, member: Member, portfolio_id: PortfolioId, name: str
) -> ManagedPortfolio:
    """The portfolio, where nothing stands in the way of another account of this name."""
    managed, _ = await managed_for(work, member, portfolio_id, Act.ADD_ACCOUNT)
    if slug_of(name) in {each.slug for each in managed.parts}:
        raise AccountNameTaken(name)
    if len(managed.accounts) >= MOST_ACCOUNTS:
        raise TooManyAccounts(MOST_ACCOUNTS)
    under_way = {*IN_FLIGHT, ProposalState.SCHEDULED}
    if await work.proposals.in_states(under_way, portfolio_id):
        raise OrdersUnderWay(managed.portfolio.slug)
    return managed


async def pay_in(brokers: Brokers, added: ManagedAccount, cash: Decimal) -> None:
    """Pay in, or write down, what a new account opens with; more than once it is paid in once."""
    if not cash:
        return
    broker = brokers.of(added.account)
    if isinstance(broker, HandKept):
        await broker.write(BookChange({}, cash))
    elif isinstance(broker, CashTransfers):
        await broker.transfer(cash, _key(added.account.id))
    else:
        raise NoCashTransfers(added.account.broker)


def _key(account_id: AccountId) -> str:
    return f"opening-account-{account_id}"
