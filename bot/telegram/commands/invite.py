"""``/invite role``: a link by which people can come into a portfolio, for how long and for how many as one likes."""

from __future__ import annotations

import re

from telegram.error import TelegramError

from bot.qr import pictured
from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, code, note, shown_name, tap
from bot.telegram.context import Misunderstood, Reaction, Turn, alert, put, say
from bot.telegram.replies import send_screen
from bot.telegram.screen import Button, Screen
from bot.words.labels import ROLE_MEANINGS, role_label
from bot.words.numbers import count
from core.application.choose_portfolio import Current
from core.application.invite_member import (
    Invited,
    invite_member,
    replace_invitation,
    revoke_invitation,
)
from core.domain.ids import PortfolioId
from core.domain.invitation import Lifetime, Terms
from core.domain.membership import Role, parse_role
from core.domain.permissions import Act
from core.domain.portfolio import Portfolio

LIFETIMES = {"1h": Lifetime.HOUR, "1d": Lifetime.DAY, "24h": Lifetime.DAY} | {
    "7d": Lifetime.WEEK,
    "1w": Lifetime.WEEK,
}
"""How long an invitation can be good, as it is typed."""

LENGTHS = {Lifetime.HOUR: "an hour", Lifetime.DAY: "24 hours", Lifetime.WEEK: "a week"}
OTHERS = (
    ("⏱ 1 hour", Terms(Lifetime.HOUR)),
    ("🗓 1 week", Terms(Lifetime.WEEK)),
    ("👥 5 people, 1 week", Terms(Lifetime.WEEK, 5)),
)
"""Other terms that have a button."""

EXAMPLE = "/invite viewer"
LONGER = "/invite viewer 7d 3 people"
_USES = re.compile(r"\d{1,4}", re.ASCII)
_UNITS = {"use", "uses", "person", "people"}


async def run(turn: Turn, words: Words) -> Reaction:
    """Make an invitation, or ask for which role."""
    current = await turn.current(words.slug)
    if not words.items:
        return say(ask(current))
    role, *rest = words.items
    return await invite(turn, current, parse_role(role), read_terms(rest))


def read_terms(words: list[str]) -> Terms:
    """Read ``7d 3 people``; each part may be left out. Raises Misunderstood and BadUses."""
    terms, left = Terms(), [word.lower() for word in words if word.lower() not in _UNITS]
    for word in left:
        if word in LIFETIMES:
            terms = Terms(LIFETIMES[word], terms.uses)
        elif _USES.fullmatch(word):
            terms = Terms(terms.lifetime, int(word))
        else:
            raise Misunderstood(
                "Name one role (viewer, proposer, approver or owner), then how long it is good (1h, 1d or 7d) "
                "and for how many people.",
                LONGER,
            )
    return terms


def ask(current: Current) -> Screen:
    """Offer the roles."""
    portfolio = current.portfolio.portfolio
    meanings = "\n".join(f"{bold(role_label(role))}: {ROLE_MEANINGS[role]}" for role in Role)
    roles = [tap(role_label(role), "invite", portfolio.id, role.value) for role in Role]
    return note(
        f"Invite somebody to {bold(shown_name(portfolio.name))} as what?",
        meanings,
        rows=(tuple(roles[:2]), tuple(roles[2:])),
    )


async def invite(turn: Turn, current: Current, role: Role, terms: Terms | None = None) -> Reaction:
    """Make an invitation; the link goes to the inviter's private chat alone."""
    portfolio = current.portfolio.portfolio
    invited = await invite_member(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=portfolio.id,
        role=role,
        terms=terms,
    )
    screen = _invitation(turn.bot.username, invited, portfolio)
    if turn.is_private:
        return say(screen)
    try:
        await send_screen(turn.bot, turn.member.user_id, screen, turn.runtime.signing_key)
    except TelegramError:
        return say(
            note(
                "I cannot write to you privately yet: open a chat with me, press Start, and invite there."
            )
        )
    return say(
        note(
            "The invitation is in your private chat with me: a link works for whoever opens it first."
        )
    )


def _invitation(bot_name: str, invited: Invited, portfolio: Portfolio) -> Screen:
    invitation, link = invited.invitation, f"https://t.me/{bot_name}?start={invited.code}"
    role = invitation.role
    lifetime = LENGTHS[_lifetime(invited)]
    people = count(invitation.uses, "person", "people")
    first = "whoever uses it first" if invitation.uses == 1 else "those who use it first"
    others = [
        tap(label, "reinvite", portfolio.id, invitation.mark, f"{terms.lifetime} {terms.uses}")
        for label, terms in OTHERS
    ]
    return Screen(
        note(
            f"Send this to the person whom you want as {bold(role_label(role))} of "
            f"{bold(shown_name(portfolio.name))} ({ROLE_MEANINGS[role]}), or let them point their camera at "
            f"it. It lets in {'one person' if invitation.uses == 1 else people}, within {lifetime}: {first}.",
            "Real money is traded here: they come in as a viewer, until enough have agreed and a day is over."
            if invited.waits
            else "",
            code(link),
            f"Or they send me: {code(f'/start {invited.code}')}",
        ).text,
        (
            (Button("📋 Copy the link", copy_text=link),),
            tuple(others[:2]),
            (others[2],),
            (tap("✖ Take it back", "uninvite", portfolio.id, invitation.mark),),
        ),
        photo=pictured(link),
    )


def _lifetime(invited: Invited) -> Lifetime:
    made = invited.invitation.created_at
    length = invited.invitation.expires_at - made if made else Lifetime.DAY.length
    return next(each for each in Lifetime if each.length == length)


async def again(turn: Turn, portfolio_id: int, mark: str, terms: str) -> Reaction:
    """[1 hour], [1 week], [5 people]: another link in the place of this one, which works no more."""
    current = await turn.of_id(portfolio_id)
    invited = await replace_invitation(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
        mark=mark,
        terms=read_terms(terms.split()),
    )
    screen = _invitation(turn.bot.username, invited, current.portfolio.portfolio)
    return put(screen, toast="The link of before works no more.")


async def take_back(turn: Turn, portfolio_id: int, mark: str) -> Reaction:
    """[Take it back]: nobody comes in by it any more."""
    current = await turn.of_id(portfolio_id)
    invitation = await revoke_invitation(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
        mark=mark,
    )
    words = f"The invitation as {role_label(invitation.role)} of "
    words += (
        f"{shown_name(current.portfolio.portfolio.name)} is taken back: its link works no more."
    )
    return alert("Taken back.", note(words, rows=((tap("👪 Members", "members", portfolio_id),),)))


COMMAND = Command("invite", run, "let somebody into the portfolio", EXAMPLE, Act.INVITE, moves=True)
