"""``/rules``: what is done while the market is so: show, add, turn on and off, remove."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Misunderstood, Reaction, Turn, put, say
from bot.telegram.rule_words import Wanted, read_rule
from bot.telegram.screen import Screen
from bot.telegram.views.rules import (
    EXAMPLE,
    ask_action_screen,
    ask_hold_off_screen,
    bad_rule_screen,
    examples_screen,
    rule_screen,
    rules_screen,
)
from core.application.choose_portfolio import Current
from core.application.keep_rules import add_rule, remove_rule, show_rules, switch_rule
from core.domain.ids import RuleId
from core.domain.permissions import Act, require
from core.domain.refusals import UnknownRule
from core.domain.refusals.rules import BadRule
from core.domain.rules import EXAMPLES, Action, Ruled

LONGEST_NUMBER = 9


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the rules, or change them."""
    current = await turn.current(words.slug)
    match [item.lower() for item in words.items]:
        case []:
            return say(await _list(turn, current))
        case ["examples" | "example"]:
            return say(examples_screen(current))
        case ["on" | "off" | "remove" as what, number] if number.isdecimal():
            return say(await _change(turn, current, what, _number(number)))
        case [number, "on" | "off" | "remove" as what] if number.isdecimal():
            return say(await _change(turn, current, what, _number(number)))
        case _:
            return await _add_typed(turn, current, words.text)


def _number(text: str) -> RuleId:
    if len(text) > LONGEST_NUMBER:
        raise Misunderstood("There is no rule with so long a number.", "/rules off 1")
    return RuleId(int(text))


async def _add_typed(turn: Turn, current: Current, text: str) -> Reaction:
    try:
        wanted = read_rule(text)
        if wanted.action is None:
            return say(ask_action_screen(wanted.text))
        return say(await _add(turn, current, wanted, wanted.action))
    except BadRule as refusal:
        return say(bad_rule_screen(refusal))


async def _add(turn: Turn, current: Current, wanted: Wanted, action: Action) -> Screen:
    """Keep a rule, and turn it on; one that holds off stays off until that is confirmed."""
    runtime = turn.runtime
    rule = await add_rule(
        runtime.store,
        runtime.clock,
        member=turn.member,
        portfolio_id=current.portfolio.portfolio.id,
        text=wanted.text,
        action=action,
        factor=wanted.factor,
    )
    if action is Action.HOLD_OFF:
        return await _asked(turn, current, rule.id)
    await _switch(turn, current, rule.id, is_enabled=True)
    ruled = await _one(turn, current, rule.id)
    return rule_screen(current, ruled, await _today(turn))


async def _change(turn: Turn, current: Current, what: str, rule_id: RuleId) -> Screen:
    """Turn a rule on or off, or remove it, and show what there is then."""
    if what == "remove":
        return await _remove(turn, current, rule_id)
    if what == "on" and (await _one(turn, current, rule_id)).rule.action is Action.HOLD_OFF:
        return await _asked(turn, current, rule_id)
    return await _switch(turn, current, rule_id, is_enabled=what == "on")


async def _switch(turn: Turn, current: Current, rule_id: RuleId, *, is_enabled: bool) -> Screen:
    await switch_rule(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=current.portfolio.portfolio.id,
        rule_id=rule_id,
        is_enabled=is_enabled,
    )
    return await _list(turn, current, f"Rule {rule_id} is {'on' if is_enabled else 'off'} now.")


async def _remove(turn: Turn, current: Current, rule_id: RuleId) -> Screen:
    rule = await remove_rule(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=current.portfolio.portfolio.id,
        rule_id=rule_id,
    )
    return await _list(turn, current, f"Rule {rule_id} is removed: {rule.text}")


async def _asked(turn: Turn, current: Current, rule_id: RuleId) -> Screen:
    """The question before a rule holds off; only those who may answer it are asked."""
    require(current.role, Act.CHANGE_RULES)
    return ask_hold_off_screen(current, await _one(turn, current, rule_id), await _today(turn))


async def _list(turn: Turn, current: Current, first: str = "") -> Screen:
    return rules_screen(current, await _weighed(turn, current), await _today(turn), first)


async def _weighed(turn: Turn, current: Current) -> tuple[Ruled, ...]:
    return await show_rules(
        turn.runtime.store,
        turn.runtime.market,
        member=turn.member,
        portfolio_id=current.portfolio.portfolio.id,
    )


async def _one(turn: Turn, current: Current, rule_id: RuleId) -> Ruled:
    for each in await _weighed(turn, current):
        if each.rule.id == rule_id:
            return each
    raise UnknownRule(rule_id)


async def _today(turn: Turn) -> date:
    return (await turn.runtime.market.moment()).today


async def _show(turn: Turn, portfolio_id: int) -> Reaction:
    """[All rules], and [Leave it off]."""
    return put(await _list(turn, await turn.of_id(portfolio_id)))


async def _show_below(turn: Turn, portfolio_id: int) -> Reaction:
    """[Rules], under a notice that stays."""
    return say(await _list(turn, await turn.of_id(portfolio_id)))


async def _turn_on(turn: Turn, portfolio_id: int, rule_id: int) -> Reaction:
    return put(await _change(turn, await turn.of_id(portfolio_id), "on", RuleId(rule_id)))


async def _turn_on_surely(turn: Turn, portfolio_id: int, rule_id: int) -> Reaction:
    """[Turn it on], under what holding off comes to."""
    current = await turn.of_id(portfolio_id)
    return put(await _switch(turn, current, RuleId(rule_id), is_enabled=True))


async def _turn_off(turn: Turn, portfolio_id: int, rule_id: int) -> Reaction:
    return put(await _change(turn, await turn.of_id(portfolio_id), "off", RuleId(rule_id)))


async def _take_away(turn: Turn, portfolio_id: int, rule_id: int) -> Reaction:
    return put(await _change(turn, await turn.of_id(portfolio_id), "remove", RuleId(rule_id)))


async def _examples(turn: Turn, portfolio_id: int) -> Reaction:
    return put(examples_screen(await turn.of_id(portfolio_id)))


async def _add_example(turn: Turn, portfolio_id: int, name: str) -> Reaction:
    example = next((each for each in EXAMPLES if each.name == name), None)
    if example is None:
        raise Misunderstood("That example is there no more. /rules shows those of now.")
    current = await turn.of_id(portfolio_id)
    wanted = Wanted(example.text, example.action, example.factor)
    return say(await _add(turn, current, wanted, example.action))


VERBS: Mapping[str, Callable[..., Awaitable[Reaction]]] = {
    "rules": _show,
    "rules_new": _show_below,
    "rl_on": _turn_on,
    "rl_on_yes": _turn_on_surely,
    "rl_off": _turn_off,
    "rl_remove": _take_away,
    "rl_examples": _examples,
    "rl_add": _add_example,
}
"""What the buttons of the rules do."""


def _act(words: Words) -> Act:
    is_look = not words.items or words.flags <= {"example", "examples"}
    return Act.SEE_RULES if is_look else Act.CHANGE_RULES


COMMAND = Command(
    "rules",
    run,
    "what is done while the market is so",
    EXAMPLE,
    _act,
    moves=True,
    is_slow=True,
)
