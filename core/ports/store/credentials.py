"""The store of credentials: brokers' keys as the vault has sealed them, and which account each opens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.domain.ids import AccountId, CredentialId, MemberId

ONE_TIME_CODES = "one-time codes"
"""For what purpose a member's one-time codes are sealed."""


def owner_of(member_id: MemberId) -> str:
    """The name by which the vault knows a member as the owner of a secret."""
    return f"member {member_id}"


@dataclass(frozen=True, slots=True)
class Opens:
    """What keys are for: one account at one origin of one broker, with real money or on paper."""

    broker: str
    broker_account_id: str
    origin: str
    is_live: bool

    @property
    def purpose(self) -> str:
        """What keys are kept for, once for each member and broker."""
        return f"{'live' if self.is_live else 'paper'} account {self.broker_account_id}"

    @property
    def seal_purpose(self) -> str:
        """What the vault binds them to, so that they go nowhere else, whatever the database says."""
        return f"{self.broker} {self.purpose} at {self.origin}"

    @property
    def hint(self) -> str:
        """The account's last four characters, as people are shown it."""
        return f"…{self.broker_account_id[-4:]}"


@dataclass(frozen=True, slots=True)
class Credential:
    """A member's keys of one account; ``key_hint`` is the end of the key id, to tell it from others."""

    id: CredentialId
    member_id: MemberId
    opens: Opens
    sealed: str = field(repr=False)
    key_hint: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SealedCode:
    """The secret of a member's one-time codes, as the vault has sealed it."""

    member_id: MemberId
    sealed: str = field(repr=False)


class Credentials(Protocol):
    """Keys of brokers' accounts, sealed; each belongs to a member and may be attached to our account."""

    async def put(
        self, member_id: MemberId, opens: Opens, *, sealed: str, key_hint: str, at: datetime
    ) -> Credential:
        """Keep a member's keys of an account, in the place of those that the member had for it."""
        ...

    async def all(self) -> tuple[Credential, ...]:
        """Every credential, oldest first."""
        ...

    async def of_account(self, broker: str, broker_account_id: str) -> Credential | None:
        """The one attached to our account that is this one of the broker's."""
        ...

    async def attach(self, account_id: AccountId, credential_id: CredentialId) -> None:
        """Let an account be reached by these keys from now on, and by no others."""
        ...

    async def remove(self, credential_id: CredentialId) -> bool:
        """Forget keys, and let no account be reached by them; False where they were gone."""
        ...

    async def reseal(self, credential_id: CredentialId, before: str, after: str) -> bool:
        """Put what was sealed anew in the place of what it was made from; False where that is no longer there."""
        ...

    async def codes(self) -> tuple[SealedCode, ...]:
        """The sealed secrets of all one-time codes, by member."""
        ...

    async def reseal_code(self, member_id: MemberId, before: str, after: str) -> bool:
        """The same as ``reseal`` for a member's one-time codes."""
        ...
