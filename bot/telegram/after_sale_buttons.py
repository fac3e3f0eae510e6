"""The buttons under a plan that sold and did not buy: plan the purchases again, or leave the money in cash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.telegram.commands.proposals import proposal_now
from bot.telegram.commands.rebalance import react
from bot.telegram.context import Reaction, Turn
from core.application.after_sale import stay_in_cash, try_the_buys
from core.application.check_result import Outcome
from core.application.show_proposal import show_proposal
from core.domain.ids import ProposalId


async def try_buys(turn: Turn, number: int) -> Reaction:
    """[Try the buys]: purchases only, at the prices of now; the new proposal comes as a message of its own."""
    runtime, proposal_id = turn.runtime, ProposalId(number)
    view = await show_proposal(runtime.store, member=turn.member, proposal_id=proposal_id)
    result = await try_the_buys(
        runtime.store,
        runtime.brokers,
        runtime.market,
        runtime.clock,
        member=turn.member,
        proposal_id=proposal_id,
        chat_id=turn.asks_from,
        limits=runtime.limits,
    )
    turn.wake()
    if result.outcome is Outcome.PROPOSED and result.proposal is not None:
        toast = f"Planned again, as proposal {result.proposal.id}. It needs an approval of its own."
        return Reaction(edit=await proposal_now(turn, proposal_id), toast=toast)
    return await react(turn, view.managed.portfolio, result, is_forced=True)


async def stay(turn: Turn, number: int) -> Reaction:
    """[Stay in cash]."""
    runtime = turn.runtime
    await stay_in_cash(
        runtime.store,
        runtime.market,
        runtime.clock,
        member=turn.member,
        proposal_id=ProposalId(number),
    )
    turn.wake()
    return Reaction(
        edit=await proposal_now(turn, ProposalId(number)), toast="Noted: the money stays in cash."
    )


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {"as_try": try_buys, "as_stay": stay}
"""What each verb under a plan that sold and did not buy does."""
