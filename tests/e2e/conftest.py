"""One demo for most whole-process tests, and a new one where the market's walk must be a test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.running import OWNERS, Person, RunningDemo, running_demo

NewOwner = Callable[[], Awaitable[Person]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningDemo]:
    """A running demo, started from nothing."""
    async with running_demo(tmp_path_factory.mktemp("demo"), is_warm=False) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def new_demo(tmp_path: Path) -> AsyncIterator[RunningDemo]:
    """A running demo that nobody has used."""
    async with running_demo(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def new_owner(demo: RunningDemo) -> NewOwner:
    """Another person who may come in without an invitation, and has nothing yet."""
    waiting = iter(OWNERS)

    async def come() -> Person:
        user_id = next(waiting)
        await demo.client.do("add_user", user_id=user_id, first_name=f"Olga{user_id}")
        return Person(demo, user_id, user_id)

    return come
