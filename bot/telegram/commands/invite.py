"""``/invite role``: a link by which one person can come into a portfolio, once, within a day."""

from __future__ import annotations

from telegram.error import TelegramError

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, code, note, shown_name, tap
from bot.telegram.context import Misunderstood, Reaction, Turn, say
from bot.telegram.replies import send_screen
from bot.telegram.screen import Button, Screen
from bot.words.labels import ROLE_MEANINGS, role_label
from core.application.choose_portfolio import Current
from core.application.invite_member import invite_member
from core.domain.membership import Role, parse_role
from core.domain.permissions import Act, require


async def run(turn: Turn, words: Words) -> Reaction:
    """Make an invitation, or ask for which role."""
    current = await turn.current(words.slug)
    require(current.role, Act.INVITE)
    if len(words.items) > 1:
        raise Misunderstood("Name one role: viewer, proposer, approver or owner.", "/invite viewer")
    if not words.items:
        return say(ask(current))
    return await invite(turn, current, parse_role(words.items[0]))


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


async def invite(turn: Turn, current: Current, role: Role) -> Reaction:
    """Make an invitation; the link goes to the inviter's private chat alone."""
    portfolio = current.portfolio.portfolio
    code_ = await invite_member(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=portfolio.id,
        role=role,
    )
    screen = _invitation(turn.bot.username, code_, portfolio.name, role)
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


def _invitation(bot_name: str, code_: str, portfolio_name: str, role: Role) -> Screen:
    link = f"https://t.me/{bot_name}?start={code_}"
    return note(
        f"Send this to the person whom you want as {bold(role_label(role))} of "
        f"{bold(shown_name(portfolio_name))} ({ROLE_MEANINGS[role]}). It lets in one person, within "
        "24 hours: whoever uses it first.",
        code(link),
        f"Or they send me: {code(f'/start {code_}')}",
        rows=((Button("📋 Copy the link", copy_text=link),),),
    )


COMMAND = Command(
    "invite", run, "let somebody into the portfolio", "/invite viewer", Act.INVITE, moves=True
)
