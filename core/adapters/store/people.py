"""Households, members and memberships in the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from core.adapters.store import forgetting
from core.adapters.store.database import Database, Found
from core.adapters.store.documents import read_preferences, write_preferences
from core.adapters.store.tables import (
    HOUSEHOLD_MEMBERS,
    HOUSEHOLDS,
    INSTALLATION,
    MEMBERS,
    MEMBERSHIPS,
)
from core.domain.ids import ChatId, HouseholdId, MemberId, PortfolioId, UserId
from core.domain.membership import Member, Membership, Role
from core.domain.preferences import Preferences


class SqlPeople:
    """The port ``People`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def install_id(self) -> str:
        """The random name of this installation."""
        return str(await self._database.value(select(INSTALLATION.c.install_id)))

    async def restored_at(self) -> datetime | None:
        """When this store was put back from a backup, until a person has acknowledged it."""
        found: datetime | None = await self._database.value(select(INSTALLATION.c.restored_at))
        return found

    async def acknowledge_restore(self) -> None:
        """A person knows that this store is a restored one."""
        await self._database.write(update(INSTALLATION).values(restored_at=None))

    async def first_household(self) -> HouseholdId | None:
        """The first household, or None in a fresh store."""
        found = await self._database.value(
            select(HOUSEHOLDS.c.id).order_by(HOUSEHOLDS.c.id).limit(1)
        )
        return None if found is None else HouseholdId(found)

    async def add_household(self, name: str) -> HouseholdId:
        """Make a household."""
        return HouseholdId(await self._database.add_numbered(HOUSEHOLDS, name=name))

    async def member_of_user(self, user_id: UserId) -> Member | None:
        """The active member with this Telegram user id."""
        row = await self._database.row(
            select(MEMBERS).where(MEMBERS.c.user_id == user_id, MEMBERS.c.is_active)
        )
        return None if row is None else member_of(row)

    async def member(self, member_id: MemberId) -> Member:
        """A member by id; raises KeyError."""
        row = await self._database.row(select(MEMBERS).where(MEMBERS.c.id == member_id))
        if row is None:
            raise KeyError(member_id)
        return member_of(row)

    async def add_member(self, user_id: UserId, household_id: HouseholdId, name: str) -> Member:
        """Let a person in (or back in)."""
        await self._database.put(
            MEMBERS,
            ("user_id",),
            kept=("layout", "picture", "language", "preferences"),
            user_id=user_id,
            household_id=household_id,
            name=name,
            is_active=True,
            is_reachable=True,
            layout="table",
            picture="light",
            language="en",
            preferences="",
        )
        row = await self._database.row(select(MEMBERS).where(MEMBERS.c.user_id == user_id))
        if row is None:
            raise KeyError(user_id)
        belonging = {"household_id": household_id, "member_id": row.id}
        await self._database.add_new(HOUSEHOLD_MEMBERS, [belonging])
        return member_of(row)

    async def set_layout(self, member_id: MemberId, layout: str) -> None:
        """Remember how a member wants to read."""
        await self._change(member_id, layout=layout)

    async def set_picture(self, member_id: MemberId, picture: str) -> None:
        """Remember which pictures suit a member's chats."""
        await self._change(member_id, picture=picture)

    async def set_preferences(self, member_id: MemberId, preferences: Preferences) -> None:
        """Remember which messages a member wants when, and how they are shown."""
        await self._change(member_id, preferences=write_preferences(preferences))

    async def set_reachable(self, member_id: MemberId, *, reachable: bool) -> None:
        """Remember whether messages reach a member."""
        await self._change(member_id, is_reachable=reachable)

    async def forget(self, member_id: MemberId) -> None:
        """Erase what is kept of a member; what they decided stays in the trail, without the name."""
        await forgetting.forget(self._database, member_id)

    async def _change(self, member_id: MemberId, **values: Any) -> None:
        await self._database.write(
            update(MEMBERS).where(MEMBERS.c.id == member_id).values(**values)
        )

    async def role(self, member_id: MemberId, portfolio_id: PortfolioId) -> Role | None:
        """A member's role in a portfolio, or None."""
        found = await self._database.value(
            select(MEMBERSHIPS.c.role).where(
                MEMBERSHIPS.c.member_id == member_id, MEMBERSHIPS.c.portfolio_id == portfolio_id
            )
        )
        return None if found is None else Role(found)

    async def memberships(self, portfolio_id: PortfolioId) -> tuple[Membership, ...]:
        """Everybody in a portfolio, owners first, then by name."""
        return (await self.memberships_of([portfolio_id])).get(portfolio_id, ())

    async def memberships_of(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, tuple[Membership, ...]]:
        """The same for many portfolios."""
        rows = await self._database.rows(
            select(MEMBERS, MEMBERSHIPS.c.role, MEMBERSHIPS.c.portfolio_id)
            .join(MEMBERSHIPS, MEMBERSHIPS.c.member_id == MEMBERS.c.id)
            .where(self._database.among(MEMBERSHIPS.c.portfolio_id, portfolio_ids))
        )
        found: defaultdict[PortfolioId, list[Membership]] = defaultdict(list)
        for row in rows:
            number = PortfolioId(row.portfolio_id)
            found[number].append(Membership(number, member_of(row), Role(row.role)))
        return {number: tuple(sorted(group, key=_place)) for number, group in found.items()}

    async def chats_of(
        self, portfolio_ids: Collection[PortfolioId], roles: Collection[Role]
    ) -> dict[PortfolioId, tuple[ChatId, ...]]:
        """The private chats of those in these roles who can be reached, in the same order."""
        rows = await self._database.rows(
            select(
                MEMBERSHIPS.c.portfolio_id,
                MEMBERSHIPS.c.role,
                MEMBERS.c.name,
                MEMBERS.c.id,
                MEMBERS.c.user_id,
            )
            .join(MEMBERSHIPS, MEMBERSHIPS.c.member_id == MEMBERS.c.id)
            .where(
                self._database.among(MEMBERSHIPS.c.portfolio_id, portfolio_ids),
                MEMBERS.c.is_reachable.is_(True),
                MEMBERSHIPS.c.role.in_([role.value for role in roles]),
            )
        )
        found: defaultdict[PortfolioId, list[tuple[tuple[bool, str, int], ChatId]]]
        found = defaultdict(list)
        for number, role, name, member, user in rows:
            found[number].append((_owners_then_names(role, name, member), ChatId(user)))
        return {number: tuple(chat for _, chat in sorted(group)) for number, group in found.items()}

    async def set_role(self, member_id: MemberId, portfolio_id: PortfolioId, role: Role) -> None:
        """Give or change a role."""
        await self._database.put(
            MEMBERSHIPS,
            ("portfolio_id", "member_id"),
            portfolio_id=portfolio_id,
            member_id=member_id,
            role=role.value,
        )

    async def remove_membership(self, member_id: MemberId, portfolio_id: PortfolioId) -> None:
        """Take a member out of a portfolio."""
        await self._database.write(
            delete(MEMBERSHIPS).where(
                MEMBERSHIPS.c.member_id == member_id, MEMBERSHIPS.c.portfolio_id == portfolio_id
            )
        )


def member_of(row: Found) -> Member:
    """The member that a row of the members' table says."""
    return Member(
        id=row.id,
        user_id=row.user_id,
        household_id=row.household_id,
        name=row.name,
        is_active=row.is_active,
        is_reachable=row.is_reachable,
        layout=row.layout,
        picture=row.picture,
        preferences=read_preferences(row.preferences),
    )


def _place(membership: Membership) -> tuple[bool, str, int]:
    member = membership.member
    return _owners_then_names(membership.role, member.name, member.id)


def _owners_then_names(role: str, name: str, number: int) -> tuple[bool, str, int]:
    return (role != Role.OWNER, name.casefold(), number)
