"""Entry: every command, button and link is held against the table of permissions before anything is done.

This is the first of two checks: the use case asks the same table again, in the transaction that acts.
"""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Turn
from core.application.access import proposal_for
from core.domain.ids import ProposalId
from core.domain.membership import Role
from core.domain.permissions import LEAST, Act, require
from core.domain.refusals import NoPortfolio


async def admit_command(turn: Turn, command: Command, words: Words) -> None:
    """Raise a refusal unless the member may do what the words ask for; somebody without a portfolio is let through.

    Who has none yet is told so, or gets a first one, by the command.
    """
    act = command.act_of(words)
    if isinstance(LEAST[act], Role):
        await _admit_to_chats(turn, act, command.names(words))


async def admit_proposal(turn: Turn, number: int, act: Act) -> None:
    """Raise UnknownProposal or NotAllowed unless the member may do this about a proposal."""
    async with turn.runtime.store.read() as work:
        _, role = await proposal_for(work, turn.member, ProposalId(number))
    require(role, act)


async def admit_tap(turn: Turn, act: Act, portfolio_id: int, proposal: int | None) -> None:
    """Raise a refusal unless the member may do what a button asks for, where it asks for it.

    ``portfolio_id`` is the button's, 0 where it means the chat's portfolio.
    """
    if not isinstance(LEAST[act], Role):
        return
    if proposal is not None:
        await admit_proposal(turn, proposal, act)
    elif portfolio_id:
        require((await turn.of_id(portfolio_id)).role, act)
    else:
        await _admit_to_chats(turn, act, None)


async def _admit_to_chats(turn: Turn, act: Act, slug: str | None) -> None:
    try:
        current = await turn.current(slug)
    except NoPortfolio:
        if slug is not None:
            raise
        return
    require(current.role, act)
