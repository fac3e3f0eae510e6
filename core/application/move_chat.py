"""Move a chat: a group became a supergroup under a new id; what was open there is shown there again."""

from __future__ import annotations

from datetime import datetime

from core.application.tell import pushes
from core.application.tell_channels import enqueue
from core.domain.ids import ChatId
from core.domain.proposal import ProposalState
from core.ports.store import UnitOfWork


async def move_chat(work: UnitOfWork, old: ChatId, new: ChatId, now: datetime) -> None:
    """Move everything about a group to its new id; told a second time, it does nothing.

    The old messages cannot be edited any more, and message numbers begin anew: so the copies of proposals are
    forgotten, and those that still wait for a decision are put into the group once more.
    """
    here = [portfolio.id for portfolio in await work.portfolios.at_home(old)]
    waiting = await work.proposals.blocking(here)
    shown = {
        copy.proposal_id
        for proposals in waiting.values()
        for proposal in proposals
        for copy in await work.proposals.copies(proposal.id)
        if copy.chat_id == old
    }
    await work.conversation.migrate_chat(old, new)
    for proposals in waiting.values():
        for proposal in proposals:
            if proposal.state is ProposalState.OPEN and proposal.id in shown:
                await enqueue(work, pushes(proposal, [new]), now)
