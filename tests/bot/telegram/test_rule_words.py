"""Rules as people type them: condition and action in either order, and what is wrong stays visible."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.telegram.rule_words import read_rule
from core.domain.refusals import BadNumber, RuleEmpty, RuleUnexpected
from core.domain.refusals.rules import BadRule
from core.domain.rules import EXAMPLES, Action


@pytest.mark.parametrize(
    ("typed", "text", "action", "factor"),
    [
        ("VIX > 30 hold off", "VIX > 30", Action.HOLD_OFF, None),
        ("vix>30 Hold-Off.", "vix>30", Action.HOLD_OFF, None),
        ("hold off when VIX > 30", "VIX > 30", Action.HOLD_OFF, None),
        ("If VIX > 30 then hold off", "VIX > 30", Action.HOLD_OFF, None),
        ("VIX > 30 -> hold off", "VIX > 30", Action.HOLD_OFF, None),
        ("SPY drawdown 52w > 10 check now", "SPY drawdown 52w > 10", Action.CHECK_NOW, None),
        ("check now: SPY move 1d < -4", "SPY move 1d < -4", Action.CHECK_NOW, None),
        ("NOW > 100 check now", "NOW > 100", Action.CHECK_NOW, None),
        ("HOLD > 3 notify", "HOLD > 3", Action.NOTIFY, None),
        ("VIX > 30 for 3d, only notify", "VIX > 30 for 3d", Action.NOTIFY, None),
        ("VIX > 30 notify me", "VIX > 30", Action.NOTIFY, None),
        ("tell me if VIX > 30", "VIX > 30", Action.NOTIFY, None),
        ("VIX > 30 widen 1.5", "VIX > 30", Action.WIDEN, Decimal("1.5")),
        ("VIX > 30: widen bands by 2", "VIX > 30", Action.WIDEN, Decimal(2)),
        ("VIX > 30 widen bands × 1.5", "VIX > 30", Action.WIDEN, Decimal("1.5")),
        ("widen x1.5 while VIX > 30", "VIX > 30", Action.WIDEN, Decimal("1.5")),
        ("widen VIX > 30", "VIX > 30", Action.WIDEN, None),
        ("IF > 3 notify", "IF > 3", Action.NOTIFY, None),
        ("when VIX > 30", "VIX > 30", None, None),
    ],
)
def test_condition_and_action_are_told_apart(
    typed: str, text: str, action: Action | None, factor: Decimal | None
) -> None:
    wanted = read_rule(typed)
    assert (wanted.text, wanted.action, wanted.factor) == (text, action, factor)


def test_every_example_can_be_typed() -> None:
    words = {
        Action.NOTIFY: "notify",
        Action.CHECK_NOW: "check now",
        Action.WIDEN: "widen 1.5",
        Action.HOLD_OFF: "hold off",
    }
    for example in EXAMPLES:
        wanted = read_rule(f"{example.text} {words[example.action]}")
        assert wanted == read_rule(f"{words[example.action]} if {example.text}")
        assert (wanted.text, wanted.action, wanted.factor) == (
            example.text,
            example.action,
            example.factor,
        )


def test_a_wrong_condition_is_pointed_at_without_its_action() -> None:
    with pytest.raises(RuleUnexpected) as caught:
        read_rule("SPY drawdonw 52w > 10 check now")
    assert (caught.value.text, caught.value.found) == ("SPY drawdonw 52w > 10", "drawdonw")


def test_two_actions_are_not_one_rule() -> None:
    with pytest.raises(BadRule) as caught:
        read_rule("hold off VIX > 30 notify")
    assert caught.value.text == "hold off VIX > 30"


def test_an_action_alone_is_no_rule() -> None:
    with pytest.raises(RuleEmpty):
        read_rule("hold off")


def test_a_factor_with_a_comma_is_corrected() -> None:
    with pytest.raises(BadNumber) as caught:
        read_rule("VIX > 30 widen 1,5")
    assert caught.value.correction == "1.5"
