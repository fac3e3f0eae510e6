"""The book of an account that is kept by hand, as whoever writes or taps means it."""

from __future__ import annotations

from bot.telegram.context import Turn
from bot.telegram.which_account import meant_account
from bot.words.by_hand import is_by_hand
from core.application.access import one_account
from core.application.type_holdings import ShownBook, show_book
from core.domain.ids import AccountId
from core.domain.portfolio import ManagedAccount


async def tapped_account(turn: Turn, portfolio_id: int, account_id: int) -> ManagedAccount:
    """The account that a button names; without a number, the only one that is kept by hand."""
    managed = (await turn.of_id(portfolio_id)).portfolio
    if account_id:
        return one_account(managed, AccountId(account_id))
    return meant_account(managed, None, is_by_hand)


async def book_of(turn: Turn, account: ManagedAccount) -> ShownBook:
    """What is written down of an account; raises NotKeptByHand."""
    return await show_book(
        turn.runtime.store,
        turn.runtime.brokers,
        turn.runtime.market.clock,
        member=turn.member,
        portfolio_id=account.portfolio.id,
        account_id=account.account.id,
    )
