"""Why: one line of a portfolio in plain words, for everybody: what was wanted, what it is, since when, what is done."""

from __future__ import annotations

from bot.telegram.html import bold, escape
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import head, lines, paragraphs
from bot.telegram.views.plain_parts import why_buttons
from bot.words.labels import PROPOSAL_STATES, proposal_number
from bot.words.numbers import listed, money, quantity
from bot.words.plain_words import (
    a_hundred,
    called,
    how_it_stands,
    of_hundred,
    plain_reason,
    what_helps,
)
from bot.words.refusals import refusal_sentence
from bot.words.rules import ruled_sentence
from bot.words.times import clock_time
from core.application.explain_line import LineStory, PlanFor
from core.application.show_status import Status
from core.domain.drift import DriftLine, DriftPart, OutsideLine
from core.domain.instrument import CASH
from core.domain.permissions import Act, may
from core.domain.plan import Side, Trade
from core.domain.proposal import UNDECIDED
from core.domain.session import NEW_YORK

NOTHING_KNOWN = "What is where cannot be told now."
_DOES = {Side.BUY: "buys", Side.SELL: "sells"}
_WOULD = {Side.BUY: "would buy", Side.SELL: "would sell"}


def which_line_screen(status: Status) -> Screen:
    """[❔ VTI] for each line, where none was named."""
    if status.drift is None:
        return nothing_known(status)
    symbols = [line.symbol for line in status.drift.lines]
    text = lines(head(status.managed), "About which part?")
    return Screen(text, why_buttons(status.managed.portfolio.id, symbols))


def nothing_known(status: Status) -> Screen:
    """Why no line can be explained now."""
    why = refusal_sentence(status.refusal).splitlines() if status.refusal else []
    return Screen(lines(head(status.managed), NOTHING_KNOWN, *map(escape, why[:1])))


def line_screen(story: LineStory) -> Screen:
    """One line, whichever it is."""
    if story.line is None:
        return _outside_screen(story)
    status, line = story.status, story.line
    currency = status.managed.portfolio.currency
    text = paragraphs(
        lines(head(status.managed, bold(escape(called(line.symbol))))),
        escape(f"{how_it_stands(line, currency)} {what_helps(line)}"),
        lines(_worth(line, currency), _allowed(line, currency), _since(story, line)),
        lines(*(_plan(plan, story, line) for plan in story.plans)) or _no_plan(story, line),
    )
    shown = [(tap(f"Show proposal {p.proposal_id}", "show", p.proposal_id),) for p in story.plans]
    return Screen(text, (*shown, (*_check(story, line), _status(status))))


def _outside_screen(story: LineStory) -> Screen:
    outside, status = story.outside, story.status
    if outside is None:
        return nothing_known(status)
    currency = status.managed.portfolio.currency
    text = paragraphs(
        head(status.managed, bold(escape(outside.symbol))),
        "It does not belong to the plan: nothing was wanted of it. It is kept and not counted"
        f"{_value(outside, currency)}.",
    )
    return Screen(text, ((_status(status),),))


def _value(outside: OutsideLine, currency: str) -> str:
    return "" if outside.value is None else f", and is worth {money(outside.value, currency)}"


def _worth(line: DriftLine, currency: str) -> str:
    """What is held of it: ``112 shares, worth $32,159.68.``."""
    value = money(line.value, currency)
    if line.symbol == CASH:
        return f"There is {value} in cash."
    held = line.parts or (DriftPart(line.symbol, line.quantity, line.price, line.value),)
    names = [f"{quantity(part.quantity)} {escape(part.symbol)}" for part in held if part.quantity]
    return f"You hold {listed(names)}, worth {value}." if names else "You hold none of it."


def _allowed(line: DriftLine, currency: str) -> str:
    """How far away is still near enough."""
    if line.band is None:
        return ""
    return f"Up to {of_hundred(line.band)} {a_hundred(currency)} more or less is close enough."


def _since(story: LineStory, line: DriftLine) -> str:
    if not line.breached:
        return ""
    if story.since is None:
        return "That is so by the prices of now; no look before has found it too far away."
    when = clock_time(story.since.at, story.status.market_now)
    if story.since.is_first:
        return f"It has been too far away since the look of {when}."
    return f"It has been too far away since the look of {when} at least."


def _plan(plan: PlanFor, story: LineStory, line: DriftLine) -> str:
    """What an open proposal does about it."""
    number = proposal_number(plan.proposal_id, plan.revision)
    currency = story.status.managed.portfolio.currency
    name = f"Proposal {number} ({PROPOSAL_STATES[plan.state]})"
    if not plan.trades:
        reason = plain_reason(plan.skipped[0].reason, currency)
        return f"{name} leaves it alone: {escape(reason)}"
    words = _WOULD if plan.state in UNDECIDED else _DOES
    does = listed([f"{words[each.side]} {_what(each, currency)}" for each in plan.trades])
    after = _after(plan, story, line)
    return f"{name} {does}{after}."


def _after(plan: PlanFor, story: LineStory, line: DriftLine) -> str:
    proposals = {each.id: each for each in story.status.open_proposals}
    weights = proposals[plan.proposal_id].revision.plan.after.weights
    if line.symbol not in weights:
        return ""
    return f"; then it is {of_hundred(weights[line.symbol])}"


def _what(trade: Trade, currency: str) -> str:
    return f"{quantity(trade.quantity)} {escape(trade.symbol)} for about {money(trade.value, currency)}"


def _no_plan(story: LineStory, line: DriftLine) -> str:
    """That nothing is planned, and when it is looked at again."""
    status = story.status
    nothing = "No plan is open for it." if line.breached else "Nothing needs to be done."
    if status.managed.portfolio.is_paused:
        return f"{nothing} The portfolio is paused until /resume."
    if status.next_check_at is None or status.next_check_at <= status.market_now:
        return nothing
    again = f"{nothing} I look again {clock_time(status.next_check_at, status.market_now)}."
    today = status.market_now.astimezone(NEW_YORK).date()
    return lines(again, escape(ruled_sentence(story.verdict, today)))


def _check(story: LineStory, line: DriftLine) -> tuple[Button, ...]:
    """[Check now] where it is too far away and nothing is planned, to who may ask for a plan."""
    status = story.status
    if story.plans or not line.breached or not may(status.role, Act.ASK_FOR_PLAN):
        return ()
    return (tap("⚖️ Check now", "rebalance", status.managed.portfolio.id),)


def _status(status: Status) -> Button:
    return tap("📊 Status", "status", status.managed.portfolio.id)
