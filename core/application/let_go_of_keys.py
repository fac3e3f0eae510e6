"""Let go of keys: a broker's keys belong to the member who entered them, and go with that member.

A joint account may have two holders, each with keys of their own: when the keys go by which it is reached, the other
holder's take their place. Where there are none, nothing can be read or sent there until somebody connects it again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core.application.tell_channels import enqueue
from core.domain.ids import ChatId, CredentialId, MemberId
from core.domain.membership import Role
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.portfolio import Account
from core.ports.store import AuditEvent, UnitOfWork
from core.ports.store.credentials import Credential


@dataclass(frozen=True, slots=True)
class Going:
    """A member's keys of one account, and the holder whose keys go on in their place; None where there is none."""

    account: Account
    credential: Credential
    heir: CredentialId | None = None
    is_in_use: bool = False

    @property
    def stops(self) -> bool:
        """Whether the account cannot be reached any more without these keys."""
        return self.is_in_use and self.heir is None


async def keys_going(
    work: UnitOfWork, member_id: MemberId, accounts: Collection[Account]
) -> tuple[Going, ...]:
    """Which keys of these accounts go with a member, and what becomes of each account."""
    kept = await work.credentials.all()
    found = []
    for account in accounts:
        attached = await work.credentials.of_account(account.broker, account.broker_account_id)
        ours = [each for each in kept if opens_account(each, account) or each == attached]
        for each in ours:
            if each.member_id != member_id:
                continue
            heirs = [other.id for other in ours if other.member_id != member_id]
            is_in_use = attached is not None and attached.id == each.id
            heir = heirs[0] if heirs and is_in_use else None
            found.append(Going(account, each, heir, is_in_use))
    return tuple(found)


def opens_account(credential: Credential, account: Account) -> bool:
    """Whether keys are for this account of its broker."""
    opens = credential.opens
    return (opens.broker, opens.broker_account_id) == (account.broker, account.broker_account_id)


async def let_go_of_keys(
    work: UnitOfWork,
    member_id: MemberId,
    accounts: Collection[Account],
    now: datetime,
    *,
    is_told: bool = True,
) -> tuple[Going, ...]:
    """Forget a member's keys of these accounts, and tell the owners left of accounts that cannot be reached now."""
    going = await keys_going(work, member_id, accounts)
    for each in going:
        await work.credentials.remove(each.credential.id)
        if each.heir is not None:
            await work.credentials.attach(each.account.id, each.heir)
        data = f"{each.account.broker} {each.credential.opens.hint}"
        event = AuditEvent(now, "keys_removed", member_id, each.account.portfolio_id, data=data)
        await work.log.record(event)
        if each.stops and is_told:
            await _tell_owners(work, each.account, member_id, now)
    return going


async def _tell_owners(work: UnitOfWork, account: Account, but: MemberId, now: datetime) -> None:
    owners = [
        each.member
        for each in await work.people.memberships(account.portfolio_id)
        if each.role is Role.OWNER and each.member.id != but
    ]
    items = [
        OutboxItem(
            MessageKind.KEYS_GONE,
            ChatId(owner.user_id),
            f"{MessageKind.KEYS_GONE}:{account.id}:{now.isoformat()}:{owner.user_id}",
            account.portfolio_id,
            priority=Priority.DECISION,
            data={"account": f"{account.id}"},
        )
        for owner in owners
    ]
    await enqueue(work, items, now)
