"""Alpaca as a broker: one account, at its paper service or, where that is allowed, at its live one."""

from __future__ import annotations

from core.adapters.brokers.alpaca.brokerage import NAME, AlpacaBrokerage

__all__ = ["NAME", "AlpacaBrokerage"]
