"""Prices from Yahoo Finance, through yfinance: some minutes old, and never for a real order."""

from __future__ import annotations

from core.adapters.market_data.yahoo.source import YahooMarketData

__all__ = ["YahooMarketData"]
