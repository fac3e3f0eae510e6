"""Each refusal about rules, with the sentence that people get."""

from __future__ import annotations

from decimal import Decimal

from core.domain import refusals as r
from core.domain.refusals import Expected


def _unexpected(text: str, found: str, expected: Expected, near: str = "") -> r.RuleUnexpected:
    at = text.index(found) if found else len(text)
    return r.RuleUnexpected(text, at, len(found) or 1, expected, near)


RULE_SENTENCES: list[tuple[r.Refusal, str]] = [
    (r.RuleEmpty("", 0, 1), "A rule is missing. Example: VIX > 30"),
    (
        r.RuleTooLong("x" * 203, 200, 3, 200),
        "A rule has at most 200 characters; this one has 203.",
    ),
    (
        r.RuleTooDeep("((((((((( VIX > 3", 8, 1, 8),
        "At most 8 parentheses and “not” may stand inside one another.",
    ),
    (
        r.RuleTooWide("VIX > 3", 0, 3, 8),
        "A rule compares at most 8 things. Make two rules of it.",
    ),
    (
        _unexpected("30 > VIX", "30", Expected.SYMBOL),
        "“30” cannot stand there: expected a symbol such as VIX or SPY.",
    ),
    (
        _unexpected("VIX 30", "30", Expected.MEASURE),
        (
            "“30” cannot stand there: expected > or <, or one of move, change, drawdown, distance,"
            " volatility."
        ),
    ),
    (
        _unexpected("SPY drawdonw 52w > 10", "drawdonw", Expected.MEASURE, "drawdown"),
        "“drawdonw” cannot stand there. Did you mean drawdown?",
    ),
    (
        _unexpected("SPY move 1d -4", "-4", Expected.OPERATOR),
        "“-4” cannot stand there: expected > or <.",
    ),
    (
        _unexpected("VIX > SPY", "SPY", Expected.NUMBER),
        "“SPY” cannot stand there: expected a number such as 30 or -4.5.",
    ),
    (
        _unexpected("SPY move > 3", ">", Expected.SPAN),
        "“>” cannot stand there: expected how far back: 20d (sessions), 52w, 1m or 1y.",
    ),
    (
        _unexpected("VIX > 30 for 1w", "1w", Expected.SESSIONS),
        "“1w” cannot stand there: expected a number of sessions such as 3d.",
    ),
    (
        _unexpected("(VIX > 30", "", Expected.CLOSING),
        "The rule ends too early: expected the closing ).",
    ),
    (
        _unexpected("VIX > 30 aaaaaaaaaaaaaaaaaaaaaaaaa", "a" * 25, Expected.JOINT),
        "“aaaaaaaaaaaaaaaaaaaa…” cannot stand there: expected and, or, for, or the end.",
    ),
    (
        r.RuleNumber("VIX > 30,5", 6, 4, "30.5"),
        "“30,5” has a comma. Use a point as decimal sign, and no commas: 30.5",
    ),
    (
        r.RuleNumber("VIX > 30x", 6, 3),
        (
            "“30x” is not a number that can be used: at most 9 digits before the point and 6 after"
            " it, such as 30 or -4.5."
        ),
    ),
    (
        r.RuleEquality("VIX == 30", 4, 2),
        "A price is hardly ever exactly a number: use > or < instead of “==”.",
    ),
    (
        r.RuleSpan("SPY move 6y > 3", 9, 2, "1y", "5y"),
        "“6y” cannot be used there: from 1y to 5y.",
    ),
    (
        r.RuleNeverTrue("SPY drawdown 1y > -5", 18, 2, "drawdown", Decimal(100)),
        "A drawdown is never “-5”: it is a number of 0 to 100.",
    ),
    (
        r.RuleNeverTrue("SPY volatility 1y > -5", 20, 2, "volatility", None),
        "A volatility is never “-5”: it is a number of 0 or more.",
    ),
    (r.TooManyRules(20), "A portfolio has at most 20 rules. Remove one first."),
    (r.SameRule(3), "Rule 3 says the same already."),
    (r.UnknownRule(7), "There is no rule 7 here."),
    (
        r.BadFactor(Decimal(9), Decimal("1.1"), Decimal(5)),
        ("Bands are widened by a factor from 1.1 to 5 with at most two decimals, such as 1.5."),
    ),
    (r.FactorNotTaken(), "Only a rule that widens bands has a factor: leave it out."),
]
