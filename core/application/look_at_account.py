"""Look: what a broker says of one account, held against what we know of it, and what follows from the difference.

A broker that does not answer leads to no conclusion at all. While an order of ours is under way, nobody can tell who
traded, so the positions are not compared then.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.application.desk import Desk, Seen
from core.application.hold_account import hold_account, lift_hold
from core.application.keep_others import keep_others
from core.application.keep_splits import keep_splits
from core.application.open_lots import open_lots
from core.application.send_order import NOT_THERE
from core.application.tell_changed import tell_changed, tell_foreign
from core.domain.access_fault import AccessFault
from core.domain.hold import LIFTS_ITSELF, UNKNOWN, Hold, HoldReason, strange, strange_ids
from core.domain.ids import ClientOrderId, OrderId, Symbol
from core.domain.look import ChangeKind, Held, HeldChange, Look, held_changes, split_ratio
from core.domain.order import TERMINAL, OrderState, our_prefix
from core.domain.portfolio import ManagedAccount
from core.ports.broker import AccountReplaced, AccountReport, BrokerError, NoAccess, Watched
from core.ports.store import UnitOfWork

log = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=7)
"""How far a first look asks for orders that have ended."""

OVERLAP = timedelta(hours=1)
"""By how much a look asks further back than the one before: the broker's clock is not ours."""

NOT_ENDED = frozenset(OrderState) - TERMINAL


@dataclass(frozen=True, slots=True)
class _Ours:
    """What we know of an account: the last look, our executions since, and our orders under way."""

    last: Look | None
    net: dict[Symbol, Decimal]
    newest_fill: int
    under_way: tuple[OrderId, ...]
    holds: tuple[Hold, ...]

    @property
    def is_stopped(self) -> bool:
        """Whether an owner must look before anything is concluded from what is there."""
        return any(hold.reason not in LIFTS_ITSELF for hold in self.holds)


async def look_at_account(desk: Desk, managed: ManagedAccount) -> Seen:
    """Look at an account at a broker that is Watched; for a process that holds it."""
    now = desk.clock.now()
    broker = desk.brokers.of(managed.account)
    before = await _read(desk, managed)
    since = before.last.taken_at - OVERLAP if before.last else now - LOOK_BACK
    try:
        if not isinstance(broker, Watched):
            raise TypeError(f"{broker.traits.name} says that others trade there, and shows nothing")
        report = await broker.report(since)
    except BrokerError as error:
        await _not_let_in(desk, managed, error)
        return _remember(desk, managed, Seen(now, None))
    ours = await _read(desk, managed)
    changes = _changes(managed, report, ours) if before == ours else None
    is_reset = bool(changes) and await was_reset(desk, managed)
    moment = await desk.market.moment()
    async with desk.store.begin() as work:
        changes = await _by_closes(work, report, changes, moment.jumps_since)
        await _judge_account(work, managed, report, now, is_reset=is_reset)
        foreign = await _judge_orders(work, managed, report, now)
        is_believed = await _judge_positions(work, managed, report, changes, ours.newest_fill, now)
        if is_believed:
            await _believe_splits(work, report, changes or (), moment.session.date)
            await keep_splits(
                work, managed, managed.account, changes or (), moment.session.date, now
            )
    if is_believed:
        await keep_others(
            desk,
            managed,
            changes or (),
            report.positions,
            since,
            has_new_cash=ours.last is None or ours.last.cash != report.account.cash,
        )
        await open_lots(desk, managed, managed.account, report.positions)
    return _remember(desk, managed, Seen(now, foreign))


def _remember(desk: Desk, managed: ManagedAccount, seen: Seen) -> Seen:
    desk.watched.seen[managed.account.id] = seen
    return seen


async def _read(desk: Desk, managed: ManagedAccount) -> _Ours:
    account_id = managed.account.id
    async with desk.store.read() as work:
        last = await work.looks.last(account_id)
        net, newest = await work.orders.fills_since(account_id, last.fills_seen if last else 0)
        orders = await work.orders.of_account(account_id, NOT_ENDED)
        holds = await work.holds.standing(account_id)
    under_way = tuple(
        order.id
        for order in orders
        if order.state is not OrderState.INTENDED or order.detail == NOT_THERE
    )
    return _Ours(last, net, newest, under_way, holds)


async def _not_let_in(desk: Desk, managed: ManagedAccount, error: BrokerError) -> None:
    """A broker that says who we are not, or that it does not know us, is an answer; silence is none."""
    log.info("account %s could not be looked at: %s", managed.account.id, error)
    if not isinstance(error, NoAccess):
        return
    reason, detail = HoldReason.KEYS_REFUSED, error.why.value
    if isinstance(error, AccountReplaced):
        reason, detail = HoldReason.ACCOUNT_REPLACED, error.actual
    elif error.why is AccessFault.OTHER_ACCOUNT:
        reason, detail = HoldReason.ACCOUNT_REPLACED, await _opened_instead(desk, managed)
    async with desk.store.begin() as work:
        await hold_account(work, managed, reason, detail, desk.clock.now())


async def _opened_instead(desk: Desk, managed: ManagedAccount) -> str:
    """The id of the account that the keys open; nothing where the broker does not name another one than ours."""
    try:
        opened = (await desk.brokers.of(managed.account).account()).broker_account_id
    except BrokerError:
        return ""
    return "" if opened == managed.account.broker_account_id else opened


def _changes(
    managed: ManagedAccount, report: AccountReport, ours: _Ours
) -> tuple[HeldChange, ...] | None:
    """What is not ours; None where that cannot be told now."""
    if ours.under_way or ours.is_stopped:
        return None
    if ours.last is None:
        return ()
    targets = frozenset(managed.targets.symbols) if managed.targets else frozenset()
    return held_changes(ours.last.positions, report.positions, ours=ours.net, targets=targets)


async def was_reset(desk: Desk, managed: ManagedAccount) -> bool:
    """Whether the broker denies the last order that it carried out for us: then the account was reset.

    Orders of before an owner accepted another account are that other account's.
    """
    account_id = managed.account.id
    async with desk.store.read() as work:
        order = await work.orders.last_of_account(account_id, OrderState.FILLED)
        accepted = await work.holds.lifted(account_id, HoldReason.ACCOUNT_REPLACED)
    if order is None or (accepted and order.fills[-1].at <= accepted[-1].since):
        return False
    try:
        found = await desk.brokers.of(managed.account).find_order(order.client_order_id)
    except BrokerError:
        return False
    return found is None


async def _judge_account(
    work: UnitOfWork,
    managed: ManagedAccount,
    report: AccountReport,
    now: datetime,
    *,
    is_reset: bool,
) -> None:
    await lift_hold(work, managed, HoldReason.KEYS_REFUSED, now)
    if report.account.is_restricted:
        await hold_account(work, managed, HoldReason.RESTRICTED, "", now)
    else:
        await lift_hold(work, managed, HoldReason.RESTRICTED, now)
    if is_reset:
        name = report.account.broker_account_id
        await hold_account(work, managed, HoldReason.ACCOUNT_REPLACED, name, now)


async def _judge_orders(
    work: UnitOfWork, managed: ManagedAccount, report: AccountReport, now: datetime
) -> frozenset[Symbol]:
    """Hold the account for orders of our name that we do not know; return the symbols of others' open orders."""
    known = await work.orders.known([order.client_order_id for order in report.orders])
    others = [order for order in report.orders if order.client_order_id not in known]
    strange_ones = await _named_like_ours(work, managed, {o.client_order_id for o in others})
    if strange_ones:
        detail = strange(UNKNOWN, strange_ones)
        await hold_account(work, managed, HoldReason.STRANGE_FILL, detail, now)
    foreign = frozenset(order.symbol for order in others if order.is_open)
    await tell_foreign(work, managed, foreign, report.positions, now)
    return foreign


async def _named_like_ours(
    work: UnitOfWork, managed: ManagedAccount, others: set[ClientOrderId]
) -> set[ClientOrderId]:
    prefix = our_prefix(await work.people.install_id())
    named = {name for name in others if name.startswith(prefix)}
    if not named:
        return named
    looked_at = await work.holds.lifted(managed.account.id, HoldReason.STRANGE_FILL)
    return named.difference(*(strange_ids(hold.detail) for hold in looked_at))


async def _judge_positions(
    work: UnitOfWork,
    managed: ManagedAccount,
    report: AccountReport,
    changes: tuple[HeldChange, ...] | None,
    newest_fill: int,
    now: datetime,
) -> bool:
    """Tell what changed and remember what is there; False where nothing may be concluded from it."""
    holds = await work.holds.standing(managed.account.id)
    if changes is None or any(hold.reason not in LIFTS_ITSELF for hold in holds):
        return False
    for change in changes:
        if change.kind is ChangeKind.RENAMED and change.was is not None:
            await work.instruments.rename(change.was, change.symbol, now)
    if changes:
        held = {symbol: position.quantity for symbol, position in report.positions.items()}
        await tell_changed(work, managed, changes, held, now)
    await work.looks.add(
        Look(
            account_id=managed.account.id,
            taken_at=now,
            cash=report.account.cash,
            currency=report.account.currency,
            positions=report.positions,
            fills_seen=newest_fill,
        )
    )
    return True


async def _by_closes(
    work: UnitOfWork,
    report: AccountReport,
    changes: tuple[HeldChange, ...] | None,
    since: date,
) -> tuple[HeldChange, ...] | None:
    """Prices may fall before the shares grow: what looks like a trade is held against the remembered closes too."""
    traded = [c.symbol for c in changes or () if c.kind is ChangeKind.TRADED]
    if changes is None or not traded:
        return changes
    closes = await work.instruments.last_closes(traded, since)
    return tuple(_by_close(change, report, closes) for change in changes)


def _by_close(
    change: HeldChange, report: AccountReport, closes: Mapping[Symbol, Decimal]
) -> HeldChange:
    now, close = report.positions.get(change.symbol), closes.get(change.symbol)
    if change.kind is not ChangeKind.TRADED or now is None or close is None:
        return change
    ratio = split_ratio(Held(change.before, price=close), now, change.before)
    return replace(change, kind=ChangeKind.SPLIT, ratio=ratio) if ratio else change


async def _believe_splits(
    work: UnitOfWork, report: AccountReport, changes: tuple[HeldChange, ...], session: date
) -> None:
    """A price that fell by as much as the shares grew is no jump: it is what the next ones are held against."""
    closes = {
        change.symbol: price
        for change in changes
        if change.kind is ChangeKind.SPLIT
        and (price := report.positions[change.symbol].price) is not None
    }
    if closes:
        await work.instruments.record_closes(session, closes)
