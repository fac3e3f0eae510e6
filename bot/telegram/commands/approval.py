"""``/approval``: how many people approve what, how long anybody may object, and who is asked first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from bot.telegram.commands.command import Command, Words, with_words
from bot.telegram.commands.policy import set_fields
from bot.telegram.context import Misunderstood, Reaction, Turn, put, say
from bot.telegram.screen import Screen
from bot.telegram.views.approval_rule import (
    EXAMPLE,
    FIRST,
    PARTS,
    RulePart,
    approval_screen,
    part_of_word,
    rule_part,
    rule_part_screen,
    said,
)
from core.application.choose_portfolio import Current
from core.application.members import list_members
from core.domain.approval import able
from core.domain.ids import MemberId, PortfolioId
from core.domain.membership import Membership
from core.domain.permissions import Act
from core.domain.refusals import UnknownMember

OUTDATED = "This choice is from an older version of me: /approval shows those of now."


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the rule, or change the named parts of it."""
    current = await turn.current(words.slug)
    if words.items:
        pairs = _pairs(words.text, await _members(turn, current))
        await set_fields(turn, current.portfolio.portfolio.id, pairs)
    return say(await _screen(turn, await turn.of_id(current.portfolio.portfolio.id)))


def _pairs(text: str, memberships: Sequence[Membership]) -> list[tuple[str, str]]:
    """Read ``above 5000 eyes on veto 1h``; behind ``first`` stand names up to the end."""
    items = text.replace("=", " ").split()
    pairs: list[tuple[str, str]] = []
    while items:
        part = part_of_word(items[0])
        if part is None:
            known = ", ".join(each.word for each in PARTS)
            raise Misunderstood(f"“{items[0][:20]}” is no part of it. There are: {known}.", EXAMPLE)
        if len(items) == 1:
            raise Misunderstood(f"“{items[0][:20]}” needs a value behind it.", EXAMPLE)
        if part.key == FIRST:
            return [*pairs, (part.field, _ids(" ".join(items[1:]), memberships))]
        pairs.append((part.field, items[1]))
        items = items[2:]
    return pairs


def _ids(text: str, memberships: Sequence[Membership]) -> str:
    """The members of these names by number, as the policy keeps them; raises UnknownMember for anybody else."""
    if text.strip().lower() in {"none", "off", "all"}:
        return "none"
    may_approve = able(memberships)
    by_name = {
        each.member.name.casefold(): each.member.id
        for each in memberships
        if each.member.id in may_approve
    }
    found = []
    for name in text.split(","):
        member_id = by_name.get(name.strip().casefold())
        if member_id is None:
            raise UnknownMember(name.strip()[:40])
        found.append(str(member_id))
    return ",".join(found)


async def show(turn: Turn, portfolio_id: int) -> Reaction:
    """[Approvals]: as a message of its own."""
    return say(await _screen(turn, await turn.of_id(portfolio_id)))


async def back(turn: Turn, portfolio_id: int) -> Reaction:
    """[← Back] from the choices of one part."""
    return put(await _screen(turn, await turn.of_id(portfolio_id)))


async def choose(turn: Turn, portfolio_id: int, key: str) -> Reaction:
    """One part: show what it can be."""
    current = await turn.of_id(portfolio_id)
    return put(rule_part_screen(current, _known(key), await _members(turn, current)))


async def set_to(turn: Turn, portfolio_id: int, key: str, value: str) -> Reaction:
    """One choice: set it, and show the rule then."""
    part = _known(key)
    await set_fields(turn, PortfolioId(portfolio_id), [(part.field, value)])
    current = await turn.of_id(portfolio_id)
    toast = f"{part.label}: {said(part, part.of.show(current.portfolio.policy), current.portfolio)}"
    return put(await _screen(turn, current), toast=toast)


async def ask_first(turn: Turn, portfolio_id: int, member_id: int) -> Reaction:
    """One member: ask them first from now on, or no longer."""
    before = (await turn.of_id(portfolio_id)).portfolio.policy.ask_first
    wanted = MemberId(member_id)
    after = [each for each in before if each != wanted]
    if wanted not in before:
        after.append(wanted)
    value = ",".join(map(str, after)) or "none"
    await set_fields(turn, PortfolioId(portfolio_id), [("ask_first", value)])
    return await choose(turn, portfolio_id, FIRST)


def _known(key: str) -> RulePart:
    part = rule_part(key)
    if part is None:
        raise Misunderstood(OUTDATED)
    return part


async def _members(turn: Turn, current: Current) -> tuple[Membership, ...]:
    return await list_members(
        turn.runtime.store, member=turn.member, portfolio_id=current.portfolio.portfolio.id
    )


async def _screen(turn: Turn, current: Current) -> Screen:
    return approval_screen(current, await _members(turn, current))


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "approval": show,
    "ap_back": back,
    "ap_of": choose,
    "ap": set_to,
    "ap_first": ask_first,
}
"""The buttons of the screen."""

COMMAND = Command(
    "approval",
    run,
    "who approves what: show or set",
    EXAMPLE,
    with_words(Act.SEE_PORTFOLIO, Act.CHANGE_POLICY),
    moves=True,
)
