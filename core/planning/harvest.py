"""Harvest: losses are taken, and a substitute of the same line is bought with what each sale brings.

Which losses count is judged in ``core.planning.losses``. The first ranked substitute is taken that may be bought: it is
tradable and has a price, does not count as the same as what is sold, and its purchase washes no loss of the household.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from core.domain.drift import DriftReport
from core.domain.harvest import HarvestTerms
from core.domain.ids import Symbol
from core.domain.lots import Term, quantity_of
from core.domain.money import HUNDRED, ZERO, to_cents
from core.domain.plan import (
    LegKey,
    Plan,
    PlanRequest,
    Realised,
    Reason,
    ReasonCode,
    Side,
    Skipped,
    Trade,
)
from core.domain.tax import TaxRates, free_to_buy_from, rules_of
from core.domain.tax.carry import BY_LAW
from core.planning.losses import Losing, is_clean, look_at, recently_bought
from core.planning.pairs import (
    Legs,
    Pair,
    may_not_buy,
    measure,
    plan_of_pairs,
    size_pair,
    within_limits,
)
from core.planning.taxes import rates_of


def harvest(request: PlanRequest, terms: HarvestTerms) -> Plan:
    """Sell lots that have lost, each with a purchase that keeps its line's weight; largest saving first.

    What is not harvested is named with the reason. No loss of the plan is washed by what the request knows: purchases
    of the last 30 days, the plan's own, and those that are ``coming``. Every managed symbol needs a price (KeyError);
    raises NegativeTotal.
    """
    report = measure(request)
    found: list[Losing] = []
    skipped: list[Skipped] = []
    for account in request.accounts:
        for line in request.targets.lines:
            for symbol in (line.symbol, *line.substitutes):
                others = tuple(s for s in (line.symbol, *line.substitutes) if s != symbol)
                each = look_at(request, terms, account, symbol, others)
                if isinstance(each, Losing):
                    found.append(each)
                elif each is not None:
                    skipped.append(Skipped(symbol, each))
    trades: list[Trade] = []
    for each in sorted(found, key=lambda e: (-e.worth, -e.loss, e.symbol, e.account.name)):
        legs = _pair(request, report, each, trades)
        if isinstance(legs, Legs):
            trades += legs.both
        else:
            skipped.append(Skipped(each.symbol, legs))
    return _planned(request, report, trades, skipped, terms)


# --- the pairs -----------------------------------------------------------------------------------


def _pair(
    request: PlanRequest, report: DriftReport, found: Losing, trades: Sequence[Trade]
) -> Legs | Reason:
    """The first ranked substitute that may be bought now, with the sale; or why there is no pair."""
    amount = {"amount": to_cents(found.loss)}
    if not found.ranked:
        return Reason(ReasonCode.NO_SUBSTITUTE, found.symbol, amount)
    frees: list[date] = []
    last = ReasonCode.SUBSTITUTE_BARRED
    for symbol in found.ranked:
        free = _barred_until(request, found, symbol, trades)
        if free is not None:
            frees += [] if free == date.max else [free]
            continue
        shares = min(quantity_of(found.lots), found.account.quantity(found.symbol))
        pair = Pair(found.account, found.symbol, symbol, shares, found.lots)
        legs = size_pair(request, report, pair, trades)
        if isinstance(legs, ReasonCode):
            last = legs
            continue
        if not is_clean(request, found.account, (), (*trades, legs.sale)):
            return recently_bought(request, found.symbol, found.loss)
        if not is_clean(request, found.account, (), (*trades, *legs.both)):
            continue
        if (limit := within_limits(request, report, (*trades, *legs.both))) is not None:
            return Reason(limit, found.symbol, amount)
        return _worthwhile(request, found, legs)
    return Reason(last, found.symbol, amount, min(frees, default=None))


def _barred_until(
    request: PlanRequest, found: Losing, symbol: Symbol, trades: Sequence[Trade]
) -> date | None:
    """From when a substitute may be bought (never: ``date.max``); None where it may be now."""
    tax = request.tax
    key = LegKey(symbol, Side.BUY, found.account.name)
    is_taken = key in {trade.key for trade in trades}
    if is_taken or tax.equivalents.are_same(symbol, found.symbol):
        return date.max
    if may_not_buy(request, found.account, symbol) is not None:
        return date.max
    today = tax.today or date.max
    return free_to_buy_from(symbol, tax.loss_sales, tax.equivalents, today)


def _worthwhile(request: PlanRequest, found: Losing, legs: Legs) -> Legs | Reason:
    """The pair with what it harvests; or that it costs more than it is worth, by the policy's ``worth``."""
    rates = rates_of(request.policy)
    short = _lost(legs.sale, Term.SHORT)
    long = _lost(legs.sale, Term.LONG) + _lost(legs.sale, Term.UNKNOWN)
    saves = to_cents((short * rates.short + long * rates.long) / HUNDRED)
    cost = legs.sale.cost + legs.purchase.cost
    values = {"amount": short + long, "saved": saves}
    has_rates = rates.short > ZERO or rates.long > ZERO
    if has_rates and saves < request.policy.worth * cost:
        few = {"amount": values["amount"], "saved": saves, "cost": cost}
        return Reason(ReasonCode.SAVES_TOO_LITTLE, found.symbol, few)
    reason = replace(legs.sale.reason, values=values)
    return replace(legs, sale=replace(legs.sale, reason=reason))


def _lost(sale: Trade, term: Term) -> Decimal:
    parts = (-(part.gain or ZERO) for part in sale.lots if part.term is term)
    return sum(parts, ZERO)


# --- the plan ------------------------------------------------------------------------------------


def _planned(
    request: PlanRequest,
    report: DriftReport,
    trades: Sequence[Trade],
    skipped: Sequence[Skipped],
    terms: HarvestTerms,
) -> Plan:
    if not trades:
        return plan_of_pairs(request, report, (), skipped, _nothing(skipped, terms))
    plan = plan_of_pairs(request, report, trades, skipped, Reason(ReasonCode.HARVEST))
    short = -sum((each.short_gain for each in plan.realised), ZERO)
    long = -sum((each.long_gain for each in plan.realised), ZERO)
    values = {"amount": short + long, "short": short, "long": long}
    if plan.tax is not None:
        values["saved"] = -plan.tax
        values["carried"] = sum((_carried(request, each) for each in plan.realised), ZERO)
        values["offset"] = sum((_uncounted(request, each) for each in plan.realised), ZERO)
    return replace(plan, reason=replace(plan.reason, values=values))


def _carried(request: PlanRequest, realised: Realised, rates: TaxRates = BY_LAW) -> Decimal:
    """How much more of a person's losses goes into the next year because of a plan."""
    owner = request.tax.owner(realised.owner)
    rules = rules_of(owner.rules)
    before = rules.carried_after(owner.year, rates)
    year = owner.year.plus(realised.short_gain, realised.long_gain)
    after = rules.carried_after(year, rates)
    more = after.carried_short + after.carried_long - before.carried_short - before.carried_long
    return max(more, ZERO)


def _uncounted(request: PlanRequest, realised: Realised) -> Decimal:
    """How much of the losses the law sets against other income, without the policy counting what that saves."""
    by_policy = _carried(request, realised, rates_of(request.policy))
    return max(by_policy - _carried(request, realised), ZERO)


def _nothing(skipped: Sequence[Skipped], terms: HarvestTerms) -> Reason:
    """Why there is nothing to harvest: the largest loss speaks for all."""
    if not skipped:
        return Reason(ReasonCode.NO_LOSS, None, {"least": terms.least_loss})
    return max(skipped, key=lambda each: each.reason.values.get("amount", ZERO)).reason
