"""Planning: from drift to trades. One entry, ``calculate(PlanRequest) -> Plan``."""

from __future__ import annotations

from core.planning.calculate import calculate

__all__ = ["calculate"]
