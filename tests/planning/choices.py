"""Every choice of shares of a small request, accounted for in decimals: what no plan may be better than.

It shares nothing with planning but the request and the measured drift.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from random import Random

import numpy as np
from numpy.typing import NDArray

from core.domain.drift import DriftReport, measure_drift
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.plan import Plan, PlanAccount, PlanRequest, Side
from core.domain.policy import FILE_DEFAULTS, Direction, Reserve
from core.domain.portfolio import Holdings
from core.domain.targets import TargetAllocation, TargetLine

MOST_CHOICES = 40_000
CENT = Decimal("0.01")
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Range:
    """What one account may do with one symbol: shares, and what each choice moves and pays."""

    account: str
    line: Symbol
    symbol: Symbol
    shares: list[int]
    moved: list[Decimal]
    paid: list[Decimal]


def measured(request: PlanRequest) -> DriftReport:
    whole = frozenset(request.prices)
    return measure_drift(request.holdings, request.prices, request.targets, request.policy, whole)


def ranges_of(request: PlanRequest, report: DriftReport) -> list[Range]:
    found = []
    for line in report.lines:
        if line.symbol == CASH:
            continue
        named = [each for each in request.targets.lines if each.symbol == line.symbol]
        ranked = (line.symbol, *(named[0].substitutes if named else ()))
        for account in request.accounts:
            bought = next((s for s in ranked if s not in request.policy.do_not_buy), line.symbol)
            for symbol in ranked:
                is_target = line.target > 0
                found.append(
                    _range(
                        request, report, account, line.symbol, symbol, symbol == bought, is_target
                    )
                )
    return found


def _range(
    request: PlanRequest,
    report: DriftReport,
    account: PlanAccount,
    line: Symbol,
    symbol: Symbol,
    is_bought: bool,
    is_target: bool,
) -> Range:
    policy, price, lot = request.policy, request.prices[symbol], request.policy.min_lot
    held = account.holdings.positions.get(symbol, Decimal(0))
    sells = policy.direction is not Direction.BUY_ONLY and symbol not in policy.do_not_sell
    buys = policy.direction is not Direction.SELL_ONLY and symbol not in policy.do_not_buy
    least = -int(held / lot) if sells else 0
    most = int(report.total / price / lot) if buys and is_bought else 0
    shares = [
        count * lot
        for count in range(least, most + 1)
        if count == 0
        or abs(count) * lot * price >= policy.min_trade
        or (not is_target and count < 0 and held + count * lot < lot)
    ]
    paid = [_paid(request, price, Decimal(count)) for count in shares]
    return Range(account.name, line, symbol, shares, [count * price for count in shares], paid)


def _paid(request: PlanRequest, price: Decimal, count: Decimal) -> Decimal:
    policy = request.policy
    if not count:
        return Decimal(0)
    half = price * policy.spread_bps / 20_000
    fees = policy.commission + (abs(count) * policy.commission_per_share).quantize(
        CENT, ROUND_CEILING
    )
    if count > 0:
        return (count * (price + half)).quantize(CENT, ROUND_CEILING) + fees
    return fees - (-count * (price - half)).quantize(CENT, ROUND_FLOOR)


def choices_of(ranges: list[Range]) -> int:
    return int(np.prod([len(each.shares) for each in ranges], dtype=np.float64))


def least_measure(request: PlanRequest, report: DriftReport, ranges: list[Range]) -> float | None:
    """The least there is, of every choice; None where all of them break a rule."""
    places = np.indices([len(each.shares) for each in ranges]).reshape(len(ranges), -1)
    measures = _measures(request, report, ranges, places)
    return float(measures.min()) if np.isfinite(measures.min()) else None


def measure_of(
    request: PlanRequest, report: DriftReport, ranges: list[Range], plan: Plan
) -> float | None:
    """What a plan attains; None where it breaks a rule."""
    made = {
        (trade.account, trade.symbol): int(trade.quantity * (1 if trade.side is Side.BUY else -1))
        for trade in plan.trades
    }
    counts = [made.pop((each.account, each.symbol), 0) for each in ranges]
    if made or any(count not in each.shares for count, each in zip(counts, ranges, strict=True)):
        return None
    places = [[each.shares.index(count)] for count, each in zip(counts, ranges, strict=True)]
    measure = float(_measures(request, report, ranges, np.array(places))[0])
    return measure if np.isfinite(measure) else None


def _measures(
    request: PlanRequest, report: DriftReport, ranges: list[Range], places: NDArray[np.int64]
) -> Numbers:
    """Points of shortfall and a ten-thousandth for each trade, by choice; infinite where a rule is broken."""
    policy, total = request.policy, float(report.total)
    moved = [np.array(each.moved, float)[at] for each, at in zip(ranges, places, strict=True)]
    paid = [np.array(each.paid, float)[at] for each, at in zip(ranges, places, strict=True)]
    zeros = np.zeros(places.shape[1])
    bad = zeros > 1
    together, anything = zeros.copy(), bad.copy()
    for account in request.accounts:
        own = [at for at, each in enumerate(ranges) if each.account == account.name]
        left = float(account.cash) - sum((paid[at] for at in own), zeros)
        bought = np.any([moved[at] > 0 for at in own], axis=0)
        together, anything = together + left, anything | bought
        must = request.withdraw > 0
        bad |= left < np.where(bought | must, 0.0, min(float(account.cash), 0.0)) - 1e-6
    floor = float(policy.cash_reserve.of(report.total))
    bad |= (anything | (request.withdraw > 0)) & (together < floor - 1e-6)
    turnover = sum((np.abs(each) for each in moved), zeros)
    cost = sum(paid, zeros) - sum(moved, zeros)
    if policy.turnover_limit is not None:
        bad |= turnover > float(policy.turnover_limit) / 100 * total + 1e-6
    if policy.cost_limit is not None:
        bad |= cost > float(policy.cost_limit) + 1e-6
    short = np.maximum(float(report.line(CASH).goal) / 100 * total - together, 0.0)
    for line in report.lines:
        if line.symbol != CASH:
            gap = float(line.goal * report.total / 100 - line.value)
            own = [at for at, each in enumerate(ranges) if each.line == line.symbol]
            short = short + np.maximum(gap - sum((moved[at] for at in own), zeros), 0.0)
    trades = sum((each != 0 for each in moved), zeros)
    return np.where(bad, np.inf, short / total * 100 + trades * 1e-4)


def small_request(chance: Random, lines: int, accounts: int, *, substitutes: bool) -> PlanRequest:
    """A request so small that everything can be tried, with every rule that planning obeys now and then."""
    worth = 700
    names = [Symbol(f"S{at}") for at in range(lines)]
    others = [Symbol(f"T{at}") for at in range(lines)]
    prices = {name: Decimal(chance.randint(4000, 20000)) / 100 for name in names + others}
    parts = [chance.randint(1, 10) for _ in names]
    whole = sum(parts) + chance.choice([0, 0, 1])
    weights = [Decimal(part * 1000 // whole) / 10 for part in parts]
    targets = [
        TargetLine(name, weight, substitutes=(other,) if substitutes and at == 0 else ())
        for at, (name, weight, other) in enumerate(zip(names, weights, others, strict=True))
    ]
    targets.append(TargetLine(CASH, 100 - sum(weights, Decimal(0))))
    used = names + (others[:1] if substitutes else [])
    request = PlanRequest(
        accounts=tuple(
            PlanAccount(
                Holdings(
                    Decimal(chance.randint(0, worth * 20)) / 100 - chance.choice([0, 0, 0, 0, 30]),
                    {
                        name: Decimal(
                            chance.randint(
                                0, int(worth * 1.5 / lines / accounts / float(prices[name]))
                            )
                        )
                        for name in used
                        if chance.random() < 0.7
                    },
                ),
                name=f"account {at}",
                withdraw=Decimal(chance.choice([0] * 6 + [100])),
            )
            for at in range(accounts)
        ),
        prices=prices,
        targets=TargetAllocation(tuple(targets)),
        policy=replace(
            FILE_DEFAULTS,
            spread_bps=Decimal(chance.choice([0, 0, 10, 50])),
            commission=Decimal(chance.choice([0, 0, 1, 5])),
            commission_per_share=Decimal(chance.choice(["0", "0", "0", "0.35"])),
            min_trade=Decimal(chance.choice([0, 0, 25, 100])),
            min_lot=chance.choice([1, 1, 1, 2]),
            cash_reserve=chance.choice(
                [Reserve(), Reserve(Decimal(1), is_percent=True), Reserve(Decimal(60))]
            ),
            direction=chance.choice(
                [*[Direction.BOTH] * 4, Direction.BUY_ONLY, Direction.SELL_ONLY]
            ),
            turnover_limit=chance.choice([None, None, None, Decimal(20)]),
            cost_limit=chance.choice([None, None, None, Decimal(3)]),
            do_not_buy=frozenset(chance.sample(names, chance.choice([0, 0, 1]))),
            do_not_sell=frozenset(chance.sample(names, chance.choice([0, 0, 1]))),
        ),
        force=True,
    )
    held = request.holdings
    total = held.cash + sum(count * prices[name] for name, count in held.positions.items())
    if total < 200:
        return small_request(chance, lines, accounts, substitutes=substitutes)
    return request
