"""Plan a deposit: what money that is to come to an account would buy, before it is there; nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from core.application.access import account_for
from core.application.check_drift import judge_snapshot
from core.application.check_result import CheckResult
from core.application.market import Market
from core.application.move_cash import positive
from core.application.take_snapshot import take_snapshot
from core.domain.ids import AccountId, PortfolioId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.domain.policy import Direction
from core.domain.portfolio import ManagedAccount, ManagedPortfolio, Snapshot
from core.domain.risk import CODE_LIMITS, Limits
from core.ports.broker import Brokers
from core.ports.store import Store


@dataclass(frozen=True, slots=True)
class ComingMoney:
    """What an amount would buy in an account; ``result`` has the plan, or why there is none."""

    managed: ManagedPortfolio
    account: ManagedAccount
    amount: Decimal
    result: CheckResult


async def plan_deposit(
    store: Store,
    brokers: Brokers,
    market: Market,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    amount: Decimal,
    account_id: AccountId | None = None,
    limits: Limits = CODE_LIMITS,
) -> ComingMoney:
    """Calculate the purchases of an account's cash and the coming amount together, at the prices of now.

    Raises BadNumber, NotAllowed, WhichAccount or UnknownAccount, NoTargets, BrokerDown, PriceSourceDown or
    PricesRefused.
    """
    async with store.read() as work:
        account, _ = await account_for(work, member, portfolio_id, Act.PLAN_DEPOSIT, account_id)
        managed = await work.portfolios.get(portfolio_id)
    moment = await market.moment()
    snapshot = await take_snapshot(store, brokers, market, managed, moment)
    coming = _with_money(snapshot, account.account.id, positive(amount))
    result = judge_snapshot(
        managed, coming, direction=Direction.BUY_ONLY, force=True, limits=limits
    )
    return ComingMoney(managed, account, amount, result)


def _with_money(snapshot: Snapshot, account_id: AccountId, amount: Decimal) -> Snapshot:
    """The same account with so much more cash."""
    accounts = tuple(
        replace(each, holdings=replace(each.holdings, cash=each.holdings.cash + amount))
        if each.account_id == account_id
        else each
        for each in snapshot.accounts
    )
    return replace(snapshot, accounts=accounts)
