"""What every store counts in the same way: lateness between two instants, states, and an empty outbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.ports.store import Store
from core.ports.store.counts import LATE
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import NOW, settle


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(str(request.param), tmp_path) as fresh:
        yield fresh


async def test_an_empty_store_counts_nothing(store: Store) -> None:
    async with store.read() as work:
        counts = await work.counts.take(now=NOW, market_now=NOW)
    assert (counts.checks, counts.orders, counts.proposals) == ({}, {}, {})
    assert (counts.checks_late, counts.checks_overdue, counts.holds, counts.paused) == (0, 0, 0, 0)
    assert set(counts.waiting.values()) | set(counts.oldest.values()) == {0}


async def test_a_check_is_late_after_half_an_hour_and_no_sooner(store: Store) -> None:
    family = await settle(store)
    portfolio_id = family.portfolio.id
    second = timedelta(seconds=1)
    async with store.begin() as work:
        for slot, took in (("10:00", LATE), ("10:01", LATE + second), ("10:02", -second)):
            await work.checks.add_due(portfolio_id, NOW.date(), slot, NOW)
            record = await work.checks.by_slot(portfolio_id, NOW.date(), slot)
            assert record is not None
            await work.checks.finish(record.check.id, "on_target", "{}", NOW + took)
        await work.checks.add_due(portfolio_id, NOW.date(), "10:03", NOW - LATE - second)
        await work.portfolios.set_paused(portfolio_id, paused=True)
    async with store.read() as work:
        counts = await work.counts.take(now=NOW, market_now=NOW)
        in_replay = await work.counts.take(now=NOW, market_now=NOW, is_replay=True)
    assert (counts.checks, counts.checks_late, counts.checks_overdue) == ({"on_target": 3}, 1, 1)
    assert counts.paused == 1
    assert in_replay.checks_late is None
