"""``/deposit`` and ``/withdraw``: money in and out; what is to go out and is not there is raised by a plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

from bot.telegram.commands.amounts import read_amount
from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, escape, note, shown_name, tap
from bot.telegram.commands.rebalance import react
from bot.telegram.context import NOTHING, Reaction, Turn, say
from bot.telegram.first_portfolio import current_or_new
from bot.telegram.screen import Screen
from bot.telegram.views.withdrawals import aside_screen
from bot.words.numbers import money
from bot.words.refusals import refusal_sentence
from core.application import move_cash
from core.application import request_withdrawal as withdrawals
from core.application.choose_portfolio import Current
from core.application.create_portfolio import CURRENCY
from core.application.request_withdrawal import request_withdrawal
from core.domain.ids import EarmarkId, PortfolioId
from core.domain.money import ZERO
from core.domain.portfolio import Portfolio
from core.domain.refusals import CannotRaise, HoldingsOld, NoTargets, PortfolioPaused


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
    """Take money out, or have it raised first."""
    portfolio = (await turn.current(words.slug)).portfolio.portfolio
    amount = read_amount(words.items, portfolio.currency, "/withdraw 200")
    return await _take_out(turn, portfolio, amount, turn.key)


async def ask_for_less(turn: Turn, portfolio_id: int, amount: str) -> Reaction:
    """[Take out $4,321.00], the most there is, where more was asked for."""
    portfolio = (await turn.of_id(portfolio_id)).portfolio.portfolio
    return await _take_out(turn, portfolio, Decimal(amount), turn.tap_key)


async def _take_out(turn: Turn, portfolio: Portfolio, amount: Decimal, key: str) -> Reaction:
    runtime = turn.runtime
    wish = await request_withdrawal(
        runtime.store,
        runtime.brokers,
        runtime.market,
        runtime.clock,
        member=turn.member,
        portfolio_id=portfolio.id,
        amount=amount,
        key=key,
        chat_id=turn.chat.id,
        limits=runtime.limits,
    )
    turn.wake()
    if wish.left is not None:
        return say(_out(portfolio, amount, wish.left))
    managed = (await turn.of_id(portfolio.id)).portfolio
    if wish.earmark is not None:
        return say(aside_screen(managed, wish.earmark))
    if wish.result is None:
        return NOTHING
    match wish.result.refusal:
        case CannotRaise() as refusal:
            return say(_too_much(portfolio, refusal))
        case None | NoTargets() | PortfolioPaused() | HoldingsOld():
            return await react(turn, portfolio, wish.result, is_forced=True)
        case refusal:
            return say(note(escape(refusal_sentence(refusal))))


def _too_much(portfolio: Portfolio, refusal: CannotRaise) -> Screen:
    """More than there is: the most is offered."""
    sentence = escape(refusal_sentence(refusal))
    if refusal.most <= ZERO:
        return note(sentence)
    label = f"💵 Take out {money(refusal.most, portfolio.currency)}"
    return note(sentence, rows=((tap(label, "wd_ask", portfolio.id, f"{refusal.most:f}"),),))


async def out(turn: Turn, portfolio_id: int, earmark_id: int) -> Reaction:
    """[Take it out], [It is out]."""
    runtime = turn.runtime
    amount, left = await withdrawals.take_out(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
        earmark_id=EarmarkId(earmark_id),
    )
    portfolio = (await turn.of_id(portfolio_id)).portfolio.portfolio
    if left is not None:
        return say(_out(portfolio, amount, left))
    return say(note(f"Noted: {bold(money(amount, portfolio.currency))} is out. Thank you."))


async def keep(turn: Turn, portfolio_id: int, earmark_id: int) -> Reaction:
    """[Keep it invested]."""
    runtime = turn.runtime
    earmark = await withdrawals.keep_invested(
        runtime.store,
        runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
        earmark_id=EarmarkId(earmark_id),
    )
    portfolio = (await turn.of_id(portfolio_id)).portfolio.portfolio
    amount = bold(money(earmark.amount, portfolio.currency))
    return say(
        note(
            f"{amount} stays: the next check counts it as cash again.",
            rows=((tap("🛒 Invest it", "invest", portfolio.id),),),
        )
    )


def _out(portfolio: Portfolio, amount: Decimal, left: Decimal) -> Screen:
    return note(
        f"{bold(money(amount, portfolio.currency))} is out. {shown_name(portfolio.name)} has "
        f"{money(left, portfolio.currency)} in cash left.",
        rows=((tap("📊 Status", "status", portfolio.id),),),
    )


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "wd_ask": ask_for_less,
    "wd_out": out,
    "wd_keep": keep,
}
"""What each verb about money to be taken out does."""

COMMANDS = (
    Command("deposit", put_in, "put paper money in", "/deposit 500", moves=True),
    Command("withdraw", take_out, "take money out", "/withdraw 200", moves=True, is_slow=True),
)
