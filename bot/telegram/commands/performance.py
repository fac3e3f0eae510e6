"""``/performance [1m|3m|ytd|1y|all]``: what a portfolio has earned, and against never having traded."""

from __future__ import annotations

from dataclasses import replace

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Misunderstood, Reaction, Turn, put, say
from bot.telegram.drawing import drawn
from bot.telegram.links import command_link
from bot.telegram.screen import Screen
from bot.telegram.views.performance import performance_screen
from bot.telegram.views.veiled import open_privately
from core.application.read_performance import show_performance
from core.domain.ids import PortfolioId
from core.domain.performance import Period
from core.domain.permissions import Act

EXAMPLE = "/performance 3m"


async def run(turn: Turn, words: Words) -> Reaction:
    """Look back over the period that is named, or three months."""
    period = _read(words.items)
    return say(await _screen(turn, await turn.portfolio_id(words.slug), period))


async def of_period(turn: Turn, portfolio_id: int, period: str) -> Reaction:
    """[1m] … [all]: the same over another period, in the place of what was shown."""
    screen = await _screen(turn, PortfolioId(portfolio_id), _read((period,)))
    return put(screen) if turn.is_on_picture and screen.photo else say(screen)


def _read(items: tuple[str, ...]) -> Period:
    try:
        (word,) = items or (Period.QUARTER.value,)
        return Period(word.lower())
    except ValueError:
        raise Misunderstood(
            f"A time to look back over is one of {', '.join(Period)}.", EXAMPLE
        ) from None


async def _screen(turn: Turn, portfolio_id: PortfolioId, period: Period) -> Screen:
    runtime = turn.runtime
    found = await show_performance(
        runtime.store,
        runtime.brokers,
        runtime.market,
        member=turn.member,
        portfolio_id=portfolio_id,
        period=period,
    )
    is_dark = turn.member.picture == "dark"
    amounts = not await turn.hides(portfolio_id)
    screen = await drawn(performance_screen, found, period, amounts=amounts, dark=is_dark)
    if amounts:
        return screen
    link = command_link(turn.bot.username, COMMAND.name, portfolio_id)
    return replace(screen, rows=(*screen.rows, open_privately(link)))


COMMAND = Command(
    "performance",
    run,
    "gains, returns, costs, and what was done",
    EXAMPLE,
    Act.SEE_PORTFOLIO,
    is_slow=True,
)
