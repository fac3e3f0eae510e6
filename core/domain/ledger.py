"""The household's own ledger: lots as they were opened and what is left of them, sales, and people's tax profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from core.domain.ids import AccountId, MemberId, Symbol
from core.domain.lots import (
    SMALLEST_SHARE,
    Lot,
    Term,
    split_in_proportion,
    split_shares,
    term_of,
)
from core.domain.money import ZERO, to_cents
from core.domain.tax import TaxRulesName, ToldYear


class LotSource(StrEnum):
    """How a lot came into the ledger: by an execution, from an import when an account was opened, or typed."""

    FILL = "fill"
    OPENING = "opening"
    TYPED = "typed"


@dataclass(frozen=True, slots=True)
class LedgerLot:
    """One lot of an account: ``quantity`` shares when it was opened, of which ``remaining`` are left.

    ``cost_per_share`` contains the commission; it and ``acquired`` are None where unknown. ``execution`` names the
    execution that opened it, which opens no second one. ``id`` is given by the store.
    """

    account_id: AccountId
    symbol: Symbol
    quantity: Decimal
    remaining: Decimal
    cost_per_share: Decimal | None = None
    acquired: date | None = None
    name: str = ""
    source: LotSource = LotSource.FILL
    execution: str | None = None
    id: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it was sold."""
        return self.remaining == self.quantity

    @property
    def label(self) -> str:
        """What tells it from all other lots of the ledger."""
        return self.name or f"#{self.id}"

    @property
    def lot(self) -> Lot:
        """What is left of it."""
        return self.named(self.label)

    def named(self, name: str) -> Lot:
        """What is left of it, under another name."""
        return Lot(self.symbol, self.remaining, self.cost_per_share, self.acquired, name)


@dataclass(frozen=True, slots=True)
class RealisedSale:
    """What one execution sold from one lot, as it happened.

    What wash sales disallow of a loss is not kept: later purchases change it. ``execution`` and ``part`` (the lot's
    place in the sale, from 0) are unique together. ``owner_id`` is whose taxes it counted for; ``gain`` is None where
    the basis is unknown, below 0 for a loss. ``proceeds`` are None, and the gain too, while nobody has told what the
    sale has brought.
    """

    account_id: AccountId
    owner_id: MemberId | None
    symbol: Symbol
    acquired: date | None
    quantity: Decimal
    proceeds: Decimal | None
    gain: Decimal | None
    term: Term
    sold: date
    execution: str
    part: int = 0
    lot_id: int | None = None


def priced(
    sales: Sequence[RealisedSale], lots: Iterable[LedgerLot], proceeds: Decimal
) -> tuple[RealisedSale, ...]:
    """Return the parts of one sale with what it has brought after all, split over them to the cent.

    The gain follows from the lots that the shares came from; it stays unknown where those are not there any more.
    """
    costs = {lot.id: lot.cost_per_share for lot in lots}
    parts = split_in_proportion(proceeds, [sale.quantity for sale in sales])
    return tuple(
        _priced(sale, part, costs.get(sale.lot_id or 0))
        for sale, part in zip(sales, parts, strict=True)
    )


def _priced(sale: RealisedSale, proceeds: Decimal, cost: Decimal | None) -> RealisedSale:
    if cost is None:
        return replace(sale, proceeds=proceeds)
    term = term_of(Lot(sale.symbol, sale.quantity, cost, sale.acquired), sale.sold)
    gain = proceeds - to_cents(cost * sale.quantity)
    return replace(sale, proceeds=proceeds, gain=gain, term=term)


@dataclass(frozen=True, slots=True)
class TaxProfile:
    """What a member says of their taxes: whose rules hold, and amounts by the ``years`` that they are of."""

    member_id: MemberId
    rules: TaxRulesName = TaxRulesName.NONE
    years: tuple[ToldYear, ...] = ()

    def of(self, year: int) -> ToldYear:
        """What was said of one year."""
        return next((each for each in self.years if each.year == year), ToldYear(year))

    def telling(self, told: ToldYear) -> TaxProfile:
        """Return the profile with this said of its year."""
        others = [each for each in self.years if each.year != told.year]
        return replace(self, years=tuple(sorted((*others, told), key=lambda each: each.year)))


# --- splits --------------------------------------------------------------------------------------

_SAME_SPLIT = timedelta(days=7)
"""Accounts notice one split on different days, which lie no further apart than this."""


@dataclass(frozen=True, slots=True)
class Split:
    """A split as it was noticed: ``ratio`` new shares for an old one."""

    symbol: Symbol
    effective: date
    ratio: Fraction


def split_ledger(lots: Iterable[LedgerLot], ratio: Fraction) -> tuple[LedgerLot, ...]:
    """Return lots, closed ones too, after a split: what all shares left have cost, and when, stays as it was."""
    before = tuple(lots)
    remaining = split_shares([lot.remaining for lot in before], ratio)
    return tuple(_split_lot(lot, left, ratio) for lot, left in zip(before, remaining, strict=True))


def _split_lot(lot: LedgerLot, left: Decimal, ratio: Fraction) -> LedgerLot:
    (opened,) = split_shares([lot.quantity], ratio)
    cost = lot.cost_per_share
    if cost is not None:
        shares, after = (
            (lot.remaining, left) if left else (Decimal(ratio.denominator), ratio.numerator)
        )
        cost = cost * shares / after
    quantity = left if lot.is_whole and left else max(opened, left, SMALLEST_SHARE)
    return replace(lot, quantity=quantity, remaining=left, cost_per_share=cost)


def distinct_splits(splits: Iterable[Split]) -> tuple[Split, ...]:
    """Return each split once, whatever number of accounts noticed it, as of the day on which the first did."""
    found: list[Split] = []
    for split in sorted(splits, key=lambda each: (each.effective, each.symbol)):
        if not any(_is_same(split, other) for other in found):
            found.append(split)
    return tuple(found)


def _is_same(one: Split, other: Split) -> bool:
    is_near = abs(one.effective - other.effective) <= _SAME_SPLIT
    return (one.symbol, one.ratio) == (other.symbol, other.ratio) and is_near


def shares_today(symbol: Symbol, quantity: Decimal, day: date, splits: Iterable[Split]) -> Decimal:
    """Return what shares of a day have become by the splits since then."""
    for split in splits:
        if split.symbol == symbol and split.effective > day:
            (quantity,) = split_shares([quantity], split.ratio)
    return quantity


# --- lots against what is held -------------------------------------------------------------------


def uncovered(lots: Iterable[Lot], positions: Mapping[Symbol, Decimal]) -> dict[Symbol, Decimal]:
    """Return by symbol how many shares are held that no lot covers; below 0 where lots name more than is held."""
    found = dict(positions)
    for lot in lots:
        found[lot.symbol] = found.get(lot.symbol, ZERO) - lot.quantity
    return {symbol: shares for symbol, shares in sorted(found.items()) if shares}
