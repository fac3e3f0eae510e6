"""What many messages share: their head, tables that fit a phone, and lists that fit a message."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from bot.telegram.html import TEXT_LIMIT, bold, escape, pre, shown_length, shown_name
from bot.words.by_hand import accounts_label
from bot.words.numbers import DOWN, UP, count, drift_mark, plain, tenths
from core.domain.drift import DriftLine
from core.domain.ids import Symbol
from core.domain.money import ZERO
from core.domain.portfolio import Account, ManagedAccount, ManagedPortfolio

WIDTH = 38
"""The most characters of a monospaced line that a phone shows without wrapping."""

SOME_LINES = 20
"""Tables of more lines show, where it must be brief, only those that matter now."""

HEADERS = ("", "now", "target", "drift", "after")


def head(
    managed: ManagedPortfolio | ManagedAccount,
    *topics: str,
    accounts: Collection[Account] | None = None,
) -> str:
    """The first line of a message about a portfolio, or an account of it: its name, the topic, and how real it is.

    ``accounts`` are those that it is about, where not all are; an account is named where there are several.
    """
    names = [bold(shown_name(managed.portfolio.name))]
    if isinstance(managed, ManagedAccount):
        names += [] if managed.is_only else [bold(shown_name(managed.account.name))]
        accounts = (managed.account,)
    elif accounts is None:
        accounts = managed.accounts
    label = bold(escape(accounts_label(accounts)))
    return " · ".join([*names, *topics, label])


def paragraphs(*blocks: str | None) -> str:
    """Blocks with an empty line between them; empty ones are left out."""
    return "\n\n".join(block for block in blocks if block)


def lines(*rows: str | None) -> str:
    """Lines under one another; empty ones are left out."""
    return "\n".join(row for row in rows if row)


def aligned(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table: the first column to the left, the others to the right, one space between."""
    every = [headers, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(headers))]
    return [_aligned_row(row, widths) for row in every]


def _aligned_row(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return " ".join([first, *others]).rstrip()


def drift_table(
    shown: Sequence[DriftLine], after: Mapping[Symbol, Decimal] | None, layout: str
) -> str:
    """Lines with their weights now, wanted and after: a table, or sentences (layout ``list``)."""
    if layout == "list":
        return "\n".join(_sentence(line, after) for line in shown)
    columns = len(HEADERS) if after is not None else len(HEADERS) - 1
    rows = [_cells(line, after)[:columns] for line in shown]
    table = aligned(HEADERS[:columns], rows)
    if max(len(row) for row in table) > WIDTH:
        table = aligned([name.replace("target", "tgt") for name in HEADERS[:columns]], rows)
    return pre(table)


def _cells(line: DriftLine, after: Mapping[Symbol, Decimal] | None) -> tuple[str, ...]:
    weight_after = None if after is None else after.get(line.symbol, ZERO)
    return (
        line.symbol,
        tenths(line.weight),
        tenths(line.target),
        drift_mark(line.drift, is_breached=line.breached),
        "" if weight_after is None else tenths(weight_after),
    )


def _sentence(line: DriftLine, after: Mapping[Symbol, Decimal] | None) -> str:
    words = f"{escape(line.symbol)}: {tenths(line.weight)} percent, target {tenths(line.target)}"
    words += f", {distance(line)}"
    if line.breached and line.band is not None:
        words += f", beyond its band of {plain(line.band.quantize(Decimal('0.01')))}"
    if after is not None:
        words += f"; after: {tenths(after.get(line.symbol, ZERO))}"
    return f"{words}."


def distance(line: DriftLine) -> str:
    """How far a line is from its target, in words: ``6.6 over``, ``on target``."""
    if not round(line.drift, 1):
        return "on target"
    return f"{tenths(abs(line.drift))} {'over' if line.drift > ZERO else 'under'}"


def legend(shown: Iterable[DriftLine], layout: str) -> str:
    """What the arrows mean, where there are any."""
    is_needed = layout != "list" and any(line.breached for line in shown)
    return f"{UP}{DOWN} beyond the band" if is_needed else ""


def choose_lines(
    every: Sequence[DriftLine], matter: Iterable[Symbol], limit: int
) -> tuple[tuple[DriftLine, ...], int]:
    """The lines to show where not all can be: those that matter or are beyond their band.

    At most ``limit``, the furthest from target first in choice, in their own order; and how many
    are left out.
    """
    if len(every) <= limit:
        return tuple(every), 0
    wanted = set(matter)
    candidates = [line for line in every if line.breached or line.symbol in wanted]
    nearest_last = sorted(candidates, key=lambda line: -abs(line.drift))[:limit]
    kept = {line.symbol for line in nearest_last}
    shown = tuple(line for line in every if line.symbol in kept)
    return shown, len(every) - len(shown)


def left_out(number: int, one: str = "line") -> str:
    """The note that a table does not show everything."""
    verb = "is" if number == 1 else "are"
    return f"({count(number, one)} {verb} not shown)" if number else ""


def first_fitting(
    make: Callable[[int], str], levels: Iterable[int], limit: int = TEXT_LIMIT
) -> str | None:
    """The most telling version of a text that fits; ``make`` gets the level of brevity, 0 first."""
    for level in levels:
        text = make(level)
        if shown_length(text) <= limit:
            return text
    return None


def capped_blocks(blocks: Sequence[str], more: str) -> str:
    """As many paragraphs as fit into a message; the rest is counted: ``… and 7 {more}``."""
    kept = [block for block in blocks if block]
    whole = len(kept)
    while kept and shown_length(text := _with_rest(kept, whole, more)) > TEXT_LIMIT:
        kept.pop()
    return text if kept else ""


def _with_rest(kept: Sequence[str], whole: int, more: str) -> str:
    rest = whole - len(kept)
    return paragraphs(*kept, f"… and {rest} {more}" if rest else "")


def capped(rows: Sequence[str], room: int, more: str) -> str:
    """As many rows as fit into ``room`` characters; the rest is counted: ``… and 7 {more}``."""
    text = "\n".join(rows)
    kept = len(rows)
    while kept and shown_length(text) > room:
        kept -= 1
        note = f"… and {len(rows) - kept} {more}"
        text = "\n".join([*rows[:kept], note])
    return text
