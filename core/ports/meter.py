"""The meter: how long calls to the outside took, and how they ended."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class CallEnd(StrEnum):
    """How a call ended."""

    OK = "ok"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    AMBIGUOUS = "ambiguous"
    CANCELLED = "cancelled"
    ERROR = "error"


class Meter(Protocol):
    """Is told of each call to a broker."""

    def broker_call(self, broker: str, call: str, seconds: float, end: CallEnd) -> None:
        """Note one call, such as ``submit`` at ``alpaca``."""
        ...
