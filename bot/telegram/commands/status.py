"""``/status``: what a portfolio is worth and how far it is from its targets; nothing is checked or proposed."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Reaction, Turn, say
from bot.telegram.drawing import drawn
from bot.telegram.views.status import status_screen
from bot.telegram.views.veiled_status import veiled_status
from core.application.show_status import show_status
from core.domain.ids import PortfolioId
from core.domain.permissions import Act


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the portfolio that is meant."""
    return await status_of(turn, await turn.portfolio_id(words.slug))


async def status_of(turn: Turn, portfolio_id: PortfolioId) -> Reaction:
    """Show one portfolio, with its picture."""
    runtime = turn.runtime
    status = await show_status(
        runtime.store,
        runtime.brokers,
        runtime.market,
        member=turn.member,
        portfolio_id=portfolio_id,
    )
    member = turn.member
    if await turn.hides(portfolio_id):
        is_dark = member.picture == "dark"
        return say(await drawn(veiled_status, status, turn.bot.username, dark=is_dark))
    return say(
        await drawn(status_screen, status, layout=member.layout, dark=member.picture == "dark")
    )


COMMAND = Command(
    "status",
    run,
    "value, weights against targets, drift",
    "/status",
    Act.SEE_PORTFOLIO,
    is_slow=True,
)
