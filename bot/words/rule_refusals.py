"""Sentences for rules that cannot be read, and the rule itself with a mark under the word that is meant."""

from __future__ import annotations

import unicodedata

from bot.words.numbers import plain
from bot.words.refusals import refusal_sentence
from core.domain import refusals as r
from core.domain.refusals.rules import BadRule, Expected

WIDTH = 34
"""Characters of a rule that fit beside their marks on a phone."""

CUT = "…"

_say = refusal_sentence.register

_EXPECTED = {
    Expected.SYMBOL: "a symbol such as VIX or SPY",
    Expected.MEASURE: "> or <, or one of move, change, drawdown, distance, volatility",
    Expected.OPERATOR: "> or <",
    Expected.NUMBER: "a number such as 30 or -4.5",
    Expected.SPAN: "how far back: 20d (sessions), 52w, 1m or 1y",
    Expected.SESSIONS: "a number of sessions such as 3d",
    Expected.CLOSING: "the closing )",
    Expected.JOINT: "and, or, for, or the end",
}


def pointed(refusal: BadRule) -> str:
    """Two lines for a monospaced block: the rule, or the part of it that fits, and marks under the word."""
    text = "".join(map(_narrow, refusal.text))
    at = min(refusal.at, len(text))
    first = max(0, min(at - WIDTH // 2, len(text) + 1 - WIDTH))
    shown = text[first : first + WIDTH]
    before = CUT if first > 0 else ""
    after = CUT if first + WIDTH < len(text) else ""
    place = at - first
    marks = "^" * max(1, min(refusal.length, WIDTH - place))
    return f"{before}{shown}{after}\n{' ' * (len(before) + place)}{marks}"


def _narrow(sign: str) -> str:
    """A sign of one width in the place of any other, so that the marks stand where they should."""
    if sign.isspace():
        return " "
    is_wide = unicodedata.east_asian_width(sign) in "WF" or unicodedata.combining(sign) != 0
    return "?" if is_wide or not sign.isprintable() else sign


def _quoted(refusal: BadRule) -> str:
    found = refusal.found
    return f"“{found[:20]}{CUT if len(found) > 20 else ''}”"  # noqa: PLR2004 - a word to recognise, no more


@_say
def _(_refusal: r.RuleEmpty) -> str:
    return "A rule is missing. Example: VIX > 30"


@_say
def _(refusal: r.RuleTooLong) -> str:
    return f"A rule has at most {refusal.limit} characters; this one has {len(refusal.text)}."


@_say
def _(refusal: r.RuleTooDeep) -> str:
    return f"At most {refusal.limit} parentheses and “not” may stand inside one another."


@_say
def _(refusal: r.RuleTooWide) -> str:
    return f"A rule compares at most {refusal.limit} things. Make two rules of it."


@_say
def _(refusal: r.RuleUnexpected) -> str:
    expected = _EXPECTED[refusal.expected]
    if not refusal.found:
        return f"The rule ends too early: expected {expected}."
    if refusal.near:
        return f"{_quoted(refusal)} cannot stand there. Did you mean {refusal.near}?"
    return f"{_quoted(refusal)} cannot stand there: expected {expected}."


@_say
def _(refusal: r.RuleNumber) -> str:
    if refusal.correction is not None:
        return (
            f"{_quoted(refusal)} has a comma. Use a point as decimal sign, and no commas:"
            f" {refusal.correction}"
        )
    return (
        f"{_quoted(refusal)} is not a number that can be used:"
        " at most 9 digits before the point and 6 after it, such as 30 or -4.5."
    )


@_say
def _(refusal: r.RuleEquality) -> str:
    return f"A price is hardly ever exactly a number: use > or < instead of {_quoted(refusal)}."


@_say
def _(refusal: r.RuleSpan) -> str:
    return f"{_quoted(refusal)} cannot be used there: from {refusal.least} to {refusal.most}."


@_say
def _(refusal: r.RuleNeverTrue) -> str:
    most = "or more" if refusal.most is None else f"to {plain(refusal.most)}"
    return f"A {refusal.measure} is never {_quoted(refusal)}: it is a number of 0 {most}."


@_say
def _(refusal: r.TooManyRules) -> str:
    return f"A portfolio has at most {refusal.limit} rules. Remove one first."


@_say
def _(refusal: r.SameRule) -> str:
    return f"Rule {refusal.number} says the same already."


@_say
def _(refusal: r.UnknownRule) -> str:
    return f"There is no rule {refusal.number} here."


@_say
def _(refusal: r.BadFactor) -> str:
    least, most = plain(refusal.least), plain(refusal.most)
    return f"Bands are widened by a factor from {least} to {most} with at most two decimals, such as 1.5."


@_say
def _(_refusal: r.FactorNotTaken) -> str:
    return "Only a rule that widens bands has a factor: leave it out."
