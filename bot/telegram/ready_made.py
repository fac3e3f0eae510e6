"""Ready-made allocations: well-known mixes to begin with, offered where the price source knows their symbols."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """An allocation with a name: what it holds, in the words of ``/targets``, and a few words about it."""

    name: str
    weights: str
    about: str

    @property
    def symbols(self) -> frozenset[str]:
        """The instruments in it."""
        return frozenset(self.weights.split()[::2]) - {"CASH"}

    @property
    def label(self) -> str:
        """Its lines as a button shows them."""
        parts = self.weights.split()
        return " · ".join(
            f"{symbol} {weight}" for symbol, weight in zip(parts[::2], parts[1::2], strict=True)
        )


READY_MADE = (
    ReadyMade("Steady", "QUAL 30 USMV 30 CASH 40", "sound and calm US companies, much cash"),
    ReadyMade(
        "Five factors", "MTUM 20 QUAL 20 SIZE 20 USMV 20 VLUE 20", "five styles of US shares"
    ),
    ReadyMade(
        "Five companies",
        "AAPL 20 JNJ 20 JPM 20 PG 20 XOM 20",
        "five large US companies, a fifth each",
    ),
    ReadyMade("Two funds", "VTI 60 BND 40", "all US shares, US bonds"),
    ReadyMade("Three funds", "VTI 42 VXUS 28 BND 30", "US shares, shares elsewhere, US bonds"),
    ReadyMade("World and bonds", "VT 80 BND 20", "shares of the whole world, some bonds"),
)
"""All of them; a button names one by its place here, so new ones go to the end."""

EXAMPLE = "VTI 60 BND 40"
"""The allocation in every example, where the price source knows it."""

FOR_CLOSED_LISTS = frozenset({0, 1, 2})
"""Those made of what the shipped price history has."""


def offered(known: Collection[str] | None) -> tuple[tuple[int, ReadyMade], ...]:
    """The allocations to offer, with their places: all of whose symbols are known.

    A source without a closed list (None) knows every one, and gets the common funds.
    """
    if known is None:
        return tuple(
            (place, ready)
            for place, ready in enumerate(READY_MADE)
            if place not in FOR_CLOSED_LISTS
        )
    names = frozenset(known)
    return tuple((place, ready) for place, ready in enumerate(READY_MADE) if ready.symbols <= names)


def with_known_symbols(text: str, known: Collection[str] | None) -> str:
    """A text whose example allocation is made of symbols that the price source knows."""
    choices = offered(known)
    if known is None or not choices or EXAMPLE not in text:
        return text
    return text.replace(EXAMPLE, choices[0][1].weights)


def ready_made(place: int) -> ReadyMade | None:
    """The allocation at a place, if there is one."""
    return READY_MADE[place] if 0 <= place < len(READY_MADE) else None
