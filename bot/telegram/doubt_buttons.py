"""The buttons under a stopped execution: ask the broker again, or say what a person has seen in its app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.telegram.commands.proposals import proposal_now
from bot.telegram.context import Reaction, Said, Turn, alert, put, say
from bot.telegram.permitted import as_permitted
from bot.telegram.views.frozen import belied_notice, frozen_notice, settled_notice
from bot.words.numbers import listed
from bot.words.refusals import refusal_sentence
from bot.work import desk_of
from core.application.resolve_frozen import (
    DOUBTFUL,
    check_again,
    say_at_broker,
    say_not_at_broker,
)
from core.application.show_proposal import ProposalView, show_proposal
from core.domain.ids import OrderId, ProposalId
from core.domain.proposal import ProposalState
from core.domain.refusals import ClaimBelied, ProposalNotOpen


async def what_now(turn: Turn, number: int) -> Reaction:
    """[What now?]: what is in doubt and what can be done, as a new message."""
    view = await show_proposal(
        turn.runtime.store, member=turn.member, proposal_id=ProposalId(number)
    )
    if view.proposal.state is not ProposalState.FROZEN:
        return Reaction(says=(await proposal_now(turn, view.proposal.id),))
    role = view.role_of(turn.member.id)
    return say(as_permitted(turn, role, frozen_notice(view)))


async def ask_again(turn: Turn, number: int) -> Reaction:
    """[Ask the broker again] about orders in doubt."""
    desk, proposal_id = desk_of(turn.runtime), ProposalId(number)
    return await _resolved(
        turn, proposal_id, check_again(desk, member=turn.member, proposal_id=proposal_id)
    )


async def is_there(turn: Turn, number: int, order: int) -> Reaction:
    """[It is at the broker]: what a person has seen of an order in doubt."""
    desk = desk_of(turn.runtime)
    proposal_id, order_id = ProposalId(number), OrderId(order)
    seen = say_at_broker(desk, member=turn.member, proposal_id=proposal_id, order_id=order_id)
    return await _resolved(turn, proposal_id, seen)


async def is_absent(turn: Turn, number: int, order: int) -> Reaction:
    """[It is not there]: what a person has seen; where the account speaks against it, it is asked once more."""
    try:
        return await _absent(turn, number, order, was_looked_at=False)
    except ClaimBelied as refusal:
        return say(belied_notice(refusal_sentence(refusal), number, order))


async def give_up(turn: Turn, number: int, order: int) -> Reaction:
    """[It was somebody else's trade]: it is not there, although the account has changed like that."""
    return await _absent(turn, number, order, was_looked_at=True)


async def _absent(turn: Turn, number: int, order: int, *, was_looked_at: bool) -> Reaction:
    proposal_id = ProposalId(number)
    seen = say_not_at_broker(
        desk_of(turn.runtime),
        member=turn.member,
        proposal_id=proposal_id,
        order_id=OrderId(order),
        was_looked_at=was_looked_at,
    )
    return await _resolved(turn, proposal_id, seen)


async def _resolved(
    turn: Turn, proposal_id: ProposalId, resolving: Awaitable[ProposalView]
) -> Reaction:
    """What came of it; a notice under which nothing is in doubt any more loses its buttons."""
    try:
        view = await resolving
    except ProposalNotOpen:
        view = await show_proposal(turn.runtime.store, member=turn.member, proposal_id=proposal_id)
        return put(settled_notice(view), toast="It was cleared up before.")
    turn.wake()
    if view.proposal.state is ProposalState.FROZEN:
        symbols = listed([order.symbol for order in view.orders if order.state in DOUBTFUL])
        words = (
            f"Still unclear: {symbols}. The broker does not find it. Ask again in a minute, or look at "
            "what it holds. Nothing was sent."
        )
        return alert(words, frozen_notice(view))
    now = await proposal_now(turn, view.proposal.id)
    return Reaction((now,), Said(settled_notice(view)), "Clear again: it goes on.")


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "fz_show": what_now,
    "fz_check": ask_again,
    "fz_there": is_there,
    "fz_absent": is_absent,
    "fz_giveup": give_up,
}
"""What each verb under a stopped execution does."""
