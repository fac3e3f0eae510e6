"""The vault: what it seals opens only for the same owner, purpose and key."""

from __future__ import annotations

import pytest

from core.adapters.vault import AesGcmVault
from core.ports.vault import SealBroken, UnknownKey

KEY = "a master key of at least thirty-two characters"
SECRET = "canary-7f3a-broker-key"


@pytest.fixture
def vault() -> AesGcmVault:
    return AesGcmVault(KEY)


def test_a_secret_comes_back_as_it_was(vault: AesGcmVault) -> None:
    sealed = vault.seal(SECRET, owner="account:7", purpose="alpaca key")
    assert vault.open(sealed, owner="account:7", purpose="alpaca key") == SECRET
    assert SECRET not in sealed


def test_the_same_secret_never_looks_the_same_twice(vault: AesGcmVault) -> None:
    first, second = (vault.seal(SECRET, owner="a", purpose="p") for _ in range(2))
    assert first != second


@pytest.mark.fault(74)
@pytest.mark.parametrize(
    ("owner", "purpose"),
    [("account:8", "alpaca key"), ("account:7", "other"), ("account:7alpaca", " key"), ("", "")],
)
def test_another_owner_or_purpose_opens_nothing(
    vault: AesGcmVault, owner: str, purpose: str
) -> None:
    sealed = vault.seal(SECRET, owner="account:7", purpose="alpaca key")
    with pytest.raises(SealBroken, match="does not belong"):
        vault.open(sealed, owner=owner, purpose=purpose)


@pytest.mark.fault(73)
def test_another_key_is_named_and_opens_nothing(vault: AesGcmVault) -> None:
    sealed = AesGcmVault("quite another key of thirty-two letters").seal(
        SECRET, owner="a", purpose="p"
    )
    with pytest.raises(UnknownKey, match="EVENKEEL_SECRET_KEY") as caught:
        vault.open(sealed, owner="a", purpose="p")
    assert SECRET not in str(caught.value)


def test_an_older_key_still_opens_and_is_recognised_for_rotation(vault: AesGcmVault) -> None:
    sealed = vault.seal(SECRET, owner="a", purpose="p")
    rotated = AesGcmVault("a new master key of thirty-two characters", older_keys=[KEY])
    assert rotated.open(sealed, owner="a", purpose="p") == SECRET
    assert not rotated.is_current(sealed)
    assert rotated.is_current(rotated.seal(SECRET, owner="a", purpose="p"))


@pytest.mark.parametrize("place", [1, 3, 14, -3])
def test_any_changed_letter_is_noticed(vault: AesGcmVault, place: int) -> None:
    sealed = vault.seal(SECRET, owner="a", purpose="p")
    letter = "A" if sealed[place] != "A" else "B"
    changed = sealed[:place] + letter + sealed[place + 1 :] if place > 0 else sealed[:place]
    with pytest.raises(ValueError, match=r"secret"):
        vault.open(changed, owner="a", purpose="p")


@pytest.mark.parametrize(
    "text", ["", "v1", "v2.a.b.c", "v1.a.b", "v1.k.!!.??", "v1.k..AAAA", SECRET]
)
def test_what_was_never_sealed_is_refused(vault: AesGcmVault, text: str) -> None:
    with pytest.raises(SealBroken, match="sealed secret"):
        vault.open(text, owner="a", purpose="p")


@pytest.mark.fault(71)
def test_no_key_is_shown_by_repr(vault: AesGcmVault) -> None:
    assert KEY not in repr(vault)
