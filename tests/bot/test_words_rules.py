"""What people read of rules: why something was held off, and which word of a rule is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given

from bot.words.rule_refusals import WIDTH, pointed
from bot.words.rules import (
    ACTIONS,
    TIMING,
    asked_sentences,
    plain_sentences,
    plain_widened_sentence,
    reading_words,
    ruled_sentence,
    state_sentence,
    told_sentences,
    widened_sentence,
)
from core.domain.ids import MemberId, PortfolioId, RuleId, Symbol
from core.domain.refusals import RuleUnexpected
from core.domain.refusals.rules import BadRule, Expected
from core.domain.rules import (
    Action,
    Comparison,
    Evaluation,
    Lack,
    LackKind,
    Reading,
    Rule,
    Ruled,
    Truth,
    combine,
    parse,
    read_told,
    told_of,
    widening_of,
    write_told,
)
from tests.domain.rules.strategies import texts

FRIDAY, TUESDAY = date(2020, 3, 6), date(2020, 3, 3)


def reading(text: str, value: str) -> Reading:
    comparison = parse(text)
    assert isinstance(comparison, Comparison)
    holds = comparison.operator.holds(Decimal(value), comparison.limit)
    return Reading(comparison, Decimal(value), FRIDAY, holds)


def ruled(
    action: Action,
    readings: Sequence[Reading],
    since: date = TUESDAY,
    *,
    is_longer: bool = False,
    factor: str | None = None,
) -> Ruled:
    at = datetime(2020, 3, 2, 15, 0, tzinfo=UTC)
    by = None if factor is None else Decimal(factor)
    rule = Rule(RuleId(3), PortfolioId(1), "…", action, MemberId(1), at, by, is_enabled=True)
    return Ruled(rule, Evaluation(Truth.TRUE, tuple(readings), (), since, is_longer))


def first_told(of: Ruled) -> str:
    return told_sentences(told_of(of, FRIDAY))[0]


def test_holding_off_says_why_since_when_and_what_it_is() -> None:
    held = ruled(Action.HOLD_OFF, [reading("VIX > 30", "34.12")])
    first, *_, last = told_sentences(told_of(held, FRIDAY))
    assert (first, last) == ("Held off: VIX 34.1 > 30 since Tuesday.", TIMING)
    assert "market timing" in TIMING


def test_each_action_has_its_word() -> None:
    fall = [reading("SPY move 1d < -4", "-4.62")]
    down = [reading("SPX drawdown 52w >= 10", "12.34"), reading("VIX > 30", "34.12")]
    assert first_told(ruled(Action.WIDEN, fall, FRIDAY, factor="1.50")) == (
        "Bands widened × 1.5: SPY move 1d −4.6% < −4% since today."
    )
    assert first_told(ruled(Action.CHECK_NOW, down)) == (
        "Checked now: SPX drawdown 52w 12.3% ≥ 10% and VIX 34.1 > 30 since Tuesday."
    )
    assert first_told(ruled(Action.CHECK_NOW, fall, date(2020, 2, 3))) == (
        "Checked now: SPY move 1d −4.6% < −4% since 3 Feb 2020."
    )
    assert first_told(ruled(Action.NOTIFY, fall, date(2020, 2, 3), is_longer=True)) == (
        "Noted: SPY move 1d −4.6% < −4% since 3 Feb 2020 or longer."
    )
    assert set(ACTIONS) == set(Action)


@pytest.mark.parametrize(
    ("action", "outcome", "rest"),
    [
        (Action.HOLD_OFF, "held_off", "The scheduled check made no plan. That stays so, without"),
        (Action.NOTIFY, "", "Rule 3 only notifies: nothing else is different."),
        (Action.CHECK_NOW, "proposed", "Something is to be traded: see the proposal."),
        (Action.CHECK_NOW, "on_target", "Nothing is to be traded: every line is inside its band."),
        (
            Action.CHECK_NOW,
            "nothing_helps",
            "What came of it: off target, but no trade would help.",
        ),
    ],
)
def test_what_is_told_of_a_rule_comes_back_from_the_outbox_in_words(
    action: Action, outcome: str, rest: str
) -> None:
    held = ruled(action, [reading("SPX drawdown 52w > 10", "12.34")])
    told = read_told(write_told(told_of(held, FRIDAY, outcome)))
    assert told == told_of(held, FRIDAY, outcome)
    first, plainly, second, *more = told_sentences(told)
    assert first.endswith(": SPX drawdown 52w 12.3% > 10% since Tuesday.")
    assert plainly == "SPX is 12.3% below its highest close of 52 weeks."
    assert second.startswith(rest)
    assert more == ([TIMING] if action is Action.HOLD_OFF else [])


def test_widened_bands_are_told_with_their_factor() -> None:
    down = [reading("SPX drawdown 52w > 10", "12.34")]
    held = ruled(Action.WIDEN, down, is_longer=True, factor="1.5")
    told = read_told(write_told(told_of(held, FRIDAY)))
    assert told_sentences(told) == [
        "Bands widened × 1.5: SPX drawdown 52w 12.3% > 10% since 3 Mar 2020 or longer.",
        "SPX is 12.3% below its highest close of 52 weeks.",
        "Scheduled checks trade less while rule 3 holds.",
    ]


def test_a_plan_says_by_which_rules_its_bands_were_widened_and_when_they_are_the_own_ones_again() -> (
    None
):
    nervous = ruled(Action.WIDEN, [reading("VIX > 30", "34.12")], factor="1.50")
    down = ruled(Action.WIDEN, [reading("SPX drawdown 52w > 10", "12.34")], FRIDAY, factor="2")
    down = replace(down, rule=replace(down.rule, id=RuleId(4)))
    one = widening_of(combine([nervous]), FRIDAY)
    two = widening_of(combine([nervous, down]), FRIDAY)
    assert one is not None
    assert two is not None
    assert widened_sentence(one) == "Bands × 1.5 by rule 3: VIX 34.1 > 30 since Tuesday."
    assert widened_sentence(two) == (
        "Bands × 2 by rules 3 and 4: VIX 34.1 > 30 since Tuesday;"
        " SPX drawdown 52w 12.3% > 10% since today."
    )
    assert widened_sentence(one.over) == "Your own bands count again: rule 3 widens them no more."
    assert widened_sentence(two.over).endswith("rules 3 and 4 widen them no more.")
    assert plain_widened_sentence(one) == (
        "By rule 3 for rough markets, parts may be 1.5 times as far away as usual."
    )
    assert plain_widened_sentence(one.over).startswith("Parts may be as far away as usual again")
    assert widening_of(combine([ruled(Action.HOLD_OFF, [])]), FRIDAY) is None


def test_why_a_line_is_left_alone_by_a_rule_is_said_without_terms() -> None:
    calm, nervous = reading("SPX move 1d < 5", "1"), reading("VIX > 30", "34.12")
    wide = combine([ruled(Action.WIDEN, [nervous], factor="1.50")])
    assert ruled_sentence(wide, FRIDAY) == (
        "By rule 3, parts may be 1.5 times as far away now before a plan is made:"
        " VIX 34.1 > 30 since Tuesday."
    )
    held = combine([ruled(Action.HOLD_OFF, [nervous])])
    assert ruled_sentence(held, FRIDAY) == (
        "By rule 3, no plan is made unasked now: VIX 34.1 > 30 since Tuesday."
    )
    assert ruled_sentence(combine([ruled(Action.NOTIFY, [calm])]), FRIDAY) == ""


@pytest.mark.parametrize(
    ("action", "factor", "again"),
    [
        (Action.HOLD_OFF, None, "Rule 3 holds no more: scheduled checks make plans again."),
        (Action.WIDEN, "1.5", "Rule 3 holds no more: scheduled checks use your own bands again."),
    ],
)
def test_the_end_of_a_rule_is_told_with_the_value_that_ended_it(
    action: Action, factor: str | None, again: str
) -> None:
    down = [reading("SPX drawdown 52w > 10", "9.8")]
    over = ruled(action, down, factor=factor)
    over = replace(over, evaluation=Evaluation(Truth.FALSE, tuple(down)))
    told = read_told(write_told(told_of(over, FRIDAY)))
    assert told.is_over
    assert told_sentences(told)[-2:] == [
        "SPX is 9.8% below its highest close of 52 weeks.",
        again,
    ]
    assert told_sentences(told)[0].startswith("Over: SPX drawdown 52w 9.8%")


def test_a_rule_says_in_words_what_it_comes_to_now() -> None:
    down = ruled(Action.NOTIFY, [reading("SPX drawdown 52w > 10", "12.34")])
    assert state_sentence(down, FRIDAY) == (
        "It holds since Tuesday: SPX is 12.3% below its highest close of 52 weeks."
    )
    calm = replace(down, evaluation=Evaluation(Truth.FALSE, (reading("VIX > 30", "20"),)))
    assert state_sentence(calm, FRIDAY) == "It does not hold: VIX 20.0 ≤ 30."
    lacking = replace(
        down, evaluation=Evaluation(Truth.UNKNOWN, lacks=(Lack(Symbol("VIX"), LackKind.SOURCE),))
    )
    assert state_sentence(lacking, FRIDAY) == (
        "It cannot be told and counts as off: the price source did not answer for VIX."
    )


@pytest.mark.parametrize(
    ("text", "value", "words"),
    [
        ("VIX > 30", "34.1", []),
        ("SPY move 1d < -4", "-4.62", ["SPY is 4.6% below where it was 1 session before."]),
        ("TNX change 1m > 0.5", "0.62", ["TNX is 0.6 points above where it was 1 month before."]),
        ("SPX distance 200d < 0", "-3.14", ["SPX is 3.1% below its average of 200 sessions."]),
        (
            "SPX volatility 20d > 35",
            "41.26",
            ["SPX swings by 41.3% a year, measured over 20 sessions."],
        ),
    ],
)
def test_measures_are_told_in_words_too(text: str, value: str, words: list[str]) -> None:
    assert plain_sentences(Evaluation(Truth.TRUE, (reading(text, value),))) == words


def test_people_who_ask_hear_what_rules_would_have_done() -> None:
    high = [reading("VIX > 30", "34.12")]
    assert asked_sentences(combine([ruled(Action.HOLD_OFF, high)]), FRIDAY) == [
        (
            "Rule 3 holds off scheduled checks now: VIX 34.1 > 30 since Tuesday."
            " You asked, so this one was made."
        )
    ]
    assert asked_sentences(combine([ruled(Action.WIDEN, high, factor="2")]), FRIDAY) == [
        (
            "Rule 3 widens the bands of scheduled checks now: VIX 34.1 > 30 since Tuesday."
            " This one used your own bands."
        )
    ]
    assert asked_sentences(combine([ruled(Action.CHECK_NOW, high)]), FRIDAY) == []


def test_nothing_is_said_where_no_rule_holds() -> None:
    assert asked_sentences(combine([]), FRIDAY) == []


@pytest.mark.parametrize(
    ("text", "value", "words"),
    [
        ("VIX > 30", "20", "VIX 20.0 ≤ 30"),
        ("VIX > 30", "30.004", "VIX 30.004 > 30"),
        ("VIX >= 30", "29.96", "VIX 29.96 < 30"),
        ("VIX <= 30.25", "30.25", "VIX 30.25 ≤ 30.25"),
        ("VIX < 30", "30.00000001", "VIX 30.00000001 ≥ 30"),
        ("TNX change 1m > 0.5", "0.62", "TNX change 1m 0.6 > 0.5"),
        ("SPY distance 200d < 0", "-0.01", "SPY distance 200d −0.01% < 0%"),
        ("SPY volatility 20d > 35", "41.449", "SPY volatility 20d 41.4% > 35%"),
    ],
)
def test_a_value_is_shown_so_that_it_is_seen_on_which_side_it_lies(
    text: str, value: str, words: str
) -> None:
    assert reading_words(reading(text, value)) == words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (LackKind.NO_PRICE, "VIX has no price"),
        (LackKind.STALE, "the price of VIX is too old"),
        (LackKind.NOT_A_NUMBER, "VIX came without a number for its price"),
        (LackKind.NOT_POSITIVE, "VIX is not above 0, so percentages of it mean nothing"),
        (LackKind.NO_CLOSE, "VIX has no close of 3 Mar 2020"),
        (LackKind.TOO_FEW, "VIX has too few closes since 3 Mar 2020"),
        (LackKind.BEFORE_HISTORY, "closes of VIX would be needed from before 3 Mar 2020"),
        (LackKind.SOURCE, "the price source did not answer for VIX"),
    ],
)
def test_what_could_not_be_told_counts_as_off_and_says_what_is_missing(
    kind: LackKind, words: str
) -> None:
    lack = Lack(Symbol("VIX"), kind, TUESDAY)
    unknown = Ruled(ruled(Action.HOLD_OFF, []).rule, Evaluation(Truth.UNKNOWN, lacks=(lack,)))
    said = f"It cannot be told and counts as off: {words}."
    assert state_sentence(unknown, FRIDAY) == said


def test_every_kind_of_missing_data_has_words() -> None:
    for kind in LackKind:
        lack = Lack(Symbol("VIX"), kind, None)
        evaluation = Evaluation(Truth.UNKNOWN, lacks=(lack,))
        said = state_sentence(Ruled(ruled(Action.NOTIFY, []).rule, evaluation), FRIDAY)
        assert said.startswith("It cannot be told and counts as off: "), kind
        assert said.endswith("."), kind


def test_a_stored_text_that_cannot_be_read_any_more_says_why() -> None:
    problem = RuleUnexpected("VIX fell 3", 4, 4, Expected.OPERATOR)
    unread = Ruled(ruled(Action.NOTIFY, []).rule, Evaluation(Truth.UNKNOWN), problem)
    assert state_sentence(unread, FRIDAY) == (
        "It cannot be told and counts as off: “fell” cannot stand there: expected > or <."
    )


def pointed_at(text: str) -> list[str]:
    with pytest.raises(BadRule) as caught:
        parse(text)
    return pointed(caught.value).split("\n")


@pytest.mark.parametrize(
    ("text", "shown", "marks"),
    [
        ("SPY drawdonw 52w > 10", "SPY drawdonw 52w > 10", "    ^^^^^^^^"),
        ("VIX >", "VIX >", "     ^"),
        ("", "", "^"),
        ("VIX\n> 30 fro 3d", "VIX > 30 fro 3d", "         ^^^"),
        ("日本 > 30", "?? > 30", "^^"),
        (
            "VIX > 30 and SPY move 1d < -4 and SPX drawdwon 52w > 10 or TNX > 4",
            "… 1d < -4 and SPX drawdwon 52w > 10…",
            f"{18 * ' '}^^^^^^^^",
        ),
        (
            "VIX > 30 and SPY move 1d < -4 and SPX > 4000 for 3w",
            "…ove 1d < -4 and SPX > 4000 for 3w",
            f"{32 * ' '}^^",
        ),
    ],
)
def test_a_mark_stands_under_the_word(text: str, shown: str, marks: str) -> None:
    assert pointed_at(text) == [shown, marks]


@given(texts)
def test_the_mark_stands_under_what_was_found_and_fits_a_phone(text: str) -> None:
    try:
        parse(text)
    except BadRule as refusal:
        shown, marks = pointed(refusal).split("\n")
        assert max(len(shown), len(marks)) <= WIDTH + 2
        place = len(marks) - len(marks.lstrip(" "))
        found = refusal.found[:1]
        if found.isascii() and found.isprintable() and found.strip():
            assert shown[place] == found
