"""What every store does with sealed keys: whose they are, which account they open, and changing the seal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain.ids import CredentialId, MemberId, UserId
from core.domain.portfolio import Rung
from core.ports.store import Store, UnitOfWork
from core.ports.store.credentials import Opens, SealedCode, owner_of
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import NOW, Family, settle

PAPER = "https://paper-api.alpaca.markets"
OPENS = Opens("alpaca", "PA3FAKE0001", PAPER, is_live=False)


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(str(request.param), tmp_path) as fresh:
        yield fresh


async def _move(work: UnitOfWork, family: Family) -> None:
    """Let the family's account be the one of the samples at Alpaca."""
    await work.portfolios.move_account(
        family.account.id,
        broker=OPENS.broker,
        broker_account_id=OPENS.broker_account_id,
        rung=Rung.BROKER_PAPER,
    )


def test_what_keys_are_bound_to_says_everything_about_where_they_may_go() -> None:
    assert OPENS.seal_purpose == f"alpaca paper account PA3FAKE0001 at {PAPER}"
    others = [
        replace(OPENS, broker="another"),
        replace(OPENS, broker_account_id="PA3FAKE0002"),
        replace(OPENS, origin="https://elsewhere.example"),
        replace(OPENS, is_live=True),
    ]
    assert len({OPENS.seal_purpose, *(other.seal_purpose for other in others)}) == 5
    assert OPENS.hint == "…0001"
    assert owner_of(MemberId(3)) == "member 3"


async def test_keys_come_back_as_they_were_put(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        put = await work.credentials.put(
            family.member.id, OPENS, sealed="v1.a.b.c", key_hint="7391", at=NOW
        )
        live = replace(OPENS, is_live=True, origin="https://api.alpaca.markets")
        other = await work.credentials.put(
            family.member.id, live, sealed="v1.d.e.f", key_hint="0042", at=NOW
        )
    async with store.read() as work:
        assert await work.credentials.all() == (put, other)
    assert (put.opens, put.key_hint, put.created_at) == (OPENS, "7391", NOW)
    assert other.opens.is_live
    assert "v1.a.b.c" not in repr(put)


async def test_new_keys_of_the_same_account_take_the_place_of_the_old(store: Store) -> None:
    family = await settle(store)
    later = NOW + timedelta(days=1)
    async with store.begin() as work:
        old = await work.credentials.put(
            family.member.id, OPENS, sealed="old", key_hint="old!", at=NOW
        )
        new = await work.credentials.put(
            family.member.id, OPENS, sealed="new", key_hint="new!", at=later
        )
        assert new.id == old.id
        assert await work.credentials.all() == (new,)


async def test_each_member_has_keys_of_their_own(store: Store) -> None:
    first = await settle(store)
    async with store.begin() as work:
        second = await work.people.add_member(UserId(2), first.member.household_id, "Ben")
        for member in (first.member, second):
            await work.credentials.put(member.id, OPENS, sealed="s", key_hint="h", at=NOW)
        found = await work.credentials.all()
    assert [credential.member_id for credential in found] == [first.member.id, second.id]


async def test_an_account_is_reached_by_the_keys_attached_to_it(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        await _move(work, family)
        assert await work.credentials.of_account("alpaca", "PA3FAKE0001") is None
        put = await work.credentials.put(family.member.id, OPENS, sealed="s", key_hint="h", at=NOW)
        assert await work.credentials.of_account("alpaca", "PA3FAKE0001") is None
        await work.credentials.attach(family.account.id, put.id)
        assert await work.credentials.of_account("alpaca", "PA3FAKE0001") == put
        assert await work.credentials.of_account("alpaca", "PA3FAKE0002") is None
        assert await work.credentials.of_account("another", "PA3FAKE0001") is None


async def test_an_account_that_moves_to_another_broker_leaves_its_keys_behind(
    store: Store,
) -> None:
    family = await settle(store)
    async with store.begin() as work:
        await _move(work, family)
        put = await work.credentials.put(family.member.id, OPENS, sealed="s", key_hint="h", at=NOW)
        await work.credentials.attach(family.account.id, put.id)
    async with store.begin() as work:
        account = (await work.portfolios.get(family.portfolio.id)).accounts[0]
        assert (account.id, account.broker, account.broker_account_id, account.rung) == (
            family.account.id,
            "alpaca",
            "PA3FAKE0001",
            Rung.BROKER_PAPER,
        )
        await work.portfolios.move_account(
            account.id, broker="alpaca", broker_account_id="PA3RESET0001", rung=Rung.BROKER_PAPER
        )
        assert await work.credentials.of_account("alpaca", "PA3RESET0001") == put
        await work.portfolios.move_account(
            account.id, broker="another", broker_account_id="0009", rung=Rung.DRY_RUN
        )
        assert await work.credentials.of_account("another", "0009") is None


async def test_removed_keys_reach_nothing_and_the_account_stays(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        await _move(work, family)
        put = await work.credentials.put(family.member.id, OPENS, sealed="s", key_hint="h", at=NOW)
        await work.credentials.attach(family.account.id, put.id)
    async with store.begin() as work:
        assert await work.credentials.remove(put.id)
        assert not await work.credentials.remove(put.id)
    async with store.read() as work:
        assert await work.credentials.all() == ()
        assert await work.credentials.of_account("alpaca", "PA3FAKE0001") is None
        account = (await work.portfolios.get(family.portfolio.id)).accounts[0]
        assert account.broker_account_id == "PA3FAKE0001"


async def test_a_seal_is_changed_only_where_it_is_still_the_one_that_was_read(
    store: Store,
) -> None:
    family = await settle(store)
    async with store.begin() as work:
        put = await work.credentials.put(
            family.member.id, OPENS, sealed="before", key_hint="h", at=NOW
        )
        assert not await work.credentials.reseal(put.id, "something else", "after")
        assert not await work.credentials.reseal(CredentialId(put.id + 1), "before", "after")
        assert await work.credentials.reseal(put.id, "before", "after")
        assert not await work.credentials.reseal(put.id, "before", "after")
        assert await work.credentials.all() == (replace(put, sealed="after"),)


async def test_one_time_codes_are_sealed_anew_in_the_same_way(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        assert await work.credentials.codes() == ()
        await work.codes.put(family.member.id, sealed="before", step=0, at=NOW)
        assert await work.credentials.codes() == (SealedCode(family.member.id, "before"),)
        assert not await work.credentials.reseal_code(family.member.id, "else", "after")
        assert await work.credentials.reseal_code(family.member.id, "before", "after")
        assert await work.credentials.codes() == (SealedCode(family.member.id, "after"),)
