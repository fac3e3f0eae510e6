"""How much of what can be done without end is done now: little in the suite, more in the full forms."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "quick")
"""``quick`` in ``make test``, ``full`` in ``make crash``, ``soak`` in ``make soak``."""


def by_profile(*, quick: T, full: T | None = None, soak: T | None = None) -> T:
    """The amount for this run; what is not said is as in the suite."""
    chosen = {"quick": quick, "full": full, "soak": soak}.get(PROFILE)
    return quick if chosen is None else chosen


def seeds(kept: tuple[int, ...], fresh: int) -> tuple[int, ...]:
    """The seeds that are tried every time, and in the soak new ones beside them (``EVENKEEL_TEST_SEED`` and on)."""
    first = int(os.environ.get("EVENKEEL_TEST_SEED", "1"))
    return (*kept, *(range(first, first + fresh) if PROFILE == "soak" else ()))
