"""The key room: what a command on the server needs to keep brokers' keys."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.settings import Settings
from core.ports.broker_keys import Doors
from core.ports.clock import Clock
from core.ports.store import Store
from core.ports.vault import Vault


@dataclass(frozen=True, slots=True)
class KeyRoom:
    """The store, the vault (None without a master key), and the doors at which keys are tried."""

    settings: Settings = field(repr=False)
    store: Store
    vault: Vault | None
    doors: Doors
    clock: Clock
    holder: str
