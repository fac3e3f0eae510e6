"""``/why VTI``: one line in plain words: what it should be, what it is, since when, and what is done about it."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Misunderstood, Reaction, Turn, say
from bot.telegram.views.plain_line import line_screen, nothing_known, which_line_screen
from core.application.explain_line import explain_line
from core.application.show_status import show_status
from core.domain.ids import PortfolioId, Symbol
from core.domain.permissions import Act

EXAMPLE = "/why VTI"


async def run(turn: Turn, words: Words) -> Reaction:
    """Explain the line that is named; without one, offer them all."""
    portfolio_id = await turn.portfolio_id(words.slug)
    match words.items:
        case []:
            runtime = turn.runtime
            status = await show_status(
                runtime.store,
                runtime.brokers,
                runtime.market,
                member=turn.member,
                portfolio_id=portfolio_id,
            )
            return say(which_line_screen(status))
        case [symbol]:
            return await _explain(turn, portfolio_id, symbol)
        case _:
            raise Misunderstood("Name one line.", EXAMPLE)


async def why_line(turn: Turn, portfolio_id: int, symbol: str) -> Reaction:
    """[❔ VTI]: the same, as a new message."""
    portfolio = (await turn.of_id(portfolio_id)).portfolio.portfolio
    return await _explain(turn, portfolio.id, symbol)


async def _explain(turn: Turn, portfolio_id: PortfolioId, typed: str) -> Reaction:
    runtime = turn.runtime
    symbol = Symbol(typed.upper())
    story = await explain_line(
        runtime.store,
        runtime.brokers,
        runtime.market,
        member=turn.member,
        portfolio_id=portfolio_id,
        symbol=symbol,
    )
    if story.status.drift is None:
        return say(nothing_known(story.status))
    if story.line is None and story.outside is None:
        name = story.status.managed.portfolio.name
        raise Misunderstood(f"There is no {symbol[:12]} in {name}.", "/why")
    return say(line_screen(story))


COMMAND = Command("why", run, "one line in plain words", EXAMPLE, Act.SEE_PORTFOLIO, is_slow=True)
