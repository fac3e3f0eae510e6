"""Release: an owner looks at a held account, and says that it may go on."""

from __future__ import annotations

from core.application.access import account_for, managed_for
from core.application.desk import Desk
from core.application.hold_account import hold_account, lift_hold
from core.application.look_at_account import look_at_account, was_reset
from core.application.propose import supersede, void_intents
from core.domain.hold import Hold, HoldReason, rung_after_replacement
from core.domain.ids import AccountId, PortfolioId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.domain.portfolio import ManagedAccount
from core.domain.proposal import ProposalState
from core.domain.refusals import AccountInUse, BrokerDown, CurrencyMismatch, OtherAccountNow
from core.domain.report import WhyNot
from core.ports.broker import BrokerAccount, BrokerError
from core.ports.store import AuditEvent, UnitOfWork


async def look_again(
    desk: Desk, *, member: Member, portfolio_id: PortfolioId, account_id: AccountId | None = None
) -> tuple[Hold, ...]:
    """Look at a held account now, lift what is over, and return the holds that stand; raises BrokerDown."""
    managed = await _managed(desk, member, portfolio_id, account_id)
    account = managed.account
    if desk.brokers.of(account).traits.others_trade:
        seen = await look_at_account(desk, managed)
        standing = await _standing(desk, managed)
        if seen.foreign is None and not standing:
            raise BrokerDown(account.broker, "it has not said what is in the account")
        if seen.foreign is not None and await _is_itself_again(desk, managed, standing):
            await _lift(desk, member, managed, HoldReason.ACCOUNT_REPLACED)
    return await _standing(desk, managed)


async def use_account(
    desk: Desk, *, member: Member, portfolio_id: PortfolioId, account_id: AccountId | None = None
) -> tuple[Hold, ...]:
    """Accept the account that the keys open now, and return the holds that stand afterwards.

    What was known of the old one is forgotten, what was proposed for it ends, and real money must be confirmed anew.
    Raises BrokerDown, OtherAccountNow, CurrencyMismatch or AccountInUse.
    """
    managed = await _managed(desk, member, portfolio_id, account_id)
    hold = _of(await _standing(desk, managed), HoldReason.ACCOUNT_REPLACED)
    if hold is None:
        return await _standing(desk, managed)
    opened = await _opened(desk, managed)
    if opened.broker_account_id != hold.detail:
        if not hold.detail:
            await _show(desk, managed, opened.broker_account_id)
        raise OtherAccountNow(hold.detail, opened.broker_account_id)
    if opened.currency != managed.account.currency:
        raise CurrencyMismatch("the account", opened.currency, managed.account.currency)
    now = desk.clock.now()
    async with desk.store.begin() as work:
        await managed_for(work, member, portfolio_id, Act.RELEASE_HOLD)
        if await lift_hold(work, managed, HoldReason.ACCOUNT_REPLACED, now, member.id):
            await _accept(work, managed, opened.broker_account_id)
            await work.ladder.end_confirmation(managed.account.id, now)
            await supersede(work, portfolio_id, now)
            await _send_no_more(work, managed)
            data = f"{managed.account.broker_account_id} -> {opened.broker_account_id}"
            await work.log.record(
                AuditEvent(now, "account_accepted", member.id, portfolio_id, data=data)
            )
    desk.watched.seen.pop(managed.account.id, None)
    return await _standing(desk, managed)


async def go_on(
    desk: Desk, *, member: Member, portfolio_id: PortfolioId, account_id: AccountId | None = None
) -> tuple[Hold, ...]:
    """An owner has looked at trades that could not be explained; return the holds that stand afterwards."""
    managed = await _managed(desk, member, portfolio_id, account_id)
    await _lift(desk, member, managed, HoldReason.STRANGE_FILL)
    desk.watched.seen.pop(managed.account.id, None)
    return await _standing(desk, managed)


async def _managed(
    desk: Desk, member: Member, portfolio_id: PortfolioId, account_id: AccountId | None
) -> ManagedAccount:
    async with desk.store.read() as work:
        managed, _ = await account_for(work, member, portfolio_id, Act.RELEASE_HOLD, account_id)
    return managed


async def _standing(desk: Desk, managed: ManagedAccount) -> tuple[Hold, ...]:
    async with desk.store.read() as work:
        return await work.holds.standing(managed.account.id)


def _of(holds: tuple[Hold, ...], reason: HoldReason) -> Hold | None:
    return next((hold for hold in holds if hold.reason is reason), None)


async def _is_itself_again(desk: Desk, managed: ManagedAccount, standing: tuple[Hold, ...]) -> bool:
    """Whether the keys open the account itself, and it remembers what it carried out."""
    hold = _of(standing, HoldReason.ACCOUNT_REPLACED)
    if hold is None:
        return False
    return hold.detail != managed.account.broker_account_id or not await was_reset(desk, managed)


async def _opened(desk: Desk, managed: ManagedAccount) -> BrokerAccount:
    try:
        return await desk.brokers.of(managed.account).account()
    except BrokerError as error:
        raise BrokerDown(managed.account.broker, str(error)) from error


async def _show(desk: Desk, managed: ManagedAccount, opened: str) -> None:
    """Note which account the keys open, where nobody could be shown it so far: it can be accepted from now on."""
    now = desk.clock.now()
    async with desk.store.begin() as work:
        await hold_account(work, managed, HoldReason.ACCOUNT_REPLACED, opened, now)


async def _lift(desk: Desk, member: Member, managed: ManagedAccount, reason: HoldReason) -> None:
    """Lift a hold in an owner's name; what was last seen was seen before, and is no measure any more."""
    now = desk.clock.now()
    async with desk.store.begin() as work:
        await managed_for(work, member, managed.portfolio.id, Act.RELEASE_HOLD)
        if await lift_hold(work, managed, reason, now, member.id):
            await work.looks.forget(managed.account.id)


async def _send_no_more(work: UnitOfWork, managed: ManagedAccount) -> None:
    """What was approved for the old account, and is being carried out, is not sent to the new one."""
    under_way = {ProposalState.EXECUTING}
    for proposal in await work.proposals.in_states(under_way, managed.portfolio.id):
        await void_intents(work, proposal.id, WhyNot.HELD, managed.account.id)


async def _accept(work: UnitOfWork, managed: ManagedAccount, opened: str) -> None:
    account = managed.account
    rung = rung_after_replacement(account.rung)
    if opened != account.broker_account_id:
        if await work.portfolios.is_account_known(account.broker, opened):
            raise AccountInUse(account.broker)
        await work.portfolios.move_account(
            account.id, broker=account.broker, broker_account_id=opened, rung=rung
        )
    elif rung is not account.rung:
        await work.ladder.set_rung(account.id, rung)
    await work.looks.forget(account.id)
