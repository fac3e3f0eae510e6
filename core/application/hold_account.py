"""Hold: stop sending for an account because of what was found at its broker, and tell its owners."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from core.application.refresh_pinned import refresh_pinned
from core.application.tell_channels import enqueue
from core.domain.hold import LIFTS_ITSELF, Hold, HoldReason
from core.domain.ids import AccountId, ChatId, MemberId
from core.domain.membership import Role
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.plan import Plan
from core.domain.portfolio import ManagedAccount, ManagedPortfolio, Portfolio
from core.domain.refusals import AccountHeld
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


async def require_not_held(work: UnitOfWork, *account_ids: AccountId) -> None:
    """Raise AccountHeld where a hold stands on any of these accounts."""
    for account_id in account_ids:
        raise_if_held(await work.holds.standing(account_id))


def raise_if_all_held(managed: ManagedPortfolio, holds: Collection[Hold]) -> None:
    """Raise AccountHeld where every account of a portfolio is held: then no plan can be carried out."""
    if {account.id for account in managed.accounts} <= {hold.account_id for hold in holds}:
        raise_if_held(holds)


def raise_if_trades_held(plan: Plan, holds: Collection[Hold]) -> None:
    """Raise AccountHeld where a plan trades in an account that is held."""
    traded = plan.traded_in
    raise_if_held([hold for hold in holds if hold.account_id in traded])


def raise_if_held(holds: Collection[Hold]) -> None:
    """Raise AccountHeld where there is a hold."""
    if holds:
        raise held(holds)


def held(holds: Collection[Hold]) -> AccountHeld:
    """The refusal that holds are."""
    return AccountHeld(tuple(hold.reason for hold in holds))


async def hold_account(
    work: UnitOfWork, managed: ManagedAccount, reason: HoldReason, detail: str, now: datetime
) -> None:
    """Place a hold on a portfolio's account and tell its owners; one that stands is only brought up to date."""
    hold = Hold(managed.account.id, reason, detail, now)
    if await work.holds.place(hold):
        await _note(work, managed, "account_held", reason, now, detail=detail)
        await _tell(work, managed.portfolio, MessageKind.HELD, hold, now)
        await refresh_pinned(work, [managed.portfolio.id], now)


async def lift_hold(
    work: UnitOfWork,
    managed: ManagedAccount,
    reason: HoldReason,
    now: datetime,
    by: MemberId | None = None,
) -> bool:
    """Lift a hold and note who did; owners are told of what is over by itself. False where none stands."""
    standing = await work.holds.standing(managed.account.id)
    hold = next((each for each in standing if each.reason is reason), None)
    if hold is None or not await work.holds.lift(managed.account.id, reason, now, by):
        return False
    await _note(work, managed, "hold_lifted", reason, now, by, hold.detail)
    await refresh_pinned(work, [managed.portfolio.id], now)
    if by is None:
        await _tell(work, managed.portfolio, MessageKind.HOLD_OVER, hold, now)
    return True


async def remind_of_holds(store: Store, clock: Clock) -> None:
    """Tell owners once more, at most once a day, that nothing is sent for an account of theirs."""
    async with store.read() as work:
        standing = await work.holds.every_standing()
    now = clock.now()
    old = [hold for hold in standing if hold.since.date() != now.date()]
    if not old:
        return
    async with store.begin() as work:
        portfolios = await work.holds.portfolios_of({hold.account_id for hold in old})
        for hold in old:
            await _tell(work, portfolios[hold.account_id], MessageKind.HELD, hold, now)


async def _tell(
    work: UnitOfWork, portfolio: Portfolio, kind: MessageKind, hold: Hold, now: datetime
) -> None:
    """To each owner, once a day: the dedup key has the date.

    What lifts itself may come and go many times a day; of anything else, each hold is told.
    """
    which = "" if hold.reason in LIFTS_ITSELF else hold.since.isoformat()
    mark = f"{kind}:{hold.account_id}:{hold.reason}:{which}:{now.date()}"
    items = [
        OutboxItem(
            kind,
            chat,
            f"{mark}:{chat}",
            portfolio.id,
            priority=Priority.DECISION,
            data={"reason": hold.reason.value, "account": f"{hold.account_id}"},
        )
        for chat in await owners(work, portfolio)
    ]
    await enqueue(work, items, now)


async def owners(work: UnitOfWork, portfolio: Portfolio) -> tuple[ChatId, ...]:
    """The private chats of a portfolio's owners."""
    members = await work.people.memberships(portfolio.id)
    return tuple(ChatId(m.member.user_id) for m in members if m.role is Role.OWNER)


async def _note(
    work: UnitOfWork,
    managed: ManagedAccount,
    kind: str,
    reason: HoldReason,
    now: datetime,
    by: MemberId | None = None,
    detail: str = "",
) -> None:
    data = f"{reason} {detail}".strip()[:500]
    await work.log.record(AuditEvent(now, kind, by, managed.portfolio.id, data=data))
