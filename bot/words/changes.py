"""Words for changes of live portfolios: what is changed from what to what, and where a change stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.words.labels import article, role_label, rung_label, source_label
from bot.words.numbers import count, money
from bot.words.rules import action_words
from bot.words.times import clock_time
from core.domain.change import ChangeState, PendingChange
from core.domain.change_kinds import (
    AccountAdded,
    AccountConnected,
    HandOver,
    PolicyChange,
    RoleChange,
    RuleTurnedOn,
    RungRaised,
    TargetsChange,
    What,
)
from core.domain.ids import AccountId, MemberId, Symbol
from core.domain.ladder import last_four
from core.domain.policy_fields import differences
from core.domain.policy_values import plain
from core.domain.targets import TargetAllocation, TargetLine

CHANGE_STATE_WORDS: Mapping[ChangeState, str] = {
    ChangeState.DRAFTED: "is not asked for yet",
    ChangeState.ASKED: "waits for agreement",
    ChangeState.AGREED: "is agreed to, and waits for its time",
    ChangeState.IN_FORCE: "is in force",
    ChangeState.OBJECTED: "was objected to",
    ChangeState.WITHDRAWN: "was withdrawn",
    ChangeState.LAPSED: "has lapsed: too few agreed in time",
    ChangeState.OVERTAKEN: "was overtaken: things are not as they were when it was asked for",
}
"""Where a change stands, behind its number."""


TITLES: Mapping[type[object], str] = {
    TargetsChange: "new targets",
    PolicyChange: "other settings",
    RuleTurnedOn: "a rule turned on",
    RoleChange: "another role",
    HandOver: "handing over",
    AccountAdded: "another account",
    AccountConnected: "a broker's account",
    RungRaised: "a more real account",
}
"""What each kind of change is, in two or three words."""


def change_title(what: What) -> str:
    """What kind of change it is, in two or three words."""
    is_removal = isinstance(what, RoleChange) and what.after is None
    return "a removal" if is_removal else TITLES[type(what)]


def waiting_line(changes: Sequence[PendingChange], command: str = "/changes") -> str:
    """That changes wait, when the first of them takes effect, and where they are shown; empty where none waits."""
    timed = [(each.takes_effect_at, each.state) for each in changes if each.takes_effect_at]
    if not timed:
        return ""
    when, state = min(timed)
    which = "it takes" if len(timed) == 1 else "the first takes"
    if_agreed = "" if state is ChangeState.AGREED else " if agreed to"
    waits = count(len(timed), "change waits", "changes wait")
    return f"⏳ {waits}: {which} effect {clock_time(when)}{if_agreed} ({command})"


def change_lines(
    what: What, names: Mapping[MemberId, str], accounts: Mapping[AccountId, str]
) -> list[str]:
    """What is changed from what to what, one line each; people and accounts by their names."""
    match what:
        case TargetsChange():
            return _targets_lines(what.before, what.after)
        case PolicyChange():
            found = differences(what.before, what.after)
            return [f"{each.name}: {each.before} → {each.after}" for each in found]
        case RuleTurnedOn():
            return [f"rule {what.rule_id}: {what.text} · {action_words(what.action, what.factor)}"]
        case RoleChange():
            return [_role_line(what, names)]
        case HandOver():
            giver, taker = _name(names, what.giver_id), _name(names, what.taker_id)
            return [
                f"{giver}: owner → approver",
                f"{taker}: {role_label(what.taker_before)} → owner",
            ]
        case AccountAdded():
            return _account_lines(what)
        case AccountConnected():
            name = accounts.get(what.account_id, "the account")
            after = f"{source_label(what.broker)} …{last_four(what.broker_account_id)}"
            return [f"{name}: → {after}, {rung_label(what.rung)}"]
        case RungRaised():
            name = accounts.get(what.account_id, "the account")
            return [f"{name}: {rung_label(what.before)} → {rung_label(what.after)}"]


def _targets_lines(before: TargetAllocation | None, after: TargetAllocation) -> list[str]:
    old = _by_symbol(before)
    new = _by_symbol(after)
    return [
        f"{symbol}: {_line_words(old.get(symbol))} → {_line_words(new.get(symbol))}"
        for symbol in {**old, **new}
        if old.get(symbol) != new.get(symbol)
    ]


def _by_symbol(targets: TargetAllocation | None) -> dict[Symbol, TargetLine]:
    return {} if targets is None else {line.symbol: line for line in targets.lines}


def _line_words(line: TargetLine | None) -> str:
    """A line's weight, and what else there is to it: ``60``, ``60 stocks, or ITOT``; ``none`` without one."""
    if line is None:
        return "none"
    words = " ".join(filter(None, (plain(line.weight), line.asset_class)))
    return f"{words}, or {', '.join(line.substitutes)}" if line.substitutes else words


def _role_line(what: RoleChange, names: Mapping[MemberId, str]) -> str:
    name = _name(names, what.member_id)
    if what.after is None:
        before = role_label(what.before)
        return f"{name}, {article(before)} {before}, is taken out"
    return f"{name}: {role_label(what.before)} → {role_label(what.after)}"


def _account_lines(what: AccountAdded) -> list[str]:
    lines = [f"{what.name}: {rung_label(what.rung)}, {what.treatment.replace('_', ' ')}"]
    return [*lines, f"opens with {money(what.opening_cash)}"] if what.opening_cash else lines


def _name(names: Mapping[MemberId, str], member_id: MemberId) -> str:
    return names.get(member_id, "somebody who has left")
