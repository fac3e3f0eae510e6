"""Connect: give a portfolio's account the keys by which its broker is reached; the first step of the ladder.

Done in two steps, so that a person sees which account the keys open before anything is kept: ``look_at_keys``, then
``connect_account``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.application.ask_for_change import ask_within
from core.application.create_portfolio import BY_HAND, EMBEDDED
from core.application.desk import lease_of
from core.application.hold_back import is_guarded
from core.application.key_ring import seal_keys
from core.application.named_on_server import account_named, owner_named, portfolio_named
from core.application.propose import supersede
from core.application.seals import require_openable
from core.domain.access_fault import AccessFault
from core.domain.change import PendingChange
from core.domain.change_kinds import AccountConnected
from core.domain.ids import CredentialId, PortfolioId, UserId
from core.domain.ladder import first_rung, last_four
from core.domain.membership import Member, Role
from core.domain.portfolio import Account, Portfolio, Rung
from core.domain.proposal import ProposalState
from core.domain.refusals import (
    AccountInUse,
    AccountRestricted,
    AnotherAccount,
    BrokerNotThere,
    CurrencyMismatch,
    KeysNotAccepted,
    LiveNotAllowed,
    MasterKeyMissing,
    NoKeysKept,
    OrdersUnderWay,
)
from core.ports.broker import BrokerAccount, BrokerUnavailable, NoAccess
from core.ports.broker_keys import BrokerKeys, Doors
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork
from core.ports.store.credentials import Opens, owner_of
from core.ports.vault import Vault

MOVABLE = frozenset({EMBEDDED, BY_HAND})
"""At which brokers an account may be replaced by a broker's: nothing of it is anywhere but with us."""

UNDER_WAY = frozenset({ProposalState.EXECUTING, ProposalState.FROZEN})
LEASE = timedelta(seconds=10)
PAPER_PREFIX, LIVE_PREFIX = "PK", "AK"
"""How Alpaca's key ids begin, by the service that they are for."""


@dataclass(frozen=True, slots=True)
class KeysFound:
    """What keys open, and what connecting them would do; ``before`` is the portfolio's account as it is."""

    portfolio: Portfolio
    before: Account
    owner: Member
    broker: str
    found: BrokerAccount
    keys: BrokerKeys = field(repr=False)

    @property
    def replaces_account(self) -> bool:
        """Whether the portfolio's account becomes another one."""
        return self.before.broker != self.broker

    @property
    def rung(self) -> Rung:
        """How real the account is afterwards."""
        if not self.replaces_account:
            return self.before.rung
        return first_rung(is_live=self.keys.is_live, fills_by_hand=False, is_embedded=False)


async def who_connects(store: Store, *, slug: str, user_id: UserId | None = None) -> Member:
    """The owner of a portfolio to whom keys are to belong; raises UnknownPortfolio, WhichOwner or UnknownMember."""
    async with store.read() as work:
        managed = await portfolio_named(work, slug)
        return await owner_named(work, managed.portfolio, user_id)


async def look_at_keys(
    store: Store,
    doors: Doors,
    *,
    slug: str,
    broker: str,
    keys: BrokerKeys,
    may_be_live: bool,
    user_id: UserId | None = None,
) -> KeysFound:
    """See which account keys open, and whether they may become those of a portfolio's account.

    ``slug`` names the account too where there are several: ``@family#ira``. Raises UnknownPortfolio, WhichAccount,
    UnknownAccount, WhichOwner,
    UnknownMember, LiveNotAllowed, KeysUnreadable, KeysNotAccepted, BrokerNotThere, AccountRestricted, CurrencyMismatch,
    AnotherAccount or AccountInUse.
    """
    async with store.read() as work:
        managed = await portfolio_named(work, slug)
        before = account_named(managed, slug)
        owner = await owner_named(work, managed.portfolio, user_id)
    if keys.is_live and not may_be_live:
        raise LiveNotAllowed(broker)
    found = await _look(doors, broker, keys)
    _require_usable(broker, found, managed.portfolio)
    async with store.read() as work:
        await _require_fitting(work, before, broker, found)
    return KeysFound(managed.portfolio, before, owner, broker, found, keys)


async def connect_account(
    store: Store, vault: Vault | None, clock: Clock, found: KeysFound, *, holder: str
) -> Account | PendingChange:
    """Keep the keys, sealed, and let the portfolio's account be reached by them.

    Keys that another member keeps of the same account stay: a joint account has two holders, and the other's keys go on
    when one leaves. Where that makes it another account, what was proposed for the old one is superseded; while
    something is being carried out, nothing is changed. In a portfolio that is live, another account is only asked for,
    in the owner's name, and the change returned. Raises MasterKeyMissing, MasterKeyWrong, OrdersUnderWay, and what
    ``look_at_keys`` raises where things have changed meanwhile.
    """
    await require_openable(store, vault)
    if vault is None:
        raise MasterKeyMissing
    opens = Opens(
        found.broker,
        found.found.broker_account_id,
        found.keys.origin,
        is_live=found.keys.is_live,
    )
    sealed = seal_keys(vault, found.keys, opens, owner=owner_of(found.owner.id))
    now = clock.now()
    async with store.begin() as work:
        await _require_unchanged(work, found)
        old = await work.credentials.of_account(opens.broker, opens.broker_account_id)
        kept = await work.credentials.put(
            found.owner.id, opens, sealed=sealed, key_hint=found.keys.key[-4:], at=now
        )
        what = _connection(found, kept.id)
        if found.replaces_account and await is_guarded(work, found.portfolio.id, now):
            return await _ask(work, found, what, now)
        if found.replaces_account:
            await _replace(work, found.portfolio, what, now, holder)
        await work.credentials.attach(found.before.id, kept.id)
        if old is not None and old.id != kept.id and old.member_id == found.owner.id:
            await work.credentials.remove(old.id)
        await _note(work, found.portfolio.id, what, found.owner, now)
        return (await work.portfolios.get(found.portfolio.id)).part(found.before.id).account


def _connection(found: KeysFound, credential_id: CredentialId) -> AccountConnected:
    return AccountConnected(
        found.before.id,
        (found.before.broker, found.before.broker_account_id),
        found.broker,
        found.found.broker_account_id,
        found.rung,
        credential_id,
    )


async def _ask(
    work: UnitOfWork, found: KeysFound, what: AccountConnected, now: datetime
) -> PendingChange:
    change = await work.changes.draft(found.portfolio.id, what, by=found.owner.id, at=now)
    return await ask_within(work, change, found.owner, Role.OWNER, now)


async def put_connection(
    work: UnitOfWork,
    portfolio: Portfolio,
    what: AccountConnected,
    *,
    by: Member,
    now: datetime,
    holder: str,
) -> None:
    """Let an account be the broker's that was asked for, inside the caller's unit of work.

    Raises NoKeysKept where its keys are gone, AccountInUse or OrdersUnderWay.
    """
    if what.credential_id not in {each.id for each in await work.credentials.all()}:
        raise NoKeysKept(portfolio.slug)
    if await work.portfolios.is_account_known(what.broker, what.broker_account_id):
        raise AccountInUse(what.broker)
    await _replace(work, portfolio, what, now, holder)
    await work.credentials.attach(what.account_id, what.credential_id)
    await _note(work, portfolio.id, what, by, now)


async def _note(
    work: UnitOfWork, portfolio_id: PortfolioId, what: AccountConnected, by: Member, now: datetime
) -> None:
    data = f"{what.broker} …{what.broker_account_id[-4:]} {what.rung}"
    await work.log.record(AuditEvent(now, "account_connected", by.id, portfolio_id, data=data))


async def _look(doors: Doors, broker: str, keys: BrokerKeys) -> BrokerAccount:
    try:
        return await doors.look(broker, keys)
    except NoAccess as error:
        if error.why is AccessFault.LIVE_IN_PAPER:
            raise LiveNotAllowed(broker) from None
        raise KeysNotAccepted(broker, keys.origin, keys.is_live, _resemblance(keys.key)) from None
    except BrokerUnavailable as error:
        raise BrokerNotThere(broker, keys.origin, str(error)) from None


def _resemblance(key: str) -> bool | None:
    """Whether a key id looks like one of the live service; None where it looks like neither."""
    return {PAPER_PREFIX: False, LIVE_PREFIX: True}.get(key[:2].upper())


def _require_usable(broker: str, found: BrokerAccount, portfolio: Portfolio) -> None:
    if found.is_restricted:
        raise AccountRestricted(broker, last_four(found.broker_account_id))
    if found.currency != portfolio.currency:
        raise CurrencyMismatch("the account", found.currency, portfolio.currency)


async def _require_fitting(
    work: UnitOfWork, account: Account, broker: str, found: BrokerAccount
) -> None:
    """The keys must open the portfolio's account, or one that may take the place of a simulated or hand-kept one."""
    if (account.broker, account.broker_account_id) == (broker, found.broker_account_id):
        return
    if account.broker not in MOVABLE:
        expected = last_four(account.broker_account_id)
        raise AnotherAccount(broker, expected, last_four(found.broker_account_id))
    if await work.portfolios.is_account_known(broker, found.broker_account_id):
        raise AccountInUse(broker)


# --- changing ------------------------------------------------------------------------------------


async def _require_unchanged(work: UnitOfWork, found: KeysFound) -> None:
    """Raise what stands against it now: the account must still be the one that was looked at."""
    managed = await work.portfolios.get(found.portfolio.id)
    await owner_named(work, managed.portfolio, found.owner.user_id)
    now = managed.part(found.before.id).account
    await _require_fitting(work, now, found.broker, found.found)
    if now.broker != found.before.broker:
        raise OrdersUnderWay(managed.portfolio.slug)


async def _replace(
    work: UnitOfWork, portfolio: Portfolio, what: AccountConnected, now: datetime, holder: str
) -> None:
    """Let the portfolio's account be the broker's, with nothing of the old one left to be done."""
    lease = lease_of(what.account_id)
    fence = await work.leases.acquire(lease, holder, now=now, until=now + LEASE)
    if fence is None or await _is_under_way(work, portfolio.id):
        raise OrdersUnderWay(portfolio.slug)
    await supersede(work, portfolio.id, now)
    await work.ladder.end_confirmation(what.account_id, now)
    await work.portfolios.move_account(
        what.account_id,
        broker=what.broker,
        broker_account_id=what.broker_account_id,
        rung=what.rung,
    )
    await work.leases.release(lease, holder)


async def _is_under_way(work: UnitOfWork, portfolio_id: PortfolioId) -> bool:
    return bool(await work.proposals.in_states(UNDER_WAY, portfolio_id))
