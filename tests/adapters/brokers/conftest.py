"""Simulated brokers are closed when their test is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.adapters.brokers.simulated import FillRules
from tests.adapters.brokers.world import FREE, World, Worlds


@pytest.fixture
async def worlds(tmp_path: Path) -> AsyncIterator[Worlds]:
    made: list[World] = []

    def make(rules: FillRules = FREE) -> World:
        world = World(tmp_path, rules)
        made.append(world)
        return world

    yield make
    for world in made:
        await world.house.close()
