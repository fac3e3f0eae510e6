"""The buttons under a held account: look again, accept another account, or go on after a look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.telegram.commands.status import status_of
from bot.telegram.context import Reaction, Turn, alert, put
from bot.telegram.views.standing import held_notice, hold_over_notice, not_held_notice
from bot.words.holds import HOLD_REASONS
from bot.words.numbers import listed
from bot.work import desk_of
from core.application.access import one_account
from core.application.desk import Desk
from core.application.release_hold import go_on, look_again, use_account
from core.domain.hold import LIFTS_ITSELF, Hold
from core.domain.ids import AccountId, PortfolioId
from core.domain.membership import Member
from core.domain.portfolio import ManagedAccount


async def check_again(turn: Turn, portfolio_id: int, account_id: int = 0) -> Reaction:
    """[Check again]: look at the account now."""
    return await _do(turn, look_again, portfolio_id, account_id)


async def accept(turn: Turn, portfolio_id: int, account_id: int = 0) -> Reaction:
    """[Use this account now]: what the keys open is the right account from now on."""
    return await _do(turn, use_account, portfolio_id, account_id)


async def looked(turn: Turn, portfolio_id: int, account_id: int = 0) -> Reaction:
    """[I have looked: go on]."""
    return await _do(turn, go_on, portfolio_id, account_id)


class _UseCase(Protocol):
    """What an owner does about a held account; it returns the holds that stand afterwards."""

    def __call__(
        self,
        desk: Desk,
        *,
        member: Member,
        portfolio_id: PortfolioId,
        account_id: AccountId | None = None,
    ) -> Awaitable[tuple[Hold, ...]]: ...


async def _do(turn: Turn, use_case: _UseCase, portfolio_id: int, number: int) -> Reaction:
    """Do it about the account that the button names, or about the portfolio's only one."""
    account_id = AccountId(number) if number else None
    managed = one_account((await turn.of_id(portfolio_id)).portfolio, account_id)
    async with turn.runtime.store.read() as work:
        before = await work.holds.standing(managed.account.id)
    left = await use_case(
        desk_of(turn.runtime),
        member=turn.member,
        portfolio_id=managed.portfolio.id,
        account_id=managed.account.id,
    )
    turn.wake()
    managed = (await turn.of_id(portfolio_id)).portfolio.part(managed.account.id)
    return await _reaction(turn, managed, before, left)


async def _reaction(
    turn: Turn, managed: ManagedAccount, before: tuple[Hold, ...], left: tuple[Hold, ...]
) -> Reaction:
    reasons = {hold.reason for hold in left}
    over = [hold.reason for hold in before if hold.reason not in reasons]
    if left and not over:
        why = listed([HOLD_REASONS[hold.reason] for hold in left])
        return alert(f"Still held: {why}."[:200], held_notice(managed, left))
    if not left and over and LIFTS_ITSELF.issuperset(over):
        return await _over_by_itself(turn, managed)
    screen = hold_over_notice(managed, over[0] if over else None, left)
    return put(screen, toast="Noted." if left else "It goes on.")


async def _over_by_itself(turn: Turn, managed: ManagedAccount) -> Reaction:
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
