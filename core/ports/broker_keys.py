"""Brokers' keys as they are used: what opens an account, where they are found, and trying them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from core.ports.broker import BrokerAccount


@dataclass(frozen=True, slots=True)
class BrokerKeys:
    """A key id and its secret, for one service of a broker; neither is ever shown."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    origin: str
    is_live: bool


class KeyRing(Protocol):
    """The keys that are kept for accounts at one broker, as they are now."""

    async def keys_of(self, broker_account_id: str) -> BrokerKeys | None:
        """The keys attached to an account, or None; raises NoAccess for keys that must not or cannot be used."""
        ...

    async def any_keys(self) -> BrokerKeys | None:
        """Keys of whichever account, for what does not belong to one, such as prices; those for paper first."""
        ...


class Doors(Protocol):
    """Tries keys at a broker, before they are kept."""

    async def look(self, broker: str, keys: BrokerKeys) -> BrokerAccount:
        """The account that the keys open.

        Raises KeysUnreadable for what cannot be keys, NotBuiltYet for a broker that this installation does not have,
        NoAccess where the broker refuses them, and BrokerUnavailable where it does not answer as it should.
        """
        ...
