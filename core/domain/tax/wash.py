"""Wash sales: losses that do not count, because the same was bought within 30 days of the sale.

United States: Internal Revenue Code § 1091, Treasury Regulations §§ 1.1091-1 and 1.1091-2, IRS Publication 550. It is
looked at share by share over all accounts of a household, purchases in retirement accounts and reinvested dividends
included; shares bought there take the loss with them for ever (Revenue Ruling 2008-5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from core.domain.ids import Symbol
from core.domain.lots import Lot, split_in_proportion
from core.domain.money import ZERO
from core.domain.tax.equivalents import Equivalents
from core.domain.tax_treatment import TaxTreatment

WINDOW = timedelta(days=30)
"""How long before and after a sale a purchase counts: 61 days with the day of the sale itself."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """Shares bought (reinvested dividends too): the day on which they really were, and in which account.

    Shares that were sold again with a gain before a loss was taken count as acquired none the less, as the law's words
    have it; who reads it otherwise leaves them out.
    """

    symbol: Symbol
    quantity: Decimal
    acquired: date
    account: str
    treatment: TaxTreatment = TaxTreatment.TAXABLE


@dataclass(frozen=True, slots=True)
class LossSale:
    """Shares of one lot sold at a loss in a taxable account; ``loss`` is money above 0, of all of them together.

    ``acquired`` is the day on which these shares were bought: they are not their own replacement. ``held_since`` is
    where their holding period began, if that was earlier because of an earlier wash sale.
    """

    symbol: Symbol
    quantity: Decimal
    sold: date
    loss: Decimal
    account: str
    acquired: date | None = None
    held_since: date | None = None


@dataclass(frozen=True, slots=True)
class Washed:
    """A part of a sale at a loss, and the shares bought that replace it, as many.

    ``disallowed`` is money above 0. ``is_added_to_basis``: it comes back when the replacement is sold; otherwise (in a
    retirement account) it is lost for ever.
    """

    sale: LossSale
    acquisition: Acquisition
    quantity: Decimal
    disallowed: Decimal

    @property
    def is_added_to_basis(self) -> bool:
        """Whether the replacement's basis takes the loss up."""
        return self.acquisition.treatment is TaxTreatment.TAXABLE

    @property
    def held_since(self) -> date:
        """Where the replacement's holding period begins: as much earlier as the shares sold had been held."""
        since = self.sale.held_since or self.sale.acquired
        bought = self.acquisition.acquired
        return bought if since is None else bought - max(self.sale.sold - since, timedelta(0))


# --- matching ------------------------------------------------------------------------------------


def match_washes(
    sales: Iterable[LossSale], acquisitions: Iterable[Acquisition], equivalents: Equivalents
) -> tuple[Washed, ...]:
    """Match losses with the purchases that wash them, whatever order they come in.

    Sales go in order of time (those of one day: longest held first), and each takes the purchases of its window in
    order of time; a share replaces one other only (Treasury Regulations § 1.1091-1). Of purchases on one day those in
    retirement accounts count first, where the loss is gone. What was bought in one lot does not replace a part of
    itself (Revenue Ruling 56-602), nor do shares that were sold at a loss on that day or before.
    """
    bought = sorted(acquisitions, key=_when_bought)
    sold = sorted(sales, key=_when_sold)
    free = [each.quantity for each in bought]
    washes: list[Washed] = []
    for _, one_day in groupby(sold, key=lambda sale: sale.sold):
        of_day = tuple(one_day)
        for sale in of_day:
            _drop_own(bought, free, sale)
        for sale in of_day:
            washes.extend(_washes_of(sale, bought, free, equivalents))
    return tuple(washes)


def _washes_of(
    sale: LossSale, bought: Sequence[Acquisition], free: list[Decimal], equivalents: Equivalents
) -> list[Washed]:
    """Take a sale's replacements from the shares that are still free to be some."""
    taken: list[tuple[Acquisition, Decimal]] = []
    rest = sale.quantity
    for index, each in enumerate(bought):
        part = min(rest, free[index])
        if part > ZERO and _may_replace(each, sale, equivalents):
            taken.append((each, part))
            free[index] -= part
            rest -= part
    losses = _split_loss(sale, [part for _, part in taken], rest)
    return [
        Washed(sale, each, part, loss) for (each, part), loss in zip(taken, losses, strict=True)
    ]


def _when_bought(each: Acquisition) -> tuple[date | bool | str | Decimal, ...]:
    is_taxable = each.treatment is TaxTreatment.TAXABLE
    return (each.acquired, is_taxable, each.symbol, each.account, each.quantity, each.treatment)


def _when_sold(sale: LossSale) -> tuple[date | str | Decimal, ...]:
    acquired = sale.acquired or date.min
    since = sale.held_since or acquired
    return (sale.sold, since, acquired, sale.symbol, sale.account, sale.quantity, sale.loss)


def _drop_own(bought: Sequence[Acquisition], free: list[Decimal], sale: LossSale) -> None:
    """Take the shares sold out of the purchase that they came from, unless they replace others already."""
    if sale.held_since is not None and sale.held_since != sale.acquired:
        return
    rest = sale.quantity
    for index, each in enumerate(bought):
        if _is_own(each, sale):
            part = min(rest, free[index])
            free[index] -= part
            rest -= part


def _is_own(each: Acquisition, sale: LossSale) -> bool:
    """Whether the shares sold come from a purchase: one symbol, account and day make one lot."""
    return (each.symbol, each.account, each.acquired) == (sale.symbol, sale.account, sale.acquired)


def _may_replace(each: Acquisition, sale: LossSale, equivalents: Equivalents) -> bool:
    is_near = abs(each.acquired - sale.sold) <= WINDOW
    return is_near and equivalents.are_same(sale.symbol, each.symbol) and not _is_own(each, sale)


def _split_loss(sale: LossSale, parts: list[Decimal], rest: Decimal) -> tuple[Decimal, ...]:
    """Split a loss over the shares replaced, and drop the part of those that are not."""
    if not rest:
        return split_in_proportion(sale.loss, parts)
    return split_in_proportion(sale.loss, [*parts, rest])[:-1]


# --- what is left of the records once losses are washed ------------------------------------------


def still_claimed(sales: Iterable[LossSale], washes: Iterable[Washed]) -> tuple[LossSale, ...]:
    """Return the sales at a loss without their washed parts: the losses that count so far."""
    shares: dict[LossSale, Decimal] = {}
    losses: dict[LossSale, Decimal] = {}
    for wash in washes:
        shares[wash.sale] = shares.get(wash.sale, ZERO) + wash.quantity
        losses[wash.sale] = losses.get(wash.sale, ZERO) + wash.disallowed
    left: list[LossSale] = []
    for sale in sales:
        part = min(sale.quantity, shares.get(sale, ZERO))
        loss = sale.loss if part == sale.quantity else losses.get(sale, ZERO)
        if part:
            shares[sale] -= part
            losses[sale] -= loss
        if part < sale.quantity:
            left.append(replace(sale, quantity=sale.quantity - part, loss=sale.loss - loss))
    return tuple(left)


def still_free(
    acquisitions: Iterable[Acquisition], washes: Iterable[Washed]
) -> tuple[Acquisition, ...]:
    """Return the purchases without the shares that replace others already: those that can wash a loss to come."""
    used: dict[Acquisition, Decimal] = {}
    for wash in washes:
        used[wash.acquisition] = used.get(wash.acquisition, ZERO) + wash.quantity
    left: list[Acquisition] = []
    for each in acquisitions:
        part = min(each.quantity, used.get(each, ZERO))
        if part:
            used[each] -= part
        if part < each.quantity:
            left.append(replace(each, quantity=each.quantity - part))
    return tuple(left)


def adjusted_lots(lots: Iterable[Lot], washes: Iterable[Washed], account: str) -> tuple[Lot, ...]:
    """Return one account's lots with the losses added that its purchases washed.

    A lot is found by its symbol and the day on which it was bought. The shares that replace others become a lot of
    their own under the same name: dearer by the loss, and held for longer by the time for which the shares sold had
    been. An unknown basis stays unknown. What was bought in a retirement account is as it was.

    Hand in lots as they were bought, and all washes at once: a lot that was adjusted no longer shows its day of
    purchase, so that the same washes would be added again to what is left of it.
    """
    # Each lot with whether it replaces others already.
    current = [(lot, False) for lot in lots]
    for wash in washes:
        if wash.acquisition.account == account and wash.is_added_to_basis:
            current = _adjust(current, wash)
    return tuple(lot for lot, _ in current)


def _adjust(current: list[tuple[Lot, bool]], wash: Washed) -> list[tuple[Lot, bool]]:
    bought = wash.acquisition
    after: list[tuple[Lot, bool]] = []
    rest = wash.quantity
    for lot, is_used in current:
        is_bought = (lot.symbol, lot.acquired) == (bought.symbol, bought.acquired)
        part = ZERO if is_used or not is_bought else min(lot.quantity, rest)
        if part > ZERO:
            after.append((_replacement(lot, part, wash), True))
            rest -= part
        if part < lot.quantity:
            after.append((replace(lot, quantity=lot.quantity - part), is_used))
    return after


def _replacement(lot: Lot, quantity: Decimal, wash: Washed) -> Lot:
    cost = lot.cost_per_share
    if cost is not None:
        cost += wash.disallowed / wash.quantity
    return replace(lot, quantity=quantity, cost_per_share=cost, acquired=wash.held_since)


# --- looking ahead -------------------------------------------------------------------------------


def free_to_buy_from(
    symbol: Symbol, loss_sales: Iterable[LossSale], equivalents: Equivalents, today: date
) -> date | None:
    """Return the first day on which a purchase washes none of these losses; None where that is today.

    Hand in ``still_claimed`` losses: one that is washed as a whole cannot be washed again.
    """
    days = [
        sale.sold + WINDOW + _DAY
        for sale in loss_sales
        if equivalents.are_same(sale.symbol, symbol) and abs(today - sale.sold) <= WINDOW
    ]
    return max(days, default=None)


def would_wash(
    symbol: Symbol,
    quantity: Decimal,
    today: date,
    loss_sales: Iterable[LossSale],
    equivalents: Equivalents,
) -> Decimal:
    """Return how much of these losses (``still_claimed`` ones) a purchase today would disallow, in money."""
    purchase = Acquisition(symbol, quantity, today, account="")
    others = [
        replace(sale, acquired=None, held_since=sale.held_since or sale.acquired)
        for sale in loss_sales
    ]
    washes = match_washes(others, (purchase,), equivalents)
    return sum((wash.disallowed for wash in washes), ZERO)


def washed_by_purchases(
    symbol: Symbol, today: date, acquisitions: Iterable[Acquisition], equivalents: Equivalents
) -> Decimal:
    """Return of how many shares a loss taken today would not count, because of purchases of the last 30 days.

    Hand in what is ``still_free``, without the purchase from which the shares sold come: ``match_washes`` tells
    them apart by itself once the sale is known.
    """
    return sum(
        (
            each.quantity
            for each in acquisitions
            if equivalents.are_same(symbol, each.symbol)
            and today - WINDOW <= each.acquired <= today
        ),
        ZERO,
    )
