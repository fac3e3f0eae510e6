"""Ways in which Yahoo as a whole fails."""

from __future__ import annotations


class YahooFault(Exception):
    """Nothing can be said of any symbol."""


class Unusable(YahooFault):
    """An answer that tells nothing: refused, empty, unreadable, or of another kind than asked for."""


class TooMany(YahooFault):
    """Yahoo wants to be asked less often."""

    def __str__(self) -> str:
        """What Yahoo means by it."""
        return "too many requests"
