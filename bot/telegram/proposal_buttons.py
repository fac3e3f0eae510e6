"""The other buttons under a proposal: reject, take back, object, reopen, later, why, refresh."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.telegram.commands.proposals import proposal_now
from bot.telegram.context import Misunderstood, Reaction, Said, Turn, say
from bot.telegram.proposal_taps import apply, require_revision, shown_now, tapped
from bot.telegram.views.proposal import snooze_screen
from bot.telegram.views.proposal_why import proposal_why_screen
from bot.telegram.views.record import record_screen
from bot.words.times import clock_time
from core.application.decide_proposal import (
    Snooze,
    cancel_proposal,
    reject_proposal,
    reopen_proposal,
    snooze_proposal,
)
from core.application.follow_harvest import stay
from core.application.object_to_proposal import object_to_proposal
from core.application.proposal_record import proposal_record
from core.application.take_back_approval import take_back_approval
from core.domain.ids import ProposalId


async def reject(turn: Turn, number: int, revision: int) -> Reaction:
    """[Reject]."""
    await apply(reject_proposal, turn, number, revision)
    return await shown_now(
        turn, number, "Rejected: nothing is traded. It can be reopened until it expires."
    )


async def stay_put(turn: Turn, number: int, revision: int) -> Reaction:
    """[Stay]: keep what stood in, and do not ask again."""
    await apply(stay, turn, number, revision)
    words = "It stays: the switch back is not offered again. It can be reopened until it expires."
    return await shown_now(turn, number, words)


async def take_back(turn: Turn, number: int, revision: int) -> Reaction:
    """[Take back]: cancel an approved proposal before its first order is sent."""
    await apply(cancel_proposal, turn, number, revision)
    return await shown_now(turn, number, "Taken back: no order is sent.")


async def take_own_back(turn: Turn, number: int, revision: int) -> Reaction:
    """[Take my approval back]: while others are still needed."""
    await apply(take_back_approval, turn, number, revision)
    return await shown_now(turn, number, "Your approval is taken back. You can approve it again.")


async def objection(turn: Turn, number: int, revision: int) -> Reaction:
    """[Object]: stop what enough people have approved, before its orders go."""
    await apply(object_to_proposal, turn, number, revision)
    words = "Stopped: nothing is traded. It can be reopened until it expires."
    return await shown_now(turn, number, words)


async def reopen(turn: Turn, number: int, revision: int) -> Reaction:
    """[Reopen]."""
    await apply(reopen_proposal, turn, number, revision)
    return await shown_now(turn, number, "Open again.")


async def snooze(turn: Turn, number: int, revision: int) -> Reaction:
    """[Snooze]: ask for how long."""
    view = await tapped(turn, number)
    require_revision(view, revision)
    shown = await proposal_now(turn, ProposalId(number))
    return Reaction(edit=Said(snooze_screen(view, shown.screen), view.proposal))


async def later(
    turn: Turn, number: int, revision: int, how_long: str = Snooze.A_WHILE.value
) -> Reaction:
    """[2 hours], [At the next open], [A week]: come back to it then."""
    if how_long not in set(Snooze):
        raise Misunderstood("This choice is from another version of me. Tap Snooze again.")
    runtime = turn.runtime
    until = await snooze_proposal(
        runtime.store,
        runtime.market,
        runtime.clock,
        member=turn.member,
        proposal_id=ProposalId(number),
        revision=revision,
        chat_id=turn.chat.id,
        how_long=Snooze(how_long),
    )
    when = clock_time(until, await runtime.market.clock.now())
    words = f"I will show it again at {when}. Until then it stays open."
    return await shown_now(turn, number, words)


async def why(turn: Turn, number: int, _revision: int) -> Reaction:
    """[Why]: show the numbers behind it."""
    view = await tapped(turn, number)
    return Reaction(edit=Said(proposal_why_screen(view), view.proposal))


async def back(turn: Turn, number: int, _revision: int) -> Reaction:
    """[Back] from editing or reasons."""
    return await shown_now(turn, number)


async def refresh(turn: Turn, number: int, _revision: int) -> Reaction:
    """[Refresh]."""
    return await shown_now(turn, number, "Up to date.")


async def show(turn: Turn, number: int) -> Reaction:
    """[Show proposal 42]: as a new message."""
    return Reaction(says=(await proposal_now(turn, ProposalId(number)),))


async def record(turn: Turn, number: int) -> Reaction:
    """[Record 42]: its hash, prices, deciders and orders, as a new message."""
    found = await proposal_record(
        turn.runtime.store, member=turn.member, proposal_id=ProposalId(number)
    )
    return say(record_screen(found))


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "reject": reject,
    "stay": stay_put,
    "reopen": reopen,
    "cancel": take_back,
    "unapprove": take_own_back,
    "object": objection,
    "snooze": snooze,
    "later": later,
    "back": back,
    "why": why,
    "refresh": refresh,
    "show": show,
    "audit": record,
}
"""What each verb under a proposal does."""
