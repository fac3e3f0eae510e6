"""Instruments: what is traded, under one canonical symbol each."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from core.domain.ids import Symbol
from core.domain.refusals import BadSymbol

CASH = Symbol("CASH")
"""The line for money itself; never an instrument."""

_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,11}", re.ASCII)


def parse_symbol(text: str) -> Symbol:
    """Read a symbol in any case, and return its canonical form; raises BadSymbol."""
    candidate = text.strip().upper()
    if not text.isascii() or not _SYMBOL.fullmatch(candidate):  # ß in capitals would be SS
        raise BadSymbol(text[:40])
    return Symbol(candidate)


def nearest_symbols(symbol: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three known symbols that look like this one, for a helpful refusal."""
    return tuple(difflib.get_close_matches(symbol, sorted(known), n=3, cutoff=0.5))
