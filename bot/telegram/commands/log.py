"""``/log [n]``: what was done of late, for owners."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Misunderstood, Reaction, Turn, say
from bot.telegram.views.log import log_screen
from core.application.choose_portfolio import Current
from core.application.read_log import MOST_ENTRIES, USUAL_ENTRIES, read_log
from core.domain.permissions import Act

EXAMPLE = "/log 30"


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the latest entries."""
    limit = _limit(words)
    return await _page(turn, await turn.current(words.slug), 0, limit)


async def older(turn: Turn, portfolio_id: int, skipped: int, limit: int) -> Reaction:
    """Show the entries before those of a page."""
    return await _page(turn, await turn.of_id(portfolio_id), skipped, limit)


def _limit(words: Words) -> int:
    match words.items:
        case []:
            return USUAL_ENTRIES
        case [text] if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_ENTRIES:
            return int(text)
        case _:
            raise Misunderstood(
                f"The log takes one number from 1 to {MOST_ENTRIES}: how many entries to show.",
                EXAMPLE,
            )


async def _page(turn: Turn, current: Current, skipped: int, limit: int) -> Reaction:
    page = await read_log(
        turn.runtime.store,
        member=turn.member,
        portfolio_id=current.portfolio.portfolio.id,
        limit=limit,
        skipped=skipped,
    )
    return say(log_screen(current, page, limit))


COMMAND = Command("log", run, "what was done, and when", EXAMPLE, Act.SEE_LOG)
