"""What every store does with holds on accounts and with looks at them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.hold import Hold, HoldReason
from core.domain.look import Held, Look
from core.ports.store import Store
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import BND, EXACT, NOW, VTI, Family, settle

SOON = timedelta(minutes=5)
R = HoldReason


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


def a_hold(family: Family, reason: R = R.KEYS_REFUSED, detail: str = "refused") -> Hold:
    return Hold(family.account.id, reason, detail, NOW)


async def test_one_hold_of_each_reason_stands_on_an_account(store: Store) -> None:
    family = await settle(store)
    other = await settle(store, slug="other")
    async with store.begin() as work:
        assert await work.holds.place(a_hold(family))
        assert not await work.holds.place(a_hold(family, detail="locked"))
        assert await work.holds.place(a_hold(family, R.STRANGE_FILL, "more rb-1"))
        assert await work.holds.place(a_hold(other))
    async with store.read() as work:
        keys, strange = await work.holds.standing(family.account.id)
        assert (keys.reason, keys.detail, keys.since) == (R.KEYS_REFUSED, "locked", NOW)
        assert strange == a_hold(family, R.STRANGE_FILL, "more rb-1")
        both = await work.holds.standing_on([family.account.id, other.account.id])
        assert both == {family.account.id: (keys, strange), other.account.id: (a_hold(other),)}
        assert await work.holds.every_standing() == (keys, strange, a_hold(other))


async def test_a_hold_is_lifted_once_and_can_be_placed_again(store: Store) -> None:
    family = await settle(store)
    number = family.account.id
    async with store.begin() as work:
        assert not await work.holds.lift(number, R.KEYS_REFUSED, NOW, None)
        await work.holds.place(a_hold(family))
        assert await work.holds.lift(number, R.KEYS_REFUSED, NOW + SOON, None)
        assert not await work.holds.lift(number, R.KEYS_REFUSED, NOW + SOON, None)
        assert await work.holds.standing(number) == ()
        assert await work.holds.place(a_hold(family, detail="again"))
        assert [hold.detail for hold in await work.holds.standing(number)] == ["again"]


async def test_what_a_person_has_lifted_is_known_and_what_lifted_itself_is_not(
    store: Store,
) -> None:
    family = await settle(store)
    number, reason = family.account.id, R.STRANGE_FILL
    async with store.begin() as work:
        for detail, by in (("unknown rb-1", family.member.id), ("unknown rb-2", None)):
            await work.holds.place(a_hold(family, reason, detail))
            await work.holds.lift(number, reason, NOW, by)
    async with store.read() as work:
        assert [h.detail for h in await work.holds.lifted(number, reason)] == ["unknown rb-1"]


def a_look(family: Family, minutes: int = 0) -> Look:
    return Look(
        family.account.id,
        NOW + timedelta(minutes=minutes),
        Decimal("120.55"),
        "USD",
        {VTI: Held(EXACT, "asset-vti", Decimal("150.10")), BND: Held(Decimal("-0.5"))},
        fills_seen=minutes,
    )


async def test_the_latest_look_comes_back_with_every_digit(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        assert await work.looks.last(family.account.id) is None
        for minutes in range(8):
            await work.looks.add(a_look(family, minutes))
        await work.looks.add(a_look(family, 7))
    async with store.read() as work:
        assert await work.looks.last(family.account.id) == a_look(family, 7)


async def test_forgotten_looks_are_gone_and_others_stay(store: Store) -> None:
    family = await settle(store)
    other = await settle(store, slug="other")
    async with store.begin() as work:
        await work.looks.add(a_look(family))
        await work.looks.add(a_look(other))
        await work.looks.forget(family.account.id)
    async with store.read() as work:
        assert await work.looks.last(family.account.id) is None
        assert await work.looks.last(other.account.id) == a_look(other)


async def test_only_the_last_few_looks_are_kept(store: Store) -> None:
    from sqlalchemy import func, select

    from core.adapters.store.accounts import LOOKS_KEPT
    from core.adapters.store.store import SqlUnitOfWork
    from core.adapters.store.tables import ACCOUNT_SNAPSHOTS

    family = await settle(store)
    async with store.begin() as work:
        for minutes in range(12):
            await work.looks.add(a_look(family, minutes))
    async with store.read() as work:
        assert isinstance(work, SqlUnitOfWork)
        rows = select(func.count()).select_from(ACCOUNT_SNAPSHOTS)
        assert await work._database.value(rows) == LOOKS_KEPT
