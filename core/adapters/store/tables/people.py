"""Tables of people: households, members, roles, invitations, credentials."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from core.adapters.store.tables.base import (
    Base,
    added,
    added_number,
    document,
    instant,
    key,
    link,
    number,
    one_of,
    telegram_id,
)
from core.domain.membership import Role


class HouseholdRow(Base, table=True):
    """The members and portfolios that belong together."""

    __tablename__ = "households"

    id: int | None = number()
    name: str


class HouseholdMemberRow(Base, table=True):
    """That a member belongs to a household."""

    __tablename__ = "household_members"

    household_id: int = link("households.id", primary=True)
    member_id: int = link("members.id", primary=True, index=True)


class MemberRow(Base, table=True):
    """A person, by the numeric Telegram user id; the household is the one where they first came in."""

    __tablename__ = "members"

    id: int | None = number()
    household_id: int = link("households.id", index=True)
    user_id: int = telegram_id(unique=True)
    name: str
    is_active: bool = True
    is_reachable: bool = True
    layout: str = "table"
    picture: str = "light"
    language: str = "en"
    preferences: str = added()


class MembershipRow(Base, table=True):
    """A member's role in a portfolio."""

    __tablename__ = "memberships"
    __table_args__ = (one_of("role", Role),)

    portfolio_id: int = link("portfolios.id", primary=True)
    member_id: int = link("members.id", primary=True, index=True)
    role: str


class InvitationRow(Base, table=True):
    """A way in, known by the hash of its code."""

    __tablename__ = "invitations"
    __table_args__ = (one_of("role", Role),)

    code_hash: str = key()
    household_id: int | None = link("households.id", null=True)
    portfolio_id: int | None = link("portfolios.id", null=True, index=True)
    role: str
    created_by: int | None = link("members.id", null=True)
    expires_at: datetime = instant()
    uses: int = added_number(1)
    used: int = added_number(0)
    created_at: datetime | None = instant(null=True)
    revoked_at: datetime | None = instant(null=True)


class JoiningRow(Base, table=True):
    """That a member came into a portfolio by an invitation, and what they were there before."""

    __tablename__ = "joinings"
    __table_args__ = (one_of("role", Role), one_of("role_before", Role))

    code_hash: str = Field(foreign_key="invitations.code_hash", primary_key=True)
    member_id: int = link("members.id", primary=True)
    role: str
    role_before: str | None = None
    joined_at: datetime | None = instant(null=True)


class OfferRow(Base, table=True):
    """An owner's offer to hand a portfolio over."""

    __tablename__ = "offers"

    portfolio_id: int = link("portfolios.id", primary=True)
    giver_id: int = link("members.id")
    taker_id: int = link("members.id")
    until: datetime = instant()


class CredentialRow(Base, table=True):
    """A broker's key, sealed by the vault for its owner and purpose, and the account that it opens."""

    __tablename__ = "credentials"
    __table_args__ = (UniqueConstraint("member_id", "broker", "purpose"),)

    id: int | None = number()
    member_id: int = link("members.id")
    broker: str
    purpose: str
    sealed: str = document()
    created_at: datetime = instant()
    broker_account_id: str = added()
    origin: str = added()
    key_hint: str = added()


class OneTimeCodeRow(Base, table=True):
    """The sealed secret from which a member's one-time codes are made, and how codes were used of late."""

    __tablename__ = "one_time_codes"

    member_id: int = link("members.id", primary=True)
    sealed: str = document()
    last_step: int
    failures: int
    locked_until: datetime | None = instant(null=True)
    created_at: datetime = instant()
