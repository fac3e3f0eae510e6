"""What every store keeps of pinned messages, and of what is put into the outbox anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain.ids import ChatId, PortfolioId
from core.domain.pinned import Pinned
from core.ports.store import Store
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import NOW, settle

HERE, GROUP, BIGGER = ChatId(700_000_000_001), ChatId(-501), ChatId(-1_000_000_000_501)


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


async def test_one_is_kept_checked_and_forgotten(store: Store) -> None:
    family = await settle(store)
    portfolio = family.portfolio.id
    here = Pinned(portfolio, HERE)
    group = Pinned(portfolio, GROUP, NOW, 12, is_pinned=True, made_at=NOW)
    async with store.begin() as work:
        assert await work.pinned.of([portfolio]) == {}
        for each in (here, group, replace(here, message_id=7)):
            await work.pinned.keep(each)
        later = NOW + timedelta(days=1)
        await work.pinned.checked([portfolio, PortfolioId(99)], later)
        assert await work.pinned.of([portfolio]) == {
            portfolio: (
                replace(group, checked_at=later),
                replace(here, message_id=7, checked_at=later),
            )
        }
        assert await work.pinned.forget(portfolio, HERE)
        assert not await work.pinned.forget(portfolio, HERE)
        assert len((await work.pinned.of([portfolio]))[portfolio]) == 1


async def test_one_follows_its_group_and_takes_the_place_of_the_new_ones(store: Store) -> None:
    family = await settle(store)
    portfolio = family.portfolio.id
    async with store.begin() as work:
        await work.pinned.keep(Pinned(portfolio, GROUP, message_id=1))
        await work.pinned.keep(Pinned(portfolio, BIGGER, message_id=2))
        await work.conversation.migrate_chat(GROUP, BIGGER)
        assert await work.pinned.of([portfolio]) == {portfolio: (Pinned(portfolio, BIGGER),)}, (
            "its message stays behind in the old group"
        )


async def test_only_the_newest_of_what_was_not_tried_waits(store: Store) -> None:
    family = await settle(store)
    portfolio = family.portfolio.id
    async with store.begin() as work:
        outbox = work.outbox
        await work.pinned.keep(Pinned(portfolio, HERE))
        await outbox.edit_pinned([portfolio], NOW)
        (tried,) = await outbox.queued(NOW, 10)
        await outbox.mark_failed(tried.id, retry_at=NOW, error="told to wait")
        for minutes in (1, 2, 3):
            at = NOW + timedelta(minutes=minutes)
            await outbox.edit_pinned([portfolio], at)
        kept, newest = await outbox.queued(NOW + timedelta(hours=1), 10)
    assert kept.id == tried.id, "one that was tried keeps its place, and its wait"
    assert newest.created_at == NOW + timedelta(minutes=3)
