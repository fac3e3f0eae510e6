"""Rules: each with what it does, whether it is on, and what it says of the market now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.telegram.html import bold, code, escape, pre
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import head, lines, paragraphs
from bot.words.refusals import refusal_sentence
from bot.words.rule_refusals import pointed
from bot.words.rules import (
    ACTIONS,
    MEANINGS,
    TIMING,
    action_words,
    state_sentence,
    told_sentences,
)
from core.application.choose_portfolio import Current
from core.domain.permissions import Act, may
from core.domain.portfolio import ManagedPortfolio
from core.domain.refusals.rules import BadRule
from core.domain.rules import EXAMPLES, Action, Example, Ruled, Told, combine

EXAMPLE = "/rules SPX drawdown 52w > 10 check now"
NONE_BY_ITSELF = "No rule is on by itself: an owner adds each one."
ACTION_WORDS = {
    Action.NOTIFY: "notify",
    Action.CHECK_NOW: "check now",
    Action.WIDEN: "widen 1.5",
    Action.HOLD_OFF: "hold off",
}
"""What is typed behind a rule."""


def rules_screen(current: Current, ruled: Sequence[Ruled], today: date, first: str = "") -> Screen:
    """All rules of a portfolio, below what was just done; owners get the buttons to change them."""
    managed = current.portfolio
    is_owner = may(current.role, Act.CHANGE_RULES)
    overruled = combine(ruled).overruled
    holds_off = any(r.rule.is_enabled and r.rule.action is Action.HOLD_OFF for r in ruled)
    text = paragraphs(
        head(managed, "rules"),
        escape(first),
        NONE_BY_ITSELF if ruled else f"There are none. {NONE_BY_ITSELF}",
        *(_block(each, today, is_overruled=each in overruled) for each in ruled),
        TIMING if holds_off else "",
        f"To add one: {code(EXAMPLE)}" if is_owner else "Only an owner can change the rules.",
    )
    if not is_owner:
        return Screen(text)
    return Screen(
        text,
        (
            *(_switches(managed.portfolio.id, each) for each in ruled),
            (tap("Ready-made examples", "rl_examples", managed.portfolio.id),),
        ),
    )


def rule_screen(current: Current, ruled: Ruled, today: date) -> Screen:
    """One rule as it is kept, to an owner who has just added it."""
    managed, rule = current.portfolio, ruled.rule
    text = paragraphs(
        head(managed, "rules"),
        _block(ruled, today),
        f"While it holds: {MEANINGS[rule.action]}.",
    )
    return Screen(text, (_switches(managed.portfolio.id, ruled), (_all(current),)))


def ask_hold_off_screen(current: Current, ruled: Ruled, today: date) -> Screen:
    """What holding off comes to, before a rule that does it is turned on."""
    portfolio_id, rule = current.portfolio.portfolio.id, ruled.rule
    text = paragraphs(
        head(current.portfolio, "rules"),
        _block(ruled, today),
        f"While it holds: {MEANINGS[rule.action]}.",
        TIMING,
        f"Turn rule {rule.id} on?",
    )
    rows = (
        (tap("Turn it on", "rl_on_yes", portfolio_id, rule.id), _leave_off(current)),
        (tap("Remove it", "rl_remove", portfolio_id, rule.id),),
    )
    return Screen(text, rows)


def examples_screen(current: Current) -> Screen:
    """The ready-made rules; owners get a button for each that adds it."""
    portfolio_id = current.portfolio.portfolio.id
    blocks = (lines(f"{bold(each.name)}: {_action(each)}", code(each.text)) for each in EXAMPLES)
    text = paragraphs(
        head(current.portfolio, "rules"),
        "Examples of what can be said. None of them is advice, and none is on.",
        *blocks,
    )
    adds = tuple(
        (tap(f"Add: {each.name}", "rl_add", portfolio_id, each.name),)
        for each in EXAMPLES
        if may(current.role, Act.CHANGE_RULES)
    )
    return Screen(text, (*adds, (_all(current),)))


def rule_notice(managed: ManagedPortfolio, told: Told) -> Screen:
    """A rule that holds, and what it has done; or one that holds no more."""
    first, *rest = map(escape, told_sentences(told))
    what, colon, why = first.partition(":")
    portfolio_id = managed.portfolio.id
    row = [tap("Rules", "rules_new", portfolio_id)]
    if told.action is Action.HOLD_OFF and not told.is_over:
        row.insert(0, tap("⚖️ Check now", "rebalance", portfolio_id))
    return Screen(
        paragraphs(head(managed, "rules"), f"{bold(what)}{colon}{why}", *rest), (tuple(row),)
    )


def ask_action_screen(condition: str) -> Screen:
    """A rule came without what is to be done: what there is, each to be typed."""
    ways = (
        lines(code(f"/rules {condition} {ACTION_WORDS[action]}"), f"{MEANINGS[action]}")
        for action in ACTIONS
    )
    return Screen(paragraphs("What shall be done while this holds? Tap one to copy it:", *ways))


def bad_rule_screen(refusal: BadRule) -> Screen:
    """A rule that cannot be read, with a mark under the word that is wrong."""
    shown = pre(pointed(refusal).splitlines()) if refusal.text.strip() else ""
    text = paragraphs(
        shown,
        escape(refusal_sentence(refusal)),
        f"Behind the condition stands what is done: {_all_actions()}.",
        f"For example: {code(EXAMPLE)}",
    )
    return Screen(text)


def _all_actions() -> str:
    *firsts, last = (code(words) for words in ACTION_WORDS.values())
    return f"{', '.join(firsts)} or {last}"


def _block(ruled: Ruled, today: date, *, is_overruled: bool = False) -> str:
    rule = ruled.rule
    state = "on" if rule.is_enabled else "off"
    return lines(
        f"{bold(f'Rule {rule.id}: {state}')} · {action_words(rule.action, rule.factor)}",
        code(rule.text),
        escape(state_sentence(ruled, today)),
        "Overruled now: another rule goes before it." if is_overruled else "",
    )


def _action(example: Example) -> str:
    return action_words(example.action, example.factor)


def _switches(portfolio_id: int, ruled: Ruled) -> tuple[Button, ...]:
    rule = ruled.rule
    switch = (
        tap(f"{rule.id}: turn off", "rl_off", portfolio_id, rule.id)
        if rule.is_enabled
        else tap(f"{rule.id}: turn on", "rl_on", portfolio_id, rule.id)
    )
    return switch, tap(f"{rule.id}: remove", "rl_remove", portfolio_id, rule.id)


def _all(current: Current) -> Button:
    return tap("← All rules", "rules", current.portfolio.portfolio.id)


def _leave_off(current: Current) -> Button:
    return tap("Leave it off", "rules", current.portfolio.portfolio.id)
