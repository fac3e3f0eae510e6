"""The parser: a rule's text to a condition, by recursive descent along the grammar of docs/rules.md.

Nothing of a text is ever carried out: words are compared with the language's own, numbers and spans are
read by patterns, and anything else is refused with its place.
"""

from __future__ import annotations

import difflib
import re
from decimal import Decimal

from core.domain.ids import Symbol
from core.domain.refusals import (
    Expected,
    RuleEmpty,
    RuleEquality,
    RuleNeverTrue,
    RuleNumber,
    RuleSpan,
    RuleTooDeep,
    RuleTooLong,
    RuleTooWide,
    RuleUnexpected,
)
from core.domain.rules.condition import (
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
)
from core.domain.rules.limits import (
    MAX_COMPARISONS,
    MAX_DEPTH,
    MAX_HELD,
    MAX_LENGTH,
    MOST,
    RANGES,
    shortest,
)
from core.domain.rules.tokens import Token, TokenKind, cut

RESERVED = frozenset({"and", "or", "not", "for"})
"""Words that no symbol can be."""

_SYMBOL = re.compile(r"\^?(?=[0-9.\-]*[A-Z])[A-Z0-9][A-Z0-9.\-]{0,11}", re.ASCII)
_NUMBER = re.compile(r"([+-]?)(\d{1,9}(?:\.\d{0,6})?|\.\d{1,6})%?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+(,\d+)+(\.\d+)?%?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?%?", re.ASCII)
_SPAN = re.compile(r"(\d{1,6})([dwmy])", re.ASCII)
_OPERATORS = {
    **{sign.value: sign for sign in Operator},
    "≥": Operator.AT_LEAST,
    "≤": Operator.AT_MOST,
}
_EQUALITIES = frozenset({"=", "==", "!=", "<>", "≠"})
_LEVELS = frozenset({Measure.LEVEL.value, "price"})
_SPANNED = {each.value: each for each in Measure if each is not Measure.LEVEL}


def parse(text: str) -> Condition:
    """Read a rule in any case and spacing; raises the subclass of BadRule that says what is wrong, and where."""
    if len(text) > MAX_LENGTH:
        raise RuleTooLong(text, MAX_LENGTH, len(text) - MAX_LENGTH, MAX_LENGTH)
    return _Parser(text).rule()


class _Parser:
    """Walks along the tokens of one text; each method reads what its rule of the grammar says."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = cut(text)
        self._place = 0
        self._depth = 0
        self._comparisons = 0

    def rule(self) -> Condition:
        if self._is_at(TokenKind.END):
            raise RuleEmpty(self._text, 0, 1)
        condition = self._alternatives()
        if not self._is_at(TokenKind.END):
            raise self._unexpected(Expected.JOINT, ("and", "or", "for"))
        return condition

    def _alternatives(self) -> Condition:
        parts = [self._conjunction()]
        while self._takes("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self) -> Condition:
        parts = [self._negation()]
        while self._takes("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negation(self) -> Condition:
        start = self._now
        if not self._takes("not"):
            return self._held()
        self._deeper(start)
        part = self._negation()
        self._depth -= 1
        return Not(part)

    def _held(self) -> Condition:
        condition = self._primary()
        if not self._takes("for"):
            return condition
        token = self._now
        match = _SPAN.fullmatch(token.lower)
        if match is None or match[2] != Unit.SESSIONS:
            raise self._unexpected(Expected.SESSIONS)
        if not 1 <= int(match[1]) <= MAX_HELD:
            raise RuleSpan(self._text, token.at, len(token.text), "1d", f"{MAX_HELD}d")
        self._place += 1
        return Held(condition, int(match[1]))

    def _primary(self) -> Condition:
        start = self._now
        if start.kind is not TokenKind.OPENING:
            return self._comparison()
        self._place += 1
        self._deeper(start)
        condition = self._alternatives()
        if not self._is_at(TokenKind.CLOSING):
            raise self._unexpected(Expected.CLOSING, ("and", "or", "for"))
        self._place += 1
        self._depth -= 1
        return condition

    def _comparison(self) -> Comparison:
        start = self._now
        symbol = self._symbol()
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            raise RuleTooWide(self._text, start.at, len(start.text), MAX_COMPARISONS)
        measure, span = self._measure()
        operator = self._operator(measure, span)
        return Comparison(symbol, measure, span, operator, self._limit(measure))

    def _symbol(self) -> Symbol:
        token = self._now
        is_free = token.lower not in RESERVED and token.text.isascii()
        if not is_free or not _SYMBOL.fullmatch(token.text.upper()):
            raise self._unexpected(Expected.SYMBOL)
        self._place += 1
        return Symbol(token.text.upper())

    def _measure(self) -> tuple[Measure, Span | None]:
        if self._now.lower in _LEVELS:
            self._place += 1
            return Measure.LEVEL, None
        measure = _SPANNED.get(self._now.lower)
        if measure is None:
            return Measure.LEVEL, None
        self._place += 1
        return measure, self._span(measure)

    def _span(self, measure: Measure) -> Span:
        token = self._now
        match = _SPAN.fullmatch(token.lower)
        if match is None:
            raise self._unexpected(Expected.SPAN)
        span = Span(int(match[1]), Unit(match[2]))
        least, most = shortest(measure, span.unit), MOST[span.unit]
        if not least.count <= span.count <= most.count:
            raise RuleSpan(self._text, token.at, len(token.text), str(least), str(most))
        self._place += 1
        return span

    def _operator(self, measure: Measure, span: Span | None) -> Operator:
        token = self._now
        if token.text in _EQUALITIES:
            raise RuleEquality(self._text, token.at, len(token.text))
        operator = _OPERATORS.get(token.text)
        if operator is not None:
            self._place += 1
            return operator
        if span is None and measure is Measure.LEVEL and self._previous.lower not in _LEVELS:
            raise self._unexpected(Expected.MEASURE, tuple(_SPANNED))
        raise self._unexpected(Expected.OPERATOR)

    def _limit(self, measure: Measure) -> Decimal:
        token = self._now
        limit = self._number()
        least, most = RANGES.get(measure, (None, None))
        if (least is not None and limit < least) or (most is not None and limit > most):
            raise RuleNeverTrue(self._text, token.at, len(token.text), measure.value, most)
        return limit

    def _number(self) -> Decimal:
        token = self._now
        written = token.text.replace("−", "-")
        match = _NUMBER.fullmatch(written)
        if match is None:
            if token.kind is TokenKind.WORD and written.lstrip("+-.")[:1].isdecimal():
                raise RuleNumber(self._text, token.at, len(token.text), _with_point(written))
            raise self._unexpected(Expected.NUMBER)
        self._place += 1
        if self._now.text == "%" and not written.endswith("%"):
            self._place += 1
        return Decimal(match[1] + match[2])

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    @property
    def _previous(self) -> Token:
        return self._tokens[max(self._place - 1, 0)]

    def _is_at(self, kind: TokenKind) -> bool:
        return self._now.kind is kind

    def _takes(self, word: str) -> bool:
        """Go past one of the language's words, if it stands here."""
        if self._now.kind is not TokenKind.WORD or self._now.lower != word:
            return False
        self._place += 1
        return True

    def _deeper(self, start: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RuleTooDeep(self._text, start.at, len(start.text), MAX_DEPTH)

    def _unexpected(self, expected: Expected, words: tuple[str, ...] = ()) -> RuleUnexpected:
        token = self._now
        near = difflib.get_close_matches(token.lower, words, n=1)
        length = max(len(token.text), 1)
        return RuleUnexpected(self._text, token.at, length, expected, near[0] if near else "")


def _with_point(written: str) -> str | None:
    if not _COMMA.fullmatch(written):
        return None
    if _THOUSANDS.fullmatch(written) or written.count(",") > 1:
        return written.replace(",", "")
    return written.replace(",", ".")
