"""``/new Name with spaces``: another portfolio, which this person owns; ``by hand`` behind it: at no interface.

It belongs to a household: who has several is asked which, and ``own household`` behind the name makes a new one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.telegram.commands import holdings
from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, note, shown_name, tap
from bot.telegram.context import Misunderstood, Reaction, Turn, alert, say
from bot.telegram.dialogues import end_dialogue, save_dialogue, take_step
from bot.telegram.setup import choose_targets
from core.application.create_portfolio import (
    BY_HAND,
    OWN_HOUSEHOLD,
    OwnHousehold,
    create_portfolio,
)
from core.application.households import my_households
from core.domain.ids import HouseholdId
from core.domain.membership import Household
from core.domain.permissions import Act
from core.domain.portfolio import parse_name
from core.ports.store import Dialogue

NAME = "new"
GONE = "Another portfolio was asked for since. Send /new with its name again."
_BEHIND = re.compile(r"(.+?)[\s,·–-]+(by hand|manual|own household)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Wish:
    name: str
    by_hand: bool = False
    is_apart: bool = False


def read_wish(text: str) -> _Wish:
    """Read the name, and what stands behind it in any order; raises Misunderstood without a name."""
    wish = _Wish(text.strip())
    if not wish.name:
        raise Misunderstood("Give the new portfolio a name.", "/new Holiday money")
    while match := _BEHIND.fullmatch(wish.name):
        is_apart = match[2].lower() == "own household"
        wish = _Wish(match[1], wish.by_hand or not is_apart, wish.is_apart or is_apart)
    return wish


async def run(turn: Turn, words: Words) -> Reaction:
    """Make it, and go on to its targets; ask first in which household where there are several."""
    wish = read_wish(words.raw)
    if wish.is_apart:
        return await _make(turn, wish, OWN_HOUSEHOLD)
    households = await my_households(turn.runtime.store, member=turn.member)
    if len(households) > 1:
        return await _ask(turn, wish, households)
    return await _make(turn, wish, None)


async def _ask(turn: Turn, wish: _Wish, households: tuple[Household, ...]) -> Reaction:
    data = {"name": parse_name(wish.name), "by_hand": "1" if wish.by_hand else ""}
    await save_dialogue(turn, Dialogue(NAME, "household", data))
    rows = [(tap(each.name, "new_in", each.id),) for each in households]
    return say(
        note(
            f"In which household is {bold(shown_name(wish.name))}? Its owner can share it with everybody "
            "there, and what counts for taxes is looked at across it.",
            rows=(*rows, (tap("🏠 A household of its own", "new_in", 0),)),
        )
    )


async def make_in(turn: Turn, household_id: int) -> Reaction:
    """A household was tapped; 0 is a new one."""
    dialogue = await take_step(turn, NAME, "household", "making")
    if dialogue is None:
        return alert(GONE)
    wish = _Wish(dialogue.data["name"], bool(dialogue.data["by_hand"]))
    try:
        return await _make(turn, wish, HouseholdId(household_id) if household_id else OWN_HOUSEHOLD)
    except BaseException:
        await take_step(turn, NAME, "making", "household")
        raise


async def _make(turn: Turn, wish: _Wish, household: HouseholdId | OwnHousehold | None) -> Reaction:
    runtime = turn.runtime
    current = await create_portfolio(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        name=wish.name,
        chat=turn.chat,
        broker=BY_HAND if wish.by_hand else runtime.settings.broker,
        household=household,
    )
    await end_dialogue(turn)
    if wish.by_hand:
        return await holdings.begin(turn, current)
    made = f"{bold(shown_name(current.portfolio.portfolio.name))} is made, and this chat is about it now."
    return await choose_targets(turn, current, greeting=made)


VERBS = {"new_in": make_in}
"""What the buttons of the question do."""

COMMAND = Command(
    "new", run, "make another portfolio", "/new Holiday money", Act.MAKE_PORTFOLIO, moves=True
)
