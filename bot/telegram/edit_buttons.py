"""The buttons that change a proposal: its lines, their lots, and whether it only buys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import ROUND_DOWN, Decimal
from functools import partial

from bot.telegram.context import Reaction, Said, Turn
from bot.telegram.proposal_taps import apply, require_revision, shown_now, tapped
from bot.telegram.views.lots import proposal_lots_screen
from bot.telegram.views.proposal_edit import is_whole, proposal_edit_screen
from core.application.edit_proposal import choose_lot, edit_leg, plan_buys_only, plan_in_full
from core.application.show_proposal import ProposalView
from core.domain.ids import ProposalId
from core.domain.refusals import UnknownLeg

_SHARE = Decimal("0.001")


async def buy_only(turn: Turn, number: int, revision: int) -> Reaction:
    """[Buy only]."""
    await apply(partial(plan_buys_only, limits=turn.runtime.limits), turn, number, revision)
    return await shown_now(turn, number, "Purchases only now.")


async def in_full(turn: Turn, number: int, revision: int) -> Reaction:
    """[Plan in full]."""
    await apply(partial(plan_in_full, limits=turn.runtime.limits), turn, number, revision)
    return await shown_now(turn, number, "The whole plan again.")


async def drop(turn: Turn, number: int, revision: int, leg: int) -> Reaction:
    """[Drop] a line."""
    return await _edit(turn, number, revision, leg, keep=Decimal(0))


async def halve(turn: Turn, number: int, revision: int, leg: int) -> Reaction:
    """[Halve] a line."""
    return await _edit(turn, number, revision, leg, keep=Decimal("0.5"))


async def lots(turn: Turn, number: int, revision: int, leg: int) -> Reaction:
    """[Lots] of a sale: show them with a button each."""
    view = await tapped(turn, number)
    require_revision(view, revision)
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
    return await shown_now(turn, number, "Changed: this is a new version. Why shows its lots.")


async def _edit(turn: Turn, number: int, revision: int, leg: int, *, keep: Decimal) -> Reaction:
    runtime = turn.runtime
    view = await tapped(turn, number)
    require_revision(view, revision)
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
    return await shown_now(turn, number, "Changed: this is a new version.")


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
    view = await tapped(turn, number)
    require_revision(view, revision)
    screen = proposal_edit_screen(view, layout=turn.member.layout)
    return Reaction(edit=Said(screen, view.proposal))


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "buyonly": buy_only,
    "full": in_full,
    "edit": edit,
    "drop": drop,
    "halve": halve,
    "lots": lots,
    "lot": choose,
}
"""What each verb that changes a proposal does."""
