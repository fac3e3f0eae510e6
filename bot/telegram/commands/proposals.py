"""``/proposals``: what waits for a decision, for the market, or for its report."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import note, shown_name, tap
from bot.telegram.context import Reaction, Said, Turn, say
from bot.telegram.permitted import as_permitted, for_one
from bot.telegram.views.proposal import proposal_screen
from bot.telegram.views.veiled import veiled_proposal
from core.application.list_proposals import open_proposals
from core.application.show_proposal import show_proposal
from core.domain.ids import ProposalId
from core.domain.permissions import Act


async def run(turn: Turn, words: Words) -> Reaction:
    """Show every proposal that has not ended, with its buttons."""
    current = await turn.current(words.slug)
    portfolio = current.portfolio.portfolio
    waiting = await open_proposals(
        turn.runtime.store, member=turn.member, portfolio_id=portfolio.id
    )
    if not waiting:
        nothing = note(
            f"Nothing is open in {shown_name(portfolio.name)}.",
            rows=((tap("⚖️ Check now", "rebalance", portfolio.id),),),
        )
        return say(as_permitted(turn, current.role, nothing))
    return Reaction(says=tuple([await proposal_now(turn, proposal.id) for proposal in waiting]))


async def proposal_now(turn: Turn, proposal_id: ProposalId) -> Said:
    """A proposal as it is now, for a message that is kept up to date."""
    view = await show_proposal(turn.runtime.store, member=turn.member, proposal_id=proposal_id)
    market_now = await turn.runtime.market.clock.now()
    if await turn.hides(view.managed.portfolio.id):
        screen = veiled_proposal(view, turn.bot.username, market_now)
    else:
        screen = proposal_screen(view, layout=turn.member.layout, market_now=market_now)
    if turn.is_private:
        screen = for_one(screen, view, turn.member.id)
    return Said(screen, view.proposal)


COMMAND = Command("proposals", run, "what waits for a decision", "/proposals", Act.SEE_PROPOSALS)
