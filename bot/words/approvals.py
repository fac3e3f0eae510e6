"""Approvals in words: what a rule asks for, why a plan needs so many people, and spans of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from bot.words.numbers import money, plain
from core.domain.approval import ApprovalRule, Because, Need, Why
from core.domain.ids import MemberId

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


def number_word(number: int) -> str:
    """A small number as a word: ``two``."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def people(number: int) -> str:
    """Some people: ``one person``, ``two people``."""
    return "one person" if number == 1 else f"{number_word(number)} people"


def span(length: timedelta) -> str:
    """A span of time: ``45 minutes``, ``one hour``, ``1.5 hours``, ``24 hours``."""
    if length < _HOUR:
        minutes = length // _MINUTE
        return "one minute" if minutes == 1 else f"{minutes} minutes"
    if length == _HOUR:
        return "one hour"
    whole, rest = divmod(length, _HOUR)
    if not rest:
        return f"{whole} hours"
    return f"{whole} h {rest // _MINUTE} min"


def rule_sentences(
    rule: ApprovalRule, names: Mapping[MemberId, str], currency: str = "USD"
) -> list[str]:
    """A rule, one sentence for each thing that it asks for; ``names`` are those of members, as they are to be shown."""
    asked = [names[each] for each in rule.ask_first if each in names]
    found = [_always(rule)]
    if not rule.is_same_for_all:
        found.append(_large(rule, currency))
    if rule.four_eyes:
        found.append("Whoever asks for a plan, or changes it, cannot approve it alone.")
    if rule.veto:
        found.append(
            f"Orders go {span(rule.veto)} after the last approval, unless somebody objects."
        )
    if asked:
        found.append(f"{_either(asked, 'and')} {'is' if len(asked) == 1 else 'are'} asked first.")
    if rule.remind_after:
        others = "The others are asked, and who" if asked else "Who"
        found.append(f"{others} has not answered is reminded, after {span(rule.remind_after)}.")
    return found


def _always(rule: ApprovalRule) -> str:
    if rule.people == 1:
        return "One person approves a plan."
    return f"{number_word(rule.people).capitalize()} different people approve every plan."


def _large(rule: ApprovalRule, currency: str) -> str:
    ways = [
        f"trade more than {_limit(Because.AMOUNT, rule.above, currency)}"
        if rule.above is not None
        else "",
        f"trade more than {_limit(Because.SHARE, rule.share, currency)} of the portfolio"
        if rule.share is not None
        else "",
        f"sell lots with gains of more than {_limit(Because.GAIN, rule.gain, currency)}"
        if rule.gain is not None
        else "",
    ]
    which = _either([way for way in ways if way], "or")
    return f"{number_word(rule.many).capitalize()} different people approve plans that {which}."


def why_sentence(need: Need, currency: str = "USD") -> str:
    """Why a plan needs several people: ``Two people must approve it: it trades more than $5,000.``; else empty."""
    if need.people == 1:
        return ""
    reasons = [_reason(why, currency) for why in need.why if why.because is not Because.ALWAYS]
    because = f": it {_either(reasons, 'and')}" if reasons else ""
    return f"{people(need.people).capitalize()} must approve it{because}."


def _reason(why: Why, currency: str) -> str:
    limit = _limit(why.because, why.limit, currency)
    match why.because:
        case Because.AMOUNT:
            return f"trades more than {limit}"
        case Because.SHARE:
            return f"trades more than {limit} of the portfolio"
        case _:
            return f"sells gains of more than {limit}"


def _limit(because: Because, limit: Decimal | None, currency: str) -> str:
    if limit is None:
        return ""
    if because is Because.SHARE:
        return f"{plain(limit)}%"
    return money(limit, currency).removesuffix(".00")


def one_of(number: int, names: Sequence[str]) -> str:
    """Who is still needed: ``Ben``, ``Ben and Carla``, ``one of Ben, Carla``, ``two of Anna, Ben, Carla``."""
    if number >= len(names):
        return _either(list(names), "and")
    return f"{number_word(number)} of {', '.join(names)}"


def _either(items: list[str], word: str) -> str:
    """Items in a sentence, with the last word said before the last one."""
    return (
        items[0]
        if len(items) == 1
        else f"{', '.join(items[:-1])} {word} {items[-1]}"
        if items
        else ""
    )
