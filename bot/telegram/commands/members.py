"""``/members``: who belongs to a portfolio, and in which role."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, note, shown_name, tap
from bot.telegram.context import Reaction, Turn, alert, put, say
from bot.telegram.screen import Screen
from bot.telegram.views.leaving import remove_question
from bot.telegram.views.members import members_screen
from bot.words.labels import ROLE_MEANINGS, role_label
from core.application import members
from core.application.choose_portfolio import Current
from core.application.leave_for_good import look_at_removing
from core.application.see_family import see_family
from core.domain.ids import PortfolioId, UserId
from core.domain.membership import Membership, Role, parse_role
from core.domain.permissions import Act, require
from core.domain.refusals import UnknownMember


async def run(turn: Turn, words: Words) -> Reaction:
    """Show everybody."""
    return say(await everybody(turn, await turn.current(words.slug)))


async def everybody(turn: Turn, current: Current) -> Screen:
    """The members of a portfolio, with the buttons that this member may use."""
    family = await see_family(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=current.portfolio.portfolio.id,
    )
    return members_screen(current, family)


async def one(turn: Turn, current: Current, user_id: int) -> Membership:
    """One of the members, for those who may change them; raises UnknownMember."""
    require(current.role, Act.CHANGE_ROLES)
    found = await members.list_members(
        turn.runtime.store, member=turn.member, portfolio_id=current.portfolio.portfolio.id
    )
    for membership in found:
        if membership.member.user_id == user_id:
            return membership
    raise UnknownMember(str(user_id))


async def choose_role(turn: Turn, portfolio_id: int, user_id: int) -> Reaction:
    """[Change role]: offer the roles."""
    current = await turn.of_id(portfolio_id)
    person = await one(turn, current, user_id)
    meanings = "\n".join(f"{bold(role_label(role))}: {ROLE_MEANINGS[role]}" for role in Role)
    choices = tuple(
        tap(role_label(role), "set_role", portfolio_id, user_id, role.value)
        for role in Role
        if role is not person.role
    )
    return put(
        note(
            f"{bold(shown_name(person.member.name))} is {role_label(person.role)} of "
            f"{shown_name(current.portfolio.portfolio.name)}. Which role instead?",
            meanings,
            rows=(choices, (tap("← Back", "members_back", portfolio_id),)),
        )
    )


async def set_role(turn: Turn, portfolio_id: int, user_id: int, role: str) -> Reaction:
    """A role was chosen."""
    changed = await members.change_role(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
        user_id=UserId(user_id),
        role=parse_role(role),
    )
    screen = await everybody(turn, await turn.of_id(portfolio_id))
    return put(screen, toast=f"{changed.member.name[:40]} is {role_label(changed.role)} now")


async def ask_to_remove(turn: Turn, portfolio_id: int, user_id: int) -> Reaction:
    """[Remove]: ask once more."""
    current = await turn.of_id(portfolio_id)
    person = await one(turn, current, user_id)
    leaving = await look_at_removing(
        turn.runtime.store,
        member=turn.member,
        portfolio_id=current.portfolio.portfolio.id,
        person=person.member,
    )
    return put(remove_question(leaving, person))


async def remove(turn: Turn, portfolio_id: int, user_id: int) -> Reaction:
    """Removal was confirmed."""
    removed = await members.remove_member(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
        user_id=UserId(user_id),
    )
    if removed.member.id == turn.member.id:
        return alert("You have left.", note("You have left this portfolio."))
    screen = await everybody(turn, await turn.of_id(portfolio_id))
    return put(screen, toast=f"{removed.member.name[:40]} is removed")


COMMAND = Command("members", run, "the family and its roles", "/members", Act.SEE_MEMBERS)
