"""The search of the knapsack: which few choices, other than the best at the price of cash, together lose least.

Choices are added cell by cell, those that move most cash first. A sum of choices is kept only while it can still end
below the best plan so far, whatever is chosen after it: to move the cash that is left over, the choices that follow
lose at least so much for each unit of money. Of sums that no other beats in both loss and cash, none is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
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

    cells: Choice
    units: Floats
    losses: Floats
    flows: Floats

    def without(self, cells: Choice) -> Deviations:
        """The same without those of some cells."""
        key = ~(self.cells[:, None] == cells).any(axis=1)
        return Deviations(self.cells[key], self.units[key], self.losses[key], self.flows[key])

    def with_more(self, more: Deviations) -> Deviations:
        """These and others."""
        return Deviations(
            np.concatenate([self.cells, more.cells]),
            np.concatenate([self.units, more.units]),
            np.concatenate([self.losses, more.losses]),
            np.concatenate([self.flows, more.flows]),
        )


class Sum(NamedTuple):
    """What a choice of deviations (their places) loses, the cash left over included."""

    loss: float
    places: tuple[int, ...] = ()


def best_pair(cash: Cash, some: Deviations) -> Sum:
    """The base with one or two deviations: a good plan soon."""
    alone = Sum(cash.loose(cash.flow))
    if not len(some.cells):
        return alone
    chosen = np.argsort(some.losses, kind="stable")[:_PAIRS_OF]
    cells, losses, flows = some.cells[chosen], some.losses[chosen], some.flows[chosen]
    sums = losses[:, None] + losses + cash.loose_each(cash.flow + flows[:, None] + flows)
    sums[cells[:, None] == cells] = np.inf
    singles = losses + cash.loose_each(cash.flow + flows)
    first, second = divmod(int(sums.argmin()), len(cells))
    single = int(singles.argmin())
    pair = Sum(float(sums[first, second]), (int(chosen[first]), int(chosen[second])))
    return min(alone, Sum(float(singles[single]), (int(chosen[single]),)), pair, key=_loss)


def _loss(one: Sum) -> float:
    return one.loss


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
                up, up_price = max(up, flow), min(up_price, loss / flow)
            elif flow < 0:
                down, down_price = max(down, -flow), min(down_price, -loss / flow)
        return _Later(self.up + up, self.down + down, up_price, down_price)


_States = tuple[list[float], list[float]] | tuple[Floats, Floats]
_Step = tuple[list[int] | Choice, _States]
"""The sums that are kept: their places among all that were tried, and their losses and flows."""


def list_sums(cash: Cash, some: Deviations, best: float) -> tuple[Sum | None, int, bool]:
    """The sum that loses least, None where nothing is below ``best``; the states listed; whether none was left out."""
    losses, flows = some.losses.tolist(), some.flows.tolist()
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
        at, states = extend(cash, rest, states, adds, best)
        steps.append((at, len(adds)))
        work += len(at)
        if not len(at):
            break
        whole, place = _least(cash, states)
        if whole < best:
            best, found = whole, (step, place)
        if len(at) > MOST_STATES:
            is_whole = False
            break
    least = Sum(best, _places(steps, order, *found)) if found[0] >= 0 else None
    return least, work, is_whole


def _by_flow(some: Deviations, places: list[int]) -> list[list[int]]:
    """The places by cell, each cell's by loss; the cells that move most cash first."""
    cells, losses, moved = some.cells.tolist(), some.losses.tolist(), np.abs(some.flows).tolist()
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
    places, losses, flows = [], [], []
    lowest = np.inf
    for flow, score, at, loss in tried:
        if score < lowest:
            lowest = score
            places.append(at)
            losses.append(loss)
            flows.append(flow)
    return places, (losses, flows)


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
    return at, (loss[at], flow[at])


def _prices(cash: Cash, rest: _Later) -> tuple[float, float]:
    """What a unit of money loses at least: to fill what is left over, and to take back what is missing."""
    return min(cash.price, rest.up_price), min(1 - cash.price, rest.down_price)


def _least(cash: Cash, states: _States) -> tuple[float, int]:
    """The least that the sums lose as they are, and which it is."""
    losses, flows = states
    if isinstance(losses, np.ndarray) or isinstance(flows, np.ndarray):
        each = losses + cash.loose_each(np.asarray(flows))
        return float(each.min()), int(each.argmin())
    whole = [loss + cash.loose(flow) for loss, flow in zip(losses, flows, strict=True)]
    least = min(whole)
    return least, whole.index(least)


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
