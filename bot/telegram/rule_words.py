"""Rules as people type them: the condition and what is done while it holds, in either order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from core.domain.money import parse_decimal
from core.domain.refusals.rules import BadRule
from core.domain.rules import Action, parse

_NUMBER = r"[\d.,]*\d"
_ACTIONS = {
    Action.HOLD_OFF: r"hold(?:[\s-]?off)?",
    Action.CHECK_NOW: r"check(?:[\s-]?now)?",
    Action.WIDEN: rf"widen(?:\s+bands)?(?:\s+by)?(?:\s*[x×*])?(?:\s*(?P<factor>{_NUMBER})[x×]?)?",
    Action.NOTIFY: r"(?:only\s+)?notify(?:\s+(?:only|me))?|tell\s+me",
}
_LAST = {
    action: re.compile(rf"(?<![\w.^])(?:{words})[\s.!]*$", re.IGNORECASE)
    for action, words in _ACTIONS.items()
}
_FIRST = {
    action: re.compile(rf"(?:{words})(?![\w.])", re.IGNORECASE)
    for action, words in _ACTIONS.items()
}
_END = re.compile(r"(?:\s|[,:;→–—]|[-=]>|(?<=\s)then)+$", re.IGNORECASE)
_BEGIN = re.compile(r"(?:\s|[,:;→–—]|[-=]>)+")
_IF = re.compile(r"(?:if|when|while)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule that somebody wants: its condition, and what is done; ``action`` None where that was not said."""

    text: str
    action: Action | None = None
    factor: Decimal | None = None


def read_rule(typed: str) -> Wanted:
    """Read a rule, such as ``VIX > 30 hold off`` or ``widen bands by 1.5 while SPX drawdown 52w > 10``.

    The action stands first or last. Raises a BadRule with the condition alone in it, or BadNumber for the factor.
    """
    wrong: BadRule | None = None
    for wanted in _readings(typed):
        try:
            return Wanted(_condition(wanted.text), wanted.action, wanted.factor)
        except BadRule as refusal:
            wrong = wrong or refusal
    if wrong is not None:
        raise wrong
    return Wanted(_condition(typed.strip()))


def _readings(typed: str) -> Iterator[Wanted]:
    """The ways to tell the action from the condition, the usual one first."""
    text = typed.strip()
    for action, last in _LAST.items():
        if (match := last.search(text)) is not None:
            yield Wanted(_END.sub("", text[: match.start()]), action, _factor(match))
    for action, first in _FIRST.items():
        if (match := first.match(text)) is not None:
            rest = text[match.end() :]
            begin = _BEGIN.match(rest)
            yield Wanted(rest[begin.end() if begin else 0 :], action, _factor(match))


def _factor(match: re.Match[str]) -> Decimal | None:
    text = match.groupdict().get("factor")
    return None if text is None else parse_decimal("the factor", text, "a factor such as 1.5")


def _condition(text: str) -> str:
    """The text if it is a rule, without an ``if`` before it; raises a BadRule."""
    try:
        parse(text)
    except BadRule:
        shorter = _IF.sub("", text, count=1) if _IF.match(text) else text
        if shorter == text:
            raise
        parse(shorter)
        return shorter
    return text
