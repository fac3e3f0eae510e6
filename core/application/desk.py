"""The desk: what carrying orders out needs, and the leases that say who may, one for each account."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from core.application.market import Market
from core.domain.ids import AccountId, Symbol
from core.domain.ladder import TradingMode
from core.domain.risk import Limits
from core.ports.broker import Brokers
from core.ports.clock import Clock
from core.ports.store import Store, UnitOfWork

LEASE = timedelta(seconds=45)
"""How long an account is held without a sign of life: after a kill, the next process waits so long at most."""


@dataclass(frozen=True, slots=True)
class Seen:
    """When this process last looked at an account, and the symbols on which others had an order open then.

    ``foreign`` is None where the broker did not answer.
    """

    at: datetime
    foreign: frozenset[Symbol] | None

    def is_younger(self, age: timedelta, now: datetime) -> bool:
        """Whether the look was so short a time ago; one of the future was not."""
        return timedelta(0) <= now - self.at < age


@dataclass(slots=True)
class WatchMemory:
    """What a process remembers of its looks at accounts and at silent brokers, so that none is asked too often."""

    seen: dict[AccountId, Seen] = field(default_factory=dict)
    silent: dict[str, Seen] = field(default_factory=dict)
    reminded_on: date | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """One process's place at the brokers; ``holder`` is its name in leases, ``mode`` the ceiling for every account.

    ``deadline`` is how long orders of one side may take before what is open is cancelled; ``poll`` is how often the
    broker is asked meanwhile. ``watch`` is how often accounts are looked at where others trade too.
    """

    store: Store
    brokers: Brokers
    market: Market
    clock: Clock
    holder: str
    limits: Limits = field(default_factory=Limits)
    mode: TradingMode = TradingMode.PAPER
    deadline: timedelta = timedelta(seconds=60)
    poll: timedelta = timedelta(seconds=1)
    watch: timedelta = timedelta(minutes=5)
    watched: WatchMemory = field(default_factory=WatchMemory, compare=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """The permission to execute for one account, with the fencing number that later holders will exceed.

    ``said`` is the account id that the broker named when execution began; None where it has not been asked or did not
    answer, and then nothing is sent.
    """

    account_id: AccountId
    fence: int
    said: str | None = None

    @property
    def name(self) -> str:
        """The name of the account's lease."""
        return lease_of(self.account_id)


class _TakenError(Exception):
    """Somebody else is at work for one of the accounts: none is taken."""


def lease_of(account_id: AccountId) -> str:
    """The name of the lease that says who may execute for an account."""
    return f"account:{account_id}"


async def take_account(desk: Desk, account_id: AccountId) -> Grant | None:
    """Take or renew the lease of an account; None while another process executes for it."""
    grants = await take_accounts(desk, [account_id])
    return None if grants is None else grants[0]


async def take_accounts(desk: Desk, account_ids: Collection[AccountId]) -> tuple[Grant, ...] | None:
    """Take or renew the leases of all these accounts, or of none: None while another process executes for one."""
    try:
        async with desk.store.begin() as work:
            return tuple([await _take(work, desk, each) for each in sorted(account_ids)])
    except _TakenError:
        return None


async def take_idle_account(desk: Desk, account_id: AccountId) -> Grant | None:
    """Take the lease of an account at which nobody is at work, not even this process; else None."""
    grants = await take_idle_accounts(desk, [account_id])
    return None if grants is None else grants[0]


async def take_idle_accounts(
    desk: Desk, account_ids: Collection[AccountId]
) -> tuple[Grant, ...] | None:
    """Take the leases of accounts at none of which anybody is at work, not even this process; else None."""
    try:
        async with desk.store.begin() as work:
            for each in account_ids:
                if await work.leases.holder(lease_of(each), desk.clock.now()) is not None:
                    return None
            return tuple([await _take(work, desk, each) for each in sorted(account_ids)])
    except _TakenError:
        return None


async def _take(work: UnitOfWork, desk: Desk, account_id: AccountId) -> Grant:
    now = desk.clock.now()
    name = lease_of(account_id)
    fence = await work.leases.acquire(name, desk.holder, now=now, until=now + LEASE)
    if fence is None:
        raise _TakenError
    return Grant(account_id, fence)


async def renew(work: UnitOfWork, desk: Desk, grant: Grant) -> None:
    """Hold an account for longer; raises PermissionError where it is no longer this grant's."""
    now = desk.clock.now()
    await work.leases.require(grant.name, desk.holder, grant.fence, now)
    await work.leases.acquire(grant.name, desk.holder, now=now, until=now + LEASE)


async def require_alone(work: UnitOfWork, desk: Desk, grant: Grant) -> None:
    """Raise PermissionError where anybody else was, or may have been, at work for an account since it was granted.

    A lease that has only lapsed meanwhile, while another account of the same plan took long, is no fault.
    """
    now = desk.clock.now()
    try:
        await work.leases.require(grant.name, desk.holder, grant.fence, now)
    except PermissionError:
        fence = await work.leases.acquire(grant.name, desk.holder, now=now, until=now + LEASE)
        if fence != grant.fence + 1:
            raise
        await work.leases.release(grant.name, desk.holder)


async def lapsed_alone(desk: Desk, grant: Grant) -> bool:
    """Whether a grant's lease has lapsed, and nobody was at work for the account since."""
    again = await take_idle_account(desk, grant.account_id)
    if again is None:
        return False
    await release_account(desk, again)
    return again.fence == grant.fence + 1


async def release_account(desk: Desk, grant: Grant) -> None:
    """Give the lease back, where it is still this grant's: one that lapsed may have been taken anew."""
    async with desk.store.begin() as work:
        try:
            await work.leases.require(grant.name, desk.holder, grant.fence, desk.clock.now())
        except PermissionError:
            return
        await work.leases.release(grant.name, desk.holder)
