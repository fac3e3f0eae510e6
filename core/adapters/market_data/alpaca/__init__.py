"""Alpaca as a price source: the quotes that orders at Alpaca are priced by."""

from __future__ import annotations

from core.adapters.market_data.alpaca.source import SOURCE, AlpacaMarketData

__all__ = ["SOURCE", "AlpacaMarketData"]
