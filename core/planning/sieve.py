"""The sieve: of very many portfolios, those of which it is sure that no line is beyond its band.

This is no second definition of drift: that is ``core.domain.drift``, in decimals. The sieve looks at the same weights
as floats, for all portfolios at once, and may only say *surely nothing to do*. Wherever a float could be wrong (a drift
or a number near an edge, an amount below 0, a price that is not in order) it does not say so, and the portfolio is
measured exactly.

Arrays are flat, the lines of one portfolio after those of the other; ``sizes`` says how many each portfolio has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.packed import PackedHoldings, PackedTargets
from core.domain.policy import Outside, Policy

Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]

NEAR = 1e-6
"""So near its band, in points, a drift is not told from one beyond it."""

CENTS, STEPS = 2, 4
"""The decimals that a total and a portfolio's drift are told with."""

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

    target_sizes: Places
    target_places: Places
    weights: Floats
    held_sizes: Places
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


class Sieve:
    """Portfolios are packed chunk by chunk; once all prices are there, each chunk is judged."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {CASH: 0}
        self._by_number: dict[str, int] = {}
        self._policies: dict[int, tuple[int, Policy]] = {}
        self._currencies: dict[str, int] = {}

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of the portfolios that were packed."""
        return tuple(self._currencies)

    def pack(
        self,
        instruments: Mapping[str, Symbol],
        targets: Sequence[PackedTargets],
        holdings: Sequence[PackedHoldings],
        policies: Iterable[Policy],
        currencies: Iterable[str],
    ) -> Packed:
        """Make columns of some portfolios; ``instruments`` are what the targets' numbers are called.

        Raises KeyError for a number that is not among them.
        """
        for number, symbol in instruments.items():
            self._by_number[number] = self._place.setdefault(symbol, len(self._place))
        held = _joined(names for _, names, _ in holdings)
        for name in sorted(set(held) - self._place.keys()):
            self._place[name] = len(self._place)
        return Packed(
            _sizes(weights for _, weights in targets),
            _places(_joined(numbers for numbers, _ in targets), self._by_number),
            _numbers(weights for _, weights in targets),
            _sizes(names for _, names, _ in holdings),
            _places(held, self._place),
            _numbers(quantities for _, _, quantities in holdings),
            np.array([float(each.cash) for each in holdings], dtype=np.float64),
            np.array([self._number_of(policy) for policy in policies], dtype=np.int32),
            np.array(
                [self._currencies.setdefault(c, len(self._currencies)) for c in currencies],
                dtype=np.int32,
            ),
        )

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
        many = len(packed.cash)
        owner = np.repeat(np.arange(many), packed.target_sizes)
        values, is_outside = _line_values(packed, prices, owner, len(self._place))
        is_cash = packed.target_places == 0
        starts = np.concatenate([[0], np.cumsum(packed.target_sizes)[:-1]])
        total = np.add.reduceat(values, starts) + packed.cash
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            drift = values / total[owner] * 100 - packed.weights
            in_cash = np.add.reduceat(np.where(is_cash, packed.weights, 0.0), starts)
            cash_drift = packed.cash / total * 100 - in_cash
            part = np.where(packed.weights > 0, packed.weights * relative[owner] / 100, np.inf)
            room = np.minimum(absolute[owner], part) - np.abs(drift)
            least = np.minimum.reduceat(np.where(is_cash, np.inf, room), starts)
            far = np.add.reduceat(np.where(is_cash, 0.0, np.abs(drift)), starts)
            whole_drift = (far + np.abs(cash_drift)) / 2
            is_sure = (
                np.isfinite(total)
                & (total > 0)
                & (packed.cash >= 0)
                & (least > NEAR)
                & (absolute - np.abs(cash_drift) > NEAR)
                & (whole - whole_drift > NEAR)
                & _is_told_alike(total, CENTS)
                & _is_told_alike(whole_drift, STEPS)
            )
        is_fine = prices.is_good[packed.currencies[owner], packed.target_places] & (values >= 0)
        is_sure &= np.logical_and.reduceat(is_fine, starts)
        holder = np.repeat(np.arange(many), packed.held_sizes)
        is_odd = ~np.isfinite(packed.quantities) | (packed.quantities < 0)
        is_odd |= is_outside & (~keeps[holder] | prices.is_strange[packed.held_places])
        is_sure[holder[is_odd]] = False
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
        managed = packed.target_places[np.repeat(is_sure, packed.target_sizes)]
        kept = packed.held_places[np.repeat(is_sure, packed.held_sizes) & is_outside]
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


def _sizes(texts: Iterable[str]) -> Places:
    return np.array([text.count(",") + 1 if text else 0 for text in texts], dtype=np.int32)


def _joined(texts: Iterable[str]) -> list[str]:
    text = ",".join(filter(None, texts))
    return text.split(",") if text else []


def _places(names: Sequence[str], place: Mapping[str, int]) -> Places:
    return np.array(list(map(place.__getitem__, names)), dtype=np.int32)


def _numbers(texts: Iterable[str]) -> Floats:
    text = ",".join(filter(None, texts))
    return np.fromstring(text, dtype=np.float64, sep=",") if text else np.zeros(0)


def _line_values(
    packed: Packed, prices: Prices, owner: npt.NDArray[np.int64], places: int
) -> tuple[Floats, Flags]:
    """What each target line is worth, and which positions have no line."""
    lines = owner * places + packed.target_places
    order = np.argsort(lines, kind="stable")
    holder = np.repeat(np.arange(len(packed.cash)), packed.held_sizes)
    held = holder * places + packed.held_places
    found = np.searchsorted(lines, held, sorter=order)
    found = order[np.minimum(found, len(order) - 1)]
    has_line = lines[found] == held
    values = np.zeros(len(lines))
    worth = packed.quantities * prices.values[packed.held_places]
    values[found[has_line]] = worth[has_line]
    return values, ~has_line & (packed.quantities != 0)


def _is_told_alike(numbers: Floats, decimals: int) -> Flags:
    """Whether a number is so far from the middle between two roundings that a float is rounded as a decimal is."""
    scaled = numbers * 10.0**decimals
    away: Any = np.abs(scaled - np.floor(scaled) - 0.5)
    told: Flags = away > _HALF_ROOM + np.abs(scaled) * 1e-12
    return told
