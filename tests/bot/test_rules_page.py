"""The page about rules says what the code does: its examples are read, its tables and limits are the code's."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from bot.telegram.rule_words import read_rule
from bot.words.numbers import plain
from bot.words.rule_refusals import pointed
from bot.words.rules import ACTIONS
from core.adapters.market_data.history import load_history
from core.domain.refusals.rules import BadRule
from core.domain.rules import (
    EXAMPLES,
    INDEXES,
    LOOK_BACK,
    MAX_LENGTH,
    MAX_RULES,
    Action,
    Measure,
    comparisons_in,
    parse,
)
from core.domain.rules.limits import MAX_COMPARISONS, MAX_DEPTH, MAX_HELD, MOST
from core.domain.rules.parser import RESERVED
from core.domain.rules.rule import LEAST_FACTOR, MOST_FACTOR

PAGE = (Path(__file__).parents[2] / "docs/rules.md").read_text()
RULE = re.compile(r"`([^`\n/]+ [<>] [^`\n]+)`")
TYPED = re.compile(r"`/rules ([^`\n]+ [<>] [^`\n]+)`")


def test_every_rule_on_the_page_is_read() -> None:
    rules = RULE.findall(PAGE)
    assert len(rules) >= 14
    measures = {each.measure for rule in rules for each in comparisons_in(parse(rule))}
    assert measures == set(Measure)


def test_every_typed_rule_on_the_page_is_read_with_its_action() -> None:
    assert {read_rule(typed).action for typed in TYPED.findall(PAGE)} == set(Action)


def test_the_examples_are_the_ready_made_ones() -> None:
    for example in EXAMPLES:
        action = ACTIONS[example.action]
        if example.factor is not None:
            action = f"{action} × {plain(example.factor)}"
        assert f"| {example.name} | `{example.text}` | {action} |\n" in PAGE


def test_the_indexes_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| (\w+) \| (\^\w+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert {name: (source, meaning) for name, source, meaning in rows} == INDEXES


def test_the_limits_are_those_of_the_code() -> None:
    spans = ", ".join(map(str, MOST.values()))
    for row in (
        f"| characters of a rule | {MAX_LENGTH} |",
        f"| comparisons in a rule | {MAX_COMPARISONS} |",
        f"| parentheses and `not` inside one another | {MAX_DEPTH} |",
        f"| span | five years: {spans} |",
        f"| `for` | {MAX_HELD}d |",
        f"at most {MAX_RULES} for a portfolio",
        f"({LEAST_FACTOR} to {MOST_FACTOR})",
        f"{LOOK_BACK} sessions back",
    ):
        assert row in PAGE


def test_every_action_is_explained() -> None:
    assert set(ACTIONS) == set(Action)
    for words in ACTIONS.values():
        assert f"\n| {words} | " in PAGE


def test_the_grammar_has_every_word_of_the_language_and_no_other() -> None:
    (grammar,) = re.findall(r"```ebnf\n(.*?)```", PAGE, re.DOTALL)
    words = set(re.findall(r'"([a-z]{2,})"', grammar))
    assert words == RESERVED | {measure.value for measure in Measure} | {"price"}
    defined = set(re.findall(r"^(\w+) +=", grammar, re.MULTILINE))
    used = set(re.findall(r"\b[a-z]{2,}\b", re.sub(r'"[^"]*"', "", grammar)))
    assert used - defined == {"letter", "digit"}


def test_the_best_days_lie_by_the_worst_as_the_page_says() -> None:
    index = load_history().index
    moves = sorted((after / before, day) for day, (before, after) in enumerate(pairwise(index)))
    worst = [day for _, day in moves[:10]]
    near = [day for _, day in moves[-10:] if any(abs(day - bad) <= 10 for bad in worst)]
    assert len(near) == 8
    assert "of the ten best days of the S&P 500" in PAGE
    assert "eight lie within ten sessions" in PAGE


def test_the_wrong_rule_on_the_page_is_shown_as_it_is_in_chat() -> None:
    (shown,) = re.findall(r"```\n(SPY [^`]+)\n```", PAGE)
    with pytest.raises(BadRule) as caught:
        parse(shown.split("\n")[0])
    assert pointed(caught.value) == shown
