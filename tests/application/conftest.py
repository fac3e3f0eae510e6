"""What tests of use cases share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.fakes.world import World, small_world


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A family on an ordinary Monday, with a broker that fills at once."""
    async with small_world(tmp_path) as made:
        yield made
