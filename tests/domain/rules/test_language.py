"""The rule language: what is read, how it is written, and every way in which a text can be wrong."""

from __future__ import annotations

import ast
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given

import core.domain.rules
from core.domain import refusals as r
from core.domain.ids import Symbol
from core.domain.refusals.rules import BadRule, Expected
from core.domain.rules import (
    EXAMPLES,
    INDEXES,
    And,
    Comparison,
    Condition,
    Held,
    Measure,
    Not,
    Operator,
    Or,
    Span,
    Unit,
    comparisons_in,
    parse,
    print_condition,
    require_factor,
    source_symbol,
    symbols_in,
)
from core.domain.rules.limits import MAX_COMPARISONS, MAX_DEPTH, MAX_HELD, MAX_LENGTH
from core.domain.rules.parser import RESERVED
from tests.domain.rules.strategies import comparisons, conditions, texts

VIX_30 = Comparison(Symbol("VIX"), Measure.LEVEL, None, Operator.ABOVE, Decimal(30))


def spy(measure: Measure, span: str, operator: str, limit: str) -> Comparison:
    looks_back = Span(int(span[:-1]), Unit(span[-1]))
    return Comparison(Symbol("SPY"), measure, looks_back, Operator(operator), Decimal(limit))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("VIX > 30", VIX_30),
        ("  vix>30 ", VIX_30),
        ("VIX level > 30", VIX_30),
        ("VIX PRICE > 30%", VIX_30),
        ("VIX > +30.0 %", VIX_30),
        ("SPY drawdown 52w > 10", spy(Measure.DRAWDOWN, "52w", ">", "10")),
        ("SPY move 1d < -4", spy(Measure.MOVE, "1d", "<", "-4")),
        ("SPY MOVE 1D ≤ −4.5%", spy(Measure.MOVE, "1d", "<=", "-4.5")),
        ("spy change 1y ≥ .5", spy(Measure.CHANGE, "1y", ">=", "0.5")),
        ("SPY distance 200d < 0", spy(Measure.DISTANCE, "200d", "<", "0")),
        ("SPY volatility 1m > 25", spy(Measure.VOLATILITY, "1m", ">", "25")),
        ("VIX > 30 for 3d", Held(VIX_30, 3)),
        ("not VIX > 30 for 3d", Not(Held(VIX_30, 3))),
        ("(not VIX > 30) for 3d", Held(Not(VIX_30), 3)),
        ("((VIX > 30))", VIX_30),
        (
            "VIX > 30 or VIX > 30 and not VIX > 30",
            Or((VIX_30, And((VIX_30, Not(VIX_30))))),
        ),
        ("(VIX > 30 or VIX > 30) and VIX > 30", And((Or((VIX_30, VIX_30)), VIX_30))),
        ("VIX > 30 and VIX > 30 and VIX > 30", And((VIX_30, VIX_30, VIX_30))),
    ],
)
def test_a_rule_is_read_in_any_case_and_spacing(text: str, condition: Condition) -> None:
    assert parse(text) == condition


def test_a_measure_can_be_the_name_of_a_symbol_where_a_symbol_stands() -> None:
    move = parse("move move 5d > 3")
    assert isinstance(move, Comparison)
    assert (move.symbol, move.measure) == ("MOVE", Measure.MOVE)


@pytest.mark.parametrize("name", ["^TNX", "BRK.B", "BTC-USD", "600000.SS", "X"])
def test_symbols_are_those_of_price_sources(name: str) -> None:
    assert symbols_in(parse(f"{name.lower()} > 1")) == {name}


def case(text: str, refusal: type[BadRule], marked: str, **data: object) -> object:
    """A wrong text, and the part of it that must be marked, named as `«part»` in the text."""
    name = f"{refusal.__name__} {text!r}"[:60]
    return pytest.param(text, refusal, marked, data, id=name)


@pytest.mark.parametrize(
    ("text", "refusal", "marked", "data"),
    [
        case("", r.RuleEmpty, ""),
        case("  \n ", r.RuleEmpty, " "),
        case("x" * (MAX_LENGTH + 2), r.RuleTooLong, "xx", limit=MAX_LENGTH),
        case("(" * 9 + "VIX > 30", r.RuleTooDeep, "(", limit=MAX_DEPTH, at=8),
        case("not " * 9 + "VIX > 30", r.RuleTooDeep, "not", limit=MAX_DEPTH, at=32),
        case(
            "A > 1" + " or A > 1" * 7 + " or B > 1",
            r.RuleTooWide,
            "B",
            limit=MAX_COMPARISONS,
        ),
        case("30 > VIX", r.RuleUnexpected, "30", expected=Expected.SYMBOL),
        case("and VIX > 30", r.RuleUnexpected, "and", expected=Expected.SYMBOL),
        case("FOR > 30", r.RuleUnexpected, "FOR", expected=Expected.SYMBOL),
        case("VIX > 30 and", r.RuleUnexpected, "", expected=Expected.SYMBOL),
        case("ﬁx > 30", r.RuleUnexpected, "ﬁx", expected=Expected.SYMBOL),
        case("ABCDEFGHIJKLM > 3", r.RuleUnexpected, "ABCDEFGHIJKLM", expected=Expected.SYMBOL),
        case("__import__('os') > 3", r.RuleUnexpected, "__import__", expected=Expected.SYMBOL),
        case("VIX", r.RuleUnexpected, "", expected=Expected.MEASURE, near=""),
        case("VIX 30", r.RuleUnexpected, "30", expected=Expected.MEASURE, near=""),
        case(
            "SPY drawdonw 52w > 10",
            r.RuleUnexpected,
            "drawdonw",
            expected=Expected.MEASURE,
            near="drawdown",
        ),
        case("VIX level 5d > 30", r.RuleUnexpected, "5d", expected=Expected.OPERATOR),
        case("SPY move 1d -4", r.RuleUnexpected, "-4", expected=Expected.OPERATOR),
        case("VIX >> 30", r.RuleUnexpected, ">>", expected=Expected.MEASURE),
        case("VIX = 30", r.RuleEquality, "="),
        case("VIX == 30", r.RuleEquality, "=="),
        case("VIX ≠ 30", r.RuleEquality, "≠"),
        case("VIX >", r.RuleUnexpected, "", expected=Expected.NUMBER),
        case("VIX > SPY", r.RuleUnexpected, "SPY", expected=Expected.NUMBER),
        case("VIX > (30)", r.RuleUnexpected, "(", expected=Expected.NUMBER),
        case("VIX > -", r.RuleUnexpected, "-", expected=Expected.NUMBER),
        case("VIX > 30,5", r.RuleNumber, "30,5", correction="30.5"),
        case("SPX > 4,000", r.RuleNumber, "4,000", correction="4000"),
        case("SPX > 4,000.5%", r.RuleNumber, "4,000.5%", correction="4000.5%"),
        case("VIX > 30x", r.RuleNumber, "30x", correction=None),
        case("VIX > 1e9", r.RuleNumber, "1e9", correction=None),
        case("VIX > ٣", r.RuleNumber, "٣", correction=None),
        case("VIX > 1234567890", r.RuleNumber, "1234567890", correction=None),
        case("SPY move > 3", r.RuleUnexpected, ">", expected=Expected.SPAN),
        case("SPY move 5 > 3", r.RuleUnexpected, "5", expected=Expected.SPAN),
        case("SPY move 0d > 3", r.RuleSpan, "0d", least="1d", most="1260d"),
        case("SPY move 6y > 3", r.RuleSpan, "6y", least="1y", most="5y"),
        case("SPY move 261w > 3", r.RuleSpan, "261w", least="1w", most="260w"),
        case("SPY move 61m > 3", r.RuleSpan, "61m", least="1m", most="60m"),
        case("SPY distance 1d > 3", r.RuleSpan, "1d", least="2d", most="1260d"),
        case("SPY volatility 9d > 3", r.RuleSpan, "9d", least="10d", most="1260d"),
        case("SPY volatility 2w > 3", r.RuleSpan, "2w", least="3w", most="260w"),
        case("SPY drawdown 1y > -5", r.RuleNeverTrue, "-5", measure="drawdown", most=Decimal(100)),
        case("SPY drawdown 1y > 101", r.RuleNeverTrue, "101", measure="drawdown"),
        case("SPY volatility 1y < -1", r.RuleNeverTrue, "-1", measure="volatility", most=None),
        case("VIX > 30 for", r.RuleUnexpected, "", expected=Expected.SESSIONS),
        case("VIX > 30 for 1w", r.RuleUnexpected, "1w", expected=Expected.SESSIONS),
        case("VIX > 30 for 0d", r.RuleSpan, "0d", least="1d", most=f"{MAX_HELD}d"),
        case("VIX > 30 for 61d", r.RuleSpan, "61d", least="1d", most=f"{MAX_HELD}d"),
        case("(VIX > 30", r.RuleUnexpected, "", expected=Expected.CLOSING),
        case("(VIX > 30 nad VIX > 3)", r.RuleUnexpected, "nad", near="and"),
        case("VIX > 30)", r.RuleUnexpected, ")", expected=Expected.JOINT),
        case("VIX > 30 fro 3d", r.RuleUnexpected, "fro", expected=Expected.JOINT, near="for"),
        case("VIX > 30 for 3d for 2d", r.RuleUnexpected, "for", expected=Expected.JOINT),
    ],
)
def test_every_wrong_text_is_refused_with_its_place(
    text: str, refusal: type[BadRule], marked: str, data: dict[str, object]
) -> None:
    with pytest.raises(BadRule) as caught:
        parse(text)
    assert type(caught.value) is refusal
    assert caught.value.found == marked
    assert caught.value.length >= 1
    assert {name: getattr(caught.value, name) for name in data} == data


def read(text: str) -> Condition | BadRule:
    try:
        return parse(text)
    except BadRule as refusal:
        return refusal


@given(texts)
def test_no_text_does_anything_but_give_a_condition_or_a_refusal_with_a_place(text: str) -> None:
    condition = read(text)
    if isinstance(condition, BadRule):
        assert 0 <= condition.at <= len(text)
        assert condition.length >= 1
        assert condition.text == text
    else:
        assert parse(print_condition(condition)) == condition


@given(conditions(comparisons()))
def test_what_is_written_reads_as_the_same_condition(condition: Condition) -> None:
    text = print_condition(condition)
    assume(len(text) <= MAX_LENGTH and len(comparisons_in(condition)) <= MAX_COMPARISONS)
    again = read(text)
    assume(not isinstance(again, r.RuleTooDeep))
    assert not isinstance(again, BadRule)
    assert again == condition
    assert print_condition(again) == text


@pytest.mark.parametrize(
    "text",
    [
        "VIX > 30 or SPY < 1 and TNX > 4",
        "(VIX > 30 or SPY < 1) and TNX > 4",
        "not (VIX > 30 and SPY < 1) for 5d",
        "(not VIX > 30) for 5d",
        "(VIX > 30 for 2d) for 3d",
        "not not VIX > 30",
        "SPX > 1000000",
        "SPY change 1m < -0.000001",
    ],
)
def test_the_written_form_needs_no_other_parentheses(text: str) -> None:
    assert print_condition(parse(text)) == text


def test_nothing_in_the_language_can_carry_out_a_text() -> None:
    """Neither by name nor by import: the standard library's data types are used, and JSON, which holds values alone."""
    allowed = {"__future__", "bisect", "calendar", "collections.abc", "dataclasses", "datetime"}
    allowed |= {"decimal", "difflib", "enum", "json", "re", "typing"}
    forbidden = {"eval", "exec", "compile", "__import__", "getattr", "globals", "locals", "open"}
    files = sorted(Path(str(core.domain.rules.__file__)).parent.glob("*.py"))
    assert len(files) >= 10
    for file in files:
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id="re"), attr="compile"):
                    pass
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    assert name not in forbidden, (file.name, name)
                case ast.Import(names=names):
                    assert {alias.name for alias in names} <= allowed, file.name
                case ast.ImportFrom(module=module):
                    assert module in allowed or str(module).startswith("core.domain."), file.name


@pytest.mark.parametrize(
    ("span", "day", "before"),
    [
        ("52w", date(2020, 3, 12), date(2019, 3, 14)),
        ("1m", date(2020, 3, 31), date(2020, 2, 29)),
        ("1m", date(2020, 1, 15), date(2019, 12, 15)),
        ("13m", date(2020, 3, 30), date(2019, 2, 28)),
        ("1y", date(2020, 2, 29), date(2019, 2, 28)),
        ("5y", date(2020, 12, 31), date(2015, 12, 31)),
    ],
)
def test_weeks_months_and_years_are_those_of_the_calendar(
    span: str, day: date, before: date
) -> None:
    assert Span(int(span[:-1]), Unit(span[-1])).before(day) == before


def test_sessions_are_not_of_the_calendar() -> None:
    with pytest.raises(ValueError, match="along the sessions"):
        Span(5, Unit.SESSIONS).before(date(2020, 3, 12))


def test_every_example_is_as_it_would_be_written_and_has_a_right_factor() -> None:
    for example in EXAMPLES:
        assert print_condition(parse(example.text)) == example.text
        require_factor(example.action, example.factor)
    assert len({example.name for example in EXAMPLES}) == len(EXAMPLES)


def test_short_names_of_indexes_are_symbols_of_the_language_and_of_the_source() -> None:
    assert source_symbol(Symbol("VIX")) == "^VIX"
    assert source_symbol(Symbol("SPX")) == "^GSPC"
    assert source_symbol(Symbol("^GSPC")) == "^GSPC"
    assert source_symbol(Symbol("SPY")) == "SPY"
    for name, (source, _) in INDEXES.items():
        assert symbols_in(parse(f"{name} > 1")) == {name}
        assert symbols_in(parse(f"{source} > 1")) == {source}
        assert name.lower() not in RESERVED
