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
from bot.telegram.views.deposits import coming_screen
from bot.telegram.views.standing import which_account
from bot.telegram.views.withdrawals import aside_screen
from bot.telegram.which_account import meant_account
from bot.words.by_hand import is_embedded
from bot.words.numbers import money
from bot.words.refusals import refusal_sentence
from core.application import move_cash
from core.application import request_withdrawal as withdrawals
from core.application.access import named_account, one_account
from core.application.choose_portfolio import Current
from core.application.create_portfolio import CURRENCY
from core.application.plan_deposit import plan_deposit
from core.application.request_withdrawal import request_withdrawal
from core.domain.ids import AccountId, EarmarkId, PortfolioId
from core.domain.money import ZERO
from core.domain.permissions import Act
from core.domain.portfolio import ManagedAccount
from core.domain.refusals import (
    CannotRaise,
    HoldingsOld,
    NoCashTransfers,
    NoTargets,
    PortfolioPaused,
)


async def put_in(turn: Turn, words: Words) -> Reaction:
    """Put money in."""
    amount = read_amount(words.items, CURRENCY, "/deposit 500")
    managed = (await current_or_new(turn, words.slug)).portfolio
    account = meant_account(managed, words.account, is_embedded)
    try:
        return await _put_in(turn, account, amount, turn.key)
    except NoCashTransfers:
        return await _plan_for(turn, named_account(managed, words.account), amount)


async def _plan_for(turn: Turn, account: ManagedAccount, amount: Decimal) -> Reaction:
    """At a broker that moves its money itself: what the amount will buy."""
    runtime = turn.runtime
    coming = await plan_deposit(
        runtime.store,
        runtime.brokers,
        runtime.market,
        member=turn.member,
        portfolio_id=account.portfolio.id,
        amount=amount,
        account_id=account.account.id,
        limits=runtime.limits,
    )
    return say(coming_screen(coming))


async def deposit_button(turn: Turn, amount: int, current: Current) -> Reaction:
    """[Deposit $1,000]: a second tap on the same button moves nothing more."""
    account = meant_account(current.portfolio, None, is_embedded)
    return await _put_in(turn, account, Decimal(amount), turn.tap_key)


async def _put_in(turn: Turn, managed: ManagedAccount, amount: Decimal, key: str) -> Reaction:
    runtime, portfolio = turn.runtime, managed.portfolio
    cash = await move_cash.deposit(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        portfolio_id=portfolio.id,
        amount=amount,
        key=key,
        account_id=managed.account.id,
    )
    return say(
        note(
            f"{bold(money(amount, portfolio.currency))} is in. {_named(managed)} has "
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
    managed = (await turn.current(words.slug)).portfolio
    amount = read_amount(words.items, managed.portfolio.currency, "/withdraw 200")
    account = named_account(managed, words.account)
    return await _take_out(turn, account, amount, turn.key)


async def ask_for_less(turn: Turn, portfolio_id: int, amount: str, account_id: int = 0) -> Reaction:
    """[Take out $4,321.00], the most there is, where more was asked for."""
    managed = (await turn.of_id(portfolio_id)).portfolio
    account = one_account(managed, AccountId(account_id) if account_id else None)
    return await _take_out(turn, account, Decimal(amount), turn.tap_key)


async def _take_out(turn: Turn, account: ManagedAccount, amount: Decimal, key: str) -> Reaction:
    runtime, portfolio = turn.runtime, account.portfolio
    wish = await request_withdrawal(
        runtime.store,
        runtime.brokers,
        runtime.market,
        runtime.clock,
        member=turn.member,
        portfolio_id=portfolio.id,
        amount=amount,
        key=key,
        chat_id=turn.asks_from,
        account_id=account.account.id,
        limits=runtime.limits,
    )
    turn.wake()
    if wish.left is not None:
        return say(_out(account, amount, wish.left))
    managed = (await turn.of_id(portfolio.id)).portfolio
    if wish.earmark is not None:
        return say(aside_screen(managed, wish.earmark))
    if wish.result is None:
        return NOTHING
    match wish.result.refusal:
        case CannotRaise() as refusal:
            return say(_too_much(account, refusal))
        case None | NoTargets() | PortfolioPaused() | HoldingsOld():
            return await react(turn, portfolio, wish.result, is_forced=True)
        case refusal:
            return say(note(escape(refusal_sentence(refusal))))


def _too_much(account: ManagedAccount, refusal: CannotRaise) -> Screen:
    """More than there is: the most is offered."""
    portfolio_id, *which = which_account(account)
    sentence = escape(refusal_sentence(refusal))
    if refusal.most <= ZERO:
        return note(sentence)
    label = f"💵 Take out {money(refusal.most, account.portfolio.currency)}"
    button = tap(label, "wd_ask", portfolio_id, f"{refusal.most:f}", *which)
    return note(sentence, rows=((button,),))


async def out(turn: Turn, portfolio_id: int, earmark_id: int) -> Reaction:
    """[Take it out], [It is out]."""
    runtime = turn.runtime
    earmark, left = await withdrawals.take_out(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
        earmark_id=EarmarkId(earmark_id),
    )
    managed = (await turn.of_id(portfolio_id)).portfolio
    if left is not None:
        return say(_out(managed.part(earmark.account_id), earmark.amount, left))
    amount = bold(money(earmark.amount, managed.portfolio.currency))
    return say(note(f"Noted: {amount} is out. Thank you."))


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


def _out(account: ManagedAccount, amount: Decimal, left: Decimal) -> Screen:
    portfolio = account.portfolio
    return note(
        f"{bold(money(amount, portfolio.currency))} is out. {_named(account)} has "
        f"{money(left, portfolio.currency)} in cash left.",
        rows=((tap("📊 Status", "status", portfolio.id),),),
    )


def _named(managed: ManagedAccount) -> str:
    """The account, by the portfolio's name where it is the only one."""
    return shown_name(managed.portfolio.name if managed.is_only else managed.account.name)


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "wd_ask": ask_for_less,
    "wd_out": out,
    "wd_keep": keep,
}
"""What each verb about money to be taken out does."""

# Whether money is moved here, or only planned for, depends on the account: the use cases say which role that takes.
COMMANDS = (
    Command(
        "deposit",
        put_in,
        "put paper money in, or see what money that comes would buy",
        "/deposit 500",
        Act.SEE_ACCOUNTS,
        moves=True,
        is_slow=True,
    ),
    Command(
        "withdraw",
        take_out,
        "take money out",
        "/withdraw 200",
        Act.SEE_ACCOUNTS,
        moves=True,
        is_slow=True,
    ),
)
