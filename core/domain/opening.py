"""What the shares that an account holds have cost, told from what its broker says of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from core.domain.ids import Symbol
from core.domain.lots import Lot, quantity_of, split_lots
from core.domain.money import ZERO


@dataclass(frozen=True, slots=True)
class ShareMove:
    """Shares that came (above 0) or went (below 0) at a broker, under the broker's own name for it.

    ``price`` is of one share where they were bought or sold; None where a split made or took them. ``order`` is the
    broker's name of the order that did it.
    """

    name: str
    symbol: Symbol
    shares: Decimal
    at: datetime
    day: date
    price: Decimal | None = None
    order: str = ""


@dataclass(frozen=True, slots=True)
class CashInLieu:
    """Money that a broker paid for a fraction of a share which a split had left, under the broker's own name for it."""

    name: str
    symbol: Symbol
    amount: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class PositionCost:
    """What a broker says of a position: its shares, and what they have cost together, None where it does not say."""

    shares: Decimal
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class BrokerCosts:
    """All that a broker says of costs: of positions by symbol, and the moves of shares since the account was opened.

    ``moves`` is None where they are too many to be asked for.
    """

    positions: dict[Symbol, PositionCost]
    moves: tuple[ShareMove, ...] | None


def lots_from_moves(symbol: Symbol, moves: Iterable[ShareMove], held: Decimal) -> tuple[Lot, ...]:
    """Return the lots that purchases, sales and splits have left, first in, first out, named as their purchases are.

    None at all unless they explain every share that is ``held``: what was sold before it was bought, or is there
    without having been bought, came in another way, at a cost that nobody told.
    """
    lots: tuple[Lot, ...] = ()
    for move in sorted((m for m in moves if m.symbol == symbol), key=lambda m: (m.at, m.name)):
        before = quantity_of(lots)
        if before + move.shares < ZERO:
            return ()
        if move.price is None:
            if not before or before + move.shares == ZERO:
                return ()
            lots = split_lots(lots, Fraction(before + move.shares) / Fraction(before))
        elif move.shares > ZERO:
            lots = (*lots, Lot(symbol, move.shares, move.price, move.day, move.name))
        else:
            lots = _without(lots, -move.shares)
    return lots if quantity_of(lots) == held else ()


def moves_behind(moves: Iterable[ShareMove], shares: Decimal) -> tuple[ShareMove, ...]:
    """Return the latest purchases and sales that come to a change of ``shares`` together, oldest first.

    Nothing where they come to another change, however far one goes back: then something else has moved shares.
    """
    taken: list[ShareMove] = []
    left = shares
    for move in sorted(moves, key=lambda m: (m.at, m.name), reverse=True):
        taken.append(move)
        left -= move.shares
        if not left:
            return tuple(reversed(taken))
    return ()


def _without(lots: Sequence[Lot], shares: Decimal) -> tuple[Lot, ...]:
    """What is left once the first of the lots have given up shares."""
    left = []
    for lot in lots:
        part = min(lot.quantity, shares)
        shares -= part
        if part < lot.quantity:
            left.append(replace(lot, quantity=lot.quantity - part))
    return tuple(left)


def opening_lots(
    symbol: Symbol,
    known: Sequence[Lot],
    named: Collection[str],
    costs: BrokerCosts,
) -> tuple[Lot, ...]:
    """Return the lots of the shares held beyond the ``known`` ones: as they were bought, or else one at average cost.

    ``named`` are the purchases that the ledger knows already. The average is what the broker says that the position has
    cost, less what the known lots did; its lot has no date. Nothing where the broker tells no cost either.
    """
    position = costs.positions.get(symbol)
    missing = ZERO if position is None else position.shares - quantity_of(known)
    if position is None or missing <= ZERO:
        return ()
    bought = lots_from_moves(symbol, costs.moves or (), position.shares)
    others = tuple(lot for lot in bought if lot.name not in named)
    if quantity_of(others) == missing:
        return others
    cost = _cost_of_rest(position, known, missing)
    return () if cost is None else (Lot(symbol, missing, cost),)


def _cost_of_rest(position: PositionCost, known: Sequence[Lot], missing: Decimal) -> Decimal | None:
    """The cost of each share that no lot covers; the position's average where the rest would have cost nothing."""
    if position.cost is None or position.cost <= ZERO:
        return None
    costs = [lot.cost_per_share for lot in known]
    paid = sum((lot.quantity * (lot.cost_per_share or ZERO) for lot in known), ZERO)
    rest = position.cost - paid
    if None in costs or rest <= ZERO:
        return position.cost / position.shares
    return rest / missing
