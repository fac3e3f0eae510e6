"""Losses: which lots of a position can be harvested now, so that all they have lost counts.

A loss counts only where nothing that is substantially identical is bought within 30 days before or after the sale, in
any account of the household (IRS Publication 550, "Wash Sales"). Shares bought within the 30 days before replace the
first shares that are sold, however few these are; so nothing of a position is harvested while there are such shares,
unless they are sold at a loss as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby, takewhile

from core.domain.harvest import HarvestTerms
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.lots import Lot, LotMethod, Term, term_of
from core.domain.money import HUNDRED, ZERO, to_cents
from core.domain.plan import PlanAccount, PlanRequest, Reason, ReasonCode, Side, Trade
from core.domain.portfolio import TaxTreatment
from core.domain.tax import (
    Acquisition,
    LossSale,
    TaxRulesName,
    rules_of,
    washed_by_purchases,
)
from core.domain.tax.wash import WINDOW
from core.planning.pairs import at_method, lots_method, may_not_sell
from core.planning.taxes import lots_of, owner_of, rates_of

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Losing:
    """A position with lots that can be harvested: ``ranked`` are the symbols that may stand in, in their order.

    ``loss`` is what the lots have lost at the quoted price, and ``worth`` what that saves in tax, both in money.
    """

    account: PlanAccount
    symbol: Symbol
    ranked: tuple[Symbol, ...]
    lots: tuple[Lot, ...]
    loss: Decimal
    worth: Decimal


def look_at(
    request: PlanRequest,
    terms: HarvestTerms,
    account: PlanAccount,
    symbol: Symbol,
    others: tuple[Symbol, ...],
) -> Losing | Reason | None:
    """What can be harvested of a position, or why nothing can; None where nothing of it has lost."""
    price = request.prices.get(symbol)
    if symbol == CASH or price is None or account.quantity(symbol) <= ZERO:
        return None
    lots = lots_of(account, symbol)
    lost = sum((max(_loss(lot, price), ZERO) for lot in lots), ZERO)
    if lost <= ZERO:
        return None
    barred = _barred(request, account) or may_not_sell(request, account, symbol)
    if barred is not None:
        return Reason(barred, symbol, {"amount": to_cents(lost)})
    if any(request.tax.equivalents.are_same(symbol, each) for each in terms.coming):
        return Reason(ReasonCode.BOUGHT_SOON, symbol, {"amount": to_cents(lost)})
    reach = _within_reach(request, terms, account, lots, price)
    loss = sum((_loss(lot, price) for lot in reach), ZERO)
    if not reach or loss < terms.least_loss:
        return _too_small(terms, symbol, lots, lost, price)
    found = Losing(account, symbol, others, reach, loss, _worth(request, reach, price))
    return _without_wash(request, terms, found, lots, price)


def _barred(request: PlanRequest, account: PlanAccount) -> ReasonCode | None:
    """What makes a loss of an account worthless for taxes."""
    if account.treatment is not TaxTreatment.TAXABLE:
        return ReasonCode.NOT_TAXABLE
    has_rules = owner_of(request, account).rules is not TaxRulesName.NONE
    return None if has_rules and request.tax.today is not None else ReasonCode.NO_TAX_RULES


def _loss(lot: Lot, price: Decimal) -> Decimal:
    """What a lot has lost at a price; below 0 where it has gained, 0 where nobody knows."""
    return ZERO if lot.cost_per_share is None else (lot.cost_per_share - price) * lot.quantity


def _is_enough(lot: Lot, price: Decimal, percent: Decimal) -> bool:
    loss = _loss(lot, price)
    if lot.cost_per_share is None or loss <= ZERO:
        return False
    return loss >= lot.cost_per_share * lot.quantity * percent / HUNDRED


def _within_reach(
    request: PlanRequest,
    terms: HarvestTerms,
    account: PlanAccount,
    lots: Sequence[Lot],
    price: Decimal,
    *,
    since: date | None = None,
) -> tuple[Lot, ...]:
    """The lots that have lost enough (or anything, where bought ``since``), and that a sale takes before all others.

    Where lots can be chosen these are all of them; those of one name are sold in the order of their age.
    """

    def qualifies(lot: Lot) -> bool:
        is_new = since is not None and lot.acquired is not None and lot.acquired >= since
        return _is_enough(lot, price, ZERO if is_new else terms.least_percent)

    ordered = at_method(request, account, lots, price)
    if lots_method(request, account) is not LotMethod.SPECIFIC:
        return tuple(takewhile(qualifies, ordered))
    places = {lot.name: place for place, lot in reversed(list(enumerate(ordered)))}
    by_name = sorted(ordered, key=lambda lot: (places[lot.name], lot.acquired or date.min))
    return tuple(
        lot
        for _, group in groupby(by_name, key=lambda lot: lot.name)
        for lot in takewhile(qualifies, group)
    )


def _too_small(
    terms: HarvestTerms, symbol: Symbol, lots: Sequence[Lot], lost: Decimal, price: Decimal
) -> Reason:
    """Below the least loss, or behind lots that a sale would take first."""
    enough = [lot for lot in lots if _is_enough(lot, price, terms.least_percent)]
    there = sum((_loss(lot, price) for lot in enough), ZERO)
    amounts = {"least": terms.least_loss, "percent": terms.least_percent}
    if enough and there >= terms.least_loss:
        return Reason(ReasonCode.LOTS_IN_FRONT, symbol, {"amount": to_cents(there), **amounts})
    return Reason(ReasonCode.LOSS_TOO_SMALL, symbol, {"amount": to_cents(lost), **amounts})


def _worth(request: PlanRequest, lots: Iterable[Lot], price: Decimal) -> Decimal:
    """What losses save in tax once they meet gains of their term, in this year or a later one."""
    rates, today = rates_of(request.policy), request.tax.today or date.max
    return sum(
        (
            _loss(lot, price)
            * (rates.short if term_of(lot, today) is Term.SHORT else rates.long)
            / HUNDRED
            for lot in lots
        ),
        ZERO,
    )


# --- wash sales ----------------------------------------------------------------------------------


def _without_wash(
    request: PlanRequest,
    terms: HarvestTerms,
    found: Losing,
    lots: Sequence[Lot],
    price: Decimal,
) -> Losing | Reason:
    """The lots whose losses count as a whole: as found, or with those bought of late; or else from when they would."""
    if is_clean(request, found.account, _losses(request, found, price), ()):
        return found
    since = (request.tax.today or date.max) - WINDOW
    both = _within_reach(request, terms, found.account, lots, price, since=since)
    loss = sum((_loss(lot, price) for lot in both), ZERO)
    wider = replace(found, lots=both, loss=loss, worth=_worth(request, both, price))
    if is_clean(request, found.account, _losses(request, wider, price), ()):
        return wider
    return recently_bought(request, found.symbol, found.loss)


def recently_bought(request: PlanRequest, symbol: Symbol, loss: Decimal) -> Reason:
    """That a loss would be washed by what was bought of late, and from when it would not be."""
    tax = request.tax
    today = tax.today or date.max
    shares = washed_by_purchases(symbol, today, tax.acquisitions, tax.equivalents)
    values = {"amount": to_cents(loss), "shares": shares}
    return Reason(ReasonCode.RECENTLY_BOUGHT, symbol, values, free_to_sell_from(request, symbol))


def free_to_sell_from(request: PlanRequest, symbol: Symbol) -> date | None:
    """From when no purchase of the last 30 days washes a loss of a symbol; None where none was made."""
    bought = [
        each.acquired
        for each in request.tax.acquisitions
        if request.tax.equivalents.are_same(each.symbol, symbol)
    ]
    return max(bought) + WINDOW + DAY if bought else None


def _losses(request: PlanRequest, found: Losing, price: Decimal) -> list[LossSale]:
    today, account = request.tax.today or date.max, found.account.name
    return [
        LossSale(lot.symbol, lot.quantity, today, _loss(lot, price), account, lot.acquired)
        for lot in found.lots
    ]


def is_clean(
    request: PlanRequest,
    account: PlanAccount,
    losses: Sequence[LossSale],
    trades: Sequence[Trade],
) -> bool:
    """Whether neither these losses nor those of trades are washed, by purchases of the last 30 days or by the trades.

    By the rules of whoever is taxed for the account.
    """
    today = request.tax.today or date.max
    accounts = {each.name: each for each in request.accounts}
    own = [
        LossSale(part.lot.symbol, part.quantity, today, -part.gain, t.account, part.lot.acquired)
        for t in trades
        for part in t.lots
        if part.gain is not None and part.gain < ZERO
    ]
    bought = [
        Acquisition(t.symbol, t.quantity, today, t.account, accounts[t.account].treatment)
        for t in trades
        if t.side is Side.BUY
    ]
    acquisitions = (*request.tax.acquisitions, *bought)
    rules = rules_of(owner_of(request, account).rules)
    return not rules.washes([*losses, *own], acquisitions, request.tax.equivalents)
