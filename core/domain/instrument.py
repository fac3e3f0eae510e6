"""Instruments: what is traded, under one canonical symbol each."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.ids import InstrumentId, Symbol
from core.domain.refusals import BadSymbol

CASH = Symbol("CASH")
"""The line for money itself; never an instrument."""

_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is traded: our id, its canonical symbol, name and currency, and other sources' names for it."""

    id: InstrumentId
    symbol: Symbol
    name: str
    currency: str
    aliases: tuple[tuple[str, str], ...] = ()

    def alias(self, source: str) -> str:
        """Return the source's own name for this instrument, or the canonical symbol."""
        return dict(self.aliases).get(source, self.symbol)


def parse_symbol(text: str) -> Symbol:
    """Read a symbol in any case, and return its canonical form; raises BadSymbol."""
    candidate = text.strip().upper()
    if not text.isascii() or not _SYMBOL.fullmatch(candidate):  # ß in capitals would be SS
        raise BadSymbol(text[:40])
    return Symbol(candidate)


def nearest_symbols(symbol: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three known symbols that look like this one, for a helpful refusal."""
    return tuple(difflib.get_close_matches(symbol, sorted(known), n=3, cutoff=0.5))
