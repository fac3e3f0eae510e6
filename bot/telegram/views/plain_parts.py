"""What messages in plain words share: the parts of a portfolio one by one, and a button to ask why for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from bot.telegram.html import escape
from bot.telegram.screen import Button, tap
from bot.telegram.views.parts import choose_lines, left_out, lines
from bot.words.numbers import DOWN, UP
from bot.words.plain_words import a_hundred, called, of_hundred
from core.domain.drift import DriftLine
from core.domain.ids import PortfolioId, Symbol
from core.domain.instrument import CASH
from core.domain.money import ZERO

_ASKED = 9
_IN_A_ROW = 3


def parts_now(every: Sequence[DriftLine], currency: str, limit: int) -> str:
    """Each part with what it is and what was wanted, in parts of a hundred; of many those that matter."""
    shown, hidden = choose_lines(every, (CASH,), limit)
    return lines(
        f"{a_hundred(currency).capitalize()}:", *map(_part, shown), left_out(hidden, "part")
    )


def _part(line: DriftLine) -> str:
    mark = (f" {UP}" if line.drift > ZERO else f" {DOWN}") if line.breached else ""
    name = escape(called(line.symbol)).capitalize() if line.symbol == CASH else escape(line.symbol)
    return f"{name}: {of_hundred(line.weight)}, wanted {of_hundred(line.target)}{mark}"


def parts_after(
    every: Sequence[DriftLine], after: Mapping[Symbol, Decimal], currency: str, limit: int
) -> str:
    """What each part will be afterwards: ``Afterwards, of every 100 dollars: VTI 60, BND 35, cash 5.``."""
    shown, hidden = choose_lines(every, (*after, CASH), limit)
    each = [
        f"{escape(called(line.symbol))} {of_hundred(after.get(line.symbol, ZERO))}"
        for line in shown
    ]
    rest = f" {left_out(hidden, 'part')}" if hidden else ""
    return f"Afterwards, {a_hundred(currency)}: {', '.join(each)}.{rest}"


def why_buttons(
    portfolio_id: PortfolioId, symbols: Iterable[Symbol]
) -> tuple[tuple[Button, ...], ...]:
    """[❔ VTI] for each part, up to nine: /why answers about every other."""
    buttons = [
        tap(
            f"❔ {called(symbol).capitalize() if symbol == CASH else symbol}",
            "why_line",
            portfolio_id,
            symbol,
        )
        for symbol in [*dict.fromkeys(symbols)][:_ASKED]
    ]
    return tuple(tuple(buttons[at : at + _IN_A_ROW]) for at in range(0, len(buttons), _IN_A_ROW))
