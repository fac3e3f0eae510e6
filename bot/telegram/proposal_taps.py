"""What every tap under a proposal does: apply a use case to the version it was on, and show what came of it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar

from bot.telegram.commands.proposals import proposal_now
from bot.telegram.context import Reaction, Turn, alert
from core.application.market import Market
from core.application.show_proposal import ProposalView, show_proposal
from core.domain.ids import ProposalId
from core.domain.membership import Member
from core.domain.refusals import OldRevision
from core.ports.clock import Clock
from core.ports.store import Store

_Outcome_co = TypeVar("_Outcome_co", covariant=True)


class UseCase(Protocol[_Outcome_co]):
    """A use case that a member applies to one revision of a proposal."""

    def __call__(
        self,
        store: Store,
        market: Market,
        clock: Clock,
        *,
        member: Member,
        proposal_id: ProposalId,
        revision: int,
    ) -> Awaitable[_Outcome_co]:
        """Do it, once for this revision."""
        ...


async def apply(
    use_case: UseCase[_Outcome_co], turn: Turn, number: int, revision: int
) -> _Outcome_co:
    """Apply a use case to the tapped revision, and let the scheduler see at once what came of it."""
    runtime = turn.runtime
    outcome = await use_case(
        runtime.store,
        runtime.market,
        runtime.clock,
        member=turn.member,
        proposal_id=ProposalId(number),
        revision=revision,
    )
    turn.wake()
    return outcome


async def shown_now(turn: Turn, number: int, toast: str = "") -> Reaction:
    """Bring the tapped message to the proposal's present state."""
    return Reaction(edit=await proposal_now(turn, ProposalId(number)), toast=toast)


def with_present_state(turn: Turn, number: int, sentence: str) -> Reaction:
    """A refusal under a proposal's message, which is brought to its present state afterwards."""
    return alert(sentence).after(lambda: shown_now(turn, number))


async def tapped(turn: Turn, number: int) -> ProposalView:
    """The proposal that a button is about."""
    return await show_proposal(
        turn.runtime.store, member=turn.member, proposal_id=ProposalId(number)
    )


def require_revision(view: ProposalView, revision: int) -> None:
    """Raise OldRevision where a button belongs to another version."""
    current = view.proposal.revision.number
    if revision != current:
        raise OldRevision(view.proposal.id, revision, current)
