"""Who belongs to which household, in the store."""

from __future__ import annotations

from sqlalchemy import delete, select

from core.adapters.store.database import Database
from core.adapters.store.tables import HOUSEHOLD_MEMBERS, HOUSEHOLDS
from core.domain.ids import HouseholdId, MemberId
from core.domain.membership import Household


class SqlHouseholds:
    """The port ``Households`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_member(self, member_id: MemberId) -> tuple[Household, ...]:
        """A member's households, by id."""
        rows = await self._database.rows(
            select(HOUSEHOLDS)
            .join(HOUSEHOLD_MEMBERS, HOUSEHOLD_MEMBERS.c.household_id == HOUSEHOLDS.c.id)
            .where(HOUSEHOLD_MEMBERS.c.member_id == member_id)
            .order_by(HOUSEHOLDS.c.id)
        )
        return tuple(Household(HouseholdId(row.id), row.name) for row in rows)

    async def members_of(self, household_id: HouseholdId) -> tuple[MemberId, ...]:
        """Everybody in a household, by id."""
        rows = await self._database.rows(
            select(HOUSEHOLD_MEMBERS.c.member_id)
            .where(HOUSEHOLD_MEMBERS.c.household_id == household_id)
            .order_by(HOUSEHOLD_MEMBERS.c.member_id)
        )
        return tuple(MemberId(row.member_id) for row in rows)

    async def named(self, household_id: HouseholdId) -> Household:
        """A household by id; raises KeyError."""
        row = await self._database.row(select(HOUSEHOLDS).where(HOUSEHOLDS.c.id == household_id))
        if row is None:
            raise KeyError(household_id)
        return Household(HouseholdId(row.id), row.name)

    async def join(self, household_id: HouseholdId, member_id: MemberId) -> None:
        """Let a member belong to a household; who does already stays."""
        row = {"household_id": household_id, "member_id": member_id}
        await self._database.add_new(HOUSEHOLD_MEMBERS, [row])

    async def leave(self, household_id: HouseholdId, member_id: MemberId) -> None:
        """Let a member belong to a household no more."""
        await self._database.write(
            delete(HOUSEHOLD_MEMBERS).where(
                HOUSEHOLD_MEMBERS.c.household_id == household_id,
                HOUSEHOLD_MEMBERS.c.member_id == member_id,
            )
        )
