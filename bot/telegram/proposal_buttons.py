"""The buttons under a proposal: approve, reject, reopen, later, edit lines, buy only, why, refresh."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import ROUND_DOWN, Decimal
from functools import partial
from typing import Protocol, TypeVar

from bot.telegram import code_question
from bot.telegram.commands.proposals import proposal_now
from bot.telegram.context import Misunderstood, Reaction, Said, Turn, alert, say
from bot.telegram.setup_end import after_approval, last_step
from bot.telegram.views.approvals import still_wanted
from bot.telegram.views.lots import proposal_lots_screen
from bot.telegram.views.proposal import snooze_screen
from bot.telegram.views.proposal_edit import is_whole, proposal_edit_screen
from bot.telegram.views.proposal_why import proposal_why_screen
from bot.telegram.views.record import record_screen
from bot.words.by_hand import is_by_hand, is_dry_run
from bot.words.numbers import count
from bot.words.refusals import refusal_sentence
from bot.words.times import clock_time
from bot.work import desk_of
from core.application.decide_proposal import (
    Snooze,
    approve_proposal,
    cancel_proposal,
    reject_proposal,
    reopen_proposal,
    snooze_proposal,
)
from core.application.decisions import SENT, Decided
from core.application.edit_proposal import choose_lot, edit_leg, plan_buys_only, plan_in_full
from core.application.follow_harvest import stay
from core.application.gate import gate_of
from core.application.market import Market
from core.application.object_to_proposal import object_to_proposal
from core.application.one_time_codes import Proof
from core.application.proposal_record import proposal_record
from core.application.sending_time import UNDO, is_undoable
from core.application.show_proposal import ProposalView, show_proposal
from core.application.take_back_approval import take_back_approval
from core.domain.ids import ProposalId
from core.domain.membership import Member
from core.domain.proposal import TERMINAL, ProposalState
from core.domain.refusals import (
    AlreadyApproved,
    CodeNeeded,
    OldRevision,
    ProposalNotOpen,
    UnknownLeg,
)
from core.ports.clock import Clock
from core.ports.store import Store

REPORT_WAIT = 6.0
"""Seconds that the set-up waits for the first report, so that its last step comes after it."""

GOES_ON = SENT | {ProposalState.OPEN, ProposalState.SCHEDULED, ProposalState.APPROVED}
"""Where an approval still counts: who taps twice has done nothing wrong."""

BY_CODE = (
    "Real money needs your one-time code, which approves at once. To trade at the next open, "
    "approve after the close."
)

_STEP = 0.25
_SHARE = Decimal("0.001")

_Outcome_co = TypeVar("_Outcome_co", covariant=True)


class _UseCase(Protocol[_Outcome_co]):
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
    ) -> Awaitable[_Outcome_co]: ...


async def _do(
    use_case: _UseCase[_Outcome_co], turn: Turn, number: int, revision: int
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


async def approve(turn: Turn, number: int, revision: int) -> Reaction:
    """[Approve]; where real money is at stake, a member with one-time codes is asked for one first."""
    try:
        return await approve_with(turn, number, revision)
    except CodeNeeded:
        return await code_question.ask(turn, number, revision)
    except (AlreadyApproved, ProposalNotOpen) as refusal:
        view = await _view(turn, number)
        if view.proposal.state not in GOES_ON or not _has_approved(turn, view, revision):
            raise
        is_open = view.proposal.state is ProposalState.OPEN
        words = refusal_sentence(refusal) if is_open else "You have approved it already."
        return await _shown(turn, number, words)


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
    decided = await _do(approving, turn, number, revision)
    wake_when_due(turn.runtime.work_arrived, decided)
    reaction = await _shown(turn, number, await _approval_words(turn, decided))
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
        missing = still_wanted(await _view(turn, proposal.id)).number
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
    accounts = (await _view(turn, proposal.id)).accounts
    if all(map(is_by_hand, accounts)):
        return "Approved. Your checklist comes in a moment."
    if all(map(is_dry_run, accounts)):
        return "Approved. It is a dry run: nothing is sent."
    return "Approved. The orders are next."


async def _after_report(turn: Turn, decided: Decided) -> Reaction:
    """Wait a moment for the report of a first approval, then go on to the last step of the set-up."""
    waited = 0.0
    while waited < REPORT_WAIT and decided.scheduled_for is None:
        state = (await _view(turn, decided.proposal.id)).proposal.state
        if state in TERMINAL or state is ProposalState.FROZEN:
            break
        await turn.runtime.clock.sleep(_STEP)
        waited += _STEP
    state = (await _view(turn, decided.proposal.id)).proposal.state
    is_well = state in {ProposalState.DONE, ProposalState.SCHEDULED}
    return last_step(decided.proposal.portfolio_id, is_well=is_well)


async def reject(turn: Turn, number: int, revision: int) -> Reaction:
    """[Reject]."""
    await _do(reject_proposal, turn, number, revision)
    return await _shown(
        turn, number, "Rejected: nothing is traded. It can be reopened until it expires."
    )


async def stay_put(turn: Turn, number: int, revision: int) -> Reaction:
    """[Stay]: keep what stood in, and do not ask again."""
    await _do(stay, turn, number, revision)
    words = "It stays: the switch back is not offered again. It can be reopened until it expires."
    return await _shown(turn, number, words)


async def take_back(turn: Turn, number: int, revision: int) -> Reaction:
    """[Take back]: cancel an approved proposal before its first order is sent."""
    await _do(cancel_proposal, turn, number, revision)
    return await _shown(turn, number, "Taken back: no order is sent.")


async def take_own_back(turn: Turn, number: int, revision: int) -> Reaction:
    """[Take my approval back]: while others are still needed."""
    await _do(take_back_approval, turn, number, revision)
    return await _shown(turn, number, "Your approval is taken back. You can approve it again.")


async def objection(turn: Turn, number: int, revision: int) -> Reaction:
    """[Object]: stop what enough people have approved, before its orders go."""
    await _do(object_to_proposal, turn, number, revision)
    words = "Stopped: nothing is traded. It can be reopened until it expires."
    return await _shown(turn, number, words)


async def reopen(turn: Turn, number: int, revision: int) -> Reaction:
    """[Reopen]."""
    await _do(reopen_proposal, turn, number, revision)
    return await _shown(turn, number, "Open again.")


async def snooze(turn: Turn, number: int, revision: int) -> Reaction:
    """[Snooze]: ask for how long."""
    view = await _view(turn, number)
    _require_revision(view, revision)
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
    return await _shown(turn, number, words)


async def buy_only(turn: Turn, number: int, revision: int) -> Reaction:
    """[Buy only]."""
    await _do(partial(plan_buys_only, limits=turn.runtime.limits), turn, number, revision)
    return await _shown(turn, number, "Purchases only now.")


async def in_full(turn: Turn, number: int, revision: int) -> Reaction:
    """[Plan in full]."""
    await _do(partial(plan_in_full, limits=turn.runtime.limits), turn, number, revision)
    return await _shown(turn, number, "The whole plan again.")


async def drop(turn: Turn, number: int, revision: int, leg: int) -> Reaction:
    """[Drop] a line."""
    return await _edit(turn, number, revision, leg, keep=Decimal(0))


async def halve(turn: Turn, number: int, revision: int, leg: int) -> Reaction:
    """[Halve] a line."""
    return await _edit(turn, number, revision, leg, keep=Decimal("0.5"))


async def lots(turn: Turn, number: int, revision: int, leg: int) -> Reaction:
    """[Lots] of a sale: show them with a button each."""
    view = await _view(turn, number)
    _require_revision(view, revision)
    if not 1 <= leg <= len(view.proposal.revision.plan.trades):
        raise UnknownLeg(view.proposal.id, leg)
    return Reaction(edit=Said(proposal_lots_screen(view, leg), view.proposal))


async def choose(turn: Turn, number: int, revision: int, leg: int, place: int) -> Reaction:
    """A lot is tapped: it goes first, after those chosen before, or no longer."""
    runtime = turn.runtime
    await choose_lot(
        runtime.store,
        runtime.market,
        runtime.clock,
        member=turn.member,
        proposal_id=ProposalId(number),
        revision=revision,
        leg=leg,
        place=place,
        limits=runtime.limits,
    )
    turn.wake()
    return await _shown(turn, number, "Changed: this is a new version. Why shows its lots.")


async def _edit(turn: Turn, number: int, revision: int, leg: int, *, keep: Decimal) -> Reaction:
    runtime = turn.runtime
    view = await _view(turn, number)
    _require_revision(view, revision)
    await edit_leg(
        runtime.store,
        runtime.market,
        runtime.clock,
        member=turn.member,
        proposal_id=ProposalId(number),
        revision=revision,
        leg=leg,
        quantity=_part_of(view, leg, keep),
        limits=runtime.limits,
    )
    turn.wake()
    return await _shown(turn, number, "Changed: this is a new version.")


def _part_of(view: ProposalView, leg: int, keep: Decimal) -> Decimal:
    """A part of a leg, rounded down to what can be traded of its symbol."""
    revision = view.proposal.revision
    if not 1 <= leg <= len(revision.plan.trades):
        raise UnknownLeg(view.proposal.id, leg)
    trade = revision.plan.trades[leg - 1]
    step = Decimal(1) if is_whole(view, trade) else _SHARE
    return (trade.quantity * keep).quantize(step, ROUND_DOWN)


async def edit(turn: Turn, number: int, revision: int) -> Reaction:
    """[Edit lines]: show them with their buttons."""
    view = await _view(turn, number)
    _require_revision(view, revision)
    screen = proposal_edit_screen(view, layout=turn.member.layout)
    return Reaction(edit=Said(screen, view.proposal))


async def why(turn: Turn, number: int, _revision: int) -> Reaction:
    """[Why]: show the numbers behind it."""
    view = await _view(turn, number)
    return Reaction(edit=Said(proposal_why_screen(view), view.proposal))


async def back(turn: Turn, number: int, _revision: int) -> Reaction:
    """[Back] from editing or reasons."""
    return await _shown(turn, number)


async def refresh(turn: Turn, number: int, _revision: int) -> Reaction:
    """[Refresh]."""
    return await _shown(turn, number, "Up to date.")


async def show(turn: Turn, number: int) -> Reaction:
    """[Show proposal 42]: as a new message."""
    return Reaction(says=(await proposal_now(turn, ProposalId(number)),))


async def record(turn: Turn, number: int) -> Reaction:
    """[Record 42]: its hash, prices, deciders and orders, as a new message."""
    found = await proposal_record(
        turn.runtime.store, member=turn.member, proposal_id=ProposalId(number)
    )
    return say(record_screen(found))


async def _shown(turn: Turn, number: int, toast: str = "") -> Reaction:
    return Reaction(edit=await proposal_now(turn, ProposalId(number)), toast=toast)


def with_present_state(turn: Turn, number: int, sentence: str) -> Reaction:
    """A refusal under a proposal's message, which is brought to its present state afterwards."""
    return alert(sentence).after(lambda: _shown(turn, number))


async def _view(turn: Turn, number: int) -> ProposalView:
    return await show_proposal(
        turn.runtime.store, member=turn.member, proposal_id=ProposalId(number)
    )


def _require_revision(view: ProposalView, revision: int) -> None:
    current = view.proposal.revision.number
    if revision != current:
        raise OldRevision(view.proposal.id, revision, current)


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "approve": approve,
    "reject": reject,
    "stay": stay_put,
    "reopen": reopen,
    "cancel": take_back,
    "unapprove": take_own_back,
    "object": objection,
    "atopen": approve_at_open,
    "snooze": snooze,
    "later": later,
    "buyonly": buy_only,
    "full": in_full,
    "edit": edit,
    "drop": drop,
    "halve": halve,
    "lots": lots,
    "lot": choose,
    "back": back,
    "why": why,
    "refresh": refresh,
    "show": show,
    "audit": record,
}
"""What each verb under a proposal does."""
