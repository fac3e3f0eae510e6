"""The household's own ledger: lots as they were opened and what is left of them, sales, and people's tax profiles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import AccountId, MemberId, Symbol
from core.domain.lots import Lot, Term
from core.domain.money import ZERO
from core.domain.tax import TaxRulesName


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
        return Lot(self.symbol, self.remaining, self.cost_per_share, self.acquired, self.label)


@dataclass(frozen=True, slots=True)
class RealisedSale:
    """What one execution sold from one lot, as it happened.

    What wash sales disallow of a loss is not kept: later purchases change it. ``execution`` and ``part`` (the lot's
    place in the sale, from 0) are unique together. ``owner_id`` is whose taxes it counted for; ``gain`` is None where
    the basis is unknown, below 0 for a loss.
    """

    account_id: AccountId
    owner_id: MemberId | None
    symbol: Symbol
    acquired: date | None
    quantity: Decimal
    proceeds: Decimal
    gain: Decimal | None
    term: Term
    sold: date
    execution: str
    part: int = 0
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class TaxProfile:
    """What a member says of their taxes: rules, and amounts of one ``year``, after which these no longer count.

    ``carried_short`` and ``carried_long`` are losses of earlier years as amounts of 0 or more; ``realised_short`` and
    ``realised_long`` what the year brought elsewhere, losses below 0.
    """

    member_id: MemberId
    rules: TaxRulesName = TaxRulesName.NONE
    year: int = 0
    carried_short: Decimal = ZERO
    carried_long: Decimal = ZERO
    realised_short: Decimal = ZERO
    realised_long: Decimal = ZERO
