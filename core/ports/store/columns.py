"""The store as a sweep of very many portfolios reads it: columns instead of objects."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Protocol

from core.domain.ids import PortfolioId, Symbol
from core.domain.packed import PackedLines, PlainPortfolio


class Columns(Protocol):
    """Plain portfolios; every other one is missing in what these say."""

    async def plain(
        self, portfolio_ids: Collection[PortfolioId], before: date, without: Collection[str] = ()
    ) -> tuple[PlainPortfolio, ...]:
        """Those of the portfolios that are plain, by id.

        They were looked at last ``before`` a session; checks that came to an outcome in ``without`` do not count.
        """
        ...

    async def targets(self, versions: Collection[int]) -> PackedLines:
        """The lines of versions of targets: version, number of the instrument, and weight in percent."""
        ...

    async def instruments(self) -> dict[int, Symbol]:
        """The symbol of every instrument by its number as targets have it, that of CASH among them."""
        ...

    async def still_plain(self, portfolios: Sequence[PlainPortfolio]) -> frozenset[PortfolioId]:
        """Those of the portfolios that are plain and what they were: same targets, policy, account and home chat."""
        ...
