"""The buttons that approve a proposal, with a code where one is needed, and what is said then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from bot.telegram import code_question
from bot.telegram.context import Misunderstood, Reaction, Turn
from bot.telegram.proposal_taps import apply, shown_now, tapped
from bot.telegram.setup_end import after_approval, last_step
from bot.telegram.views.approvals import still_wanted
from bot.words.by_hand import is_by_hand, is_dry_run
from bot.words.numbers import count
from bot.words.refusals import refusal_sentence
from bot.words.times import clock_time
from bot.work import desk_of
from core.application.decide_proposal import approve_proposal
from core.application.decisions import SENT, Decided
from core.application.gate import gate_of
from core.application.one_time_codes import Proof
from core.application.sending_time import UNDO, is_undoable
from core.application.show_proposal import ProposalView
from core.domain.proposal import TERMINAL, ProposalState
from core.domain.refusals import (
    AlreadyApproved,
    CodeNeeded,
    ProposalNotOpen,
)

REPORT_WAIT = 6.0
"""Seconds that the set-up waits for the first report, so that its last step comes after it."""

GOES_ON = SENT | {ProposalState.OPEN, ProposalState.SCHEDULED, ProposalState.APPROVED}
"""Where an approval still counts: who taps twice has done nothing wrong."""

BY_CODE = (
    "Real money needs your one-time code, which approves at once. To trade at the next open, "
    "approve after the close."
)

_STEP = 0.25


async def approve(turn: Turn, number: int, revision: int) -> Reaction:
    """[Approve]; where real money is at stake, a member with one-time codes is asked for one first."""
    try:
        return await approve_with(turn, number, revision)
    except CodeNeeded:
        return await code_question.ask(turn, number, revision)
    except (AlreadyApproved, ProposalNotOpen) as refusal:
        view = await tapped(turn, number)
        if view.proposal.state not in GOES_ON or not _has_approved(turn, view, revision):
            raise
        is_open = view.proposal.state is ProposalState.OPEN
        words = refusal_sentence(refusal) if is_open else "You have approved it already."
        return await shown_now(turn, number, words)


def _has_approved(turn: Turn, view: ProposalView, revision: int) -> bool:
    return any(
        decision.member_id == turn.member.id and decision.revision == revision
        for decision in view.proposal.approvals
    )


async def approve_at_open(turn: Turn, number: int, revision: int) -> Reaction:
    """[At open]: approved now, sent when the exchange opens the next time."""
    try:
        return await approve_with(turn, number, revision, at_open=True)
    except CodeNeeded:
        raise Misunderstood(BY_CODE) from None


async def approve_with(
    turn: Turn, number: int, revision: int, code: str | None = None, *, at_open: bool = False
) -> Reaction:
    """Approve, with the one-time code that was typed, if any."""
    proof = Proof(turn.runtime.vault, code)
    gate = gate_of(desk_of(turn.runtime))
    approving = partial(approve_proposal, gate=gate, proof=proof, at_open=at_open)
    decided = await apply(approving, turn, number, revision)
    wake_when_due(turn.runtime.work_arrived, decided)
    reaction = await shown_now(turn, number, await _approval_words(turn, decided))
    if decided.is_complete and await after_approval(turn, decided.proposal.portfolio_id):
        return reaction.after(lambda: _after_report(turn, decided))
    return reaction


def wake_when_due(work_arrived: asyncio.Event, decided: Decided) -> None:
    """Let the scheduler look again right when the time for an undo is over; after a restart its rounds do."""
    if is_undoable(decided.proposal):
        asyncio.get_running_loop().call_later(UNDO.total_seconds() + _STEP, work_arrived.set)


async def _approval_words(turn: Turn, decided: Decided) -> str:
    proposal = decided.proposal
    if not decided.is_complete:
        missing = still_wanted(await tapped(turn, proposal.id)).number
        return f"Your approval counts. {count(missing, 'more is', 'more are')} needed."
    if decided.scheduled_for is not None and proposal.revision.need.veto:
        when = clock_time(decided.scheduled_for, (await turn.runtime.market.moment()).now)
        return f"Approved. The orders go {when} unless somebody objects."
    if decided.scheduled_for is not None and is_undoable(proposal):
        return f"Approved. Sent in {UNDO.seconds} seconds: ↩ Undo takes it back."
    if decided.scheduled_for is not None:
        moment = await turn.runtime.market.moment()
        why = "" if moment.is_open else "The exchange is closed: the"
        when = clock_time(decided.scheduled_for, moment.now)
        return f"Approved. {why or 'The'} orders go out {when}."
    accounts = (await tapped(turn, proposal.id)).accounts
    if all(map(is_by_hand, accounts)):
        return "Approved. Your checklist comes in a moment."
    if all(map(is_dry_run, accounts)):
        return "Approved. It is a dry run: nothing is sent."
    return "Approved. The orders are next."


async def _after_report(turn: Turn, decided: Decided) -> Reaction:
    """Wait a moment for the report of a first approval, then go on to the last step of the set-up."""
    waited = 0.0
    while waited < REPORT_WAIT and decided.scheduled_for is None:
        state = (await tapped(turn, decided.proposal.id)).proposal.state
        if state in TERMINAL or state is ProposalState.FROZEN:
            break
        await turn.runtime.clock.sleep(_STEP)
        waited += _STEP
    state = (await tapped(turn, decided.proposal.id)).proposal.state
    is_well = state in {ProposalState.DONE, ProposalState.SCHEDULED}
    return last_step(decided.proposal.portfolio_id, is_well=is_well)


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "approve": approve,
    "atopen": approve_at_open,
}
"""What each verb that approves does."""
