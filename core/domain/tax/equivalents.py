"""Which securities count as the same where a loss is washed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.ids import Symbol
from core.domain.refusals import InTwoGroups


@dataclass(frozen=True, slots=True)
class Equivalents:
    """Groups of symbols that count as substantially identical; a symbol in none of them is its own group.

    What is substantially identical is a household's own judgement (other classes of one fund's shares are, funds on
    different indexes are not, funds on one index are disputed), so the groups are theirs to edit. Raises InTwoGroups
    at construction for a symbol that stands in more than one.
    """

    groups: tuple[frozenset[Symbol], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a symbol in two groups: the groups would be one, and nobody would see it."""
        seen: set[Symbol] = set()
        for group in self.groups:
            if twice := seen & group:
                raise InTwoGroups(min(twice))
            seen |= group

    @classmethod
    def of(cls, *groups: Iterable[str]) -> Equivalents:
        """Make them from plain symbols: ``Equivalents.of(("VTI", "VTSAX"), ("BND", "VBTLX"))``."""
        return cls(tuple(frozenset(Symbol(symbol) for symbol in group) for group in groups))

    def group_of(self, symbol: Symbol) -> frozenset[Symbol]:
        """Return all symbols that count as this one, itself included."""
        return next((group for group in self.groups if symbol in group), frozenset({symbol}))

    def are_same(self, one: Symbol, other: Symbol) -> bool:
        """Whether two symbols count as the same."""
        return one == other or other in self.group_of(one)
