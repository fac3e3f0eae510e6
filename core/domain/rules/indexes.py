"""Indexes by the names that people use, and what price sources call them."""

from __future__ import annotations

from core.domain.ids import Symbol

INDEXES: dict[Symbol, tuple[Symbol, str]] = {
    Symbol(name): (Symbol(source), meaning)
    for name, source, meaning in (
        ("VIX", "^VIX", "expected volatility of the S&P 500 over 30 days, Cboe"),
        ("VVIX", "^VVIX", "expected volatility of the VIX, Cboe"),
        ("SPX", "^GSPC", "S&P 500"),
        ("GSPC", "^GSPC", "S&P 500"),
        ("DJI", "^DJI", "Dow Jones Industrial Average"),
        ("NDX", "^NDX", "Nasdaq-100"),
        ("IXIC", "^IXIC", "Nasdaq Composite"),
        ("RUT", "^RUT", "Russell 2000"),
        ("IRX", "^IRX", "yield of 13-week Treasury bills, percent"),
        ("FVX", "^FVX", "yield of 5-year Treasury notes, percent"),
        ("TNX", "^TNX", "yield of 10-year Treasury notes, percent"),
        ("TYX", "^TYX", "yield of 30-year Treasury bonds, percent"),
    )
}
"""By the short name: the source's name, and what it is. A short name always means the index."""


def source_symbol(symbol: Symbol) -> Symbol:
    """What a price source is asked for where a rule names a symbol."""
    found = INDEXES.get(symbol)
    return symbol if found is None else found[0]
