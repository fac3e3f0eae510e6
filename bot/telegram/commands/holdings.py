"""``/holdings``: what an account holds whose broker has no interface: typed, confirmed, priced, traded by hand."""

from __future__ import annotations

import re

from bot.telegram import hand_buttons, holdings_split
from bot.telegram.commands.book_lines import EXAMPLE, read_fill, read_lines, read_price
from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, code, escape, note, shown_name, tap
from bot.telegram.context import Misunderstood, Reaction, Turn, put, say
from bot.telegram.hand_book import book_of, tapped_account
from bot.telegram.screen import Screen
from bot.telegram.views.book import book_screen, lots_of_account
from bot.telegram.which_account import meant_account
from bot.words.by_hand import is_by_hand
from bot.words.numbers import money
from bot.words.refusals import refusal_sentence
from bot.words.times import clock_time, day
from core.application import type_holdings as use_case
from core.application.choose_portfolio import Current
from core.application.find_proxy import find_proxy
from core.application.type_holdings import ShownBook
from core.application.type_lots import show_lots, type_lots
from core.domain.book import TypedPrice
from core.domain.ids import Symbol
from core.domain.permissions import Act
from core.domain.portfolio import Account, ManagedAccount
from core.domain.quote import PriceFaultKind
from core.domain.refusals import NotKeptByHand, PriceSourceDown
from core.domain.session import NEW_YORK

_NUMBER = re.compile(r"\d{1,9}", re.ASCII)

_BY_HAND_ONLY = frozenset({"price", "fractions", "confirm", "done", "not", "split"})

NEW_ONE = "/new My own account by hand"


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the book, or do what the words say."""
    slug, text = _meant(words)
    managed = (await turn.current(slug)).portfolio
    current = meant_account(managed, words.account, is_by_hand)
    first, *rest = text.split() or [""]
    if not is_by_hand(current.account):
        return await _of_broker(turn, meant_account(managed, words.account, _any), text)
    match first.lower():
        case "":
            return say(await book_now(turn, current))
        case "price":
            return await _price(turn, current, rest)
        case "fractions":
            return await _fractions(turn, current, rest)
        case "confirm":
            return await _confirm(turn, current)
        case "done" | "not":
            return await _answer(turn, first.lower(), rest)
        case "split":
            return await holdings_split.ask(turn, current, rest)
        case _:
            return await _type(turn, current, text)


def _meant(words: Words) -> tuple[str | None, str]:
    """The portfolio that is named last, and the rest; ``@250`` is a price, no portfolio."""
    if words.slug is not None and words.slug.isdigit():
        return None, f"{words.text} @{words.slug}"
    return words.slug, words.text


def _any(_: Account) -> bool:
    return True


async def _of_broker(turn: Turn, current: ManagedAccount, text: str) -> Reaction:
    """An account whose broker says what it holds: only what the shares have cost is typed."""
    runtime = turn.runtime
    opening, first = "", text.partition(" ")[0].lower()
    if first in _BY_HAND_ONLY:
        return say(_not_here(current))
    if text:
        now = await runtime.market.clock.now()
        await type_lots(
            runtime.store,
            runtime.brokers,
            runtime.clock,
            member=turn.member,
            portfolio_id=current.portfolio.id,
            account_id=current.account.id,
            change=read_lines(text, now.astimezone(NEW_YORK).date()),
        )
        opening = "✏️ Written down."
    shown = await show_lots(
        runtime.store,
        runtime.brokers,
        member=turn.member,
        portfolio_id=current.portfolio.id,
        account_id=current.account.id,
    )
    return say(lots_of_account(shown, opening))


def _not_here(current: ManagedAccount) -> Screen:
    refusal = NotKeptByHand(current.account.broker)
    return note(
        escape(refusal_sentence(refusal)),
        "For an account at a broker that I cannot reach, make a portfolio of its own: "
        f"{code(NEW_ONE)}",
        rows=((tap("📊 Status", "status", current.portfolio.id),),),
    )


async def begin(turn: Turn, current: Current) -> Reaction:
    """A new hand-kept account: say what comes first."""
    name = bold(shown_name(current.portfolio.portfolio.name))
    opening = (
        f"{name} is made, and this chat is about it now. I calculate what to trade; you place the orders "
        "in your broker’s app yourself, and tell me what you did."
    )
    return say(await book_now(turn, current.portfolio.parts[0], opening))


async def book_now(turn: Turn, current: ManagedAccount, opening: str = "") -> Screen:
    """The book as it is now, with what has no price."""
    shown = await book_of(turn, current)
    return book_screen(shown, unpriced=await _unpriced(turn, shown), opening=opening)


async def _unpriced(turn: Turn, shown: ShownBook) -> tuple[Symbol, ...]:
    held = tuple(shown.book.positions)
    if not held:
        return ()
    try:
        batch = await turn.runtime.market.prices.quotes(held)
    except PriceSourceDown:
        return ()
    return tuple(
        symbol
        for symbol in held
        if symbol not in batch.quotes and batch.fault_of(symbol).kind is PriceFaultKind.MISSING
    )


async def _type(turn: Turn, current: ManagedAccount, text: str) -> Reaction:
    runtime = turn.runtime
    now = await runtime.market.clock.now()
    change = read_lines(text, now.astimezone(NEW_YORK).date())
    if (question := await holdings_split.perhaps(turn, current, change)) is not None:
        return question
    await use_case.type_holdings(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        portfolio_id=current.portfolio.id,
        account_id=current.account.id,
        change=change,
    )
    return say(await book_now(turn, current, "✏️ Written down."))


async def _confirm(turn: Turn, current: ManagedAccount) -> Reaction:
    runtime = turn.runtime
    await use_case.confirm_holdings(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        portfolio_id=current.portfolio.id,
        account_id=current.account.id,
    )
    return say(await book_now(turn, current, "✅ Confirmed."))


async def _price(turn: Turn, current: ManagedAccount, items: list[str]) -> Reaction:
    symbol, price, like = read_price(items)
    runtime, portfolio = turn.runtime, current.portfolio
    proxy = None
    if like is not None:
        proxy = await find_proxy(
            runtime.store, runtime.market, symbol=symbol, like=like, currency=portfolio.currency
        )
    typed = await use_case.type_price(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        portfolio_id=portfolio.id,
        account_id=current.account.id,
        symbol=symbol,
        price=price,
        like=proxy,
    )
    return say(note(_counted(typed, portfolio.currency)))


def _counted(typed: TypedPrice, currency: str) -> str:
    what = f"{bold(escape(typed.symbol))} counts at {money(typed.price, currency)} a share"
    if typed.like is None:
        until = clock_time(typed.valid_until, typed.typed_at)
        return f"{what} until {until}, wherever I find no price of it."
    return (
        f"{what} now, and moves like {escape(typed.like.symbol)} from here on: an estimate, wherever I "
        f"find no price of it. Type it again by {day(typed.valid_until)}."
    )


async def _fractions(turn: Turn, current: ManagedAccount, items: list[str]) -> Reaction:
    word = " ".join(items).lower()
    if word not in {"on", "off"}:
        raise Misunderstood(
            "Say whether your broker trades parts of shares: on or off.", "/holdings fractions on"
        )
    runtime, portfolio = turn.runtime, current.portfolio
    await use_case.set_fractions(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        portfolio_id=portfolio.id,
        account_id=current.account.id,
        has_fractions=word == "on",
    )
    what = "parts of shares too" if word == "on" else "whole shares only"
    where = portfolio.name if current.is_only else current.account.name
    return say(note(f"Plans for {bold(shown_name(where))} trade {what} from now on."))


async def _answer(turn: Turn, verb: str, items: list[str]) -> Reaction:
    """The buttons of a checklist, typed."""
    numbers = [item for item in items[:2] if _NUMBER.fullmatch(item)]
    if len(numbers) < 2:  # noqa: PLR2004 - proposal and line
        raise Misunderstood(
            "Name the proposal and the line of its checklist, and what you traded if it was at "
            "another price.",
            f"/holdings {verb} 42 1" + (" 10 @ 251.30" if verb == "done" else ""),
        )
    number, leg = int(numbers[0]), int(numbers[1])
    if verb == "not":
        reaction = await hand_buttons.not_done(turn, number, leg)
    elif len(items) == len(numbers):
        reaction = await hand_buttons.done(turn, number, leg)
    else:
        shares, price = read_fill(" ".join(items[2:]))
        reaction = await hand_buttons.answer_line(turn, number, leg, shares, price)
    return Reaction(says=(reaction.edit,) if reaction.edit else reaction.says)


async def still_right(turn: Turn, portfolio_id: int, account_id: int = 0) -> Reaction:
    """[Still right]."""
    reaction = await _confirm(turn, await tapped_account(turn, portfolio_id, account_id))
    return put(reaction.says[0].screen, toast="Confirmed.")


async def show_again(turn: Turn, portfolio_id: int, account_id: int = 0) -> Reaction:
    """[Change]: show the book, which says how."""
    return say(await book_now(turn, await tapped_account(turn, portfolio_id, account_id)))


def _act(words: Words) -> Act:
    _, text = _meant(words)
    match text.partition(" ")[0].lower():
        case "":
            return Act.SEE_HOLDINGS
        case "done" | "not":
            return Act.ANSWER_CHECKLIST
        case _:
            return Act.TYPE_HOLDINGS


COMMAND = Command(
    "holdings",
    run,
    "type what an account without an interface holds",
    EXAMPLE,
    _act,
    moves=True,
    names=lambda words: _meant(words)[0],
)
