"""Accounts without an interface: people type what they hold, and carry the orders out themselves."""

from __future__ import annotations

from core.adapters.brokers.manual.brokerage import NAME, ManualBrokerage
from core.adapters.brokers.manual.prices import PricesByHand

__all__ = ["NAME", "ManualBrokerage", "PricesByHand"]
