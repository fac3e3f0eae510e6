"""Tax lots: shares bought together, what they cost, when they were acquired, and which of them a sale takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from core.domain.ids import Symbol
from core.domain.money import CENT, ZERO, to_cents
from core.domain.refusals import BadNumber, UnknownLot

SMALLEST_SHARE = Decimal("1e-9")
"""The smallest part of a share that brokers write down."""


class LotMethod(StrEnum):
    """In which order a sale takes a position's lots."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    MIN_TAX = "min_tax"
    SPECIFIC = "specific"


class Term(StrEnum):
    """Whether a gain counts as short-term or long-term; unknown where the date of purchase is."""

    SHORT = "short"
    LONG = "long"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Lot:
    """Shares bought together: what each cost and when they were acquired, None where that is unknown.

    ``name`` tells lots of one symbol apart where a person chooses among them.
    """

    symbol: Symbol
    quantity: Decimal
    cost_per_share: Decimal | None = None
    acquired: date | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class LotSale:
    """What a sale takes from one lot, and what that brings.

    ``lot`` is the lot as it was before; ``quantity`` in shares; ``proceeds`` and ``gain`` in money (a loss is below 0).
    ``gain`` is None where the basis is unknown.
    """

    lot: Lot
    quantity: Decimal
    proceeds: Decimal
    gain: Decimal | None
    term: Term


def quantity_of(lots: Iterable[Lot]) -> Decimal:
    """The shares of some lots together."""
    return sum((lot.quantity for lot in lots), ZERO)


# --- the holding period --------------------------------------------------------------------------


def long_term_from(acquired: date) -> date:
    """Return the first day on which a sale is long-term: held for more than one year.

    The day after the purchase is day 1, and the same date of each later month begins a new one (IRS Publication 550,
    "Holding Period"). A date that the next year does not have (29 February) becomes 1 March, and what was acquired on
    the last day of a month is held for a year once as many whole months are over (Revenue Ruling 66-7).
    """
    if acquired.year >= date.max.year - 1:
        return date.max
    first = acquired + timedelta(days=1)
    if (first.month, first.day) == (2, 29):
        return date(first.year + 1, 3, 1)
    return first.replace(year=first.year + 1)


def term_of(lot: Lot, sold: date) -> Term:
    """Return the term of a lot's gain on a sale; unknown where its date is."""
    if lot.acquired is None:
        return Term.UNKNOWN
    return Term.LONG if sold >= long_term_from(lot.acquired) else Term.SHORT


def counted_as(term: Term, gain: Decimal) -> Term:
    """Return the term that a gain counts under: where it is unknown, the one that promises less.

    A gain counts as short-term, a loss as long-term.
    """
    if term is not Term.UNKNOWN:
        return term
    return Term.LONG if gain < ZERO else Term.SHORT


# --- the order of a sale -------------------------------------------------------------------------

_Rank = tuple[Decimal | int | str, ...]


def lot_order(
    lots: Iterable[Lot],
    method: LotMethod,
    *,
    sold: date,
    price: Decimal,
    prefer: Sequence[str] = (),
) -> tuple[Lot, ...]:
    """Return one symbol's lots in the order in which a sale takes them, however they were ordered before.

    ``price`` is what a share brings. Equal lots by the method go oldest first, then dearest first.

    - ``fifo``: oldest first. Lots of unknown date go before all others, as Treasury Regulations § 1.6045-1(d)(2) have
      brokers report them.
    - ``lifo``: newest first, lots of unknown date last.
    - ``hifo``: dearest first, lots of unknown basis last.
    - ``min_tax``: by gain per share, as Vanguard publishes it: short-term losses from the largest, long-term losses
      from the largest, short-term and long-term without gain, long-term gains from the smallest, short-term gains from
      the smallest; unknown basis last. A lot of unknown date stands where it promises less: its loss with the
      long-term ones, its gain with the short-term ones.
    - ``specific``: the lots named in ``prefer``, in that order, then the others by ``fifo``. Raises UnknownLot for a
      name that no lot has.
    """
    known = tuple(lots)
    ranks: dict[LotMethod, Callable[[Lot], _Rank]] = {
        LotMethod.FIFO: lambda _: (),
        LotMethod.LIFO: lambda lot: (-_day(lot),),
        LotMethod.HIFO: lambda lot: (_costliest(lot),),
        LotMethod.MIN_TAX: lambda lot: _tax_rank(lot, sold, price),
        LotMethod.SPECIFIC: lambda lot: (_place(lot, prefer),),
    }
    if method is LotMethod.SPECIFIC:
        _require_names(known, prefer)
    rank = ranks[method]
    return tuple(sorted(known, key=lambda lot: (rank(lot), _by_age(lot))))


def _require_names(lots: Sequence[Lot], names: Sequence[str]) -> None:
    there = sorted({lot.name for lot in lots if lot.name})
    for name in names:
        if name not in there:
            raise UnknownLot(lots[0].symbol if lots else "", name, tuple(there))


def _by_age(lot: Lot) -> _Rank:
    return (_day(lot), _costliest(lot), lot.symbol, lot.name, lot.quantity)


def _day(lot: Lot) -> int:
    return 0 if lot.acquired is None else lot.acquired.toordinal()


def _costliest(lot: Lot) -> Decimal:
    return Decimal("Infinity") if lot.cost_per_share is None else -lot.cost_per_share


def _place(lot: Lot, names: Sequence[str]) -> int:
    return names.index(lot.name) if lot.name in names else len(names)


def _tax_rank(lot: Lot, sold: date, price: Decimal) -> _Rank:
    if lot.cost_per_share is None:
        return (6, ZERO)
    gain = price - lot.cost_per_share
    term = term_of(lot, sold)
    if gain < ZERO:
        return (0 if term is Term.SHORT else 1, gain)
    if gain == ZERO:
        return (2 if term is Term.SHORT else 3, ZERO)
    return (4 if term is Term.LONG else 5, gain)


# --- sales and what they leave -------------------------------------------------------------------


def sell_lots(
    lots_in_order: Iterable[Lot],
    quantity: Decimal,
    proceeds: Decimal,
    sold: date,
    *,
    symbol: Symbol | None = None,
) -> tuple[LotSale, ...]:
    """Take a sale's shares from lots in their order, and split what it brought over the parts to the cent.

    What the lots do not cover is sold from a lot of unknown date and basis. ``proceeds`` is money after costs; the
    parts add up to it exactly. A part's cost is rounded half-even to the cent. ``symbol`` is only needed where there
    may be no lots at all. Raises BadNumber for a quantity below 0.
    """
    if quantity < ZERO:
        raise BadNumber("quantity", str(quantity), "a number of shares")
    parts = _parts(tuple(lots_in_order), quantity, symbol)
    shares = split_in_proportion(proceeds, [part for _, part in parts])
    return tuple(
        LotSale(lot, part, share, _gain(lot, part, share), term_of(lot, sold))
        for (lot, part), share in zip(parts, shares, strict=True)
    )


def _parts(
    lots: tuple[Lot, ...], quantity: Decimal, symbol: Symbol | None
) -> list[tuple[Lot, Decimal]]:
    parts: list[tuple[Lot, Decimal]] = []
    rest = quantity
    for lot in lots:
        if (part := min(lot.quantity, rest)) > ZERO:
            parts.append((lot, part))
            rest -= part
    if rest > ZERO:
        name = symbol or (lots[0].symbol if lots else Symbol(""))
        parts.append((Lot(name, rest), rest))
    return parts


def _gain(lot: Lot, quantity: Decimal, proceeds: Decimal) -> Decimal | None:
    if lot.cost_per_share is None:
        return None
    return proceeds - to_cents(lot.cost_per_share * quantity)


def split_in_proportion(amount: Decimal, weights: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Split money over positive weights: parts of whole cents that add up to the amount exactly.

    The running sums are rounded down, so that no part is off by a cent or more; what is less than a cent of the amount
    itself goes to the last part.
    """
    if not weights:
        return ()
    whole = sum(weights, ZERO)
    ends, running = [ZERO], ZERO
    for weight in weights[:-1]:
        running += weight
        ends.append((amount * running / whole).quantize(CENT, ROUND_FLOOR))
    ends.append(amount)
    return tuple(end - start for start, end in pairwise(ends))


def lots_after(lots: Iterable[Lot], sales: Iterable[LotSale]) -> tuple[Lot, ...]:
    """Return what is left of lots after sales from them, in the order in which they were.

    A sale of shares that no lot covers takes from none of them.
    """
    before = list(lots)
    left = [lot.quantity for lot in before]
    for sale in sales:
        rest = sale.quantity
        for index, lot in enumerate(before):
            if lot == sale.lot:
                taken = min(left[index], rest)
                left[index] -= taken
                rest -= taken
    return tuple(
        replace(lot, quantity=quantity)
        for lot, quantity in zip(before, left, strict=True)
        if quantity > ZERO
    )


def split_lots(lots: Iterable[Lot], ratio: Fraction) -> tuple[Lot, ...]:
    """Return lots after a split: ``ratio`` new shares for each old one (2 for 2:1, 1/10 for 1:10).

    What a lot cost as a whole, and when it was acquired, stays. Shares are rounded as ``split_shares`` does; of a lot
    that is less than a billionth of a share then, nothing is left. Raises BadNumber for a ratio that is not above 0.
    """
    before = tuple(lots)
    shares = split_shares([lot.quantity for lot in before], ratio)
    return tuple(
        replace(lot, quantity=new, cost_per_share=_cost_after(lot, new))
        for lot, new in zip(before, shares, strict=True)
        if new > ZERO
    )


def split_shares(shares: Sequence[Decimal], ratio: Fraction) -> tuple[Decimal, ...]:
    """Return numbers of shares after a split, each to the billionth of a share, which add up to those of all together.

    Raises BadNumber for a ratio that is not above 0.
    """
    if ratio <= 0:
        raise BadNumber("ratio", str(ratio), "a number above 0")
    ends, running = [ZERO], ZERO
    for each in shares:
        running += each
        ends.append((running * ratio.numerator / ratio.denominator).quantize(SMALLEST_SHARE))
    return tuple(_plain(end - start) for start, end in pairwise(ends))


def _cost_after(lot: Lot, quantity: Decimal) -> Decimal | None:
    return None if lot.cost_per_share is None else lot.cost_per_share * lot.quantity / quantity


def _plain(number: Decimal) -> Decimal:
    """The same number without zeros at its end."""
    return (
        number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
    )
