"""The embedded simulated broker: many accounts in its own database, filled at quoted prices."""

from __future__ import annotations

from core.adapters.brokers.simulated.brokerage import SimulatedBrokerage
from core.adapters.brokers.simulated.rules import FillRules

__all__ = ["FillRules", "SimulatedBrokerage"]
