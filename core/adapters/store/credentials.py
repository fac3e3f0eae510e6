"""Brokers' keys and one-time codes in the store, as the vault has sealed them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from core.adapters.store.database import Database, Found
from core.adapters.store.tables import ACCOUNTS, CREDENTIALS, ONE_TIME_CODES
from core.domain.ids import AccountId, CredentialId, MemberId
from core.ports.store.credentials import Credential, Opens, SealedCode


class SqlCredentials:
    """The port ``Credentials`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(
        self, member_id: MemberId, opens: Opens, *, sealed: str, key_hint: str, at: datetime
    ) -> Credential:
        """Keep a member's keys of an account, in the place of those that the member had for it."""
        await self._database.put(
            CREDENTIALS,
            ("member_id", "broker", "purpose"),
            member_id=member_id,
            broker=opens.broker,
            purpose=opens.purpose,
            sealed=sealed,
            created_at=at,
            broker_account_id=opens.broker_account_id,
            origin=opens.origin,
            key_hint=key_hint,
        )
        number = await self._database.value(
            select(CREDENTIALS.c.id).where(
                CREDENTIALS.c.member_id == member_id,
                CREDENTIALS.c.broker == opens.broker,
                CREDENTIALS.c.purpose == opens.purpose,
            )
        )
        return Credential(CredentialId(number), member_id, opens, sealed, key_hint, at)

    async def all(self) -> tuple[Credential, ...]:
        """Every credential, oldest first."""
        rows = await self._database.rows(select(CREDENTIALS).order_by(CREDENTIALS.c.id))
        return tuple(map(_credential, rows))

    async def of_account(self, broker: str, broker_account_id: str) -> Credential | None:
        """The one attached to our account that is this one of the broker's."""
        row = await self._database.row(
            select(CREDENTIALS)
            .join(ACCOUNTS, ACCOUNTS.c.credential_id == CREDENTIALS.c.id)
            .where(
                ACCOUNTS.c.broker == broker,
                ACCOUNTS.c.broker_account_id == broker_account_id,
            )
        )
        return None if row is None else _credential(row)

    async def attach(self, account_id: AccountId, credential_id: CredentialId) -> None:
        """Let an account be reached by these keys from now on, and by no others."""
        await self._database.write(
            update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(credential_id=credential_id)
        )

    async def remove(self, credential_id: CredentialId) -> bool:
        """Forget keys, and let no account be reached by them; False where they were gone."""
        await self._database.write(
            update(ACCOUNTS)
            .where(ACCOUNTS.c.credential_id == credential_id)
            .values(credential_id=None)
        )
        touched = await self._database.write(
            delete(CREDENTIALS).where(CREDENTIALS.c.id == credential_id)
        )
        return touched == 1

    async def reseal(self, credential_id: CredentialId, before: str, after: str) -> bool:
        """Put what was sealed anew in the place of what it was made from; False where that is no longer there."""
        touched = await self._database.write(
            update(CREDENTIALS)
            .where(CREDENTIALS.c.id == credential_id, CREDENTIALS.c.sealed == before)
            .values(sealed=after)
        )
        return touched == 1

    async def codes(self) -> tuple[SealedCode, ...]:
        """The sealed secrets of all one-time codes, by member."""
        rows = await self._database.rows(
            select(ONE_TIME_CODES.c.member_id, ONE_TIME_CODES.c.sealed).order_by(
                ONE_TIME_CODES.c.member_id
            )
        )
        return tuple(SealedCode(row.member_id, row.sealed) for row in rows)

    async def reseal_code(self, member_id: MemberId, before: str, after: str) -> bool:
        """The same as ``reseal`` for a member's one-time codes."""
        touched = await self._database.write(
            update(ONE_TIME_CODES)
            .where(ONE_TIME_CODES.c.member_id == member_id, ONE_TIME_CODES.c.sealed == before)
            .values(sealed=after)
        )
        return touched == 1


def _credential(row: Found) -> Credential:
    is_live = str(row.purpose).startswith("live ")
    opens = Opens(row.broker, row.broker_account_id, row.origin, is_live)
    return Credential(row.id, row.member_id, opens, row.sealed, row.key_hint, row.created_at)
