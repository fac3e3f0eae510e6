"""The desk: what carrying orders out needs, and the one lease that says who may."""

from __future__ import annotations

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

    name: str
    fence: int
    said: str | None = None


async def take_account(desk: Desk, account_id: AccountId) -> Grant | None:
    """Take or renew the lease of an account; None while another process executes for it."""
    name = f"account:{account_id}"
    now = desk.clock.now()
    async with desk.store.begin() as work:
        fence = await work.leases.acquire(name, desk.holder, now=now, until=now + LEASE)
    return None if fence is None else Grant(name, fence)


async def take_idle_account(desk: Desk, account_id: AccountId) -> Grant | None:
    """Take the lease of an account at which nobody is at work, not even this process; else None."""
    name = f"account:{account_id}"
    now = desk.clock.now()
    async with desk.store.begin() as work:
        if await work.leases.holder(name, now) is not None:
            return None
        fence = await work.leases.acquire(name, desk.holder, now=now, until=now + LEASE)
    return None if fence is None else Grant(name, fence)


async def renew(work: UnitOfWork, desk: Desk, grant: Grant) -> None:
    """Hold an account for longer; raises PermissionError where it is no longer this grant's."""
    now = desk.clock.now()
    await work.leases.require(grant.name, desk.holder, grant.fence, now)
    await work.leases.acquire(grant.name, desk.holder, now=now, until=now + LEASE)


async def lapsed_alone(desk: Desk, grant: Grant, account_id: AccountId) -> bool:
    """Whether a grant's lease has lapsed, and nobody was at work for the account since."""
    again = await take_idle_account(desk, account_id)
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
