"""Withdrawals: money that is to be taken out is there, or is raised by a plan that needs an approval of its own.

Where we can move the account's cash ourselves, cash that is there goes out at once. Everywhere else, and once sales
have raised what was missing, the cash is set aside: no plan invests it before it is out, or its time is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from core.application.access import managed_for, one_account, require_role
from core.application.broker_faults import as_refusal
from core.application.check_drift import look, remember_closes, standing_of
from core.application.check_result import CheckResult, Outcome
from core.application.gate import rooms_today
from core.application.market import Market, Moment
from core.application.move_cash import positive, withdraw
from core.application.propose import Draft, expiry, propose
from core.domain.earmark import KEPT_FOR, Earmark
from core.domain.ids import AccountId, ChatId, EarmarkId, PortfolioId
from core.domain.membership import Member
from core.domain.permissions import Act, require
from core.domain.portfolio import Account, ManagedPortfolio
from core.domain.proposal import Cause
from core.domain.refusals import NothingSetAside, StillSetAside
from core.domain.risk import CODE_LIMITS, Limits
from core.ports.broker import BrokerError, Brokers, CashTransfers
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What came of a wish to take money out: one of the three is there.

    ``left``: it is out, and so much cash is left. ``earmark``: it is there, set aside to be moved at the broker.
    ``result``: what came of the plan that is to raise it.
    """

    left: Decimal | None = None
    earmark: Earmark | None = None
    result: CheckResult | None = None


async def request_withdrawal(  # noqa: PLR0913 - what a person asks for, and of whom
    store: Store,
    brokers: Brokers,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    amount: Decimal,
    key: str,
    chat_id: ChatId | None,
    account_id: AccountId | None = None,
    limits: Limits = CODE_LIMITS,
) -> Withdrawal:
    """Take money out, or set it aside, or propose the sales that raise it with the least drift and tax.

    Raises BadNumber, NotAllowed, WhichAccount, BrokerDown and StillSetAside; what stands against a plan comes as its
    result.
    """
    positive(amount)
    moment = await market.moment()
    async with store.read() as work:
        managed, role = await managed_for(work, member, portfolio_id, Act.SEE_ACCOUNTS)
        account = one_account(managed, account_id).account
        earlier = await _counting(work, account, moment)
    can_move = isinstance(brokers.of(account), CashTransfers)
    is_there = await _cash_in(brokers, account) >= amount
    if can_move and (is_there or managed.targets is None):
        left = await withdraw(
            store,
            brokers,
            clock,
            member=member,
            portfolio_id=portfolio_id,
            amount=amount,
            key=key,
            account_id=account.id,
        )
        if earlier is not None and amount >= earlier.amount:
            await _end(store, clock, member, portfolio_id, earlier, "taken_out")
        return Withdrawal(left=left)
    require(role, Act.SET_ASIDE if is_there else Act.ASK_FOR_MONEY)
    if earlier is not None:
        raise StillSetAside(earlier.amount, managed.portfolio.currency)
    earmark = Earmark(
        EarmarkId(0),
        account.id,
        amount,
        clock.now(),
        moment.today + KEPT_FOR,
        member.id,
    )
    if is_there:
        async with store.begin() as work:
            await require_role(work, member, portfolio_id, Act.SET_ASIDE)
            return Withdrawal(earmark=await _set_aside(work, managed, earmark))
    to_raise = {account.id: amount}
    result = await _plan(store, brokers, market, managed, moment, to_raise, limits)
    if result.outcome is Outcome.PROPOSED:
        result = await _put(store, market, member, managed, moment, result, earmark, chat_id)
    return Withdrawal(result=result)


async def _counting(work: UnitOfWork, account: Account, moment: Moment) -> Earmark | None:
    return (await work.earmarks.counting([account.id], moment.today)).get(account.id)


async def _cash_in(brokers: Brokers, account: Account) -> Decimal:
    try:
        return (await brokers.of(account).holdings()).cash
    except BrokerError as error:
        raise as_refusal(error, account) from error


async def _set_aside(work: UnitOfWork, managed: ManagedPortfolio, earmark: Earmark) -> Earmark:
    await work.log.record(
        AuditEvent(
            earmark.asked_at,
            "set_aside",
            earmark.member_id,
            managed.portfolio.id,
            earmark.proposal_id,
            data=f"{earmark.amount:f}",
        )
    )
    return await work.earmarks.add(earmark)


async def _plan(
    store: Store,
    brokers: Brokers,
    market: Market,
    managed: ManagedPortfolio,
    moment: Moment,
    to_raise: Mapping[AccountId, Decimal],
    limits: Limits,
) -> CheckResult:
    async with store.read() as work:
        standing = await standing_of(work, managed.portfolio.id)
        rooms = await rooms_today(work, managed, moment)
    return await look(
        store,
        brokers,
        market,
        managed,
        moment,
        standing,
        direction=None,
        force=False,
        limits=limits,
        rooms=rooms,
        to_raise=to_raise,
    )


async def _put(
    store: Store,
    market: Market,
    member: Member,
    managed: ManagedPortfolio,
    moment: Moment,
    result: CheckResult,
    earmark: Earmark,
    chat_id: ChatId | None,
) -> CheckResult:
    """Propose the sales and note what their money is for, in one."""
    if result.plan is None or result.snapshot is None:
        return result
    expires_at = expiry(market, moment, managed.policy.expires_after)
    async with store.begin() as work:
        await require_role(work, member, managed.portfolio.id, Act.ASK_FOR_MONEY)
        standing = await standing_of(work, managed.portfolio.id)
        if standing.in_flight is not None:
            return CheckResult(Outcome.IN_FLIGHT, result.drift, proposal=standing.in_flight)
        draft = Draft(
            managed,
            result.plan,
            result.snapshot,
            Cause.WITHDRAWAL,
            expires_at,
            check_id=None,
            by=earmark.member_id,
            also=() if chat_id is None else (chat_id,),
        )
        proposal = await propose(work, draft, earmark.asked_at)
        await _set_aside(work, managed, replace(earmark, proposal_id=proposal.id))
        await remember_closes(work, moment, [result.snapshot])
    return replace(result, proposal=proposal)


async def take_out(
    store: Store,
    brokers: Brokers,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    earmark_id: EarmarkId,
) -> tuple[Earmark, Decimal | None]:
    """Take out what was set aside, or note that it is out; returns what went, and the account's cash where it is known.

    Where we can move cash, it goes out once, however often this is asked for. Raises NothingSetAside and BrokerDown.
    """
    async with store.read() as work:
        managed, role = await managed_for(work, member, portfolio_id, Act.SAY_TAKEN_OUT)
        earmark = await _of_portfolio(work, managed, earmark_id)
    amount, left = earmark.amount, None
    account = managed.part(earmark.account_id).account
    if isinstance(brokers.of(account), CashTransfers):
        require(role, Act.MOVE_CASH)
        cash = await _cash_in(brokers, account)
        amount = min(amount, cash) if cash > 0 else amount
        left = await withdraw(
            store,
            brokers,
            clock,
            member=member,
            portfolio_id=portfolio_id,
            amount=amount,
            key=f"earmark:{earmark.id}",
            account_id=account.id,
        )
    await _end(store, clock, member, portfolio_id, earmark, "taken_out")
    return replace(earmark, amount=amount), left


async def keep_invested(
    store: Store,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    earmark_id: EarmarkId,
) -> Earmark:
    """The money stays: it is managed again from now on; raises NothingSetAside."""
    async with store.read() as work:
        await require_role(work, member, portfolio_id, Act.KEEP_MONEY)
        managed = await work.portfolios.get(portfolio_id)
        earmark = await _of_portfolio(work, managed, earmark_id)
    await _end(store, clock, member, portfolio_id, earmark, "kept_invested")
    return earmark


async def _of_portfolio(
    work: UnitOfWork, managed: ManagedPortfolio, earmark_id: EarmarkId
) -> Earmark:
    earmark = await work.earmarks.get(earmark_id)
    if earmark is None or earmark.account_id not in {account.id for account in managed.accounts}:
        raise NothingSetAside
    return earmark


async def _end(
    store: Store,
    clock: Clock,
    member: Member,
    portfolio_id: PortfolioId,
    earmark: Earmark,
    kind: str,
) -> None:
    now = clock.now()
    async with store.begin() as work:
        if await work.earmarks.end(earmark.id, now):
            await work.log.record(
                AuditEvent(
                    now,
                    kind,
                    member.id,
                    portfolio_id,
                    earmark.proposal_id,
                    data=f"{earmark.amount:f}",
                )
            )
