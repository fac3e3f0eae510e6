"""Key ring: the keys of brokers' accounts out of the store, opened by the vault when they are needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from core.domain.access_fault import AccessFault
from core.ports.broker import BrokerUnavailable, NoAccess
from core.ports.broker_keys import BrokerKeys
from core.ports.store import Store
from core.ports.store.credentials import Credential, Opens, owner_of
from core.ports.store_errors import StoreError
from core.ports.vault import SealBroken, UnknownKey, Vault

_MESSAGES = {
    AccessFault.LIVE_IN_PAPER: "the {account} trades real money, and TRADING_MODE is paper",
    AccessFault.LOCKED: "the keys of the {account} are sealed with a key that is not there",
    AccessFault.BROKEN_SEAL: (
        "the keys of the {account} were changed, or exchanged with others', in the store"
    ),
}


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """A KeyRing of one broker. ``on_opened`` is told each secret that is opened, so that no log shows it.

    Without ``may_be_live``, keys of an account with real money are not even opened. Whether keys open the account that
    they are attached to is for its broker to say, each time: it may have got another number since they were kept.
    """

    store: Store
    vault: Vault | None = field(repr=False)
    broker: str
    may_be_live: bool
    on_opened: Callable[[str], None] = field(repr=False)

    async def keys_of(self, broker_account_id: str) -> BrokerKeys | None:
        """The keys attached to an account, or None; raises NoAccess for keys that must not or cannot be used."""
        try:
            async with self.store.read() as work:
                kept = await work.credentials.of_account(self.broker, broker_account_id)
        except StoreError as error:
            raise BrokerUnavailable(f"the keys could not be read: {error}") from error
        if kept is None:
            return None
        return self._open(kept)

    async def any_keys(self) -> BrokerKeys | None:
        """Keys of whichever account, for what does not belong to one, such as prices; those for paper first."""
        try:
            async with self.store.read() as work:
                kept = await work.credentials.all()
        except StoreError as error:
            raise BrokerUnavailable(f"the keys could not be read: {error}") from error
        for credential in sorted(kept, key=lambda each: each.opens.is_live):
            if credential.opens.broker == self.broker:
                try:
                    return self._open(credential)
                except NoAccess:
                    continue
        return None

    def _open(self, kept: Credential) -> BrokerKeys:
        if kept.opens.is_live and not self.may_be_live:
            raise _no_access(AccessFault.LIVE_IN_PAPER, kept.opens.broker_account_id)
        if self.vault is None:
            raise _no_access(AccessFault.LOCKED, kept.opens.broker_account_id)
        keys = open_keys(self.vault, kept)
        self.on_opened(keys.key)
        self.on_opened(keys.secret)
        return keys


def seal_keys(vault: Vault, keys: BrokerKeys, opens: Opens, *, owner: str) -> str:
    """Seal keys for their owner, and for nothing but the account that they open."""
    secret = json.dumps([keys.key, keys.secret])
    return vault.seal(secret, owner=owner, purpose=opens.seal_purpose)


def open_keys(vault: Vault, kept: Credential) -> BrokerKeys:
    """Open kept keys; raises NoAccess."""
    opens = kept.opens
    try:
        secret = vault.open(kept.sealed, owner=owner_of(kept.member_id), purpose=opens.seal_purpose)
    except UnknownKey:
        raise _no_access(AccessFault.LOCKED, opens.broker_account_id) from None
    except SealBroken:
        raise _no_access(AccessFault.BROKEN_SEAL, opens.broker_account_id) from None
    key, secret = json.loads(secret)
    return BrokerKeys(key, secret, opens.origin, opens.is_live)


def _no_access(why: AccessFault, broker_account_id: str) -> NoAccess:
    account = f"account …{broker_account_id[-4:]}"
    return NoAccess(why, _MESSAGES[why].format(account=account))
