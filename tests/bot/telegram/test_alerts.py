"""``/alerts`` in the running bot: everything shown, set by buttons, and typed as in ``/policy``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.telegram.callback import encode
from bot.telegram.screen import Action
from bot.telegram.views.alerts import SETTINGS
from core.domain.policy_fields import change_policy
from core.domain.portfolio import ManagedPortfolio
from tests.bot.telegram.scenes import managed
from tests.bot.telegram.stage import ANNA, stage


async def test_everything_is_shown_and_a_tap_sets_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        shown = await bot.ask(ANNA, "/alerts", "When I look", "What is news", "How it is told")
        assert "Checks: 11:00 ET" in shown.text
        assert "Again from: 2 points further" in shown.text
        choices = await bot.tap(
            ANNA, shown, "Checks", "when the portfolio is looked at".capitalize()
        )
        assert choices.message_id == shown.message_id
        marks = [button.text for button in choices.buttons]
        assert marks[:2] == ["✓ 11:00 ET", "15 min after the open"]
        again = await bot.tap(ANNA, choices, "30 min before the close", "When I look")
        assert "Checks: 30 min before the close" in again.text
        assert (await bot.portfolio()).policy.check_times != ()
        typed = await bot.ask(ANNA, "/alerts growth off cooldown 10", "quiet days are over")
        assert "Quiet: 10 trading days after an answer" in typed.text
        await bot.ask(ANNA, "/alerts growth", "Each name needs a value", "/policy")
        await bot.ask(ANNA, "/alerts growth lots", "/alerts check close-30m growth 3")


def test_every_choice_can_be_set_and_fits_into_its_button() -> None:
    family = managed()
    for setting in SETTINGS:
        for value in setting.offers(family):
            policy = change_policy(family.policy, [(setting.field, value)])
            assert setting.of.show(policy) == value
            assert setting.words(family, value)
            action = Action("al", (2**31, setting.key, value))
            assert len(encode(action, -(10**12), b"k" * 32)) <= 64


def test_a_value_that_is_none_of_the_usual_is_shown_first() -> None:
    family = _with(managed(), "cool_down", "7")
    (quiet,) = [setting for setting in SETTINGS if setting.field == "cool_down"]
    assert quiet.offers(family)[0] == "7"
    (day,) = [setting for setting in SETTINGS if setting.field == "calendar_day"]
    weekly = _with(family, "calendar", "weekly")
    assert [day.words(weekly, value) for value in day.offers(weekly)][-1] == "Friday"


def _with(family: ManagedPortfolio, name: str, value: str) -> ManagedPortfolio:
    return replace(family, policy=change_policy(family.policy, [(name, value)]))
