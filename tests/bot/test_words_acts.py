"""Words of acts: what a refusal says was tried."""

from __future__ import annotations

from bot.words.acts import ACT_WORDS
from core.domain.permissions import Act


def test_every_act_has_words_of_its_own() -> None:
    assert set(ACT_WORDS) == set(Act)
    assert len(set(ACT_WORDS.values())) == len(Act)
