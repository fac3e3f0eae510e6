"""Target allocations by version: rows of instruments and weights, read once and then remembered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import insert, select

from core.adapters.store.database import Database, Found
from core.adapters.store.instruments import SqlInstruments
from core.adapters.store.tables import INSTRUMENTS, SUBSTITUTES, TARGET_LINES
from core.domain.ids import InstrumentId, Symbol
from core.domain.instrument import CASH
from core.domain.targets import TargetAllocation, TargetLine


class Allocations:
    """The lines of targets in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._instruments = SqlInstruments(database)

    async def add(self, version: int, targets: TargetAllocation, currency: str) -> None:
        """Write the lines of a version."""
        symbols = [*targets.symbols, *(s for line in targets.lines for s in line.substitutes)]
        ids = await self._instruments.ids(symbols, currency)
        await self._database.write(insert(TARGET_LINES), _line_rows(version, targets, ids))
        await self._database.write(insert(SUBSTITUTES), _substitute_rows(version, targets, ids))

    async def of_versions(self, versions: Collection[int]) -> dict[int, TargetAllocation]:
        """The allocations of these versions; those seen before are not read again."""
        memory = self._database.memory
        found = {
            version: memory.allocations[version]
            for version in versions
            if version in memory.allocations
        }
        missing = [version for version in versions if version not in found]
        if missing:
            fresh = await self._read(missing)
            found.update(fresh)
            if not self._database.may_write:  # what a writer reads may still be rolled back
                memory.remember(fresh)
        return found

    async def _read(self, versions: Collection[int]) -> dict[int, TargetAllocation]:
        among = self._database.among
        lines = await self._database.rows(
            select(
                TARGET_LINES.c.targets_id,
                TARGET_LINES.c.position,
                INSTRUMENTS.c.symbol,
                TARGET_LINES.c.weight,
                TARGET_LINES.c.asset_class,
            )
            .outerjoin(INSTRUMENTS, INSTRUMENTS.c.id == TARGET_LINES.c.instrument_id)
            .where(among(TARGET_LINES.c.targets_id, versions))
            .order_by(TARGET_LINES.c.targets_id, TARGET_LINES.c.position)
        )
        substitutes = await self._database.rows(
            select(SUBSTITUTES.c.targets_id, SUBSTITUTES.c.position, INSTRUMENTS.c.symbol)
            .join(INSTRUMENTS, INSTRUMENTS.c.id == SUBSTITUTES.c.instrument_id)
            .where(among(SUBSTITUTES.c.targets_id, versions))
            .order_by(SUBSTITUTES.c.targets_id, SUBSTITUTES.c.position, SUBSTITUTES.c.rank)
        )
        return _assemble(lines, substitutes)


def _assemble(lines: Sequence[Found], substitutes: Sequence[Found]) -> dict[int, TargetAllocation]:
    standing_in: defaultdict[tuple[int, int], list[Symbol]] = defaultdict(list)
    for version, position, symbol in substitutes:
        standing_in[version, position].append(Symbol(symbol))
    contents: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for version, position, symbol, weight, asset_class in lines:
        others = tuple(standing_in.get((version, position), ()))
        contents[version].append((symbol or CASH, weight, asset_class, others))
    shared: dict[tuple[Any, ...], TargetAllocation] = {}
    found = {}
    for version, content in contents.items():
        key = tuple(content)
        if key not in shared:
            shared[key] = TargetAllocation(tuple(TargetLine(*line) for line in content))
        found[version] = shared[key]
    return found


def _line_rows(
    version: int, targets: TargetAllocation, ids: dict[Symbol, InstrumentId]
) -> list[dict[str, Any]]:
    return [
        {
            "targets_id": version,
            "position": position,
            "instrument_id": None if line.symbol == CASH else ids[line.symbol],
            "weight": line.weight,
            "asset_class": line.asset_class,
        }
        for position, line in enumerate(targets.lines)
    ]


def _substitute_rows(
    version: int, targets: TargetAllocation, ids: dict[Symbol, InstrumentId]
) -> list[dict[str, Any]]:
    return [
        {"targets_id": version, "position": position, "rank": rank, "instrument_id": ids[symbol]}
        for position, line in enumerate(targets.lines)
        for rank, symbol in enumerate(line.substitutes)
    ]
