"""``/deposit`` and ``/withdraw``: money in and out of an embedded broker's account."""

from __future__ import annotations

from decimal import Decimal

from bot.telegram.commands.amounts import read_amount
from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, note, shown_name, tap
from bot.telegram.context import Reaction, Turn, say
from bot.telegram.first_portfolio import current_or_new
from bot.words.numbers import money
from core.application import move_cash
from core.application.choose_portfolio import Current
from core.application.create_portfolio import CURRENCY
from core.domain.portfolio import Portfolio


async def put_in(turn: Turn, words: Words) -> Reaction:
    """Put money in."""
    amount = read_amount(words.items, CURRENCY, "/deposit 500")
    portfolio = (await current_or_new(turn, words.slug)).portfolio.portfolio
    return await _put_in(turn, portfolio, amount, turn.key)


async def deposit_button(turn: Turn, amount: int, current: Current) -> Reaction:
    """[Deposit $1,000]: a second tap on the same button moves nothing more."""
    return await _put_in(turn, current.portfolio.portfolio, Decimal(amount), turn.tap_key)


async def _put_in(turn: Turn, portfolio: Portfolio, amount: Decimal, key: str) -> Reaction:
    runtime = turn.runtime
    cash = await move_cash.deposit(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        portfolio_id=portfolio.id,
        amount=amount,
        key=key,
    )
    return say(
        note(
            f"{bold(money(amount, portfolio.currency))} is in. {shown_name(portfolio.name)} has "
            f"{money(cash, portfolio.currency)} in cash now.",
            rows=(
                (
                    tap("🛒 Invest it", "invest", portfolio.id),
                    tap("📊 Status", "status", portfolio.id),
                ),
            ),
        )
    )


async def take_out(turn: Turn, words: Words) -> Reaction:
    """Take money out."""
    portfolio = (await turn.current(words.slug)).portfolio.portfolio
    amount = read_amount(words.items, portfolio.currency, "/withdraw 200")
    runtime = turn.runtime
    cash = await move_cash.withdraw(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        portfolio_id=portfolio.id,
        amount=amount,
        key=turn.key,
    )
    return say(
        note(
            f"{bold(money(amount, portfolio.currency))} is out. {shown_name(portfolio.name)} has "
            f"{money(cash, portfolio.currency)} in cash left.",
            rows=((tap("📊 Status", "status", portfolio.id),),),
        )
    )


COMMANDS = (
    Command("deposit", put_in, "put paper money in", "/deposit 500", moves=True),
    Command("withdraw", take_out, "take paper money out", "/withdraw 200", moves=True),
)
