"""The search of the knapsack: which few choices, other than the best at the price of cash, together lose least.

Choices are added cell by cell, those that move most cash first. A sum of choices is kept only while it can still end
below the best plan so far, whatever is chosen after it: to move the cash that is left over, the choices that follow
lose at least so much for each unit of money. Of sums that no other beats in both loss and cash, none is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.planning.problem import Floats

MOST_STATES = 4000
_PAIRS_OF = 32
_FEW = 60
"""So many sums are faster one by one than as arrays."""
_FAR = 1e30

Choice = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Cash:
    """The price of cash, what the base takes, the ``room`` to spend for nothing, the ``most`` to be spent at all."""

    price: float
    flow: float
    room: float
    most: float

    def loose(self, flow: float) -> float:
        """What cash left over loses, or cash missing from its goal; infinite where it must not be spent."""
        if flow > self.most:
            return float(np.inf)
        over = self.room - flow
        return self.price * over if over >= 0 else (self.price - 1) * over

    def loose_each(self, flow: Floats) -> Floats:
        """The same for an array."""
        over = self.room - flow
        loss = np.maximum(self.price * over, (self.price - 1) * over)
        loss[flow > self.most] = np.inf
        return loss


@dataclass(frozen=True, slots=True)
class Deviations:
    """Choices other than the base's: cells, units, what each loses at the price of cash, what cash it moves."""

    cells: list[int]
    units: list[float]
    losses: list[float]
    flows: list[float]

    def without(self, cells: Choice) -> Deviations:
        """The same without those of some cells."""
        gone = set(cells.tolist())
        kept = [place for place, cell in enumerate(self.cells) if cell not in gone]
        columns = (self.units, self.losses, self.flows)
        return Deviations(
            [self.cells[place] for place in kept],
            *[[column[place] for place in kept] for column in columns],
        )

    def with_more(self, more: Deviations) -> Deviations:
        """These and others."""
        return Deviations(
            self.cells + more.cells,
            self.units + more.units,
            self.losses + more.losses,
            self.flows + more.flows,
        )


class Sum(NamedTuple):
    """What a choice of deviations (their places) loses, the cash left over included."""

    loss: float
    places: tuple[int, ...] = ()


def best_pair(cash: Cash, some: Deviations) -> Sum:
    """The base with one or two deviations: a good plan soon."""
    best, places = cash.loose(cash.flow), tuple[int, ...]()
    cells, losses, flows = some.cells, some.losses, some.flows
    order = sorted(range(len(losses)), key=losses.__getitem__)[:_PAIRS_OF]
    for at, first in enumerate(order):
        loss, flow = losses[first], cash.flow + flows[first]
        if loss >= best:
            break
        whole = loss + cash.loose(flow)
        if whole < best:
            best, places = whole, (first,)
        for second in order[at + 1 :]:
            both = loss + losses[second]
            if both >= best:
                break
            if cells[first] == cells[second]:
                continue
            whole = both + cash.loose(flow + flows[second])
            if whole < best:
                best, places = whole, (first, second)
    return Sum(best, places)


class _Later(NamedTuple):
    """What the choices that follow can still do: the cash they add and take back, and what that loses a unit."""

    up: float = 0.0
    down: float = 0.0
    up_price: float = _FAR
    down_price: float = _FAR

    def with_group(self, group: list[tuple[float, float]]) -> _Later:
        """The same with one more group of choices (loss, flow)."""
        up, down, up_price, down_price = 0.0, 0.0, self.up_price, self.down_price
        for loss, flow in group:
            if flow > 0:
                up = flow if flow > up else up  # noqa: FURB136 - three times as fast
                up_price = each if (each := loss / flow) < up_price else up_price
            elif flow < 0:
                down = -flow if -flow > down else down  # noqa: FURB136
                down_price = each if (each := -loss / flow) < down_price else down_price
        return _Later(self.up + up, self.down + down, up_price, down_price)


_States = tuple[list[float], list[float]] | tuple[Floats, Floats]
_Step = tuple[list[int] | Choice, _States, float, int]
"""The sums that are kept: their places among all that were tried, and their losses and flows.

Also what the best of them loses as it is, with the cash left over, and which it is; of sums with the last cell alone.
"""


def list_sums(cash: Cash, some: Deviations, best: float) -> tuple[Sum | None, int, bool]:
    """The sum that loses least, None where nothing is below ``best``; the states listed; whether none was left out."""
    losses, flows = some.losses, some.flows
    order = _by_flow(some, [place for place, loss in enumerate(losses) if loss < best])
    groups = [[(losses[place], flows[place]) for place in group] for group in order]
    later = [_Later()]
    for group in reversed(groups):
        later.append(later[-1].with_group(group))
    states: _States = [0.0], [cash.flow]
    steps: list[tuple[list[int] | Choice, int]] = []
    work, found, is_whole = 0, (-1, -1), True
    for step, group in enumerate(groups):
        rest = later[len(groups) - step - 1]
        adds = [(0.0, 0.0), *group]
        extend = _extend_few if len(states[0]) * len(adds) <= _FEW else _extend_many
        at, states, whole, place = extend(cash, rest, states, adds, best)
        steps.append((at, len(adds)))
        work += len(at)
        if not len(at):
            break
        if whole < best:
            best, found = whole, (step, place)
        if len(at) > MOST_STATES:
            is_whole = False
            break
    least = Sum(best, _places(steps, order, *found)) if found[0] >= 0 else None
    return least, work, is_whole


def _by_flow(some: Deviations, places: list[int]) -> list[list[int]]:
    """The places by cell, each cell's by loss; the cells that move most cash first."""
    cells, losses, moved = some.cells, some.losses, [abs(flow) for flow in some.flows]
    groups: dict[int, list[int]] = {}
    for place in sorted(places, key=losses.__getitem__):
        groups.setdefault(cells[place], []).append(place)
    return sorted(groups.values(), key=lambda group: -max([moved[place] for place in group]))


def _extend_few(
    cash: Cash,
    rest: _Later,
    states: _States,
    adds: list[tuple[float, float]],
    best: float,
) -> _Step:
    """One more cell, sum by sum."""
    price, room = cash.price, cash.room
    spare, (up_price, down_price) = cash.most - room, _prices(cash, rest)
    up, down, short_price = rest.up, rest.down, 1 - price
    tried, count = [], len(adds)
    for state, (before, taken) in enumerate(zip(*_listed(states), strict=True)):
        for pick, (more, flow) in enumerate(adds):
            loss = before + more
            if loss >= best:
                break
            over = room - taken - flow
            if over >= 0:
                moved = over if over < up else up  # noqa: FURB136 - three times as fast
                least = loss + up_price * moved + price * (over - moved)
            else:
                moved = -over if -over < down else down  # noqa: FURB136
                short = -over - moved
                if short > spare:
                    continue
                least = loss + down_price * moved + short_price * short
            if least < best:
                flow += taken  # noqa: PLW2901
                tried.append((flow, loss - price * flow, state * count + pick, loss))
    tried.sort()
    places: list[int] = []
    losses: list[float] = []
    flows: list[float] = []
    lowest, whole, least_at = inf, inf, -1
    for flow, score, at, loss in tried:
        if score < lowest:
            lowest = score
            if at % count and (alone := loss + cash.loose(flow)) < whole:
                whole, least_at = alone, len(places)
            places.append(at)
            losses.append(loss)
            flows.append(flow)
    return places, (losses, flows), whole, least_at


def _listed(states: _States) -> tuple[list[float], list[float]]:
    losses, flows = states
    if isinstance(losses, np.ndarray) or isinstance(flows, np.ndarray):
        return np.asarray(losses).tolist(), np.asarray(flows).tolist()
    return losses, flows


def _extend_many(
    cash: Cash,
    rest: _Later,
    states: _States,
    adds: list[tuple[float, float]],
    best: float,
) -> _Step:
    """One more cell, all sums at once."""
    more = np.array(adds)
    loss = (np.asarray(states[0])[:, None] + more[:, 0]).ravel()
    flow = (np.asarray(states[1])[:, None] + more[:, 1]).ravel()
    spare, (up_price, down_price) = cash.most - cash.room, _prices(cash, rest)
    over = np.maximum(cash.room - flow, 0.0)
    up = np.minimum(over, rest.up)
    short = np.maximum(flow - cash.room, 0.0)
    down = np.minimum(short, rest.down)
    least = loss + up_price * up + cash.price * (over - up)
    least += down_price * down + (1 - cash.price) * (short - down)
    at = np.flatnonzero((least < best) & (short - down <= spare))
    at = at[_undominated(loss[at] - cash.price * flow[at], flow[at])]
    loss, flow = loss[at], flow[at]
    whole = loss + cash.loose_each(flow)
    place = int(whole.argmin()) if len(at) else -1
    return at, (loss, flow), float(whole[place]) if len(at) else inf, place


def _prices(cash: Cash, rest: _Later) -> tuple[float, float]:
    """What a unit of money loses at least: to fill what is left over, and to take back what is missing."""
    return min(cash.price, rest.up_price), min(1 - cash.price, rest.down_price)


def _places(
    steps: list[tuple[list[int] | Choice, int]], order: list[list[int]], step: int, state: int
) -> tuple[int, ...]:
    """The deviations that led to a sum, followed back from step to step."""
    places = []
    for back in range(step, -1, -1):
        at, count = steps[back]
        state, picked = divmod(int(at[state]), count)
        if picked:
            places.append(order[back][picked - 1])
    return tuple(places)


def _undominated(score: Floats, flow: Floats) -> Choice:
    """The places of the sums for which no other takes no more cash and scores no more."""
    order = np.lexsort((score, flow))
    ranked = score[order]
    keep = np.ones(len(order), dtype=bool)
    keep[1:] = ranked[1:] < np.minimum.accumulate(ranked)[:-1]
    return order[keep]
