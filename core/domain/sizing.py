"""Sizing: purchases are fitted into the cash that is really there; nothing is added and nothing grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from core.domain.money import CENT, HUNDRED, ZERO, half_spread, purchase_cost
from core.domain.policy import Policy

FRACTION = Decimal("0.001")
"""The smallest part of a share that is traded."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase to be sized: leg, shares, the price quoted now, and the smallest step in shares."""

    leg: int
    quantity: Decimal
    price: Decimal
    step: Decimal


@dataclass(frozen=True, slots=True)
class SizedPurchase:
    """What may be sent: shares (possibly none) and the most that each may cost."""

    leg: int
    quantity: Decimal
    limit_price: Decimal


def fit_purchases(
    purchases: Sequence[Purchase], cash: Decimal, policy: Policy, reserve: Decimal = ZERO
) -> tuple[SizedPurchase, ...]:
    """Shrink purchases, largest first, until they fit; then share what is left over as room for the limits.

    The ``reserve`` in money is left alone, but for what prices within the collar have moved by since the plan was made.
    The limit is the collar's, or tighter where the cash would not stretch to it, but never below what a purchase is
    expected to cost now: so all of them together cannot overdraw the account, even if each fills at its limit.
    """
    expected = {p.leg: _ask(p.price, policy) for p in purchases}
    quantities = {p.leg: p.quantity for p in purchases}
    budget = _budget(_cost(quantities, expected, policy), cash, reserve, policy)
    while (short := _cost(quantities, expected, policy) - budget) > ZERO and any(
        quantities.values()
    ):
        largest = max(purchases, key=lambda p: (quantities[p.leg] * expected[p.leg], -p.leg))
        quantities[largest.leg] = _less(
            quantities[largest.leg], short, expected[largest.leg], largest.step
        )
    slack = _slack(quantities, expected, cash, policy)
    return tuple(
        SizedPurchase(p.leg, quantities[p.leg], _limit(p.price, expected[p.leg], slack, policy))
        for p in purchases
    )


def _budget(cost: Decimal, cash: Decimal, reserve: Decimal, policy: Policy) -> Decimal:
    """What may be spent: all cash where the plan still fits beside the reserve, otherwise what is above it."""
    is_near = cost - (cash - reserve) <= cost * policy.collar / HUNDRED
    return cash if is_near else cash - reserve


def _ask(price: Decimal, policy: Policy) -> Decimal:
    return (price + half_spread(price, policy.spread_bps)).quantize(CENT, ROUND_CEILING)


def _cost(
    quantities: Mapping[int, Decimal], expected: Mapping[int, Decimal], policy: Policy
) -> Decimal:
    return sum(
        (
            purchase_cost(quantity, expected[leg]) + policy.commission
            for leg, quantity in quantities.items()
            if quantity
        ),
        ZERO,
    )


def _less(quantity: Decimal, short: Decimal, price: Decimal, step: Decimal) -> Decimal:
    steps = (short / price / step).to_integral_value(ROUND_CEILING)
    return max(quantity - max(steps, Decimal(1)) * step, ZERO)


def _slack(
    quantities: Mapping[int, Decimal],
    expected: Mapping[int, Decimal],
    cash: Decimal,
    policy: Policy,
) -> Decimal:
    value = sum((quantity * expected[leg] for leg, quantity in quantities.items()), ZERO)
    rounding = CENT * len(quantities)  # each purchase's cost may be rounded up by almost a cent
    spare = cash - _cost(quantities, expected, policy) - rounding
    return max(spare / value, ZERO) if value else ZERO


def _limit(price: Decimal, expected: Decimal, slack: Decimal, policy: Policy) -> Decimal:
    collar = (price * (1 + policy.collar / HUNDRED)).quantize(CENT, ROUND_CEILING)
    affordable = (expected * (1 + slack)).quantize(CENT, ROUND_FLOOR)
    return max(min(collar, affordable), expected)
