"""``/leave``: leave a portfolio oneself."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, note, shown_name, tap
from bot.telegram.context import Reaction, Turn, put, say
from core.application.members import leave_portfolio
from core.domain.ids import PortfolioId
from core.domain.permissions import Act


async def run(turn: Turn, words: Words) -> Reaction:
    """Ask once more."""
    portfolio = (await turn.current(words.slug)).portfolio.portfolio
    return say(
        note(
            f"Leave {bold(shown_name(portfolio.name))}? You will see nothing of it any more; only an "
            "owner can invite you again.",
            rows=((tap("Leave", "leave_yes", portfolio.id), tap("Stay", "close")),),
        )
    )


async def leave(turn: Turn, portfolio_id: int) -> Reaction:
    """Leaving was confirmed."""
    name = (await turn.of_id(portfolio_id)).portfolio.portfolio.name
    await leave_portfolio(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
    )
    return put(note(f"You have left {bold(shown_name(name))}."))


COMMAND = Command("leave", run, "leave a portfolio", "/leave", Act.LEAVE)
