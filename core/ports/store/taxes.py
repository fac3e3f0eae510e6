"""The store of the household's own ledger: lots, what was realised, tax profiles, and what counts as the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from core.domain.ids import AccountId, ClientOrderId, HouseholdId, MemberId, Symbol
from core.domain.ledger import LedgerLot, RealisedSale, Split, TaxProfile
from core.domain.portfolio import Account
from core.domain.tax import Equivalents
from core.domain.tax_treatment import TaxTreatment


class Taxes(Protocol):
    """Lots, realised sales, tax profiles and groups of equal symbols."""

    async def is_empty(self) -> bool:
        """Whether nothing at all is stored of lots, sales, profiles and groups: then nothing need be asked."""
        ...

    async def open_lot(self, lot: LedgerLot, currency: str) -> bool:
        """Open a lot (its ``id`` is ignored); False where its execution opened one before."""
        ...

    async def take(self, lot_id: int, quantity: Decimal, at: datetime) -> None:
        """Take shares from a lot; what has none left is closed. Raises ValueError for more than are left."""
        ...

    async def replace_lots(
        self,
        account_id: AccountId,
        symbols: Collection[Symbol] | None,
        lots: Sequence[LedgerLot],
        currency: str,
    ) -> None:
        """Forget the open lots of these symbols (None: of all) in an account, and open others."""
        ...

    async def open_lots(self, account_id: AccountId, symbol: Symbol) -> tuple[LedgerLot, ...]:
        """The lots of a symbol in an account that have something left, oldest entry first."""
        ...

    async def lots(
        self, account_ids: Collection[AccountId], bought_since: date
    ) -> tuple[LedgerLot, ...]:
        """The lots of accounts that have something left, or were acquired on this day or later."""
        ...

    async def change_lots(self, lots: Sequence[LedgerLot], at: datetime) -> None:
        """Write shares and cost of lots anew, by their ids; what has none left is closed."""
        ...

    async def add_split(self, account_id: AccountId, split: Split, at: datetime) -> bool:
        """Remember a split that an account has noticed; False where it has noticed it that day before."""
        ...

    async def splits(self, since: date) -> tuple[Split, ...]:
        """The splits that any account has noticed on this day or later, oldest first."""
        ...

    async def add_realised(self, sales: Sequence[RealisedSale]) -> int:
        """Remember what was realised, each part of an execution once; returns how many were new."""
        ...

    async def realised_by(self, order: ClientOrderId) -> tuple[RealisedSale, ...]:
        """What the executions of an order have realised so far."""
        ...

    async def realised(
        self, account_ids: Collection[AccountId], since: date
    ) -> tuple[RealisedSale, ...]:
        """What was realised in accounts on this day or later, oldest first."""
        ...

    async def price_sales(self, sales: Sequence[RealisedSale]) -> None:
        """Write down what sales have brought after all, by their executions and parts."""
        ...

    async def profiles(self, member_ids: Collection[MemberId]) -> dict[MemberId, TaxProfile]:
        """Members' tax profiles; those who have said nothing are missing."""
        ...

    async def set_profile(self, profile: TaxProfile) -> None:
        """Replace a member's tax profile."""
        ...

    async def equivalents(
        self, household_ids: Collection[HouseholdId]
    ) -> dict[HouseholdId, Equivalents]:
        """What households take for the same; those who have said nothing are missing."""
        ...

    async def set_equivalents(self, household_id: HouseholdId, equivalents: Equivalents) -> None:
        """Replace a household's groups."""
        ...

    async def accounts_of(
        self, household_ids: Collection[HouseholdId]
    ) -> dict[HouseholdId, tuple[Account, ...]]:
        """All accounts of households, by id."""
        ...

    async def names(self, member_ids: Collection[MemberId]) -> dict[MemberId, str]:
        """Members' names."""
        ...

    async def set_treatment(self, account_id: AccountId, treatment: TaxTreatment) -> None:
        """Say how an account's gains are taxed."""
        ...
