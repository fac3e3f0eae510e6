"""Looks: what a broker said that an account holds at one instant, and what its difference to an earlier one means."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from core.domain.ids import AccountId, Symbol
from core.domain.money import ZERO

MOST_SHARES_FOR_ONE = 100
"""The largest split that is recognised: so many new shares for one, or one for so many."""

UNEVEN_SPLITS = ((3, 2), (4, 3), (5, 4), (5, 2), (5, 3), (7, 2))
"""Splits that are not n for one: so many new shares for so many old ones."""

SAME_VALUE = Decimal("0.10")
"""By how much the value of a position may differ across a split: prices move meanwhile."""


@dataclass(frozen=True, slots=True)
class Held:
    """One position: shares, the broker's own id of the asset, and its price for one where it says them."""

    quantity: Decimal
    asset_id: str = ""
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What an account held at one instant; ``fills_seen`` is the number of the newest execution of ours in it."""

    account_id: AccountId
    taken_at: datetime
    cash: Decimal
    currency: str
    positions: Mapping[Symbol, Held] = field(default_factory=dict)
    fills_seen: int = 0

    @property
    def fingerprint(self) -> str:
        """A short hash of the positions, by which looks can be told apart."""
        lines = [f"{s}={p.quantity.normalize():f}" for s, p in sorted(self.positions.items())]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


class ChangeKind(StrEnum):
    """What a difference that is not ours looks like."""

    TRADED = "traded"
    """Somebody bought or sold, or moved shares."""
    SPLIT = "split"
    """The quantity changed by the ratio of a split, and the value did not."""
    RENAMED = "renamed"
    """The same asset has another symbol."""
    APPEARED = "appeared"
    """Shares of something that was not held, and has no target: a spin-off, a merger, or a purchase."""


@dataclass(frozen=True, slots=True)
class HeldChange:
    """One difference between two looks; ``was`` is the old symbol of what was renamed.

    ``ratio``: how many new shares a split gave for an old one; documents do not keep it.
    """

    kind: ChangeKind
    symbol: Symbol
    before: Decimal
    after: Decimal
    was: Symbol | None = None
    ratio: Fraction | None = None


def changes_as_text(changes: Sequence[HeldChange]) -> str:
    """Changes as a small document, for the outbox."""
    return json.dumps(
        [[c.kind.value, c.symbol, f"{c.before:f}", f"{c.after:f}", c.was] for c in changes]
    )


def changes_from_text(text: str) -> tuple[HeldChange, ...]:
    """The changes of such a document."""
    return tuple(
        HeldChange(
            ChangeKind(kind),
            Symbol(symbol),
            Decimal(before),
            Decimal(after),
            None if was is None else Symbol(was),
        )
        for kind, symbol, before, after, was in json.loads(text)
    )


def held_changes(
    before: Mapping[Symbol, Held],
    after: Mapping[Symbol, Held],
    *,
    ours: Mapping[Symbol, Decimal],
    targets: frozenset[Symbol] = frozenset(),
) -> tuple[HeldChange, ...]:
    """Say what happened between two looks that our own executions (``ours``: net shares by symbol) do not explain."""
    expected = {
        symbol: held.quantity + ours.get(symbol, ZERO)
        for symbol, held in {**{s: Held(ZERO) for s in ours}, **before}.items()
    }
    renames = dict(_renames(before, after, expected))
    return tuple(_changes(before, after, expected, renames, targets))


def _renames(
    before: Mapping[Symbol, Held], after: Mapping[Symbol, Held], expected: Mapping[Symbol, Decimal]
) -> Iterator[tuple[Symbol, Symbol]]:
    """New symbol and old one, where the asset's id and the quantity are the same."""
    gone = {
        (held.asset_id, expected[symbol]): symbol
        for symbol, held in before.items()
        if held.asset_id and expected[symbol] and symbol not in after
    }
    for symbol, held in sorted(after.items()):
        old = gone.get((held.asset_id, held.quantity))
        if old is not None and symbol not in before:
            yield symbol, old


def _changes(
    before: Mapping[Symbol, Held],
    after: Mapping[Symbol, Held],
    expected: Mapping[Symbol, Decimal],
    renames: Mapping[Symbol, Symbol],
    targets: frozenset[Symbol],
) -> Iterator[HeldChange]:
    renamed = set(renames.values())
    for symbol in sorted({*expected, *after} - renamed):
        was, now = before.get(symbol), after.get(symbol)
        old = expected.get(symbol, ZERO)
        new = now.quantity if now else ZERO
        if symbol in renames:
            yield HeldChange(ChangeKind.RENAMED, symbol, new, new, renames[symbol])
        elif old != new:
            ratio = None if was is None or now is None else split_ratio(was, now, old)
            is_new = old == ZERO and symbol not in targets
            kind = ChangeKind.APPEARED if is_new else ChangeKind.TRADED
            yield HeldChange(ChangeKind.SPLIT if ratio else kind, symbol, old, new, ratio=ratio)


def split_ratio(was: Held, now: Held, old: Decimal) -> Fraction | None:
    """The split by which ``old`` shares have become another number, the value being what it was: new shares per old.

    Fractions of a share may have been paid out in cash; where several ratios leave the same shares then, the one
    nearest to the change of the price counts. Without prices nothing is called a split.
    """
    if was.price is None or now.price is None or old <= ZERO or now.quantity <= ZERO:
        return None
    value, new_value = old * was.price, now.quantity * now.price
    one_share = max(was.price, now.price)
    if abs(new_value - value) > value * SAME_VALUE + one_share:
        return None
    moved = was.price / now.price
    fitting = [
        (now.quantity != times(old, ratio), abs(moved / times(Decimal(1), ratio) - 1), ratio)
        for ratio in _ratios()
        if abs(moved - times(Decimal(1), ratio)) <= times(SAME_VALUE, ratio)
        and _comes_to(times(old, ratio), now.quantity)
    ]
    return min(fitting)[2] if fitting else None


def times(number: Decimal, ratio: Fraction) -> Decimal:
    """A number times a ratio, to the digits that decimals have."""
    return number * ratio.numerator / ratio.denominator


def _ratios() -> Iterator[Fraction]:
    for number in range(2, MOST_SHARES_FOR_ONE + 1):
        yield Fraction(number)
        yield Fraction(1, number)
    for many, few in UNEVEN_SPLITS:
        yield Fraction(many, few)
        yield Fraction(few, many)


def _comes_to(exact: Decimal, new: Decimal) -> bool:
    """Whether shares are what a split makes of them, or that without its fraction of a share."""
    return abs(new - exact) < Decimal("0.000001") or new == exact // 1
