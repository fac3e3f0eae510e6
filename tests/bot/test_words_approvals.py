"""The approval rule and what a plan needs, in words."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.words.approvals import one_of, rule_sentences, span, why_sentence
from core.domain.approval import ApprovalRule, Because, Need, Why
from core.domain.ids import MemberId

ANNA, BEN = MemberId(1), MemberId(2)
NAMES = {ANNA: "Anna", BEN: "Ben"}
HOUR = timedelta(hours=1)


def test_nothing_set_is_one_sentence() -> None:
    assert rule_sentences(ApprovalRule(), NAMES) == ["One person approves a plan."]


def test_a_whole_rule_is_a_sentence_for_each_thing_it_asks_for() -> None:
    rule = ApprovalRule(
        above=Decimal(5000),
        share=Decimal(10),
        gain=Decimal("1000.50"),
        four_eyes=True,
        veto=HOUR,
        ask_first=(BEN, MemberId(9)),
        remind_after=2 * HOUR,
    )
    assert rule_sentences(rule, NAMES) == [
        "One person approves a plan.",
        (
            "Two different people approve plans that trade more than $5,000, trade more than 10% of the "
            "portfolio or sell lots with gains of more than $1,000.50."
        ),
        "Whoever asks for a plan, or changes it, cannot approve it alone.",
        "Orders go one hour after the last approval, unless somebody objects.",
        "Ben is asked first.",
        "The others are asked, and who has not answered is reminded, after 2 hours.",
    ]


def test_a_limit_that_asks_for_nobody_more_is_not_said() -> None:
    rule = ApprovalRule(people=2, above=Decimal(5000), remind_after=HOUR)
    assert rule_sentences(rule, NAMES) == [
        "Two different people approve every plan.",
        "Who has not answered is reminded, after one hour.",
    ]


def test_several_are_asked_first() -> None:
    rule = ApprovalRule(ask_first=(ANNA, BEN))
    assert rule_sentences(rule, NAMES)[-1] == "Anna and Ben are asked first."


@pytest.mark.parametrize(
    ("need", "sentence"),
    [
        (Need(), ""),
        (Need(2, (Why(Because.ALWAYS),)), "Two people must approve it."),
        (
            Need(3, (Why(Because.AMOUNT, Decimal(5000), Decimal(6000)),)),
            "Three people must approve it: it trades more than $5,000.",
        ),
        (
            Need(2, (Why(Because.SHARE, Decimal(10)), Why(Because.GAIN, Decimal("0.5")))),
            (
                "Two people must approve it: it trades more than 10% of the portfolio and sells gains of "
                "more than $0.50."
            ),
        ),
    ],
)
def test_why_a_plan_needs_several_people(need: Need, sentence: str) -> None:
    assert why_sentence(need) == sentence


@pytest.mark.parametrize(
    ("number", "names", "words"),
    [
        (1, ["Ben"], "Ben"),
        (2, ["Anna", "Ben"], "Anna and Ben"),
        (1, ["Ben", "Carla"], "one of Ben, Carla"),
        (2, ["Anna", "Ben", "Carla"], "two of Anna, Ben, Carla"),
    ],
)
def test_who_is_still_needed(number: int, names: list[str], words: str) -> None:
    assert one_of(number, names) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (1, "one minute"),
        (45, "45 minutes"),
        (60, "one hour"),
        (90, "1 h 30 min"),
        (1440, "24 hours"),
    ],
)
def test_spans_of_time(minutes: int, words: str) -> None:
    assert span(timedelta(minutes=minutes)) == words
