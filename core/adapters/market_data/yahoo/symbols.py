"""Names: what we call Yahoo, and what Yahoo calls our symbols (``BRK.B`` is ``BRK-B`` there)."""

from __future__ import annotations

import re

from core.domain.ids import Symbol

SOURCE = "yahoo"
"""The name of this source in every quote."""

SURE = Symbol("SPY")
"""The oldest exchange-traded fund of the United States: where it has no quote, nothing has."""

_SHARE_CLASS = re.compile(r"([A-Z]+)\.([A-E])", re.ASCII)
"""Letters that are classes of shares; others behind a point (``.L``, ``.F``) are exchanges."""


def yahoo_name(symbol: Symbol) -> str:
    """Yahoo's name for one of our symbols."""
    share_class = _SHARE_CLASS.fullmatch(symbol)
    return f"{share_class[1]}-{share_class[2]}" if share_class else str(symbol)
