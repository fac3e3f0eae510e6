"""Rungs and live confirmations in the store."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, func, insert, or_, select, update

from core.adapters.store.database import Database
from core.adapters.store.orders import SqlOrders
from core.adapters.store.portfolios import account_of
from core.adapters.store.tables import (
    ACCOUNTS,
    AUDIT_EVENTS,
    LIVE_CONFIRMATIONS,
    ORDERS,
    PROPOSALS,
)
from core.domain.ids import AccountId, PortfolioId
from core.domain.ladder import LIVE_RUNGS, Confirmation
from core.domain.order import Order, OrderState
from core.domain.portfolio import Account, Rung
from core.domain.proposal import ProposalState
from core.domain.report import WhyNot


class SqlLadder:
    """The port ``Ladder`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_rung(self, account_id: AccountId, rung: Rung) -> None:
        """Say how real an account is from now on."""
        await self._database.write(
            update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(rung=rung.value)
        )

    async def accounts_on(self, rungs: Collection[Rung]) -> tuple[Account, ...]:
        """The accounts on any of these rungs, by id."""
        rows = await self._database.rows(
            select(ACCOUNTS)
            .where(ACCOUNTS.c.rung.in_([rung.value for rung in rungs]))
            .order_by(ACCOUNTS.c.id)
        )
        return tuple(account_of(row) for row in rows)

    async def confirmation(self, account_id: AccountId) -> Confirmation | None:
        """The confirmation of an account that stands."""
        row = await self._database.row(
            select(LIVE_CONFIRMATIONS).where(
                LIVE_CONFIRMATIONS.c.account_id == account_id,
                LIVE_CONFIRMATIONS.c.ended_at.is_(None),
            )
        )
        if row is None:
            return None
        return Confirmation(
            row.account_id,
            row.broker_account_id,
            Rung(row.rung),
            row.member_id,
            row.confirmed_at,
        )

    async def confirm(self, confirmation: Confirmation) -> None:
        """Remember what an owner typed; it takes the place of the confirmation that stood."""
        await self.end_confirmation(confirmation.account_id, confirmation.confirmed_at)
        await self._database.write(
            insert(LIVE_CONFIRMATIONS),
            [
                {
                    "account_id": confirmation.account_id,
                    "broker_account_id": confirmation.broker_account_id,
                    "rung": confirmation.rung.value,
                    "member_id": confirmation.member_id,
                    "confirmed_at": confirmation.confirmed_at,
                    "ended_at": None,
                }
            ],
        )

    async def end_confirmation(self, account_id: AccountId, at: datetime) -> bool:
        """What was confirmed does not stand any more; False where nothing did."""
        touched = await self._database.write(
            update(LIVE_CONFIRMATIONS)
            .where(
                LIVE_CONFIRMATIONS.c.account_id == account_id,
                LIVE_CONFIRMATIONS.c.ended_at.is_(None),
            )
            .values(ended_at=at)
        )
        return touched > 0

    async def is_live_since(self, portfolio_id: PortfolioId, since: datetime) -> bool:
        """Whether any account of a portfolio is on a live rung, or a confirmation of one ended since then."""
        live = [rung.value for rung in LIVE_RUNGS]
        found = await self._database.value(
            select(ACCOUNTS.c.id)
            .outerjoin(LIVE_CONFIRMATIONS, LIVE_CONFIRMATIONS.c.account_id == ACCOUNTS.c.id)
            .where(
                ACCOUNTS.c.portfolio_id == portfolio_id,
                or_(
                    ACCOUNTS.c.rung.in_(live),
                    and_(
                        LIVE_CONFIRMATIONS.c.rung.in_(live),
                        LIVE_CONFIRMATIONS.c.ended_at >= since,
                    ),
                ),
            )
            .limit(1)
        )
        return found is not None

    async def dry_runs(self, account_id: AccountId) -> int:
        """How many plans of an account were carried out to their end as dry runs."""
        found = await self._database.value(
            select(func.count(func.distinct(ORDERS.c.proposal_id)))
            .select_from(ORDERS)
            .join(PROPOSALS, PROPOSALS.c.id == ORDERS.c.proposal_id)
            .where(
                ORDERS.c.account_id == account_id,
                ORDERS.c.state == OrderState.VOID.value,
                ORDERS.c.detail == WhyNot.DRY_RUN.value,
                PROPOSALS.c.state == ProposalState.DONE.value,
            )
        )
        return int(found)

    async def sent_since(self, account_id: AccountId, since: datetime) -> tuple[Order, ...]:
        """The orders of an account that were sent at this time or later, whatever became of them.

        The audit log says when each was sent: it is written in the transaction that claims the order.
        """
        sent = select(AUDIT_EVENTS.c.data).where(
            AUDIT_EVENTS.c.kind == "order_sent", AUDIT_EVENTS.c.at >= since
        )
        rows = await self._database.rows(
            select(ORDERS.c.id)
            .where(ORDERS.c.account_id == account_id, ORDERS.c.client_order_id.in_(sent))
            .order_by(ORDERS.c.id)
        )
        return await SqlOrders(self._database).many([row.id for row in rows])
