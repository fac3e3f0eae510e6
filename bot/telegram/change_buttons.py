"""The buttons under a change of a live portfolio: ask for it, agree, take that back, object, withdraw."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from bot.telegram import code_question
from bot.telegram.context import Reaction, Turn, alert, put, say
from bot.telegram.screen import Screen
from bot.telegram.views.changes import change_screen, offer_screen
from bot.words.refusals import refusal_sentence
from core.application.agree_to_change import agree_to_change, take_agreement_back
from core.application.ask_for_change import ask_for_change
from core.application.object_to_change import object_to_change
from core.application.one_time_codes import Proof
from core.application.show_change import ChangeView, show_change
from core.application.withdraw_change import withdraw_change
from core.domain.ids import ChangeId
from core.domain.membership import Member
from core.domain.refusals import (
    AlreadyAgreed,
    ChangeOver,
    CodeNeeded,
    NeedsAgreement,
    NotAgreed,
    NotTheAsker,
    OwnRights,
)
from core.ports.clock import Clock
from core.ports.store import Store

STANDS = (AlreadyAgreed, ChangeOver, NotAgreed, NotTheAsker, OwnRights)
"""What an answer is refused with that does not fit how the change stands: the message is brought up to date."""


async def offer(turn: Turn, held: NeedsAgreement) -> Screen:
    """What a change takes that was made out instead of made, and whether it is asked for."""
    view = await show_change(
        turn.runtime.store, member=turn.member, change_id=ChangeId(held.change)
    )
    return offer_screen(view, refusal_sentence(held))


async def show(turn: Turn, portfolio_id: int, change_id: int) -> Reaction:  # noqa: ARG001 - named for the entry
    """[Show change]: the change as it stands."""
    view = await show_change(turn.runtime.store, member=turn.member, change_id=ChangeId(change_id))
    return say(_screen(turn, view))


async def ask(turn: Turn, portfolio_id: int, change_id: int) -> Reaction:  # noqa: ARG001 - named for the entry
    """[Ask for it]: its day begins."""
    return await _with_code(turn, change_id, "cg_ask")


async def agree(turn: Turn, portfolio_id: int, change_id: int) -> Reaction:  # noqa: ARG001 - named for the entry
    """[Agree]."""
    return await _with_code(turn, change_id, "cg_agree")


async def _with_code(turn: Turn, change_id: int, verb: str) -> Reaction:
    """Do it; a member with one-time codes is asked for one first."""
    try:
        return await say_with(turn, change_id, verb)
    except CodeNeeded:
        return await code_question.ask_of_change(turn, change_id, verb)


async def say_with(turn: Turn, change_id: int, verb: str, code: str | None = None) -> Reaction:
    """Ask for a change or agree to it, with the one-time code that was typed, if any."""
    proof = Proof(turn.runtime.vault, code)
    if verb == "cg_ask":
        asking = partial(ask_for_change, proof=proof)
        return await _do(turn, asking, change_id, "Everybody is told.")
    return await _do(turn, partial(agree_to_change, proof=proof), change_id, "You have agreed.")


async def take_back(turn: Turn, portfolio_id: int, change_id: int) -> Reaction:  # noqa: ARG001 - named for the entry
    """[Take back]: the agreement does not count any more."""
    return await _do(turn, take_agreement_back, change_id, "Taken back.")


async def object_(turn: Turn, portfolio_id: int, change_id: int) -> Reaction:  # noqa: ARG001 - named for the entry
    """[Object]: nothing changes."""
    return await _do(turn, object_to_change, change_id, "Nothing changes.")


async def withdraw(turn: Turn, portfolio_id: int, change_id: int) -> Reaction:  # noqa: ARG001 - named for the entry
    """[Withdraw] and [Cancel]: nothing changes."""
    return await _do(turn, withdraw_change, change_id, "Nothing changes.")


class _UseCase(Protocol):
    """What a member says to a change."""

    def __call__(
        self, store: Store, clock: Clock, *, member: Member, change_id: ChangeId
    ) -> Awaitable[ChangeView]: ...


async def _do(turn: Turn, use_case: _UseCase, change_id: int, toast: str) -> Reaction:
    store, member, number = turn.runtime.store, turn.member, ChangeId(change_id)
    try:
        view = await use_case(store, turn.runtime.clock, member=member, change_id=number)
    except STANDS as refusal:
        present = await show_change(store, member=member, change_id=number)
        return alert(refusal_sentence(refusal), _screen(turn, present))
    turn.wake()
    return put(_screen(turn, view), toast=toast)


def _screen(turn: Turn, view: ChangeView) -> Screen:
    return change_screen(view, turn.member.id, turn.runtime.clock.now())


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "cg_show": show,
    "cg_ask": ask,
    "cg_agree": agree,
    "cg_back": take_back,
    "cg_object": object_,
    "cg_withdraw": withdraw,
}
"""What each verb under a change does; the portfolio is named for the entry, which asks the role there."""
