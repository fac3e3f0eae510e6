"""Tables of people: households, members, roles, invitations, credentials."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint

from core.adapters.store.tables.base import (
    Base,
    added,
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


class MemberRow(Base, table=True):
    """A person, by the numeric Telegram user id."""

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
    """A one-time way in, known by the hash of its code."""

    __tablename__ = "invitations"
    __table_args__ = (one_of("role", Role),)

    code_hash: str = key()
    household_id: int | None = link("households.id", null=True)
    portfolio_id: int | None = link("portfolios.id", null=True)
    role: str
    created_by: int | None = link("members.id", null=True)
    expires_at: datetime = instant()
    used_by: int | None = link("members.id", null=True)


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
