"""``/history``: what was proposed, decided by whom, and what was changed."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Reaction, Turn, put, say
from bot.telegram.views.history import history_screen
from core.application.list_proposals import history
from core.domain.ids import ProposalId
from core.domain.permissions import Act


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the latest entries."""
    current = await turn.current(words.slug)
    found = await history(
        turn.runtime.store, member=turn.member, portfolio_id=current.portfolio.portfolio.id
    )
    return say(history_screen(current, found))


async def older(turn: Turn, portfolio_id: int, proposal_id: int) -> Reaction:
    """[Older]: what was proposed before, in the place of what was shown."""
    current = await turn.of_id(portfolio_id)
    found = await history(
        turn.runtime.store,
        member=turn.member,
        portfolio_id=current.portfolio.portfolio.id,
        before=ProposalId(proposal_id),
    )
    return put(history_screen(current, found))


COMMAND = Command("history", run, "what was decided, by whom", "/history", Act.SEE_HISTORY)
