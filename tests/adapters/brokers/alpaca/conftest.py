"""A stage for every test of the Alpaca adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.adapters.brokers.alpaca.stage import Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as made:
        yield made


@pytest.fixture
async def hasty() -> AsyncIterator[Stage]:
    """As `stage`, with a limit of one second for every request."""
    async with staged(seconds=1.0) as made:
        yield made
