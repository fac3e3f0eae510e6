"""What every store does with one-time codes: a step counts once, wrong codes are counted, a lock ends the counting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain.ids import MemberId, UserId
from core.ports.store import Store
from core.ports.store.codes import KeptCodes
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import NOW, settle

STEP = 59_000_000


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(str(request.param), tmp_path) as fresh:
        yield fresh


async def enrolled(store: Store) -> MemberId:
    member = (await settle(store)).member.id
    async with store.begin() as work:
        await work.codes.put(member, sealed="v1.k.n.c", step=STEP, at=NOW)
    return member


async def test_codes_come_back_as_they_were_put(store: Store) -> None:
    member = await enrolled(store)
    async with store.read() as work:
        kept = await work.codes.of(member)
        assert await work.codes.of(MemberId(member + 1)) is None
    assert kept == KeptCodes(member, "v1.k.n.c", STEP, 0, None, NOW)
    assert "v1.k.n.c" not in repr(kept)


async def test_a_step_is_accepted_once_and_none_before_it(store: Store) -> None:
    member = await enrolled(store)
    async with store.begin() as work:
        assert not await work.codes.use(member, STEP)
        assert await work.codes.use(member, STEP + 2)
        assert not await work.codes.use(member, STEP + 2)
        assert not await work.codes.use(member, STEP + 1)
        assert not await work.codes.use(MemberId(member + 1), STEP + 9)
        kept = await work.codes.of(member)
    assert kept is not None
    assert kept.last_step == STEP + 2


async def test_a_right_code_forgives_the_wrong_ones_before_it(store: Store) -> None:
    member = await enrolled(store)
    async with store.begin() as work:
        assert [await work.codes.fail(member) for _ in range(3)] == [1, 2, 3]
        assert await work.codes.use(member, STEP + 1)
        assert await work.codes.fail(member) == 1
        assert await work.codes.fail(MemberId(member + 1)) == 0


async def test_a_lock_has_its_end_and_the_counting_starts_anew(store: Store) -> None:
    member = await enrolled(store)
    until = NOW + timedelta(minutes=15)
    async with store.begin() as work:
        await work.codes.fail(member)
        await work.codes.lock(member, until)
        kept = await work.codes.of(member)
        assert kept is not None
        assert (kept.failures, kept.locked_until) == (0, until)
        await work.codes.use(member, STEP + 1)
        kept = await work.codes.of(member)
        assert kept is not None
        assert kept.locked_until is None


async def test_a_new_secret_takes_the_place_of_the_old_with_all_that_was_noted(
    store: Store,
) -> None:
    member = await enrolled(store)
    async with store.begin() as work:
        await work.codes.fail(member)
        await work.codes.lock(member, NOW + timedelta(minutes=15))
        await work.codes.put(member, sealed="v1.new", step=STEP + 5, at=NOW)
        assert await work.codes.of(member) == KeptCodes(member, "v1.new", STEP + 5, 0, None, NOW)


async def test_removed_codes_are_gone_and_nobody_elses(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        other = await work.people.add_member(UserId(2), family.member.household_id, "Ben")
        for member in (family.member.id, other.id):
            await work.codes.put(member, sealed="v1.s", step=STEP, at=NOW)
        assert await work.codes.remove(family.member.id)
        assert not await work.codes.remove(family.member.id)
        assert await work.codes.of(family.member.id) is None
        assert await work.codes.of(other.id) is not None
