"""The book of a hand-kept account: what is written down, how old that is, and what a file would change."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.telegram.html import TEXT_LIMIT, bold, code, escape
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import capped, head, lines, paragraphs
from bot.telegram.views.standing import which_account
from bot.words.numbers import count, listed, money, quantity
from bot.words.times import clock_time, day
from core.application.split_by_hand import ToldSplit
from core.application.type_holdings import ShownBook
from core.application.type_lots import ShownLots
from core.domain.book import Book, BookChange, TypedPrice
from core.domain.ids import Symbol
from core.domain.ledger import LedgerLot
from core.domain.lots import Lot
from core.domain.money import ZERO
from core.domain.permissions import Act, may
from core.domain.portfolio import ManagedAccount

_ROOM = TEXT_LIMIT // 2
_CSV = "Or send me the CSV file of positions that your broker lets you download."


def book_screen(shown: ShownBook, *, unpriced: Sequence[Symbol] = (), opening: str = "") -> Screen:
    """What the account holds, as it was typed."""
    book, currency = shown.book, shown.managed.portfolio.currency
    is_owner = may(shown.role, Act.TYPE_HOLDINGS)
    held = [_position(book, symbol, currency) for symbol in book.positions]
    is_empty = book.confirmed_at is None
    text = paragraphs(
        head(shown.managed, "holdings"),
        opening,
        ""
        if is_empty
        else lines(capped(held, _ROOM, "more"), f"Cash {money(book.cash, currency)}"),
        lines(
            _age(shown),
            _unpriced(unpriced),
            *(_typed_price(typed, shown, currency) for typed in shown.prices),
            "Parts of shares are traded here." if book.has_fractions else "",
        ),
        _how(shown.managed, is_empty=is_empty) if is_owner else "",
    )
    return Screen(text, _buttons(shown, is_empty=is_empty, is_owner=is_owner))


def lots_of_account(shown: ShownLots, opening: str = "") -> Screen:
    """What is known of the cost of shares in an account whose broker says what it holds."""
    currency = shown.managed.portfolio.currency
    rows = [
        _covered(symbol, held, [lot for lot in shown.lots if lot.symbol == symbol], currency)
        for symbol, held in sorted(shown.holdings.positions.items())
    ]
    how = f"To say what shares have cost: {code('/holdings VTI 12 @ 210.10 2021-03-04')}"
    text = paragraphs(
        head(shown.managed, "holdings"),
        opening,
        capped(rows, _ROOM, "more"),
        "The broker says itself what this account holds; these are its lots.",
        how if may(shown.role, Act.TYPE_LOTS) else "",
    )
    return Screen(text, ((tap("📊 Status", "status", shown.managed.portfolio.id),),))


def _covered(symbol: Symbol, held: Decimal, lots: Sequence[LedgerLot], currency: str) -> str:
    """A position with its lots; the shares that no lot tells the cost of are said."""
    shares = f"{escape(symbol)} {quantity(held)}"
    known = [lot for lot in lots if lot.cost_per_share is not None]
    rest = held - sum((lot.remaining for lot in known), ZERO)
    if not known:
        return f"{shares}: cost unknown"
    what = _bought(known[0].lot, currency) if len(lots) == 1 else f" in {len(lots)} lots"
    return f"{shares}{what}" + (f", {quantity(rest)} of unknown cost" if rest > ZERO else "")


def _position(book: Book, symbol: Symbol, currency: str) -> str:
    lots = [lot for lot in book.lots if lot.symbol == symbol]
    shares = f"{escape(symbol)} {quantity(book.positions[symbol])}"
    if len(lots) > 1:
        return f"{shares} in {len(lots)} lots"
    return shares + _bought(lots[0], currency)


def _bought(lot: Lot, currency: str) -> str:
    cost = "" if lot.cost_per_share is None else f" @ {money(lot.cost_per_share, currency)}"
    return cost + ("" if lot.acquired is None else f", {lot.acquired.isoformat()}")


def _age(shown: ShownBook) -> str:
    days = shown.book.days_since(shown.market_now)
    if days is None:
        return "Nobody has written anything here yet."
    when = "today" if days == 0 else f"{count(days, 'day')} ago"
    if shown.book.is_old(shown.market_now):
        return f"⚠ Typed or confirmed {when}: {bold('too long ago for a plan')}. Is it still right?"
    return f"Typed or confirmed {when}."


def _unpriced(symbols: Sequence[Symbol]) -> str:
    if not symbols:
        return ""
    names = listed([escape(symbol) for symbol in symbols[:10]])
    example = code(f"/holdings price {symbols[0]} 12.34")
    return f"⚠ I know no price for {names}. Check the spelling, or say what a share is worth: {example}"


def _typed_price(typed: TypedPrice, shown: ShownBook, currency: str) -> str:
    if typed.like is not None:
        return (
            f"{escape(typed.symbol)} ≈ like {escape(typed.like.symbol)} since {day(typed.typed_at)}, from "
            f"{money(typed.price, currency)} by your word, good to {day(typed.valid_until)}"
        )
    until = clock_time(typed.valid_until, shown.market_now)
    return f"{escape(typed.symbol)} at {money(typed.price, currency)} by your word, good to {until}"


def _how(managed: ManagedAccount, *, is_empty: bool) -> str:
    """How lines are typed; with the account's name where there are others beside it."""
    where = "" if managed.is_only else f" #{managed.slug}"
    if is_empty:
        return lines(
            "Write each line as symbol and shares, with what a share cost and when if you know it:",
            code(f"/holdings VTI 112 @ 250.10 2024-03-01{where}"),
            code(f"/holdings CASH 1520.35{where}"),
            "Several lines go into one message. " + _CSV,
        )
    return lines(
        f"To change a line: {code(f'/holdings VTI 113{where}')}, "
        f"{code(f'/holdings CASH 1520.35{where}')}; after a split: "
        f"{code(f'/holdings split VTI 4:1{where}')}.",
        _CSV,
    )


def _buttons(shown: ShownBook, *, is_empty: bool, is_owner: bool) -> tuple[tuple[Button, ...], ...]:
    portfolio = shown.managed.portfolio.id
    if is_empty:
        return ()
    status = tap("📊 Status", "status", portfolio)
    check = (tap("⚖️ Check now", "rebalance", portfolio),)
    if not is_owner:
        return ((status, *(check if may(shown.role, Act.ASK_FOR_PLAN) else ())),)
    right = (tap("✅ Still right", "bk_right", *which_account(shown.managed)),)
    if shown.managed.targets is None:
        return (right, (tap("🎯 Choose targets", "setup", portfolio),))
    return (right, (status, *check))


def change_screen(managed: ManagedAccount, before: Book, change: BookChange, token: str) -> Screen:
    """What a broker's file would make of the book, before it does."""
    currency = managed.portfolio.currency
    now, then = before.positions, change.positions
    held = [_changed(symbol, now.get(symbol, ZERO), then[symbol]) for symbol in sorted(then)]
    gone = [
        f"{escape(symbol)} none (was {quantity(now[symbol])})"
        for symbol in sorted(now.keys() - then.keys())
    ]
    cash = (
        f"Cash stays {money(before.cash, currency)}: the file does not tell it."
        if change.cash is None
        else f"Cash {money(change.cash, currency)}"
    )
    portfolio = managed.portfolio.id
    text = paragraphs(
        head(managed, "holdings"),
        f"The file says that this is {bold('all')} that the account holds:",
        lines(capped([*held, *gone], _ROOM, "more"), cash),
        "Nothing is changed until you say so.",
    )
    return Screen(
        text,
        (
            (tap("✅ Use these holdings", "bk_use", portfolio, token),),
            (tap("✖ Cancel", "bk_cancel", portfolio, token),),
        ),
    )


def _changed(symbol: Symbol, before: Decimal, after: Decimal) -> str:
    was = "" if before == after else f" (was {quantity(before) if before else 'none'})"
    return f"{escape(symbol)} {quantity(after)}{was}"


def split_screen(told: ToldSplit, token: str) -> Screen:
    """What a split makes of a position, before it does."""
    managed = told.managed
    text = paragraphs(
        head(managed, "holdings"),
        _split_words(told),
        "Nothing is changed until you say so.",
    )
    return Screen(text, ((_split_button(told, token),), (tap("✖ Close", "close"),)))


def perhaps_split_screen(told: ToldSplit, token: str, typed: str) -> Screen:
    """The question whether a typed number of shares came from a split."""
    text = paragraphs(
        head(told.managed, "holdings"),
        f"That is exactly what a split of {_ratio(told)} makes of {escape(told.symbol)}, and its price moved so.",
        _split_words(told),
        "If you traded instead, the shares are written down without a cost.",
    )
    number = 0 if told.managed.is_only else told.managed.account.id
    portfolio = told.managed.portfolio.id
    no = tap("✏️ No, I traded", "bk_typed", portfolio, number, told.symbol, typed)
    return Screen(text, ((_split_button(told, token),), (no,)))


def _split_words(told: ToldSplit) -> str:
    what = (
        f"{escape(told.symbol)} split {_ratio(told)}: {quantity(told.before)} become {quantity(told.after)}. "
        "What they have cost together, and when they came, stays."
    )
    if not told.paid_out:
        return what
    example = code("/holdings CASH 1520.35")
    return lines(
        what,
        f"{quantity(told.paid_out)} of a share is paid out in cash. Type the cash once it is there: {example}",
    )


def _split_button(told: ToldSplit, token: str) -> Button:
    number = 0 if told.managed.is_only else told.managed.account.id
    ratio = f"{told.ratio.numerator}/{told.ratio.denominator}"
    where = told.managed.portfolio.id, number
    return tap(f"✅ It split {_ratio(told)}", "bk_split", *where, told.symbol, ratio, token)


def _ratio(told: ToldSplit) -> str:
    return f"{told.ratio.numerator}:{told.ratio.denominator}"


def holdings_old_buttons(portfolio_id: int) -> tuple[tuple[Button, ...], ...]:
    """What to do about holdings that nobody has confirmed for too long."""
    return (
        (tap("✅ Still right", "bk_right", portfolio_id), tap("✏️ Change", "bk_show", portfolio_id)),
    )
