"""Watch: look regularly at every account where others trade beside us, and once more before a plan is begun."""

from __future__ import annotations

import logging
from datetime import timedelta

from core.application.desk import Desk, Seen, release_account, take_idle_account
from core.application.hold_account import remind_of_holds, require_not_held
from core.application.look_at_account import look_at_account
from core.application.others_orders import refuse_foreign
from core.domain.plan import Plan
from core.domain.portfolio import Account, ManagedAccount
from core.domain.refusals import BrokerDown, NotBuiltYet, Refusal

log = logging.getLogger(__name__)

SILENCE = timedelta(minutes=1)
"""So long a broker that did not answer is not asked for its other accounts."""

FRESH = timedelta(seconds=10)
"""So long a look is good for beginning a plan."""


async def watch_accounts(desk: Desk) -> int:
    """Look at the accounts whose look is due, and return how many; owners are reminded of holds once a day.

    A broker that does not answer is left alone for a minute, with all of its accounts.
    """
    await _remind(desk)
    looked = 0
    for managed in await _due(desk):
        if _is_silent(desk, managed.account.broker):
            continue
        looked += 1
        await _watch_one(desk, managed)
    return looked


def _is_silent(desk: Desk, broker: str) -> bool:
    seen = desk.watched.silent.get(broker)
    return seen is not None and seen.is_younger(SILENCE, desk.clock.now())


async def require_calm(desk: Desk, managed: ManagedAccount, plan: Plan) -> None:
    """Before a plan is begun, for a process that holds its account: look at it now, where others trade there.

    Raises AccountHeld, ForeignOrder, or BrokerDown where the broker does not answer.
    """
    account = managed.account
    foreign = None
    if _others_trade(desk, account):
        seen = desk.watched.seen.get(account.id)
        if seen is None or not seen.is_younger(FRESH, desk.clock.now()):
            seen = await look_at_account(desk, managed)
        foreign = seen.foreign
    async with desk.store.read() as work:
        await require_not_held(work, account.id)
    if not _others_trade(desk, account):
        return
    if foreign is None:
        raise BrokerDown(account.broker, "it has not said what is in the account")
    refuse_foreign(foreign, account, plan)


async def _remind(desk: Desk) -> None:
    today = desk.clock.now().date()
    if desk.watched.reminded_on != today:
        await remind_of_holds(desk.store, desk.clock)
        desk.watched.reminded_on = today


async def _due(desk: Desk) -> list[ManagedAccount]:
    """The accounts, of portfolios with targets, where others trade too and that were not looked at for a while."""
    async with desk.store.read() as work:
        houses = await work.portfolios.houses()
    names = [account.broker for account in houses if _others_trade(desk, account)]
    if not names:
        return []
    async with desk.store.read() as work:
        ids = [number for name in names for number in await work.portfolios.active_at(name)]
        found = await work.portfolios.many(ids)
    parts = [each for managed in found for each in managed.parts]
    return [m for m in parts if m.account.broker in names and _is_due(desk, m.account)]


def _is_due(desk: Desk, account: Account) -> bool:
    seen = desk.watched.seen.get(account.id)
    return seen is None or not seen.is_younger(desk.watch, desk.clock.now())


def _others_trade(desk: Desk, account: Account) -> bool:
    try:
        return desk.brokers.of(account).traits.others_trade
    except NotBuiltYet:
        return False


async def _watch_one(desk: Desk, managed: ManagedAccount) -> None:
    """Look at one account, unless somebody is at work there."""
    grant = await take_idle_account(desk, managed.account.id)
    if grant is None:
        return
    desk.watched.seen[managed.account.id] = Seen(desk.clock.now(), None)
    try:
        seen = await look_at_account(desk, managed)
        if seen.foreign is None:
            desk.watched.silent[managed.account.broker] = seen
    except (Refusal, PermissionError) as error:
        log.warning("account %s could not be watched: %s", managed.account.id, error)
    except Exception:
        log.exception("account %s could not be watched", managed.account.id)
    finally:
        await release_account(desk, grant)
