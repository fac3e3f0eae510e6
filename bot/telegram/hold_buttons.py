"""The buttons under a held account: look again, accept another account, or go on after a look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.telegram.commands.status import status_of
from bot.telegram.context import Reaction, Turn, alert, put
from bot.telegram.views.standing import held_notice, hold_over_notice, not_held_notice
from bot.words.holds import HOLD_REASONS
from bot.words.numbers import listed
from bot.work import desk_of
from core.application.release_hold import go_on, look_again, use_account
from core.domain.hold import LIFTS_ITSELF, Hold
from core.domain.ids import PortfolioId
from core.domain.portfolio import ManagedPortfolio


async def check_again(turn: Turn, portfolio_id: int) -> Reaction:
    """[Check again]: look at the account now."""
    before = await _standing(turn, portfolio_id)
    left = await look_again(
        desk_of(turn.runtime), member=turn.member, portfolio_id=PortfolioId(portfolio_id)
    )
    return await _react(turn, portfolio_id, before, left)


async def accept(turn: Turn, portfolio_id: int) -> Reaction:
    """[Use this account now]: what the keys open is the right account from now on."""
    before = await _standing(turn, portfolio_id)
    left = await use_account(
        desk_of(turn.runtime), member=turn.member, portfolio_id=PortfolioId(portfolio_id)
    )
    return await _react(turn, portfolio_id, before, left)


async def looked(turn: Turn, portfolio_id: int) -> Reaction:
    """[I have looked: go on]."""
    before = await _standing(turn, portfolio_id)
    left = await go_on(
        desk_of(turn.runtime), member=turn.member, portfolio_id=PortfolioId(portfolio_id)
    )
    return await _react(turn, portfolio_id, before, left)


async def _standing(turn: Turn, portfolio_id: int) -> tuple[Hold, ...]:
    current = await turn.of_id(portfolio_id)
    async with turn.runtime.store.read() as work:
        return await work.holds.standing(current.portfolio.account.id)


async def _react(
    turn: Turn, portfolio_id: int, before: tuple[Hold, ...], left: tuple[Hold, ...]
) -> Reaction:
    turn.wake()
    managed = (await turn.of_id(portfolio_id)).portfolio
    reasons = {hold.reason for hold in left}
    over = [hold.reason for hold in before if hold.reason not in reasons]
    if left and not over:
        why = listed([HOLD_REASONS[hold.reason] for hold in left])
        return alert(f"Still held: {why}."[:200], held_notice(managed, left))
    if not left and over and LIFTS_ITSELF.issuperset(over):
        return await _over_by_itself(turn, managed)
    screen = hold_over_notice(managed, over[0] if over else None, left)
    return put(screen, toast="Noted." if left else "It goes on.")


async def _over_by_itself(turn: Turn, managed: ManagedPortfolio) -> Reaction:
    """The owners are told of that in a message of its own: here, what was tapped shows how things are."""
    if not turn.is_on_picture:
        return put(not_held_notice(managed), toast="It goes on.")
    status = await status_of(turn, managed.portfolio.id)
    return put(status.says[0].screen, toast="It goes on.")


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "ho_check": check_again,
    "ho_use": accept,
    "ho_go": looked,
}
"""What each verb under a held account does."""
