"""What would cure it: the smallest deposit that brings every line into its band by purchases alone.

Let S be the total after the deposit and the purchases, costs paid. Each line needs at least so many units that its
value is inside its band at S, and may take at most so many; both grow with S. Cash left is S less all values, and must
be inside its own band and above the reserve. So every lower bound on S gives least purchases, and these a higher lower
bound: repeated from the bound without whole shares, this ends at the least S there is (the least fixed point of a
monotone map: Tarski 1955). Only where cash would then be above its band, more is bought.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

import numpy as np
from numpy.typing import NDArray

from core.domain.drift import DriftReport, managed_symbols, measure_drift
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import CENT, ZERO
from core.domain.plan import Cure, PlanAccount, PlanRequest, Trade, net_cash
from core.domain.policy import whole_shares
from core.domain.portfolio import Holdings
from core.planning.account import make_trades
from core.planning.problem import Floats, Problem, build_problem
from core.planning.score import paid_for

_MOST_TOTALS = 10
"""A deposit of more than this many times the total is not a cure that anybody would take."""
_MOST_ROUNDS = 400
_MOST_STEPS = 60
_MOST_CENTS = 3
_CENT_NOISE = 1e-6
_NOISE = 1e-9
"""What counts as nothing, as a part of the amounts compared."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """What is bought for each line, in one account: by line, in money per unit or as parts of the total.

    ``low`` and ``high`` are the edges of the band as parts of the total, infinite where there is none; ``half`` is half
    a share's price where only whole shares trade: so far off the target, no share less or more would help.
    ``is_banded``: no upper edge is 0.
    """

    value: Floats
    price: Floats
    buy_price: Floats
    fee: Floats
    least: Floats
    most: Floats
    target: Floats
    low: Floats
    high: Floats
    half: Floats
    is_banded: bool
    has_fees: bool

    def least_units(self, total: float) -> Floats:
        """The fewest units that bring each line to its band's lower edge."""
        edge = np.minimum(self.low * total, self.target * total - self.half)
        need = np.ceil((edge - self.value) / self.price - _NOISE)
        return np.where(need > 0, np.maximum(need, self.least), 0.0)

    def most_units(self, total: float) -> Floats:
        """The most units that leave each line below its band's upper edge; below 0 where it is over it already."""
        edge = np.maximum(self.high * total, self.target * total + self.half)
        room = np.floor((edge - self.value) / self.price + _NOISE)
        return np.minimum(room, self.most)

    def total_for(self, units: Floats) -> float:
        """The least total at which so many units are not above any line's upper edge."""
        values = self.value + units * self.price
        if self.is_banded and not self.half.any():
            return float(np.max(values / self.high, initial=0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            by_band = np.where(np.isinf(self.high), 0.0, values / self.high)
            by_share = np.where(self.half > 0, (values - self.half) / self.target, np.inf)
        totals = np.fmin(by_band, by_share)
        return float(np.max(np.where(values <= self.half, 0.0, totals), initial=0.0))

    def next_total(self, total: float) -> float:
        """The least total above this at which one line may take a unit more."""
        more = np.where(self.most > 0, np.maximum(self.most_units(total), 0.0) + 1.0, 0.0)
        values = self.value + more * self.price
        with np.errstate(divide="ignore", invalid="ignore"):
            by_share = np.where(self.half > 0, (values - self.half) / self.target, np.inf)
            totals = np.fmin(values / self.high, by_share)
        later = totals[(self.most > 0) & (totals > total)]
        return float(later.min()) if len(later) else total

    def costs(self, units: Floats, commission: float) -> Floats:
        """By line, what buying costs, each purchase rounded up to the cent."""
        paid = np.ceil(units * self.buy_price * 100 - 1e-6) / 100 - units * self.price
        if self.has_fees:
            paid += np.ceil(units * self.fee * 100 - 1e-6) / 100
        return np.where(units > 0, paid + commission, 0.0)

    def cost_of(self, place: int, units: float, commission: float) -> float:
        """The same of so many units of one line."""
        each, fee = float(self.buy_price[place]), float(self.fee[place])
        return paid_for(units, each, fee, commission) - units * float(self.price[place])

    def cost(self, units: Floats, commission: float) -> float:
        """What buying costs, of all lines together."""
        return float(self.costs(units, commission).sum())


@dataclass(frozen=True, slots=True)
class _Cash:
    """Cash's side: parts of the total for its band, the reserve as a part or an amount, and what pays for purchases."""

    total: float
    own: float
    low: float
    high: float
    floor_part: float
    floor: float
    commission: float


def find_cure(
    request: PlanRequest, report: DriftReport, problem: Problem | None = None
) -> Cure | None:
    """The smallest deposit, in whole cents, that brings every line into its band by purchases alone.

    Deposit and purchases are in one account (where there are several: the one that needs the least). What is held
    afterwards, costs paid, breaches no band. None where nothing is breached, no deposit can help (a line that is not
    bought, or has a target of 0), where more than ten times the total would be needed, or where money is taken out.
    ``problem`` saves the work of building it again.
    """
    if not report.breached or request.withdraw > ZERO or request.caps is not None:
        return None
    problem = problem or build_problem(request, report, purchases_only=True)
    cures = (_cure_in(request, report, problem, account) for account in request.accounts)
    found = [cure for cure in cures if cure is not None]
    return min(found, key=_deposit) if found else None


def _deposit(cure: Cure) -> Decimal:
    return cure.deposit


def _cure_in(
    request: PlanRequest, report: DriftReport, problem: Problem, account: PlanAccount
) -> Cure | None:
    places = _places(problem, account)
    lines = _lines_of(request, problem, places)
    for deposit, units in _candidates(lines, _cash_of(request, report, account)):
        counts = np.zeros(len(problem.cells), dtype=np.int64)
        for place, count in zip(places, units, strict=True):
            counts[place] += int(count) if place >= 0 else 0
        cure = _exact(request, report, problem, account, (counts, deposit))
        if cure is not None:
            return cure
    return None


def _places(problem: Problem, account: PlanAccount) -> list[int]:
    """By line: the cell of the account that may be bought, or -1."""
    places = [-1] * len(problem.lines)
    for at, cell in enumerate(problem.cells):
        if cell.account is account and cell.no_purchase is None:
            places[int(problem.line_of[at])] = at
    return places


def _lines_of(request: PlanRequest, problem: Problem, places: Sequence[int]) -> _Lines:
    at = np.array(places, dtype=np.intp)
    has, pick = at >= 0, np.maximum(at, 0)
    empty = not len(problem.cells)
    lines = problem.lines
    own = np.array([float(line.price) for line in lines])
    whole = _whole(request, [line.symbol for line in lines])
    target = np.array([float(line.target) for line in lines]) / 100
    band = np.array([np.inf if line.band is None else float(line.band) for line in lines]) / 100

    def by_line(values: Floats, other: float) -> Floats:
        return np.full(len(lines), other) if empty else np.where(has, values[pick], other)

    return _Lines(
        value=np.array([float(line.value) for line in lines]),
        price=by_line(problem.price, 1.0),
        buy_price=by_line(problem.buy_price, 1.0),
        fee=by_line(problem.fee, 0.0),
        least=by_line(problem.least, 0.0),
        most=np.where(has, 1e15, 0.0),
        target=target,
        low=target - band,
        high=target + band,
        is_banded=bool((target + band > 0).all()),
        half=np.where([line.symbol in whole for line in lines], own / 2, 0.0),
        has_fees=problem.has_fees,
    )


def _whole(request: PlanRequest, symbols: Sequence[Symbol]) -> frozenset[Symbol]:
    in_parts = frozenset[Symbol]().union(*(each.fractionable for each in request.accounts))
    return whole_shares(request.policy, symbols, in_parts)


def _cash_of(request: PlanRequest, report: DriftReport, account: PlanAccount) -> _Cash:
    line, reserve = report.line(CASH), request.policy.cash_reserve
    band = np.inf if line.band is None else float(line.band)
    return _Cash(
        total=float(report.total),
        own=float(account.cash),
        low=(float(line.target) - band) / 100,
        high=(float(line.target) + band) / 100,
        floor_part=float(reserve.amount) / 100 if reserve.is_percent else 0.0,
        floor=0.0 if reserve.is_percent else float(reserve.amount),
        commission=float(request.policy.commission),
    )


def _candidates(lines: _Lines, cash: _Cash) -> Iterator[tuple[float, Floats]]:
    """Deposits from the least on, with the purchases by line that should cure; none where none can."""
    yield from _without_deposit(lines, cash)
    total: float | None = _least_total(lines, cash)
    for _ in range(_MOST_STEPS):
        settled = None if total is None else _settle(lines, cash, total)
        if settled is None:
            return
        total, units = settled
        deposit = max(total - cash.total + lines.cost(units, cash.commission), 0.0)
        more = _fill(lines, cash, units, deposit)
        if more is None:
            total = max(lines.next_total(total), total + 0.01)
            continue
        left = cash.total + deposit - lines.cost(more, cash.commission)
        if (short := lines.total_for(more) - left) > _CENT_NOISE:  # what more costs makes less room
            total += short
        else:
            yield deposit, more
            total += 0.01


def _without_deposit(lines: _Lines, cash: _Cash) -> Iterator[tuple[float, Floats]]:
    """The purchases that are enough by themselves, where cash is there for them."""
    total = cash.total
    for _ in range(_MOST_STEPS):
        units = lines.least_units(total)
        cost = lines.cost(units, cash.commission)
        if cash.total - cost >= total - _CENT_NOISE:
            break
        total = cash.total - cost
    needed = max(lines.total_for(units), _total_of_cash(lines, cash, units, cost))
    if needed <= total + _CENT_NOISE and not (units > lines.most).any():
        more = _fill(lines, cash, units, 0.0)
        if more is not None:
            yield 0.0, more


def _least_total(lines: _Lines, cash: _Cash) -> float | None:
    """A total that none can be below: no line over its upper edge, and room for the cash that there is."""
    total = max(lines.total_for(np.zeros(len(lines.value))), 0.01)
    is_bought = lines.most > 0
    if np.isinf(lines.high[is_bought]).any() or np.isinf(cash.high):
        return total
    gain = float(lines.high[is_bought].sum()) + cash.high - 1
    for _ in range(_MOST_ROUNDS):
        edges = np.maximum(lines.high * total, lines.target * total + lines.half)
        room = np.where(is_bought, np.maximum(edges, lines.value), lines.value).sum()
        over = total * (1 - cash.high) - float(room)
        if over <= _NOISE * total:
            return total
        if gain <= 0 or total > cash.total * (_MOST_TOTALS + 1):
            return None
        total += over / gain
    return total


def _settle(lines: _Lines, cash: _Cash, total: float) -> tuple[float, Floats] | None:
    """The least total from here at which the least purchases fit below the upper edges and are paid for."""
    for _ in range(_MOST_ROUNDS):
        if total > cash.total * (_MOST_TOTALS + 1):
            return None
        units = lines.least_units(total)
        if (units > lines.most).any():
            return None
        cost = lines.cost(units, cash.commission)
        needed = max(total, lines.total_for(units), _total_of_cash(lines, cash, units, cost))
        own = cash.total - cost
        needed = own + np.ceil((needed - own) * 100 - _CENT_NOISE) / 100  # deposits are whole cents
        if needed <= total + _CENT_NOISE:
            return total, units
        total = needed
    return None


def _total_of_cash(lines: _Lines, cash: _Cash, units: Floats, cost: float) -> float:
    """The least total at which cash is inside its band, the reserve is kept, and the account can pay.

    ``cost`` is what buying the units costs.
    """
    values = float((lines.value + units * lines.price).sum())
    is_bought = bool((units > 0).any())
    low = max(cash.low, 0.0) if is_bought else cash.low
    totals = [cash.total - cost, values / (1 - low) if low < 1 else np.inf]
    if is_bought:
        part = cash.floor_part
        totals.append((values + part * cost) / (1 - part) if part < 1 else np.inf)
        totals.append(values + cash.floor)
        totals.append(cash.total + float((units * lines.price).sum()) - cash.own)
    return max(totals)


def _fill(lines: _Lines, cash: _Cash, units: Floats, deposit: float) -> Floats | None:
    """Buy more where cash would be above its band, the dearest first; None where it cannot be brought into it."""
    units = units.copy()
    total, left = _after(lines, cash, units, deposit)
    most = lines.most_units(total)
    for place in (None, *np.argsort(-lines.price, kind="stable")):
        if place is not None:
            most_more = float(most[place] - units[place])
            more = _more(
                lines, cash, float(units[place]), deposit, int(place), (total, left, most_more)
            )
            if not more:
                continue
            cost = -lines.cost_of(place, float(units[place]), cash.commission)
            units[place] += more
            cost += lines.cost_of(place, float(units[place]), cash.commission)
            total -= cost
            left -= cost + more * float(lines.price[place])
        if left <= cash.high * total + _NOISE * total:
            return units
    return None


def _after(lines: _Lines, cash: _Cash, units: Floats, deposit: float) -> tuple[float, float]:
    """The total once so many units are bought, and the cash that is left in it."""
    total = cash.total + deposit - lines.cost(units, cash.commission)
    return total, total - float((lines.value + units * lines.price).sum())


def _more(
    lines: _Lines,
    cash: _Cash,
    bought: float,
    deposit: float,
    place: int,
    now: tuple[float, float, float],
) -> float:
    """How many more units of a line bring cash nearest to its band without leaving it on the other side.

    ``bought`` are those that it has already; ``now`` is the total, the cash in it, and the most that may be added.
    """
    total, left, most = now
    price, commission = float(lines.price[place]), 0.0 if bought else cash.commission
    spare = left - max(cash.low * total, cash.floor, cash.floor_part * (cash.total + deposit), 0.0)
    each = float(lines.buy_price[place] + lines.fee[place])
    wanted = float(np.ceil((left - cash.high * total) / price - _NOISE))
    wanted = max(wanted, float(lines.least[place]) - bought)
    more = min(wanted, float(np.floor((spare - commission) / each + _NOISE)), most)
    return more if more > 0 and bought + more >= lines.least[place] else 0.0


def _exact(
    request: PlanRequest,
    report: DriftReport,
    problem: Problem,
    account: PlanAccount,
    found: tuple[NDArray[np.int64], float],
) -> Cure | None:
    """The cure to the cent, held against the bands once more; None where rounding breaks one of them."""
    counts, least = found
    deposit = Decimal(least - _CENT_NOISE).quantize(CENT, ROUND_CEILING)
    for more in range(_MOST_CENTS):
        given = max(deposit + more * CENT, ZERO)
        paid = _with_deposit(request, account, given)
        trades = make_trades(paid, report, problem, counts)
        if len(trades) == np.count_nonzero(counts) and _is_cured(paid, trades):
            return Cure(given, trades)
    return None


def _with_deposit(request: PlanRequest, account: PlanAccount, deposit: Decimal) -> PlanRequest:
    return replace(
        request,
        accounts=tuple(
            replace(each, holdings=Holdings(each.holdings.cash + deposit, each.holdings.positions))
            if each is account
            else each
            for each in request.accounts
        ),
    )


def _is_cured(request: PlanRequest, trades: Sequence[Trade]) -> bool:
    """Whether nothing is beyond its band once the trades are made, and the reserve is kept."""
    holdings, policy = request.holdings, request.policy
    cash, positions = holdings.cash + net_cash(trades), dict(holdings.positions)
    for trade in trades:
        positions[trade.symbol] = positions.get(trade.symbol, ZERO) + trade.quantity
    symbols = managed_symbols(Holdings(cash, positions), request.targets, policy)
    after = measure_drift(
        Holdings(cash, positions),
        request.prices,
        request.targets,
        policy,
        _whole(request, symbols),
    )
    total = after.total + sum((trade.cost for trade in trades), ZERO)
    return not after.breached and (not trades or cash >= policy.cash_reserve.of(total))
