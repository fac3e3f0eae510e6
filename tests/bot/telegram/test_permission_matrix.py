"""The permission matrix: every command and every button × everybody, held against the one table of the domain.

Each cell is really dispatched, as it comes from Telegram. Whether it may be done is what ``core.domain.permissions``
says of the act; a cell that may not is answered with the refusal (or nothing) and changes nothing.
"""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.telegram.buttons import VERBS
from bot.telegram.commands import all_commands
from bot.telegram.commands.command import Words, read_command
from bot.telegram.screen import Action
from bot.telegram.talk import HIDDEN
from bot.telegram.verb_acts import VERB_ACTS
from bot.words.acts import ACT_WORDS
from bot.words.refusals import refusal_sentence
from core.domain.permissions import Act, may
from core.domain.refusals import NoPortfolio, NotAMember, UnknownPortfolio, UnknownProposal
from tests.bot.telegram.cast import CAST, Person, Play, play

DEEPER: Mapping[str, Act] = {
    "/deposit 500 @family": Act.MOVE_CASH,
    "/withdraw 200 @family": Act.MOVE_CASH,
    "wd_ask": Act.MOVE_CASH,
    "/portfolio @family": Act.SEE_PORTFOLIO,
    "use": Act.SEE_PORTFOLIO,
}
"""Where the use case asks for more than the entry: paper money is really moved, and what is chosen must be seen."""

TRACES = {"audit_events", "sqlite_sequence", "seen_updates", "deliveries"}
"""Where a refused cell may leave its trace: what was tried, and which message shows a proposal."""


@dataclass(frozen=True)
class Deed:
    """One row of the matrix: what is typed or tapped, and its acts in the table."""

    name: str
    acts: tuple[Act, ...]
    action: Action | None = None
    is_about_chat: bool = False

    def is_open_to(self, person: Person) -> bool:
        """What the table says; a button that names no portfolio is about that of the chat where it is tapped."""
        who = (person.at_home or person.who) if self.is_about_chat else person.who
        return all(may(who, act) for act in self.acts)


def typed() -> Iterator[Deed]:
    """Every command as its example has it, and bare where that is another act, about the family's portfolio by name."""
    for command in all_commands():
        seen = set()
        for words in dict.fromkeys((command.example, f"/{command.name}")):
            text = words if words.endswith("@family") else f"{words} @family"
            found = read_command(text)
            assert found is not None
            acts = (command.act_of(Words(found.words.raw)), *deeper(text))
            if acts not in seen:
                yield Deed(text, acts)
            seen.add(acts)


def tapped(play: Play) -> Iterator[Deed]:
    """Every button, with arguments that fit it."""
    about: Mapping[str, int | str] = {
        "portfolio_id": play.family.portfolio.id,
        "number": play.proposal,
        "user_id": CAST["viewer"].user_id,
        "role": "viewer",
    }
    for verb, run in VERBS.items():
        parameters = list(inspect.signature(run, eval_str=True).parameters.values())[1:]
        args = [about.get(each.name, 1 if each.annotation is int else "5") for each in parameters]
        is_about_chat = not {"portfolio_id", "number"} & {each.name for each in parameters}
        acts = (VERB_ACTS[verb], *deeper(verb))
        yield Deed(verb, acts, Action(verb, tuple(args)), is_about_chat)


def deeper(name: str) -> tuple[Act, ...]:
    return (DEEPER[name],) if name in DEEPER else ()


def is_refused(said: list[str], person: Person) -> bool:
    """Whether the answer is that this is not theirs to do; who is nobody is not answered at a tap."""
    text = " ".join(said)
    nots = (
        refusal_sentence(NotAMember(person.user_id)),
        refusal_sentence(UnknownPortfolio("family")).split(".")[0],
        refusal_sentence(UnknownPortfolio("")).split(".")[0],
        refusal_sentence(UnknownProposal(1)).split(".")[0],
        refusal_sentence(NoPortfolio()),
        HIDDEN,
        *(f"To {words} takes a" for words in ACT_WORDS.values()),
        *(f"may {words}." for words in ACT_WORDS.values()),
    )
    return (person.who is None and not text) or any(words in text for words in nots)


def kept(folder: Path) -> Mapping[str, list[tuple[object, ...]]]:
    """What a refusal must not touch."""
    with closing(sqlite3.connect(folder / "evenkeel.db")) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: list(connection.execute(f"SELECT * FROM {name}"))
            for (name,) in names
            if name not in TRACES
        }


@pytest.mark.parametrize("kind", CAST)
async def test_everything_that_can_be_done_is_done_by_those_alone_who_may(
    kind: str, tmp_path: Path
) -> None:
    person, wrong = CAST[kind], []
    async with play(tmp_path) as stage:
        first = kept(tmp_path)
        for deed in (*typed(), *tapped(stage)):
            said = await stage.do(person, deed.name, deed.action)
            is_permitted = deed.is_open_to(person)
            if is_refused(said, person) is is_permitted:
                wrong.append((deed.name, deed.acts, said[:1]))
            if not is_permitted and kept(tmp_path) == first:
                continue
            if not is_permitted:
                wrong.append((deed.name, deed.acts, ["changed something"]))
            stage.begin()
    assert not wrong, "\n".join(map(str, wrong))
