"""Which account trades how much, once it is known what each line trades in all accounts together.

The lines are divided into two halves, the ways of each half are listed, and the lists are joined where what both take
from each account comes nearest to the cash that is there (Horowitz and Sahni 1974: Computing partitions with
applications to the knapsack problem). A line trades in one account where one can; what a plan has more in trades comes
of lines that two accounts share.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from core.planning.problem import Floats, Places, Problem
from core.planning.score import CENT_NOISE, is_allowed, outflow

_MOST_PARTS = 40
"""A trade is shared between two accounts in so many ways."""
_SIZES = (3_000, 60_000)
"""So many ways of a half are listed, and twice as many where a line more is shared; more where fewer do not meet."""
_SHARED = (((False, False),), ((False, True), (True, False)), ((True, True),))
"""By the trades that a plan has more: in which of the halves a line is shared."""
_CHUNK = 1024
_MOST_JOINED = 4_000_000

Picks = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class _Ways:
    """Ways of trading one line: units by cell, and what each takes from each account; the ``fewest`` come first."""

    cells: Places
    units: Floats
    flows: Floats
    fewest: int
    is_whole: bool
    """Whether those are all ways with so few trades."""


@dataclass(frozen=True, slots=True)
class _Half:
    """Ways of trading half of the lines: the way of each line, and what they take from each account."""

    picks: Picks
    flows: Floats
    is_whole: bool


class Division:
    """The search for a division of each line's units over the accounts that overdraws none of them."""

    def __init__(self, problem: Problem, totals: Floats) -> None:
        """Take the units that each line trades in all accounts together."""
        self.problem = problem
        self.ways = [_ways_of(problem, line, float(units)) for line, units in enumerate(totals)]
        lines = np.arange(len(totals))
        self.lines = (lines[::2], lines[1::2])
        self.most = problem.cash + CENT_NOISE
        floor = problem.cash_floor if problem.must_raise or (totals > 0).any() else -np.inf
        self.all_most = problem.all_cash - floor + CENT_NOISE
        self.halves: dict[tuple[int, int, bool], _Half] = {}

    def find(self, more: int) -> tuple[Floats | None, bool]:
        """Units with so many trades more than the fewest; and whether all ways were tried where there are none."""
        if any(not len(ways.units) for ways in self.ways):
            return None, False
        is_whole = False
        for size in _SIZES:
            for shared in _SHARED[more]:
                halves = (
                    self._half(0, size, shared=shared[0]),
                    self._half(1, size, shared=shared[1]),
                )
                if (found := self._join(*halves)) is not None:
                    return self._units(halves, found), True
            is_whole = all(half.is_whole for half in halves)
            if is_whole:
                break
        return None, is_whole

    def _half(self, side: int, size: int, *, shared: bool) -> _Half:
        key = side, size, shared
        if key not in self.halves:
            lines = self.lines[side]
            half = self._shared(lines, size) if shared else self._whole(lines, size)
            self.halves[key] = half
        return self.halves[key]

    def _whole(self, lines: Places, most: int) -> _Half:
        """The ways of some lines with the fewest trades; where they are too many, those that balance the accounts."""
        accounts = len(self.problem.cash)
        picks, flows, is_whole = np.zeros((1, 0), dtype=np.int16), np.zeros((1, accounts)), True
        for line in lines:
            ways = self.ways[line]
            is_whole &= ways.is_whole
            rows, each = np.divmod(np.arange(len(picks) * ways.fewest), ways.fewest)
            together = flows[rows] + ways.flows[each]
            if len(rows) > most:
                far = np.abs(together - together.mean(axis=1, keepdims=True)).max(axis=1)
                kept = np.sort(np.argsort(far, kind="stable")[:most])
                rows, each, together, is_whole = rows[kept], each[kept], together[kept], False
            flows = together
            picks = np.concatenate([picks[rows], each[:, None].astype(np.int16)], axis=1)
        return _Half(picks, flows, is_whole)

    def _shared(self, lines: Places, most: int) -> _Half:
        """Ways in which one line is shared between more accounts than it needs; never all of them."""
        each = max(2 * most // max(len(lines), 1), 1)
        picks, flows = [], []
        for at, line in enumerate(lines):
            ways = self.ways[line]
            count = len(ways.units) - ways.fewest
            if not count:
                continue
            rest = self._whole(np.delete(lines, at), max(each // count, 1))
            rows, parts = np.divmod(np.arange(len(rest.picks) * count), count)
            parts += ways.fewest
            own = np.insert(rest.picks[rows], at, parts, axis=1)
            picks.append(own)
            flows.append(rest.flows[rows] + ways.flows[parts])
        if not picks:
            accounts = len(self.problem.cash)
            return _Half(np.zeros((0, len(lines)), dtype=np.int16), np.zeros((0, accounts)), False)
        return _Half(np.concatenate(picks), np.concatenate(flows), is_whole=False)

    def _join(self, one: _Half, other: _Half) -> tuple[int, int] | None:
        """The first rows of both halves that together overdraw no account and keep the floor."""
        if not len(one.picks) or not len(other.picks):
            return None
        key = int(np.argmax(np.ptp(other.flows, axis=0)))
        order = np.argsort(other.flows[:, key], kind="stable")
        flows, keys = other.flows[order], other.flows[order, key]
        least = float((one.flows.sum(axis=1)).min() + other.flows.sum(axis=1).min())
        low = least - float(np.delete(self.most, key).sum())
        for start in range(0, len(one.flows), _CHUNK):
            taken = one.flows[start : start + _CHUNK]
            first = np.searchsorted(keys, low - taken[:, key])
            last = np.searchsorted(keys, self.most[key] - taken[:, key], side="right")
            counts = np.minimum(np.maximum(last - first, 0), _MOST_JOINED // _CHUNK)
            mine = np.repeat(np.arange(len(taken)), counts)
            theirs = np.arange(len(mine)) - np.repeat(np.cumsum(counts) - counts - first, counts)
            together = taken[mine] + flows[theirs]
            fits = (together <= self.most).all(axis=1) & (together.sum(axis=1) <= self.all_most)
            if fits.any():
                at = int(fits.argmax())
                return start + int(mine[at]), int(order[theirs[at]])
        return None

    def _units(self, halves: tuple[_Half, _Half], found: tuple[int, int]) -> Floats:
        units = np.zeros(len(self.problem.price))
        for half, lines, row in zip(halves, self.lines, found, strict=True):
            for line, pick in zip(lines, half.picks[row], strict=True):
                ways = self.ways[line]
                units[ways.cells] = ways.units[pick]
        return units


def _ways_of(problem: Problem, line: int, total: float) -> _Ways:
    """The ways to trade a line's units with the fewest trades, and then those with one more."""
    cells = np.flatnonzero(problem.line_of == line)
    most = problem.highest[cells] if total > 0 else -problem.lowest[cells]
    side, count = np.sign(total), abs(total)
    step = max(1.0, np.ceil(count / _MOST_PARTS))
    alone = [side * count * row for row in np.eye(len(cells))] if count else [np.zeros(len(cells))]
    pairs = [
        _pair(len(cells), one, two, side * part, side * (count - part))
        for one, two in combinations(range(len(cells)), 2)
        for part in np.arange(1.0, count, step)
    ]
    groups = [_allowed(problem, rows, cells) for rows in (alone, pairs)]
    is_whole = len(groups[0]) > 0 or step == 1.0
    if not len(groups[0]) and not len(groups[1]):
        groups, is_whole = [_allowed(problem, [_filled(side, count, most)], cells)], False
    kept = [group for group in groups if len(group)]
    units = np.concatenate(kept) if kept else np.zeros((0, len(cells)))
    flows = np.zeros((len(units), len(problem.cash)))
    flows[:, problem.account_of[cells]] = outflow(problem, units, cells)
    return _Ways(cells, units, flows, len(kept[0]) if kept else 0, is_whole)


def _pair(cells: int, one: int, two: int, part: float, rest: float) -> Floats:
    row = np.zeros(cells)
    row[one], row[two] = part, rest
    return row


def _filled(side: float, count: float, most: Floats) -> Floats:
    """Units in the accounts that have most room, one after the other."""
    row = np.zeros(len(most))
    for at in np.argsort(-most, kind="stable"):
        row[at] = side * min(count - np.abs(row).sum(), most[at])
    return row


def _allowed(problem: Problem, rows: list[Floats], cells: Places) -> Floats:
    table = np.array(rows).reshape(-1, len(cells))
    return np.asarray(table[is_allowed(problem, table, cells).all(axis=1)])
