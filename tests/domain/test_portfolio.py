from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import AccountId, HouseholdId, PortfolioId, Symbol
from core.domain.portfolio import (
    NAME_LIMIT,
    AccountSnapshot,
    HoldingChange,
    Holdings,
    Portfolio,
    Snapshot,
    free_slug,
    holding_changes,
    parse_name,
    slug_of,
    snapshot_changes,
    under_own_names,
)
from core.domain.quote import Quote
from core.domain.refusals import BadName

VTI, BND = Symbol("VTI"), Symbol("BND")
NOW = datetime(2020, 3, 12, 15, 0, tzinfo=UTC)


def holdings(cash: int | str, **positions: int | str) -> Holdings:
    return Holdings(Decimal(cash), {Symbol(s): Decimal(q) for s, q in positions.items()})


def test_the_fingerprint_knows_values_not_spelling_or_order() -> None:
    one = holdings("10.00", VTI="5", BND="7.500")
    two = holdings("10", BND="7.5", VTI="5.0")
    assert one.fingerprint == two.fingerprint
    assert one.fingerprint != holdings("10.01", VTI="5", BND="7.5").fingerprint
    assert one.fingerprint != holdings("10", VTI="5", BND="7.501").fingerprint


def test_what_changed_is_named() -> None:
    before = account(1, holdings(100, VTI=5, BND=2))
    after = account(1, holdings(90, VTI=5, BND=3, XYZ=1))
    assert holding_changes(before, after) == (
        HoldingChange(BND, Decimal(2), Decimal(3), AccountId(1)),
        HoldingChange(Symbol("XYZ"), Decimal(0), Decimal(1), AccountId(1)),
        HoldingChange(Symbol("CASH"), Decimal(100), Decimal(90), AccountId(1)),
    )


def test_what_changed_is_named_account_by_account_and_one_that_came_counts_as_empty_before() -> (
    None
):
    quotes: dict[Symbol, Quote] = {}
    before = Snapshot((account(1, holdings(100, VTI=5)),), quotes, NOW, None)
    moved = (account(1, holdings(100, VTI=3)), account(2, holdings(9, VTI=2)))
    assert snapshot_changes(before, Snapshot(moved, quotes, NOW, None)) == (
        HoldingChange(VTI, Decimal(5), Decimal(3), AccountId(1)),
        HoldingChange(VTI, Decimal(0), Decimal(2), AccountId(2)),
    )


def test_accounts_hold_together_what_each_of_them_holds() -> None:
    both = Snapshot(
        (account(1, holdings(100, VTI=5)), account(2, holdings(7, VTI=1, BND=2))), {}, NOW, None
    )
    assert both.holdings == holdings(107, VTI=6, BND=2)
    assert both.of(AccountId(2)).holdings == holdings(7, VTI=1, BND=2)
    with pytest.raises(KeyError):
        both.of(AccountId(3))


def test_the_fingerprint_of_one_account_is_its_own_and_of_several_tells_who_holds_what() -> None:
    one, two = holdings(100, VTI=5), holdings(7, BND=2)
    assert Snapshot((account(1, one),), {}, NOW, None).fingerprint == one.fingerprint
    first = Snapshot((account(1, one), account(2, two)), {}, NOW, None)
    swapped = Snapshot((account(1, two), account(2, one)), {}, NOW, None)
    assert first.fingerprint != swapped.fingerprint


def account(number: int, held: Holdings) -> AccountSnapshot:
    return AccountSnapshot(AccountId(number), held)


def test_additional_cash_is_no_change() -> None:
    before, after = account(1, holdings(100, VTI=5)), account(1, holdings(600, VTI=5))
    assert holding_changes(before, after) == ()


def test_a_snapshot_is_as_old_as_its_oldest_price() -> None:
    quotes = {
        symbol: Quote(symbol, Decimal(10), "USD", NOW - timedelta(minutes=age), "replay")
        for symbol, age in ((VTI, 2), (BND, 7))
    }
    empty = (account(1, holdings(0)),)
    snapshot = Snapshot(empty, quotes, NOW, date(2020, 3, 12))
    assert snapshot.prices == {VTI: 10, BND: 10}
    assert snapshot.prices_at == NOW - timedelta(minutes=7)
    assert Snapshot(empty, {}, NOW, None).prices_at == NOW


@pytest.mark.parametrize(
    ("text", "name"), [("Family", "Family"), ("  Our  house\n", "Our house"), ("Łódź 2", "Łódź 2")]
)
def test_reads_names_as_one_line(text: str, name: str) -> None:
    assert parse_name(text) == name


@pytest.mark.fault(56)
@pytest.mark.parametrize(
    "text", ["", "  ", "x" * (NAME_LIMIT + 1), "a\u202eb", "a\u200bb", "a\x00b", "y" * 1_000_000]
)
def test_refuses_names_that_cannot_be_shown_safely(text: str) -> None:
    with pytest.raises(BadName) as refused:
        parse_name(text)
    assert len(refused.value.text) <= NAME_LIMIT


@given(st.text(max_size=60))
def test_a_slug_is_always_short_plain_and_not_empty(name: str) -> None:
    slug = slug_of(name)
    assert 0 < len(slug) <= 24
    assert slug == slug.strip("-")
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_slug_reads_like_its_name() -> None:
    assert slug_of("Our House (2)") == "our-house-2"
    assert slug_of("日本") == "portfolio"
    assert slug_of("Großmüller é Cie") == "grossmuller-e-cie"


def test_names_in_other_scripts_are_numbered() -> None:
    assert free_slug("Семья", ()) == "portfolio"
    assert free_slug("Дом", {"portfolio"}) == "portfolio-2"
    assert free_slug("家", {"portfolio", "portfolio-2"}) == "portfolio-3"
    assert free_slug("Family", {"family"}) == "family"


@pytest.mark.parametrize(
    ("slugs", "named"),
    [
        (["family", "holiday"], ["family", "holiday"]),
        (["family", "family", "family"], ["family", "family-2", "family-3"]),
        (["family", "family-2", "family"], ["family", "family-2", "family-3"]),
        (["family", "family", "family-2"], ["family", "family-2", "family-2-2"]),
    ],
)
def test_portfolios_of_several_households_have_a_short_name_each(
    slugs: list[str], named: list[str]
) -> None:
    portfolios = [
        Portfolio(PortfolioId(number), HouseholdId(number), slug, slug)
        for number, slug in enumerate(slugs)
    ]
    assert [each.slug for each in under_own_names(portfolios)] == named
