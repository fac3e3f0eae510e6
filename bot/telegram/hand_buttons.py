"""The buttons of a checklist: a person says what they traded of an approved plan; each can be typed as well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

from bot.telegram.commands.book_lines import read_fill
from bot.telegram.commands.notes import bold, code, escape, note
from bot.telegram.commands.proposals import proposal_now
from bot.telegram.context import Reaction, Turn, alert, say
from bot.telegram.dialogues import end_dialogue, save_dialogue
from bot.words.labels import SIDES
from bot.words.numbers import count, quantity
from bot.work import desk_of
from core.application.show_proposal import ProposalView, show_proposal
from core.application.tell_fill import tell_fill, tell_not_done
from core.domain.ids import ProposalId
from core.domain.order import AT_BROKER, Order
from core.domain.permissions import Act, require
from core.domain.proposal import ProposalState
from core.domain.refusals import ChecklistClosed, UnknownLeg
from core.ports.store import Dialogue

NAME = "fill"
ANSWERED = "This line has its answer already."


async def done(turn: Turn, number: int, leg: int) -> Reaction:
    """[Done]: all that is left of a line, at the price shown."""
    return await answer_line(turn, number, leg)


async def answer_line(
    turn: Turn,
    number: int,
    leg: int,
    shares: Decimal | None = None,
    price: Decimal | None = None,
) -> Reaction:
    """Take down what was traded of a line."""
    view = await tell_fill(
        desk_of(turn.runtime),
        member=turn.member,
        proposal_id=ProposalId(number),
        leg=leg,
        key=f"{turn.key}:{turn.chat.id}",
        quantity=shares,
        price=price,
    )
    return await _taken_down(turn, view)


async def not_done(turn: Turn, number: int, leg: int) -> Reaction:
    """[Not done]: a line, or what is left of it, will not be traded."""
    view = await tell_not_done(
        desk_of(turn.runtime), member=turn.member, proposal_id=ProposalId(number), leg=leg
    )
    return await _taken_down(turn, view)


async def ask_price(turn: Turn, number: int, leg: int) -> Reaction:
    """[Price]: ask how many shares, and what each cost."""
    view = await show_proposal(
        turn.runtime.store, member=turn.member, proposal_id=ProposalId(number)
    )
    order = _open_line(turn, view, leg)
    if order is None:
        return alert(ANSWERED)
    left = order.quantity - order.filled_quantity
    line = f"{bold(f'{SIDES[order.side]} {quantity(left)} {escape(order.symbol)}')}"
    example = f"{left.normalize():f} @ {order.limit_price or 100:.2f}"
    typed = f"/holdings done {number} {leg} {example}"
    if not turn.is_private:
        return say(note(f"{line}: say what you traded, in shares and price:", code(typed)))
    data = {"proposal": str(number), "leg": str(leg)}
    await save_dialogue(turn, Dialogue(NAME, "price", data))
    return say(
        note(
            f"{line}: how many shares did you trade, and at what price? For example: {code(example)}",
            "Fewer shares than that leave the rest on the checklist.",
        )
    )


def _open_line(turn: Turn, view: ProposalView, leg: int) -> Order | None:
    """The line that is asked about; None where it has its answer. Raises what an answer would."""
    role = next((m.role for m in view.memberships if m.member.id == turn.member.id), None)
    require(role, Act.ANSWER_CHECKLIST)
    if view.proposal.state is not ProposalState.EXECUTING:
        raise ChecklistClosed(view.proposal.id)
    for order in view.orders:
        if order.leg == leg:
            return order if order.state in AT_BROKER else None
    raise UnknownLeg(view.proposal.id, leg)


async def typed_answer(turn: Turn, dialogue: Dialogue, text: str) -> Reaction:
    """The answer to [Price]."""
    shares, price = read_fill(text)
    number, leg = int(dialogue.data["proposal"]), int(dialogue.data["leg"])
    reaction = await answer_line(turn, number, leg, shares, price)
    await end_dialogue(turn)
    return Reaction(says=(reaction.edit,) if reaction.edit else reaction.says)


async def _taken_down(turn: Turn, view: ProposalView) -> Reaction:
    """Show the checklist as it is now; execution, woken, sees to the report once all is answered."""
    turn.wake()
    left = sum(order.state in AT_BROKER for order in view.orders)
    toast = f"Noted. {count(left, 'order')} to go." if left else "Noted. That was all of it."
    return Reaction(edit=await proposal_now(turn, view.proposal.id), toast=toast)


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "hand_done": done,
    "hand_other": ask_price,
    "hand_not": not_done,
}
"""What each verb of a checklist does; the first argument is a proposal's number."""
