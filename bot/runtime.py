"""What a running process consists of: settings, ports, clocks, and its own name."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.pulse import Pulse
from bot.settings import Settings
from core.application.market import Market
from core.domain.risk import Limits
from core.ports.broker import Brokers
from core.ports.channel import Channel
from core.ports.clock import Clock
from core.ports.store import Store
from core.ports.troubles import Troubles
from core.ports.vault import Vault

TAP_PATIENCE = 0.7
"""Seconds that the answer to a tap waits for its outcome, so that the words can stand in the answer."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that a front end needs to serve people, put together once by ``bot.bootstrap``.

    ``signing_key`` signs buttons. ``holder`` is this process's name in leases. ``work_arrived`` wakes the
    scheduler at once. ``allowed_users`` may come in without an invitation.
    ``vault`` seals secrets at rest; None where the operator has set no key for it.
    ``troubles``, in the demo alone, is what the simulated broker does wrong. ``pulse`` is told of rounds of work.
    ``channel`` sends to members' addresses outside the chat.
    """

    settings: Settings = field(repr=False)
    store: Store
    brokers: Brokers
    market: Market
    clock: Clock
    signing_key: bytes = field(repr=False)
    holder: str
    work_arrived: asyncio.Event
    allowed_users: frozenset[int]
    limits: Limits
    pulse: Pulse
    channel: Channel
    vault: Vault | None = None
    tap_patience: float = TAP_PATIENCE
    troubles: Troubles | None = None
