"""A split told to a hand-kept account: read, shown with what it would do, and done once a person says so."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from bot.telegram.context import Misunderstood, Reaction, Turn, alert, put, say
from bot.telegram.hand_book import book_of, tapped_account
from bot.telegram.views.book import book_screen, perhaps_split_screen, split_screen
from core.application.split_by_hand import ToldSplit, plan_split, seen_split, split_by_hand
from core.application.type_holdings import type_holdings
from core.domain.book import BookChange
from core.domain.ids import Symbol
from core.domain.instrument import parse_symbol
from core.domain.lots import Lot
from core.domain.portfolio import ManagedAccount

EXAMPLE = "/holdings split VTI 4:1"
OUTDATED = "The book has changed since. /holdings shows it."
MOST_ON_BUTTON = 9
"""So many characters of a number of shares have room on a button."""

_RATIO = re.compile(r"([0-9]{1,4})\s*(?::|/|-?\s*for\s*-?)\s*([0-9]{1,4})", re.IGNORECASE)


async def ask(turn: Turn, current: ManagedAccount, items: Sequence[str]) -> Reaction:
    """``/holdings split VTI 4:1``: show what it would make of the position."""
    match = _RATIO.fullmatch(" ".join(items[1:]))
    if match is None or not int(match[1]) or not int(match[2]):
        raise Misunderstood(
            "Name the symbol, and how many new shares there are for how many old ones.", EXAMPLE
        )
    told = await _plan(
        turn, current, parse_symbol(items[0]), Fraction(int(match[1]), int(match[2]))
    )
    return say(split_screen(told, _token(told.before)))


async def perhaps(turn: Turn, current: ManagedAccount, change: BookChange) -> Reaction | None:
    """Ask whether a typed number of shares is what a split has made of them; None where it cannot be one."""
    runtime = turn.runtime
    shown = await book_of(turn, current)
    seen = await seen_split(runtime.store, runtime.market, shown.book, change)
    if seen is None:
        return None
    symbol, ratio = seen
    typed = f"{change.positions[symbol].normalize():f}"
    if len(typed) > MOST_ON_BUTTON:
        return None
    told = await _plan(turn, current, symbol, ratio)
    return say(perhaps_split_screen(told, _token(told.before), typed))


async def use(
    turn: Turn, portfolio_id: int, account_id: int, symbol: str, ratio: str, token: str
) -> Reaction:
    """[It split]: the book and its lots move; of two taps only one does."""
    current = await tapped_account(turn, portfolio_id, account_id)
    told = await _plan(turn, current, Symbol(symbol), Fraction(ratio))
    if _token(told.before) != token:
        return alert(OUTDATED)
    runtime = turn.runtime
    await split_by_hand(
        runtime.store,
        runtime.brokers,
        runtime.market,
        runtime.clock,
        member=turn.member,
        told=told,
    )
    return await _book(turn, current)


async def type_anyway(
    turn: Turn, portfolio_id: int, account_id: int, symbol: str, shares: str
) -> Reaction:
    """[No split]: the number of shares is written down as it was typed."""
    current = await tapped_account(turn, portfolio_id, account_id)
    runtime = turn.runtime
    lot = Lot(Symbol(symbol), Decimal(shares))
    await type_holdings(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        portfolio_id=current.portfolio.id,
        account_id=current.account.id,
        change=BookChange({lot.symbol: (lot,)}),
    )
    return await _book(turn, current)


VERBS: Mapping[str, Callable[..., Awaitable[Reaction]]] = {"bk_split": use, "bk_typed": type_anyway}


async def _plan(turn: Turn, current: ManagedAccount, symbol: Symbol, ratio: Fraction) -> ToldSplit:
    return await plan_split(
        turn.runtime.store,
        turn.runtime.brokers,
        member=turn.member,
        portfolio_id=current.portfolio.id,
        account_id=current.account.id,
        symbol=symbol,
        ratio=ratio,
    )


async def _book(turn: Turn, current: ManagedAccount) -> Reaction:
    shown = await book_of(turn, current)
    return put(book_screen(shown, opening="✏️ Written down."), toast="Written down.")


def _token(before: Decimal) -> str:
    """What tells one number of shares from another, short enough for a button."""
    return hashlib.sha256(f"{before.normalize():f}".encode()).hexdigest()[:4]
