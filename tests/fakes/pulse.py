"""A runtime over a small world, for what runs beside the conversation."""

from __future__ import annotations

import asyncio

from bot.heartbeat import Heartbeat
from bot.pulse import Pulse
from bot.runtime import Runtime
from bot.settings import Settings
from core.adapters.channels import AppriseChannel
from core.domain.risk import Limits
from tests.fakes.world import World


def runtime_of(world: World, heartbeat: Heartbeat | None = None) -> Runtime:
    """Put a process together from the parts of a world."""
    return Runtime(
        settings=Settings(_env_file=None),
        store=world.store,
        brokers=world.brokers,
        market=world.market,
        clock=world.clock,
        signing_key=b"0" * 32,
        holder="test:1",
        work_arrived=asyncio.Event(),
        allowed_users=frozenset(),
        limits=Limits(),
        pulse=Pulse(world.clock, heartbeat or Heartbeat(None, world.clock)),
        channel=AppriseChannel(allow_private=True),
    )
