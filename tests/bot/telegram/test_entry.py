"""Entry: every button names what it asks for, and is held against the table before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.telegram.buttons import VERBS
from bot.telegram.commands import command_named
from bot.telegram.commands.command import Words
from bot.telegram.verb_acts import VERB_ACTS
from core.domain.membership import Role
from core.domain.permissions import Act
from tests.bot.telegram.stage import ANNA, BEN, stage
from tests.bot.telegram.test_groups import let_ben_in


def test_every_verb_has_an_act_and_every_act_of_a_verb_a_verb() -> None:
    assert set(VERB_ACTS) == set(VERBS)


@pytest.mark.parametrize(
    ("name", "words", "act"),
    [
        ("targets", "", Act.SEE_PORTFOLIO),
        ("targets", "@family", Act.SEE_PORTFOLIO),
        ("targets", "VTI 100 @family", Act.CHANGE_TARGETS),
        ("holdings", "", Act.SEE_HOLDINGS),
        ("holdings", "done 4 1", Act.ANSWER_CHECKLIST),
        ("holdings", "VTI 10 @250", Act.TYPE_HOLDINGS),
        ("tax", "rules us", Act.SET_OWN),
        ("tax", "treatment taxable", Act.SET_TREATMENT),
        ("tax", "same VTI VTSAX", Act.SET_EQUIVALENTS),
        ("tax", "csv", Act.SEE_TAXES),
        ("rules", "examples", Act.SEE_RULES),
        ("rules", "off 1", Act.CHANGE_RULES),
        ("portfolio", "@family", Act.CHOOSE_PORTFOLIO),
        ("portfolio", "home off", Act.CHOOSE_HOME),
        ("harvest", "losses 2020", Act.SEE_HARVESTED),
        ("harvest", "500", Act.ASK_FOR_HARVEST),
        ("accounts", "add Mine", Act.ADD_ACCOUNT),
    ],
)
def test_words_behind_a_command_ask_for_more(name: str, words: str, act: Act) -> None:
    command = command_named(name)
    assert command is not None
    assert command.act_of(Words(words)) is act


async def test_a_viewer_s_tap_is_refused_before_it_does_anything(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await let_ben_in(bot, Role.APPROVER)
        shown = await bot.ask(BEN, "/proposals", "proposal 1")
        await let_ben_in(bot, Role.VIEWER)
        words, is_alert = await bot.answer(bot.press(BEN, shown, "Edit lines"))
        assert is_alert
        assert words.startswith("To edit takes an approver; you are a viewer here.")
