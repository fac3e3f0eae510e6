"""Invitations, joinings and offers of ownership in the store."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, select, update

from core.adapters.store.database import Database, Found
from core.adapters.store.people import member_of
from core.adapters.store.tables import INVITATIONS, JOININGS, MEMBERS, OFFERS
from core.domain.ids import PortfolioId
from core.domain.invitation import MARK, Invitation, Joining, Offer
from core.domain.membership import Role


class SqlInvitations:
    """The port ``Invitations`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, invitation: Invitation) -> None:
        """Store an invitation (only the hash of its code)."""
        values = asdict(invitation) | {"role": invitation.role.value}
        await self._database.add(INVITATIONS, **values)

    async def by_code(self, code_hash: str) -> Invitation | None:
        """An invitation by the hash of its code."""
        row = await self._database.row(
            select(INVITATIONS).where(INVITATIONS.c.code_hash == code_hash)
        )
        return None if row is None else _invitation_of(row)

    async def of_portfolio(self, portfolio_id: PortfolioId) -> tuple[Invitation, ...]:
        """A portfolio's invitations, open or not, newest first."""
        rows = await self._database.rows(
            select(INVITATIONS)
            .where(INVITATIONS.c.portfolio_id == portfolio_id)
            .order_by(INVITATIONS.c.expires_at.desc(), INVITATIONS.c.code_hash)
        )
        return tuple(map(_invitation_of, rows))

    async def use(self, invitation: Invitation, joining: Joining) -> bool:
        """Let one more in and write down whom; False where somebody was faster, or it was taken back meanwhile."""
        table, code_hash = INVITATIONS, invitation.code_hash
        is_open = table.c.used < table.c.uses, table.c.revoked_at.is_(None)
        touched = await self._database.write(
            update(table)
            .where(table.c.code_hash == code_hash, *is_open)
            .values(used=table.c.used + 1)
        )
        if touched != 1:
            return False
        await self._database.put(
            JOININGS,
            ("code_hash", "member_id"),
            code_hash=code_hash,
            member_id=joining.member.id,
            role=joining.role.value,
            role_before=joining.before.value if joining.before else None,
            joined_at=joining.at,
        )
        return True

    async def revoke(self, code_hash: str, at: datetime) -> None:
        """Take an invitation back."""
        await self._database.write(
            update(INVITATIONS).where(INVITATIONS.c.code_hash == code_hash).values(revoked_at=at)
        )

    async def joinings(self, portfolio_id: PortfolioId) -> tuple[Joining, ...]:
        """Who came into a portfolio by invitations, latest first."""
        rows = await self._database.rows(
            select(
                MEMBERS,
                JOININGS.c.code_hash,
                JOININGS.c.role,
                JOININGS.c.role_before,
                JOININGS.c.joined_at,
            )
            .join(JOININGS, JOININGS.c.member_id == MEMBERS.c.id)
            .join(INVITATIONS, INVITATIONS.c.code_hash == JOININGS.c.code_hash)
            .where(INVITATIONS.c.portfolio_id == portfolio_id)
            .order_by(JOININGS.c.joined_at.desc(), MEMBERS.c.id)
        )
        return tuple(map(_joining_of, rows))

    async def offer(self, offer: Offer) -> None:
        """Keep an offer to hand a portfolio over, in the place of an earlier one."""
        await self._database.put(OFFERS, ("portfolio_id",), **asdict(offer))

    async def offer_of(self, portfolio_id: PortfolioId) -> Offer | None:
        """The offer of a portfolio, if there is one."""
        row = await self._database.row(select(OFFERS).where(OFFERS.c.portfolio_id == portfolio_id))
        return None if row is None else Offer(portfolio_id, row.giver_id, row.taker_id, row.until)

    async def end_offer(self, portfolio_id: PortfolioId) -> None:
        """Forget the offer of a portfolio."""
        await self._database.write(delete(OFFERS).where(OFFERS.c.portfolio_id == portfolio_id))


def _invitation_of(row: Found) -> Invitation:
    return Invitation(
        code_hash=row.code_hash,
        household_id=row.household_id,
        portfolio_id=row.portfolio_id,
        role=Role(row.role),
        created_by=row.created_by,
        expires_at=row.expires_at,
        uses=row.uses,
        used=row.used,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


def _joining_of(row: Found) -> Joining:
    before = Role(row.role_before) if row.role_before else None
    return Joining(row.code_hash[:MARK], member_of(row), Role(row.role), before, row.joined_at)
