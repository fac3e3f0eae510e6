"""The household's own ledger in the store: lots, what was realised, tax profiles, and equal symbols."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import delete, exists, or_, select, update

from core.adapters.store.database import Database
from core.adapters.store.instruments import SPLIT, USUAL_CURRENCY, SqlInstruments
from core.adapters.store.portfolios import account_of
from core.adapters.store.tables import (
    ACCOUNTS,
    CORPORATE_ACTIONS,
    EQUIVALENTS,
    INSTRUMENTS,
    LOTS,
    MEMBERS,
    PORTFOLIOS,
    REALISED,
    TAX_PROFILES,
    TAX_YEARS,
)
from core.adapters.store.tax_rows import (
    every_lot,
    every_sale,
    lot_of,
    lot_row,
    sale_of,
    sale_row,
    told_of,
)
from core.domain.ids import AccountId, ClientOrderId, HouseholdId, MemberId, Symbol
from core.domain.ledger import LedgerLot, RealisedSale, Split, TaxProfile
from core.domain.look import MOST_SHARES_FOR_ONE
from core.domain.money import ZERO
from core.domain.portfolio import Account
from core.domain.tax import Equivalents, TaxRulesName
from core.domain.tax_treatment import TaxTreatment

_IS_OPEN = LOTS.c.closed_at.is_(None)
_TABLES = (LOTS, REALISED, TAX_PROFILES, EQUIVALENTS)


class SqlTaxes:
    """The port ``Taxes`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._instruments = SqlInstruments(database)

    async def is_empty(self) -> bool:
        """Whether nothing at all is stored of lots, sales, profiles and groups."""
        found = await self._database.value(
            select(or_(*(exists().select_from(table) for table in _TABLES)))
        )
        return not found

    async def open_lot(self, lot: LedgerLot, currency: str) -> bool:
        """Open a lot (its ``id`` is ignored); False where its execution opened one before."""
        ids = await self._instruments.ids([lot.symbol], currency)
        return await self._database.add_new(LOTS, [lot_row(lot, ids[lot.symbol], currency)]) == 1

    async def take(self, lot_id: int, quantity: Decimal, at: datetime) -> None:
        """Take shares from a lot; what has none left is closed. Raises ValueError for more than are left."""
        before = await self._database.value(select(LOTS.c.remaining).where(LOTS.c.id == lot_id))
        if before is None or not ZERO < quantity <= before:
            raise ValueError(f"lot {lot_id} has {before} shares left, not {quantity}")
        values: dict[str, Any] = {"remaining": before - quantity}
        if before == quantity:
            values["closed_at"] = at
        await self._database.write(update(LOTS).where(LOTS.c.id == lot_id).values(**values))

    async def replace_lots(
        self,
        account_id: AccountId,
        symbols: Collection[Symbol] | None,
        lots: Sequence[LedgerLot],
        currency: str,
    ) -> None:
        """Forget the open lots of these symbols (None: of all) in an account, and open others."""
        gone = [LOTS.c.account_id == account_id, _IS_OPEN]
        if symbols is not None:
            ids = await self._instruments.ids(symbols, currency)
            gone.append(self._database.among(LOTS.c.instrument_id, ids.values()))
        await self._database.write(delete(LOTS).where(*gone))
        for lot in lots:
            await self.open_lot(lot, currency)

    async def open_lots(self, account_id: AccountId, symbol: Symbol) -> tuple[LedgerLot, ...]:
        """The lots of a symbol in an account that have something left, oldest entry first."""
        rows = await self._database.rows(
            every_lot().where(
                LOTS.c.account_id == account_id, _IS_OPEN, INSTRUMENTS.c.symbol == symbol
            )
        )
        return tuple(map(lot_of, rows))

    async def lots(
        self, account_ids: Collection[AccountId], bought_since: date
    ) -> tuple[LedgerLot, ...]:
        """The lots of accounts that have something left, or were acquired on this day or later."""
        rows = await self._database.rows(
            every_lot().where(
                self._database.among(LOTS.c.account_id, account_ids),
                or_(_IS_OPEN, LOTS.c.acquired >= bought_since),
            )
        )
        return tuple(map(lot_of, rows))

    async def change_lots(self, lots: Sequence[LedgerLot], at: datetime) -> None:
        """Write shares and cost of lots anew, by their ids; what has none left is closed."""
        for lot in lots:
            values: dict[str, Any] = {
                "quantity": lot.quantity,
                "remaining": lot.remaining,
                "cost_per_share": lot.cost_per_share,
            }
            await self._database.write(update(LOTS).where(LOTS.c.id == lot.id).values(**values))
        ended = [lot.id for lot in lots if not lot.remaining]
        await self._database.write(
            update(LOTS)
            .where(self._database.among(LOTS.c.id, ended), _IS_OPEN)
            .values(closed_at=at)
        )

    async def add_split(self, account_id: AccountId, split: Split, at: datetime) -> bool:
        """Remember a split that an account has noticed; False where it has noticed it that day before."""
        ids = await self._instruments.ids([split.symbol], USUAL_CURRENCY)
        row = {
            "instrument_id": ids[split.symbol],
            "kind": SPLIT,
            "effective": split.effective,
            "ratio": Decimal(split.ratio.numerator) / split.ratio.denominator,
            "cash": None,
            "currency": USUAL_CURRENCY,
            "becomes_instrument_id": None,
            "source": f"account {account_id}",
            "source_key": f"{SPLIT} {ids[split.symbol]} {split.effective.isoformat()}",
            "recorded_at": at,
        }
        return await self._database.add_new(CORPORATE_ACTIONS, [row]) == 1

    async def splits(self, since: date) -> tuple[Split, ...]:
        """The splits that any account has noticed on this day or later, oldest first."""
        rows = await self._database.rows(
            select(CORPORATE_ACTIONS, INSTRUMENTS.c.symbol)
            .join(INSTRUMENTS, INSTRUMENTS.c.id == CORPORATE_ACTIONS.c.instrument_id)
            .where(CORPORATE_ACTIONS.c.kind == SPLIT, CORPORATE_ACTIONS.c.effective >= since)
            .order_by(CORPORATE_ACTIONS.c.effective, CORPORATE_ACTIONS.c.id)
        )
        return tuple(
            Split(
                Symbol(row.symbol),
                row.effective,
                Fraction(row.ratio).limit_denominator(MOST_SHARES_FOR_ONE),
            )
            for row in rows
        )

    async def add_realised(self, sales: Sequence[RealisedSale]) -> int:
        """Remember what was realised, each part of an execution once; returns how many were new."""
        ids = await self._instruments.ids({sale.symbol for sale in sales}, USUAL_CURRENCY)
        rows = [sale_row(sale, ids[sale.symbol]) for sale in sales]
        return await self._database.add_new(REALISED, rows)

    async def realised_by(self, order: ClientOrderId) -> tuple[RealisedSale, ...]:
        """What the executions of an order have realised so far."""
        rows = await self._database.rows(every_sale().where(REALISED.c.client_order_id == order))
        return tuple(map(sale_of, rows))

    async def realised(
        self, account_ids: Collection[AccountId], since: date
    ) -> tuple[RealisedSale, ...]:
        """What was realised in accounts on this day or later, oldest first."""
        rows = await self._database.rows(
            every_sale().where(
                self._database.among(REALISED.c.account_id, account_ids), REALISED.c.sold >= since
            )
        )
        return tuple(map(sale_of, rows))

    async def price_sales(self, sales: Sequence[RealisedSale]) -> None:
        """Write down what sales have brought after all, by their executions and parts."""
        for sale in sales:
            values = {"proceeds": sale.proceeds, "gain": sale.gain, "term": sale.term.value}
            await self._database.write(
                update(REALISED)
                .where(REALISED.c.execution == sale.execution, REALISED.c.part == sale.part)
                .values(**values)
            )

    async def profiles(self, member_ids: Collection[MemberId]) -> dict[MemberId, TaxProfile]:
        """Members' tax profiles; those who have said nothing are missing."""
        rows = await self._database.rows(
            select(TAX_PROFILES).where(self._database.among(TAX_PROFILES.c.member_id, member_ids))
        )
        if not rows:
            return {}
        years = await self._database.rows(
            select(TAX_YEARS)
            .where(self._database.among(TAX_YEARS.c.member_id, member_ids))
            .order_by(TAX_YEARS.c.year)
        )
        return {
            MemberId(row.member_id): TaxProfile(
                row.member_id,
                TaxRulesName(row.rules),
                tuple(told_of(year) for year in years if year.member_id == row.member_id),
            )
            for row in rows
        }

    async def set_profile(self, profile: TaxProfile) -> None:
        """Replace a member's tax profile."""
        member = profile.member_id
        await self._database.put(
            TAX_PROFILES, ("member_id",), member_id=member, rules=profile.rules.value
        )
        await self._database.write(delete(TAX_YEARS).where(TAX_YEARS.c.member_id == member))
        for told in profile.years:
            carried_short, carried_long = told.carried or (None, None)
            await self._database.add(
                TAX_YEARS,
                member_id=member,
                year=told.year,
                carried_short=carried_short,
                carried_long=carried_long,
                realised_short=told.elsewhere[0],
                realised_long=told.elsewhere[1],
            )

    async def equivalents(
        self, household_ids: Collection[HouseholdId]
    ) -> dict[HouseholdId, Equivalents]:
        """What households take for the same; those who have said nothing are missing."""
        rows = await self._database.rows(
            select(EQUIVALENTS, INSTRUMENTS.c.symbol)
            .join(INSTRUMENTS, INSTRUMENTS.c.id == EQUIVALENTS.c.instrument_id)
            .where(self._database.among(EQUIVALENTS.c.household_id, household_ids))
            .order_by(EQUIVALENTS.c.household_id, EQUIVALENTS.c.group_number)
        )
        groups: defaultdict[HouseholdId, defaultdict[int, set[Symbol]]] = defaultdict(
            lambda: defaultdict(set)
        )
        for row in rows:
            groups[HouseholdId(row.household_id)][row.group_number].add(Symbol(row.symbol))
        return {
            household: Equivalents(tuple(map(frozenset, found.values())))
            for household, found in groups.items()
        }

    async def set_equivalents(self, household_id: HouseholdId, equivalents: Equivalents) -> None:
        """Replace a household's groups."""
        await self._database.write(
            delete(EQUIVALENTS).where(EQUIVALENTS.c.household_id == household_id)
        )
        symbols = {symbol for group in equivalents.groups for symbol in group}
        ids = await self._instruments.ids(symbols, USUAL_CURRENCY)
        for number, group in enumerate(equivalents.groups):
            for symbol in sorted(group):
                await self._database.add(
                    EQUIVALENTS,
                    household_id=household_id,
                    instrument_id=ids[symbol],
                    group_number=number,
                )

    async def accounts_of(
        self, household_ids: Collection[HouseholdId]
    ) -> dict[HouseholdId, tuple[Account, ...]]:
        """All accounts of households, by id."""
        rows = await self._database.rows(
            select(ACCOUNTS, PORTFOLIOS.c.household_id)
            .join(PORTFOLIOS, PORTFOLIOS.c.id == ACCOUNTS.c.portfolio_id)
            .where(self._database.among(PORTFOLIOS.c.household_id, household_ids))
            .order_by(ACCOUNTS.c.id)
        )
        found: defaultdict[HouseholdId, list[Account]] = defaultdict(list)
        for row in rows:
            found[HouseholdId(row.household_id)].append(account_of(row))
        return {household: tuple(accounts) for household, accounts in found.items()}

    async def names(self, member_ids: Collection[MemberId]) -> dict[MemberId, str]:
        """Members' names."""
        rows = await self._database.rows(
            select(MEMBERS.c.id, MEMBERS.c.name).where(
                self._database.among(MEMBERS.c.id, member_ids)
            )
        )
        return {MemberId(number): name for number, name in rows}

    async def set_treatment(self, account_id: AccountId, treatment: TaxTreatment) -> None:
        """Say how an account's gains are taxed."""
        await self._database.write(
            update(ACCOUNTS)
            .where(ACCOUNTS.c.id == account_id)
            .values(tax_treatment=treatment.value)
        )
