"""The sieve: of very many portfolios, those of which it is sure that no line is beyond its band.

This is no second definition of drift: that is ``core.domain.drift``, in decimals. The sieve looks at the same weights
as floats, for all portfolios at once, and may only say *surely nothing to do*. Wherever a float could be wrong (a drift
or a number near an edge, an amount below 0, a price that is not in order) it does not say so, and the portfolio is
measured exactly.

Arrays are flat, with all lines of all portfolios; an array beside them says in which row of the portfolios each is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.packed import PackedHoldings, PackedLines, PlainPortfolio
from core.domain.policy import Outside, Policy

Floats: TypeAlias = npt.NDArray[np.float64]
Whole: TypeAlias = npt.NDArray[np.int64]
Places: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]

NEAR = 1e-6
"""So near its band, in points, a drift is not told from one beyond it."""

CENTS, STEPS = 2, 4
"""The decimals that a total and a portfolio's drift are told with."""

_DIGITS = 15
"""Every integer with so many digits is a float."""

_POWERS = 10.0 ** np.arange(_DIGITS + 1)

_HALF_ROOM = 1e-5
"""So near the middle between two roundings, in parts of the last decimal, a number is not told from it."""


class Measured(NamedTuple):
    """The numbers of a portfolio that is surely on target, as they are written down: points and money."""

    portfolio_drift: str
    total: str


class Sieved(NamedTuple):
    """What the sieve says of each portfolio, None where it is not sure; and the symbols of those of which it is."""

    measured: list[Measured | None]
    symbols: frozenset[Symbol]


@dataclass(frozen=True, slots=True)
class Packed:
    """Some portfolios as columns: target lines, positions, cash, and which policy and currency each has."""

    target_rows: Places
    target_places: Places
    weights: Floats
    held_rows: Places
    held_places: Places
    quantities: Floats
    cash: Floats
    policies: Places
    currencies: Places


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by place, 0 where there is none; ``is_good`` by currency and place: whether it may be used.

    ``is_strange`` is a price that is no number.
    """

    values: Floats
    is_good: npt.NDArray[np.bool_]
    is_strange: Flags


class _Numbered(dict[str, int]):
    """A number for every name, given when it is asked for first."""

    def __missing__(self, name: str) -> int:
        self[name] = number = len(self)
        return number


class Sieve:
    """Portfolios are packed chunk by chunk; once all prices are there, each chunk is judged."""

    def __init__(self) -> None:
        self._place = _Numbered({CASH: 0})
        self._policies: dict[int, tuple[int, Policy]] = {}
        self._currencies = _Numbered()

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of the portfolios that were packed."""
        return tuple(self._currencies)

    def pack(
        self,
        portfolios: Sequence[PlainPortfolio],
        instruments: Mapping[int, Symbol],
        targets: PackedLines,
        held: Mapping[str, PackedHoldings],
    ) -> Packed:
        """Make columns of some portfolios; ``instruments`` are what the targets' numbers mean, ``held`` is by broker.

        Raises KeyError for lines of a version or an account that is not theirs, and for an instrument without a name.
        """
        rows = {each.targets_version: row for row, each in enumerate(portfolios)}
        accounts = [held[each.broker].accounts[each.broker_account_id] for each in portfolios]
        held_rows, held_places, quantities = self._positions(portfolios, held)
        return Packed(
            _rows(targets.owners, rows),
            self._lines_places(targets.names, instruments),
            _decimals(targets.amounts),
            held_rows,
            held_places,
            quantities,
            np.array([float(each.cash) for each in accounts]),
            np.array([self._number_of(each.policy) for each in portfolios], np.int32),
            np.array([self._currencies[each.currency] for each in portfolios], np.int32),
        )

    def _lines_places(self, numbers: str, instruments: Mapping[int, Symbol]) -> Places:
        """The place of the instrument of each target line."""
        known = np.full(max(instruments) + 2, -1, np.int32)
        known[list(instruments)] = [self._place[symbol] for symbol in instruments.values()]
        places: Places = known[np.minimum(_whole(numbers), len(known) - 1)]
        if (places < 0).any():
            raise KeyError("a target line is of an instrument without a name")
        return places

    def _positions(
        self, portfolios: Sequence[PlainPortfolio], held: Mapping[str, PackedHoldings]
    ) -> tuple[Places, Places, Floats]:
        """The positions at every broker: row, place and shares."""
        found = []
        for broker, (accounts, positions) in held.items():
            rows = {
                accounts[each.broker_account_id].number: row
                for row, each in enumerate(portfolios)
                if each.broker == broker
            }
            names = positions.names.split(",") if positions.names else []
            places = np.array([*map(self._place.__getitem__, names)], np.int32)
            found.append((_rows(positions.owners, rows), places, _decimals(positions.amounts)))
        rows_by, places_by, shares_by = zip(*found, strict=True)
        return np.concatenate(rows_by), np.concatenate(places_by), np.concatenate(shares_by)

    def symbols(self, packed: Packed) -> frozenset[Symbol]:
        """The instruments that need a price: those of all lines, and those of which anything is held."""
        held = packed.held_places[packed.quantities != 0]
        return self._named(np.concatenate([packed.target_places, held]))

    def prices(
        self, prices: Mapping[Symbol, Decimal], good: Mapping[str, Collection[Symbol]]
    ) -> Prices:
        """Prices for judging; ``good`` are the symbols whose price may be used, by currency."""
        values = np.zeros(len(self._place))
        for symbol, price in prices.items():
            if (place := self._place.get(symbol)) is not None:
                values[place] = float(price) if price.is_finite() else np.nan
        is_good = np.zeros((len(self._currencies), len(self._place)), dtype=bool)
        for currency, symbols in good.items():
            known = [self._place[symbol] for symbol in symbols if symbol in self._place]
            is_good[self._currencies[currency], known] = True
        is_good[:, 0] = True
        is_strange = np.isnan(values)
        return Prices(np.where(is_strange, 0.0, values), is_good, is_strange)

    def judge(self, packed: Packed, prices: Prices) -> Sieved:
        """Say of each portfolio what it is worth and how far it has drifted, where it is surely on target."""
        absolute, relative, whole, keeps = self._bands(packed.policies)
        row, is_cash = packed.target_rows, packed.target_places == 0
        by_row = partial(np.bincount, minlength=len(packed.cash))
        values, is_outside = _line_values(packed, prices, len(self._place))
        total = by_row(row, values) + packed.cash
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            drift = values / total[row] * 100 - packed.weights
            in_cash = by_row(row, np.where(is_cash, packed.weights, 0.0))
            cash_drift = packed.cash / total * 100 - in_cash
            part = np.where(packed.weights > 0, packed.weights * relative[row] / 100, np.inf)
            room = np.minimum(absolute[row], part) - np.abs(drift)
            far = by_row(row, np.where(is_cash, 0.0, np.abs(drift)))
            whole_drift = (far + np.abs(cash_drift)) / 2
            is_sure = (
                np.isfinite(total)
                & (total > 0)
                & (packed.cash >= 0)
                & (absolute - np.abs(cash_drift) > NEAR)
                & (whole - whole_drift > NEAR)
                & _is_told_alike(total, CENTS)
                & _is_told_alike(whole_drift, STEPS)
            )
        is_fine = prices.is_good[packed.currencies[row], packed.target_places] & (values >= 0)
        is_sure[row[~(is_fine & (is_cash | (room > NEAR)))]] = False
        is_odd = ~np.isfinite(packed.quantities) | (packed.quantities < 0)
        is_strange = prices.is_strange[packed.held_places]
        is_odd |= is_outside & (~keeps[packed.held_rows] | is_strange)
        is_sure[packed.held_rows[is_odd]] = False
        return self._sieved(packed, is_sure, total, whole_drift, prices, is_outside)

    def _sieved(
        self,
        packed: Packed,
        is_sure: Flags,
        total: Floats,
        drift: Floats,
        prices: Prices,
        is_outside: Flags,
    ) -> Sieved:
        measured = [
            Measured(f"{far:.{STEPS}f}", f"{worth:.{CENTS}f}") if sure else None
            for sure, far, worth in zip(
                is_sure.tolist(), drift.tolist(), total.tolist(), strict=True
            )
        ]
        managed = packed.target_places[is_sure[packed.target_rows]]
        kept = packed.held_places[is_sure[packed.held_rows] & is_outside]
        kept = kept[prices.values[kept] > 0]
        return Sieved(measured, self._named(np.concatenate([managed, kept])))

    def _named(self, places: Places) -> frozenset[Symbol]:
        names = list(self._place)
        return frozenset(Symbol(names[place]) for place in np.unique(places).tolist() if place)

    def _number_of(self, policy: Policy) -> int:
        return self._policies.setdefault(id(policy), (len(self._policies), policy))[0]

    def _bands(self, policies: Places) -> tuple[Floats, Floats, Floats, Flags]:
        """By portfolio: the band's parts, that of the whole portfolio, and whether positions without a target are kept.

        What is off is infinite.
        """
        known = [policy for _, policy in self._policies.values()]
        return (
            np.array([_or_off(policy.band.absolute) for policy in known])[policies],
            np.array([_or_off(policy.band.relative) for policy in known])[policies],
            np.array([_or_off(policy.portfolio_band) for policy in known])[policies],
            np.array([policy.outside is Outside.KEEP for policy in known])[policies],
        )


def _or_off(width: Decimal | None) -> float:
    return np.inf if width is None else float(width)


def _rows(owners: str, rows: Mapping[int, int]) -> Places:
    """The row of each line, by the number of its owner; lines of one owner mostly follow each other."""
    every = _whole(owners)
    first = np.flatnonzero(np.diff(every, prepend=-1))
    many = np.diff(first, append=len(every))
    return np.repeat(np.array([rows[owner] for owner in every[first].tolist()], np.int32), many)


def _whole(text: str) -> Whole:
    """The integers in a text."""
    return np.fromstring(text, dtype=np.int64, sep=",") if text else np.zeros(0, np.int64)


def _decimals(text: str) -> Floats:
    """The decimals in a text, each the float nearest to it.

    Short ones are read as integers, in a third of the time, and divided by a power of ten: with at most 15 digits both
    are exact in a float, and so their quotient is the nearest one (W. D. Clinger, How to read floating point numbers
    accurately, 1990).
    """
    marks = np.frombuffer(text.encode(), np.uint8)
    ends = np.append(np.flatnonzero(marks == ord(",")), len(marks))
    widths = np.diff(ends, prepend=-1) - 1
    if not text:
        return np.zeros(0)
    if widths.max() > _DIGITS or (marks > ord("9")).any():
        return np.fromstring(text, dtype=np.float64, sep=",")
    points = np.flatnonzero(marks == ord("."))
    of = np.searchsorted(ends, points)
    powers = np.ones(len(ends))
    powers[of] = _POWERS[ends[of] - points - 1]
    return _whole(text.replace(".", "")) / powers


def _line_values(packed: Packed, prices: Prices, places: int) -> tuple[Floats, Flags]:
    """What each target line is worth, and which positions have no line."""
    values = np.zeros(len(packed.target_rows))
    lines = packed.target_rows.astype(np.int64) * places + packed.target_places
    order = np.argsort(lines)
    held = packed.held_rows.astype(np.int64) * places + packed.held_places
    found = order[np.minimum(np.searchsorted(lines, held, sorter=order), len(order) - 1)]
    has_line = lines[found] == held
    worth = packed.quantities * prices.values[packed.held_places]
    values[found[has_line]] = worth[has_line]
    return values, ~has_line & (packed.quantities != 0)


def _is_told_alike(numbers: Floats, decimals: int) -> Flags:
    """Whether a number is so far from the middle between two roundings that a float is rounded as a decimal is."""
    scaled = numbers * 10.0**decimals
    away: Any = np.abs(scaled - np.floor(scaled) - 0.5)
    told: Flags = away > _HALF_ROOM + np.abs(scaled) * 1e-12
    return told
