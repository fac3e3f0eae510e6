"""``/pause`` and ``/resume``: the kill switch; nothing is sent to the broker while a portfolio is paused."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, note, shown_name, tap
from bot.telegram.context import Reaction, Turn, say
from core.application import pause
from core.domain.ids import PortfolioId
from core.domain.permissions import Act


async def stop(turn: Turn, words: Words) -> Reaction:
    """Pull the switch."""
    return await stop_portfolio(turn, await turn.portfolio_id(words.slug))


async def stop_portfolio(turn: Turn, portfolio_id: PortfolioId) -> Reaction:
    """Pause one portfolio."""
    runtime = turn.runtime
    await pause.pause(runtime.store, runtime.clock, member=turn.member, portfolio_id=portfolio_id)
    portfolio = (await turn.of_id(portfolio_id)).portfolio.portfolio
    return say(
        note(
            f"{bold(shown_name(portfolio.name))} is {bold('paused')}: no order is sent, and no new "
            "proposal is made, until an owner resumes it. Orders that the broker already has may "
            "still be filled.",
            rows=((tap("▶️ Resume", "resume", portfolio.id),),),
        )
    )


async def go_on(turn: Turn, words: Words) -> Reaction:
    """Lift the switch."""
    return await resume_portfolio(turn, await turn.portfolio_id(words.slug))


async def resume_portfolio(turn: Turn, portfolio_id: PortfolioId) -> Reaction:
    """Resume one portfolio."""
    runtime = turn.runtime
    await pause.resume(runtime.store, runtime.clock, member=turn.member, portfolio_id=portfolio_id)
    portfolio = (await turn.of_id(portfolio_id)).portfolio.portfolio
    turn.wake()
    return say(
        note(
            f"{bold(shown_name(portfolio.name))} goes on: it is checked, and approved orders are "
            "sent again.",
            rows=((tap("⚖️ Check now", "rebalance", portfolio.id),),),
        )
    )


COMMANDS = (
    Command("pause", stop, "stop: nothing is sent to the broker", "/pause", Act.PAUSE, moves=True),
    Command("resume", go_on, "go on after a pause", "/resume", Act.RESUME, moves=True),
)
