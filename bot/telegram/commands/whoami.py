"""``/whoami``: who the bot thinks one is."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, code, note, shown_name
from bot.telegram.context import Reaction, Turn, say
from bot.words.labels import ROLE_MEANINGS, role_label
from core.application.choose_portfolio import my_portfolios
from core.domain.membership import Role
from core.domain.permissions import Act
from core.domain.portfolio import Portfolio


async def run(turn: Turn, _words: Words) -> Reaction:
    """Say the name, the number, and the role in each portfolio."""
    mine = await my_portfolios(turn.runtime.store, member=turn.member)
    lines = [_line(portfolio, role) for portfolio, role in mine]
    return say(
        note(
            f"You are {bold(shown_name(turn.member.name))}, Telegram user "
            f"{code(str(turn.member.user_id))}.",
            "\n".join(lines) or "You have no portfolio yet: /start makes one.",
        )
    )


def _line(portfolio: Portfolio, role: Role) -> str:
    return f"{bold(shown_name(portfolio.name))}: {role_label(role)}, {ROLE_MEANINGS[role]}"


COMMAND = Command("whoami", run, "who you are to me", "/whoami", Act.GET_HELP)
