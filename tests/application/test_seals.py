"""Seals in the store: changing the master key, wrong keys, and secrets that were moved about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from core.adapters.store import SqlStore
from core.adapters.vault import AesGcmVault
from core.application.key_ring import StoredKeys, seal_keys
from core.application.seals import examine_seals, require_openable, rotate_key
from core.domain.access_fault import AccessFault
from core.domain.portfolio import Rung
from core.domain.refusals import MasterKeyMissing, MasterKeyWrong, SealsBroken
from core.ports.broker import BrokerUnavailable, NoAccess
from core.ports.broker_keys import BrokerKeys
from core.ports.store.credentials import ONE_TIME_CODES as CODES
from core.ports.store.credentials import Credential, Opens, owner_of
from core.ports.vault import Vault
from tests.contracts.store_samples import NOW, Family, settle
from tests.fakes.clock import FakeClock
from tests.fakes.store import make_store

OLD, NEW, OTHER = (f"a-master-key-of-some-length-number-{n}" for n in (1, 2, 3))
PAPER = "https://paper-api.alpaca.markets"


class KilledError(Exception):
    """The process ends here."""


@dataclass
class DyingVault:
    """A vault whose process ends when it is to seal for the so-manieth time."""

    vault: AesGcmVault
    seals_left: int

    def seal(self, secret: str, *, owner: str, purpose: str) -> str:
        if not self.seals_left:
            raise KilledError
        self.seals_left -= 1
        return self.vault.seal(secret, owner=owner, purpose=purpose)

    def open(self, sealed: str, *, owner: str, purpose: str) -> str:
        return self.vault.open(sealed, owner=owner, purpose=purpose)

    def is_current(self, sealed: str) -> bool:
        return self.vault.is_current(sealed)


def _keys(number: int) -> BrokerKeys:
    return BrokerKeys(f"PKKEY{number}", f"secret-{number}", PAPER, is_live=False)


async def _keep(
    store: SqlStore, vault: Vault, family: Family, number: int, *, is_live: bool = False
) -> Credential:
    """Let the family's account be one of Alpaca's, with keys."""
    opens = Opens("alpaca", f"PA3FAKE000{number}", PAPER, is_live)
    sealed = seal_keys(vault, _keys(number), opens, owner=owner_of(family.member.id))
    async with store.begin() as work:
        await work.portfolios.move_account(
            family.account.id,
            broker="alpaca",
            broker_account_id=opens.broker_account_id,
            rung=Rung.BROKER_PAPER,
        )
        kept = await work.credentials.put(
            family.member.id, opens, sealed=sealed, key_hint=f"KEY{number}", at=NOW
        )
        await work.credentials.attach(family.account.id, kept.id)
    return kept


async def _keep_code(store: SqlStore, vault: Vault, family: Family) -> None:
    sealed = vault.seal("code secret", owner=owner_of(family.member.id), purpose=CODES)
    async with store.begin() as work:
        await work.codes.put(family.member.id, sealed=sealed, step=0, at=NOW)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    made = await make_store(tmp_path)
    yield made
    await made.aclose()


@pytest.fixture
async def full(store: SqlStore) -> SqlStore:
    """Keys of three accounts and one member's codes, sealed with the old key."""
    vault = AesGcmVault(OLD)
    for number in (1, 2, 3):
        family = await settle(store, user=number, slug=f"p{number}")
        await _keep(store, vault, family, number)
    await _keep_code(store, vault, family)
    return store


def _ring(store: SqlStore, vault: Vault | None, *, may_be_live: bool = False) -> StoredKeys:
    return StoredKeys(store, vault, "alpaca", may_be_live, on_opened=lambda _: None)


# --- changing the master key ---------------------------------------------------------------------


async def test_everything_is_sealed_anew_and_the_old_key_can_go(full: SqlStore) -> None:
    both = AesGcmVault(NEW, [OLD])
    assert await rotate_key(full, both, FakeClock()) == 4
    assert await rotate_key(full, both, FakeClock()) == 0
    alone = AesGcmVault(NEW)
    assert len((await require_openable(full, alone)).current) == 4
    assert await _ring(full, alone).keys_of("PA3FAKE0002") == _keys(2)
    async with full.read() as work:
        events = await work.log.events(None, 10)
        assert [(e.kind, e.data) for e in events] == [("key_rotated", "4")]


@pytest.mark.fault(73)
@pytest.mark.parametrize("done_before", [0, 1, 2, 3])
async def test_a_change_of_keys_that_was_killed_goes_on_where_it_was(
    full: SqlStore, done_before: int
) -> None:
    both = AesGcmVault(NEW, [OLD])
    with pytest.raises(KilledError):
        await rotate_key(full, DyingVault(both, done_before), FakeClock())
    halfway = await examine_seals(full, both)
    assert (len(halfway.current), len(halfway.older)) == (done_before, 4 - done_before)
    for number in (1, 2, 3):
        assert await _ring(full, both).keys_of(f"PA3FAKE000{number}") == _keys(number)
    assert await rotate_key(full, both, FakeClock()) == 4 - done_before
    assert (await examine_seals(full, AesGcmVault(NEW))).locked == ()


async def test_what_somebody_changed_meanwhile_is_left_as_they_made_it(full: SqlStore) -> None:
    both = AesGcmVault(NEW, [OLD])
    report = await examine_seals(full, both)
    (first, *_) = report.older
    assert isinstance(first.kept, Credential)
    async with full.begin() as work:
        assert await work.credentials.reseal(first.kept.id, first.text, "v1.changed.by.others")
        assert not await work.credentials.reseal(first.kept.id, first.text, "v1.too.late.here")
        assert (await work.credentials.all())[0].sealed == "v1.changed.by.others"


@pytest.mark.fault(73)
async def test_a_wrong_key_changes_nothing(full: SqlStore) -> None:
    async with full.read() as work:
        before = await work.credentials.all()
    for vault in (AesGcmVault(OTHER), AesGcmVault(NEW, [OTHER])):
        with pytest.raises(MasterKeyWrong) as refused:
            await rotate_key(full, vault, FakeClock())
        assert (refused.value.locked, refused.value.sealed) == (4, 4)
        with pytest.raises(MasterKeyWrong):
            await require_openable(full, vault)
    with pytest.raises(MasterKeyMissing) as missing:
        await rotate_key(full, None, FakeClock())
    assert missing.value.sealed == 4
    async with full.read() as work:
        assert await work.credentials.all() == before


async def test_without_anything_sealed_any_key_or_none_will_do(store: SqlStore) -> None:
    assert (await require_openable(store, None)).total == 0
    assert (await require_openable(store, AesGcmVault(OTHER))).total == 0
    with pytest.raises(MasterKeyMissing) as missing:
        await rotate_key(store, None, FakeClock())
    assert missing.value.sealed == 0


# --- secrets that were moved about ---------------------------------------------------------------


async def _swap(store: SqlStore) -> None:
    """Exchange the sealed texts of the first two accounts' keys."""
    async with store.begin() as work:
        first, second, *_ = await work.credentials.all()
        assert await work.credentials.reseal(first.id, first.sealed, second.sealed)
        assert await work.credentials.reseal(second.id, second.sealed, first.sealed)


@pytest.mark.fault(74)
async def test_exchanged_ciphertexts_are_noticed_and_open_nothing(full: SqlStore) -> None:
    vault = AesGcmVault(OLD)
    await _swap(full)
    report = await require_openable(full, vault)
    assert (len(report.current), len(report.broken)) == (2, 2)
    assert report.damage.accounts == (("alpaca", "0001"), ("alpaca", "0002"))
    for number in (1, 2):
        with pytest.raises(NoAccess, match=f"account …000{number} were changed") as refused:
            await _ring(full, vault).keys_of(f"PA3FAKE000{number}")
        assert refused.value.why is AccessFault.BROKEN_SEAL
    assert await _ring(full, vault).keys_of("PA3FAKE0003") == _keys(3)
    with pytest.raises(SealsBroken):
        await rotate_key(full, AesGcmVault(NEW, [OLD]), FakeClock())
    assert len((await examine_seals(full, vault)).current) == 2


@pytest.mark.fault(74)
async def test_one_members_keys_are_of_no_use_to_another(store: SqlStore) -> None:
    vault = AesGcmVault(OLD)
    ann = await settle(store, user=1, slug="p1")
    ben = await settle(store, user=2, slug="p2")
    kept = await _keep(store, vault, ann, 1)
    async with store.begin() as work:
        await work.credentials.remove(kept.id)
        stolen = await work.credentials.put(
            ben.member.id, kept.opens, sealed=kept.sealed, key_hint="KEY1", at=NOW
        )
        await work.credentials.attach(ann.account.id, stolen.id)
    with pytest.raises(NoAccess) as refused:
        await _ring(store, vault).keys_of("PA3FAKE0001")
    assert refused.value.why is AccessFault.BROKEN_SEAL


@pytest.mark.fault(74)
@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://thief.example"},
        {"broker_account_id": "PA3FAKE0002"},
        {"is_live": True},
    ],
)
async def test_keys_go_nowhere_else_whatever_the_database_says(
    store: SqlStore, change: dict[str, object]
) -> None:
    """Somebody who can write into the database cannot send the keys to a place of their own."""
    vault = AesGcmVault(OLD)
    family = await settle(store)
    kept = await _keep(store, vault, family, 1)
    opens = replace(kept.opens, **change)  # type: ignore[arg-type]
    async with store.begin() as work:
        await work.credentials.remove(kept.id)
        forged = await work.credentials.put(
            family.member.id, opens, sealed=kept.sealed, key_hint="KEY1", at=NOW
        )
        await work.portfolios.move_account(
            family.account.id,
            broker="alpaca",
            broker_account_id=opens.broker_account_id,
            rung=Rung.BROKER_PAPER,
        )
        await work.credentials.attach(family.account.id, forged.id)
    with pytest.raises(NoAccess) as refused:
        await _ring(store, vault, may_be_live=True).keys_of(opens.broker_account_id)
    assert refused.value.why is AccessFault.BROKEN_SEAL


# --- the ring ------------------------------------------------------------------------------------


class NeverOpened(AesGcmVault):
    """A vault that must not be asked."""

    def open(self, sealed: str, *, owner: str, purpose: str) -> str:
        raise AssertionError("opened")


@pytest.mark.fault(76)
async def test_keys_of_real_money_are_not_even_opened_on_paper(store: SqlStore) -> None:
    family = await settle(store)
    await _keep(store, AesGcmVault(OLD), family, 1, is_live=True)
    shut = _ring(store, NeverOpened(OLD))
    with pytest.raises(NoAccess) as refused:
        await shut.keys_of("PA3FAKE0001")
    assert refused.value.why is AccessFault.LIVE_IN_PAPER
    assert await shut.any_keys() is None
    opened = await _ring(store, AesGcmVault(OLD), may_be_live=True).keys_of("PA3FAKE0001")
    assert opened == replace(_keys(1), is_live=True)


async def test_keys_for_prices_are_those_for_paper_first(store: SqlStore) -> None:
    vault = AesGcmVault(OLD)
    assert await _ring(store, vault).any_keys() is None
    live = await settle(store, user=1, slug="p1")
    paper = await settle(store, user=2, slug="p2")
    await _keep(store, vault, live, 1, is_live=True)
    await _keep(store, vault, paper, 2)
    assert await _ring(store, vault, may_be_live=True).any_keys() == _keys(2)


async def test_a_ring_without_a_vault_or_a_store_opens_nothing(full: SqlStore) -> None:
    with pytest.raises(NoAccess) as refused:
        await _ring(full, None).keys_of("PA3FAKE0001")
    assert refused.value.why is AccessFault.LOCKED
    assert await _ring(full, AesGcmVault(OLD)).keys_of("PA3FAKE0009") is None


async def test_every_opened_secret_is_told_so_that_no_log_shows_it(full: SqlStore) -> None:
    heard: list[str] = []
    ring = StoredKeys(full, AesGcmVault(OLD), "alpaca", may_be_live=False, on_opened=heard.append)
    assert await ring.keys_of("PA3FAKE0001") is not None
    assert heard == ["PKKEY1", "secret-1"]
    shown = f"{ring!r} {await ring.keys_of('PA3FAKE0001')!r}"
    assert not [text for text in (*heard, OLD) if text in shown]


def test_no_access_is_certainly_not_sent() -> None:
    assert issubclass(NoAccess, BrokerUnavailable)
