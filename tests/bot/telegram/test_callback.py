"""Buttons' payloads: whatever we make can be read back in its chat, and nothing else can be read at all."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.callback import MAX_BYTES, decode, encode
from bot.telegram.screen import Action

KEY = b"k" * 32
CHAT = -1001234567890
APPROVE = Action("approve", (42, 1))

verbs = st.from_regex(r"[a-z][a-z_]{0,7}", fullmatch=True)
symbols = st.from_regex(r"[A-Z0-9][A-Z0-9.\-]{0,11}", fullmatch=True)
numbers = st.integers(-(2**31), 2**31 - 1)
actions = st.builds(
    lambda verb, symbol, args: Action(verb, (*symbol, *args)),
    verbs,
    st.lists(symbols, max_size=1),
    st.lists(numbers, max_size=1),
)
chats = st.integers(-(2**52), 2**52)


@given(actions, chats, st.binary(min_size=16, max_size=64))
def test_reads_back_what_it_wrote_within_64_bytes(action: Action, chat: int, key: bytes) -> None:
    data = encode(action, chat, key)
    assert 1 <= len(data.encode()) <= MAX_BYTES
    assert decode(data, chat, key) == action


@pytest.mark.parametrize(
    "action",
    [
        Action("approve", (2**31 - 1, 9_999)),
        Action("drop", (2**31 - 1, 9_999, 100)),
        Action("buyonly", (2**31 - 1, 9_999)),
        Action("tg_use", (2**31 - 1, "0123456789")),
        Action("set_role", (9_999, 2**40, "approver")),
        Action("add", (9_999, "ABCDEFGHIJ.K")),
        Action("status"),
    ],
)
def test_every_kind_of_button_fits(action: Action) -> None:
    assert decode(encode(action, CHAT, KEY), CHAT, KEY) == action


@pytest.mark.fault(47)
def test_button_of_another_chat_is_refused() -> None:
    data = encode(APPROVE, CHAT, KEY)
    assert decode(data, 1001, KEY) is None
    assert decode(data, -CHAT, KEY) is None


def test_button_of_another_installation_is_refused() -> None:
    assert decode(encode(APPROVE, CHAT, KEY), CHAT, b"x" * 32) is None


@pytest.mark.fault(46)
@pytest.mark.parametrize(
    "data", [None, "", "A", "approve:42:1", "ü" * 10, "A" * 65, "=" * 8, "\x00"]
)
def test_nonsense_is_refused(data: str | None) -> None:
    assert decode(data, CHAT, KEY) is None


@pytest.mark.fault(46)
def test_every_truncation_and_extension_is_refused() -> None:
    data = encode(APPROVE, CHAT, KEY)
    pieces = [data[:end] for end in range(len(data))] + [data + extra for extra in "A=-_ \n"]
    assert all(decode(piece, CHAT, KEY) is None for piece in pieces)


@pytest.mark.fault(46)
def test_every_change_of_one_character_is_refused() -> None:
    """Unused bits of the last character, too: two texts must never mean the same button."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=."
    for action in (APPROVE, Action("status"), Action("why", (42, 10)), Action("a", (1,))):
        data = encode(action, CHAT, KEY)
        for place, char in enumerate(data):
            for other in alphabet.replace(char, ""):
                assert decode(data[:place] + other + data[place + 1 :], CHAT, KEY) is None


@pytest.mark.fault(46)
def test_none_of_many_thousand_forgeries_is_accepted() -> None:
    """Mutated, random and spliced payloads; the seed is fixed, so that a find can be repeated."""
    chance = random.Random(46)
    genuine = [
        base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
        for data in (encode(Action("approve", (n, 1)), CHAT, KEY) for n in range(50))
    ]
    accepted = [
        forged
        for forged in (_forgery(chance, genuine) for _ in range(200_000))
        if forged and decode(forged, CHAT, KEY) is not None
    ]
    assert accepted == []


def _forgery(chance: random.Random, genuine: list[bytes]) -> str:
    raw = bytearray(chance.choice(genuine))
    kind = chance.randrange(4)
    if kind == 0:
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    elif kind == 1:
        raw = bytearray(chance.randbytes(chance.randrange(1, 48)))
    elif kind == 2:
        other = next(made for made in (chance.choice(genuine) for _ in range(9)) if made != raw)
        raw[-16:] = other[-16:]
    else:
        del raw[chance.randrange(len(raw))]
    return base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()


@pytest.mark.parametrize("verb", ["", "Approve", "a" * 17, "a-b", "1a", "ä"])
def test_verbs_are_short_plain_words(verb: str) -> None:
    with pytest.raises(ValueError, match="is no verb"):
        encode(Action(verb), CHAT, KEY)


def test_what_does_not_fit_is_an_error_of_ours_and_not_telegrams() -> None:
    with pytest.raises(ValueError, match="needs 44 bytes and may have 31"):
        encode(Action("add", ("A" * 12, "B" * 12, "C" * 13)), CHAT, KEY)
    with pytest.raises(ValueError, match="too large"):
        encode(Action("add", (2**70,)), CHAT, KEY)
    with pytest.raises(ValueError, match="too long"):
        encode(Action("add", ("A" * 200,)), CHAT, KEY)
