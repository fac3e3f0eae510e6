"""``/status``: what a portfolio is worth and how far it is from its targets; nothing is checked or proposed."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Reaction, Turn, put, say
from bot.telegram.drawing import drawn
from bot.telegram.screen import Screen
from bot.telegram.views.overview import one_of_all, overview_screen
from bot.telegram.views.status import status_screen
from bot.telegram.views.veiled_status import veiled_status
from core.application.choose_portfolio import my_portfolios
from core.application.show_overview import show_overview
from core.application.show_status import Status, show_status
from core.domain.ids import PortfolioId
from core.domain.permissions import Act


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the portfolio that is meant; to who has several and names none, in private, all of them."""
    if words.slug is None and turn.is_private:
        mine = await my_portfolios(turn.runtime.store, member=turn.member)
        if len(mine) > 1:
            return say(await _overview(turn))
    return await status_of(turn, await turn.portfolio_id(words.slug))


async def _overview(turn: Turn) -> Screen:
    runtime = turn.runtime
    return overview_screen(
        await show_overview(runtime.store, runtime.brokers, runtime.market, member=turn.member)
    )


async def back_to_all(turn: Turn, portfolio_id: int) -> Reaction:
    """[← All]: the overview in the place of one portfolio; a group is never told which others a member has."""
    portfolio = (await turn.of_id(portfolio_id)).portfolio.portfolio
    if not turn.is_private:
        return await status_of(turn, portfolio.id)
    return put(await _overview(turn), toast="Up to date.")


async def one_of(turn: Turn, portfolio_id: int) -> Reaction:
    """A portfolio of the overview: its status, in the same message."""
    status = await _status(turn, (await turn.of_id(portfolio_id)).portfolio.portfolio.id)
    return put(one_of_all(status, layout=turn.member.layout))


async def _status(turn: Turn, portfolio_id: PortfolioId) -> Status:
    runtime = turn.runtime
    return await show_status(
        runtime.store,
        runtime.brokers,
        runtime.market,
        member=turn.member,
        portfolio_id=portfolio_id,
    )


async def status_of(turn: Turn, portfolio_id: PortfolioId) -> Reaction:
    """Show one portfolio, with its picture."""
    status = await _status(turn, portfolio_id)
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
