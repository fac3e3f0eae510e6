"""Alpaca as a broker: one account for each pair of keys, at its paper service or, where allowed, at its live one."""

from __future__ import annotations

from core.adapters.brokers.alpaca.brokerage import (
    NAME,
    AlpacaBrokerage,
    assumed_traits,
    open_alpaca,
)

__all__ = ["NAME", "AlpacaBrokerage", "assumed_traits", "open_alpaca"]
