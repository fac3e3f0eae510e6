"""Portfolios and their accounts, targets and policies in the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, case, delete, func, select, update

from core.adapters.store.allocations import Allocations
from core.adapters.store.database import Database, Found, Question
from core.adapters.store.documents import policy_changes, read_policy, write_policy
from core.adapters.store.tables import (
    ACCOUNTS,
    MEMBERS,
    MEMBERSHIPS,
    POLICIES,
    PORTFOLIOS,
    TARGETS,
)
from core.domain.ids import AccountId, ChatId, HouseholdId, MemberId, PortfolioId, TopicId
from core.domain.policy import Policy
from core.domain.portfolio import Account, ManagedPortfolio, Portfolio, Rung, TaxTreatment
from core.domain.refusals import NameTaken
from core.domain.targets import TargetAllocation
from core.ports.store import Change


class SqlPortfolios:
    """The port ``Portfolios`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._allocations = Allocations(database)

    async def add(
        self, household_id: HouseholdId, slug: str, name: str, currency: str, policy: Policy
    ) -> Portfolio:
        """Make a portfolio; the slug is unique in its household (NameTaken)."""
        taken = select(PORTFOLIOS.c.id).where(
            PORTFOLIOS.c.household_id == household_id, PORTFOLIOS.c.slug == slug
        )
        if await self._database.value(taken) is not None:
            raise NameTaken(name)
        number = await self._database.add_numbered(
            PORTFOLIOS,
            household_id=household_id,
            slug=slug,
            name=name,
            currency=currency,
            is_paused=False,
            home_chat_id=None,
            home_topic_id=None,
        )
        portfolio = Portfolio(PortfolioId(number), household_id, slug, name, currency)
        await self._add_policy(portfolio.id, 1, write_policy(policy), by=None, at=None)
        return portfolio

    async def add_account(
        self,
        portfolio_id: PortfolioId,
        *,
        name: str,
        broker: str,
        broker_account_id: str,
        currency: str,
        rung: Rung,
        tax_owner_id: MemberId | None,
    ) -> Account:
        """Add an account to a portfolio; raises StoreConflict where another one has the broker's account id."""
        values: dict[str, Any] = {
            "portfolio_id": portfolio_id,
            "name": name,
            "broker": broker,
            "broker_account_id": broker_account_id,
            "currency": currency,
            "tax_treatment": TaxTreatment.TAXABLE,
            "tax_owner_id": tax_owner_id,
            "rung": rung,
        }
        stored = {**values, "tax_treatment": TaxTreatment.TAXABLE.value, "rung": rung.value}
        number = await self._database.add_numbered(ACCOUNTS, credential_id=None, **stored)
        return Account(id=AccountId(number), **values)

    async def is_account_known(self, broker: str, broker_account_id: str) -> bool:
        """Whether a broker's account belongs to a portfolio already."""
        found = await self._database.value(
            select(ACCOUNTS.c.id).where(
                ACCOUNTS.c.broker == broker, ACCOUNTS.c.broker_account_id == broker_account_id
            )
        )
        return found is not None

    async def move_account(
        self, account_id: AccountId, *, broker: str, broker_account_id: str, rung: Rung
    ) -> None:
        """Let an account be another one of its broker, or of another broker, where its keys are of no use any more."""
        await self._database.write(
            update(ACCOUNTS)
            .where(ACCOUNTS.c.id == account_id)
            .values(
                broker=broker,
                broker_account_id=broker_account_id,
                rung=rung.value,
                credential_id=case((ACCOUNTS.c.broker == broker, ACCOUNTS.c.credential_id)),
            )
        )

    async def get(self, portfolio_id: PortfolioId) -> ManagedPortfolio:
        """A portfolio with its accounts, current targets and policy; raises KeyError."""
        found = await self.many([portfolio_id])
        if not found:
            raise KeyError(portfolio_id)
        return found[0]

    async def many(self, portfolio_ids: Collection[PortfolioId]) -> tuple[ManagedPortfolio, ...]:
        """Many portfolios, by id, with a fixed number of queries; an unknown id is left out."""
        among = self._database.among
        rows = await self._database.rows(
            _with_current_versions().where(among(PORTFOLIOS.c.id, portfolio_ids))
        )
        accounts = await self._database.rows(
            select(ACCOUNTS)
            .where(among(ACCOUNTS.c.portfolio_id, portfolio_ids))
            .order_by(ACCOUNTS.c.id)
        )
        versions = [row.targets_id for row in rows if row.targets_id is not None]
        allocations = await self._allocations.of_versions(versions)
        by_portfolio = _group_accounts(accounts)
        return tuple(
            ManagedPortfolio(
                portfolio_of(row),
                tuple(by_portfolio[row.id]),
                allocations.get(row.targets_id),
                read_policy(row.document),
            )
            for row in rows
        )

    async def of_member(self, member_id: MemberId) -> tuple[Portfolio, ...]:
        """The portfolios in which a member has a role, by id."""
        rows = await self._database.rows(
            select(PORTFOLIOS)
            .join(MEMBERSHIPS, MEMBERSHIPS.c.portfolio_id == PORTFOLIOS.c.id)
            .where(MEMBERSHIPS.c.member_id == member_id)
            .order_by(PORTFOLIOS.c.id)
        )
        return tuple(portfolio_of(row) for row in rows)

    async def of_household(self, household_id: HouseholdId) -> tuple[Portfolio, ...]:
        """All portfolios of a household that were not closed, by id."""
        rows = await self._database.rows(
            select(PORTFOLIOS)
            .where(PORTFOLIOS.c.household_id == household_id, PORTFOLIOS.c.closed_at.is_(None))
            .order_by(PORTFOLIOS.c.id)
        )
        return tuple(portfolio_of(row) for row in rows)

    async def set_targets(
        self, portfolio_id: PortfolioId, targets: TargetAllocation, *, by: MemberId, at: datetime
    ) -> None:
        """Replace the targets, keeping the old ones as history."""
        currency = await self._database.value(
            select(PORTFOLIOS.c.currency).where(PORTFOLIOS.c.id == portfolio_id)
        )
        if currency is None:
            raise KeyError(portfolio_id)
        version = await self._retire(TARGETS, portfolio_id, at)
        number = await self._database.add_numbered(
            TARGETS,
            portfolio_id=portfolio_id,
            version=version,
            set_by=by,
            set_at=at,
            replaced_at=None,
        )
        await self._allocations.add(number, targets, currency)

    async def set_policy(
        self, portfolio_id: PortfolioId, policy: Policy, *, by: MemberId, at: datetime
    ) -> None:
        """Replace the policy, keeping the old one as history."""
        version = await self._retire(POLICIES, portfolio_id, at)
        await self._add_policy(portfolio_id, version, write_policy(policy), by=by, at=at)

    async def set_paused(self, portfolio_id: PortfolioId, *, paused: bool) -> None:
        """Set or lift the kill switch."""
        await self._change(portfolio_id, is_paused=paused)

    async def close(self, portfolio_id: PortfolioId, at: datetime) -> None:
        """End a portfolio: it has no targets and nobody in it any more, and its short name is free for another."""
        await self._retire(TARGETS, portfolio_id, at)
        await self._database.write(
            delete(MEMBERSHIPS).where(MEMBERSHIPS.c.portfolio_id == portfolio_id)
        )
        await self._change(
            portfolio_id,
            closed_at=at,
            is_paused=True,
            is_shared=False,
            home_chat_id=None,
            home_topic_id=None,
            slug=f"closed-{portfolio_id}",
        )

    async def set_home_chat(
        self, portfolio_id: PortfolioId, chat_id: ChatId | None, topic_id: TopicId | None = None
    ) -> None:
        """Say that proposals go to a group, or a topic of it, instead of to each approver."""
        await self._change(portfolio_id, home_chat_id=chat_id, home_topic_id=topic_id)

    async def at_home(self, chat_id: ChatId) -> tuple[Portfolio, ...]:
        """The portfolios whose proposals go to this group, by id."""
        rows = await self._database.rows(
            select(PORTFOLIOS).where(PORTFOLIOS.c.home_chat_id == chat_id).order_by(PORTFOLIOS.c.id)
        )
        return tuple(map(portfolio_of, rows))

    async def set_shared(self, portfolio_id: PortfolioId, *, shared: bool) -> None:
        """Say whether everybody who comes into the household comes in here too."""
        await self._database.write(
            update(PORTFOLIOS).where(PORTFOLIOS.c.id == portfolio_id).values(is_shared=shared)
        )

    async def changes(self, portfolio_id: PortfolioId, limit: int) -> tuple[Change, ...]:
        """The latest changes of targets and policy, newest first."""
        targets = await self._target_changes(portfolio_id, limit)
        policies = await self._policy_changes(portfolio_id, limit)
        found = sorted([*targets, *policies], key=lambda change: change.at, reverse=True)
        return tuple(found[:limit])

    async def every(self) -> tuple[Portfolio, ...]:
        """All portfolios of all households that were not closed, by id."""
        rows = await self._database.rows(
            select(PORTFOLIOS).where(PORTFOLIOS.c.closed_at.is_(None)).order_by(PORTFOLIOS.c.id)
        )
        return tuple(portfolio_of(row) for row in rows)

    async def houses(self) -> tuple[Account, ...]:
        """One account at each broker that any account is at."""
        first = select(func.min(ACCOUNTS.c.id)).group_by(ACCOUNTS.c.broker)
        rows = await self._database.rows(
            select(ACCOUNTS).where(ACCOUNTS.c.id.in_(first)).order_by(ACCOUNTS.c.id)
        )
        return tuple(account_of(row) for row in rows)

    async def active_at(self, broker: str) -> tuple[PortfolioId, ...]:
        """The portfolios with targets whose accounts are at this broker."""
        rows = await self._database.rows(
            select(ACCOUNTS.c.portfolio_id)
            .join(TARGETS, TARGETS.c.portfolio_id == ACCOUNTS.c.portfolio_id)
            .where(ACCOUNTS.c.broker == broker, TARGETS.c.replaced_at.is_(None))
            .distinct()
            .order_by(ACCOUNTS.c.portfolio_id)
        )
        return tuple(PortfolioId(number) for (number,) in rows)

    async def _change(self, portfolio_id: PortfolioId, **values: Any) -> None:
        await self._database.write(
            update(PORTFOLIOS).where(PORTFOLIOS.c.id == portfolio_id).values(**values)
        )

    async def _retire(self, table: Table, portfolio_id: PortfolioId, at: datetime) -> int:
        """End the current version, and return the number of the next one."""
        mine = table.c.portfolio_id == portfolio_id
        await self._database.write(
            update(table).where(mine, table.c.replaced_at.is_(None)).values(replaced_at=at)
        )
        last = await self._database.value(select(func.max(table.c.version)).where(mine))
        return (last or 0) + 1

    async def _add_policy(
        self,
        portfolio_id: PortfolioId,
        version: int,
        document: str,
        *,
        by: MemberId | None,
        at: datetime | None,
    ) -> None:
        await self._database.add(
            POLICIES,
            portfolio_id=portfolio_id,
            version=version,
            document=document,
            set_by=by,
            set_at=at,
            replaced_at=None,
        )

    async def _target_changes(self, portfolio_id: PortfolioId, limit: int) -> list[Change]:
        rows = await self._versions(TARGETS, portfolio_id, limit)
        allocations = await self._allocations.of_versions([row.id for row in rows])
        return [
            Change(row.set_at, row.member_name, "targets", _in_words(allocations[row.id]))
            for row in rows
        ]

    async def _policy_changes(self, portfolio_id: PortfolioId, limit: int) -> list[Change]:
        rows = await self._versions(POLICIES, portfolio_id, limit + 1)
        before = [row.document for row in rows[1:]]
        return [
            Change(row.set_at, row.member_name, "policy", policy_changes(old, row.document))
            for row, old in zip(rows, before, strict=False)
            if row.set_at is not None
        ]

    async def _versions(
        self, table: Table, portfolio_id: PortfolioId, limit: int
    ) -> Sequence[Found]:
        return await self._database.rows(
            select(table, func.coalesce(MEMBERS.c.name, "").label("member_name"))
            .outerjoin(MEMBERS, MEMBERS.c.id == table.c.set_by)
            .where(table.c.portfolio_id == portfolio_id)
            .order_by(table.c.version.desc())
            .limit(limit)
        )


def portfolio_of(row: Found) -> Portfolio:
    """The portfolio that a row says."""
    return Portfolio(
        row.id,
        row.household_id,
        row.slug,
        row.name,
        row.currency,
        row.is_paused,
        row.home_chat_id,
        row.home_topic_id,
        row.is_shared,
    )


def _with_current_versions() -> Question:
    is_current = and_(TARGETS.c.portfolio_id == PORTFOLIOS.c.id, TARGETS.c.replaced_at.is_(None))
    has_policy = and_(POLICIES.c.portfolio_id == PORTFOLIOS.c.id, POLICIES.c.replaced_at.is_(None))
    return (
        select(PORTFOLIOS, TARGETS.c.id.label("targets_id"), POLICIES.c.document)
        .join(POLICIES, has_policy)
        .outerjoin(TARGETS, is_current)
        .order_by(PORTFOLIOS.c.id)
    )


def _group_accounts(rows: Sequence[Found]) -> defaultdict[int, list[Account]]:
    grouped: defaultdict[int, list[Account]] = defaultdict(list)
    for row in rows:
        grouped[row.portfolio_id].append(account_of(row))
    return grouped


def account_of(row: Found) -> Account:
    """The account that a row says."""
    return Account(
        id=row.id,
        portfolio_id=row.portfolio_id,
        name=row.name,
        broker=row.broker,
        broker_account_id=row.broker_account_id,
        currency=row.currency,
        tax_treatment=TaxTreatment(row.tax_treatment),
        tax_owner_id=row.tax_owner_id,
        rung=Rung(row.rung),
    )


def _in_words(targets: TargetAllocation) -> str:
    return " · ".join(f"{line.symbol} {line.weight.normalize():f}" for line in targets.lines)
