"""What every store keeps of taxes: lots, what was realised, profiles, and what counts as the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from core.domain.ids import ClientOrderId, HouseholdId, MemberId, Symbol
from core.domain.ledger import LedgerLot, LotSource, RealisedSale, Split, TaxProfile
from core.domain.lots import Term
from core.domain.tax import Equivalents, TaxRulesName, ToldYear
from core.domain.tax_treatment import TaxTreatment
from core.ports.store import Store
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import BND, EXACT, NOW, VTI, Family, settle

LAST_YEAR, THIS_YEAR = date(2019, 6, 3), date(2020, 3, 2)


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


def a_lot(family: Family, execution: str | None, acquired: date | None = THIS_YEAR) -> LedgerLot:
    return LedgerLot(
        account_id=family.account.id,
        symbol=VTI,
        quantity=Decimal(10),
        remaining=Decimal(10),
        cost_per_share=Decimal("100.015"),
        acquired=acquired,
        execution=execution,
    )


def a_sale(family: Family, execution: str = "o-1/x", part: int = 0) -> RealisedSale:
    return RealisedSale(
        account_id=family.account.id,
        owner_id=family.member.id,
        symbol=VTI,
        acquired=LAST_YEAR,
        quantity=Decimal(4),
        proceeds=EXACT,
        gain=Decimal("-12.50"),
        term=Term.SHORT,
        sold=THIS_YEAR,
        execution=execution,
        part=part,
        lot_id=1,
    )


async def test_a_lot_is_opened_once_by_its_execution_and_closed_by_what_is_taken(
    store: Store,
) -> None:
    family = await settle(store)
    async with store.begin() as work:
        assert await work.taxes.is_empty()
        assert await work.taxes.open_lot(a_lot(family, "o-1/x"), "USD")
        assert not await work.taxes.open_lot(a_lot(family, "o-1/x"), "USD")
        assert await work.taxes.open_lot(a_lot(family, None, None), "USD")
        assert await work.taxes.open_lot(a_lot(family, None, LAST_YEAR), "USD")
    async with store.begin() as work:
        assert not await work.taxes.is_empty()
        first, undated, old = await work.taxes.open_lots(family.account.id, VTI)
        assert replace(first, id=0) == a_lot(family, "o-1/x")
        assert undated.acquired is None
        assert await work.taxes.open_lots(family.account.id, BND) == ()
        await work.taxes.take(first.id, Decimal("9.5"), NOW)
        await work.taxes.take(old.id, Decimal(10), NOW)
        with pytest.raises(ValueError, match=r"0\.5 shares left, not 1"):
            await work.taxes.take(first.id, Decimal(1), NOW)
        await work.taxes.take(first.id, Decimal("0.5"), NOW)
    async with store.read() as work:
        assert await work.taxes.open_lots(family.account.id, VTI) == (undated,)
        found = await work.taxes.lots([family.account.id], THIS_YEAR)
        assert [lot.remaining for lot in found] == [Decimal(0), Decimal(10)]
        assert found[0].quantity == Decimal(10)


async def test_typed_lots_take_the_place_of_those_of_their_symbols(store: Store) -> None:
    family = await settle(store)
    typed = replace(a_lot(family, None), source=LotSource.TYPED, quantity=EXACT, remaining=EXACT)
    async with store.begin() as work:
        await work.taxes.open_lot(a_lot(family, "o-1/x"), "USD")
        await work.taxes.open_lot(replace(a_lot(family, "o-2/x"), symbol=BND), "USD")
        await work.taxes.replace_lots(family.account.id, [VTI], [typed], "USD")
        lots = await work.taxes.lots([family.account.id], THIS_YEAR)
        assert {(lot.symbol, lot.remaining) for lot in lots} == {(VTI, EXACT), (BND, Decimal(10))}
        await work.taxes.replace_lots(family.account.id, None, [], "USD")
        assert await work.taxes.lots([family.account.id], THIS_YEAR) == ()


async def test_a_part_of_an_execution_is_realised_once(store: Store) -> None:
    family = await settle(store)
    unknown = replace(a_sale(family, part=1), gain=None, acquired=None, term=Term.UNKNOWN)
    async with store.begin() as work:
        assert await work.taxes.add_realised([a_sale(family), unknown]) == 2
        assert await work.taxes.add_realised([a_sale(family), a_sale(family, "o-11/x")]) == 1
        assert await work.taxes.add_realised([]) == 0
    async with store.read() as work:
        ours = [family.account.id]
        assert await work.taxes.realised_by(ClientOrderId("o-1")) == (a_sale(family), unknown)
        assert len(await work.taxes.realised(ours, THIS_YEAR)) == 3
        assert await work.taxes.realised(ours, date(2020, 3, 3)) == ()


async def test_what_a_sale_has_brought_may_be_told_later(store: Store) -> None:
    family = await settle(store)
    sold = replace(a_sale(family), proceeds=None, gain=None, term=Term.UNKNOWN)
    other = replace(sold, part=1)
    async with store.begin() as work:
        await work.taxes.add_realised([sold, other])
        await work.taxes.price_sales([a_sale(family)])
    async with store.read() as work:
        found = await work.taxes.realised([family.account.id], THIS_YEAR)
        assert found == (a_sale(family), other)


async def test_profiles_groups_and_treatments_are_replaced(store: Store) -> None:
    family = await settle(store)
    member = family.member
    last = ToldYear(2019, None, (Decimal(-50), EXACT))
    profile = TaxProfile(member.id, TaxRulesName.US, (last, ToldYear(2020, (EXACT, Decimal(0)))))
    same = Equivalents.of(("VTI", "VTSAX"), ("BND", "VBTLX"))
    async with store.begin() as work:
        await work.taxes.set_profile(TaxProfile(member.id))
        await work.taxes.set_profile(profile)
        await work.taxes.set_equivalents(member.household_id, Equivalents.of(("BND", "VTI")))
        await work.taxes.set_equivalents(member.household_id, same)
        await work.taxes.set_treatment(family.account.id, TaxTreatment.TAX_DEFERRED)
    async with store.read() as work:
        assert await work.taxes.profiles([member.id, MemberId(99)]) == {member.id: profile}
        found = await work.taxes.equivalents([member.household_id, HouseholdId(99)])
        assert found == {member.household_id: same}
        assert found[member.household_id].are_same(VTI, Symbol("VTSAX"))
        accounts = await work.taxes.accounts_of([member.household_id])
        (account,) = accounts[member.household_id]
        assert account == replace(family.account, tax_treatment=TaxTreatment.TAX_DEFERRED)
        assert await work.taxes.names([member.id]) == {member.id: "Ann"}


async def test_a_split_is_remembered_once_an_account_and_day_and_changes_lots_by_their_ids(
    store: Store,
) -> None:
    family = await settle(store)
    split = Split(VTI, THIS_YEAR, Fraction(1, 3))
    async with store.begin() as work:
        await work.taxes.open_lot(a_lot(family, "o-1/x"), "USD")
        await work.taxes.open_lot(a_lot(family, "o-2/x"), "USD")
        assert await work.taxes.add_split(family.account.id, split, NOW)
        assert not await work.taxes.add_split(family.account.id, split, NOW)
        assert await work.taxes.splits(date(2020, 3, 3)) == ()
        assert await work.taxes.splits(THIS_YEAR) == (split,)
        first, second = await work.taxes.open_lots(family.account.id, VTI)
        changed = replace(
            first, quantity=EXACT, remaining=Decimal("1e-9"), cost_per_share=Decimal("30.5")
        )
        await work.taxes.change_lots([changed, replace(second, remaining=Decimal(0))], NOW)
    async with store.read() as work:
        assert await work.taxes.open_lots(family.account.id, VTI) == (changed,)
