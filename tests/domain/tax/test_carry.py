"""Losses carried from year to year, by the Capital Loss Carryover Worksheet of Schedule D (Form 1040)."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.domain.tax import TaxRulesName, TaxYear, ToldYear, chain_of_years, rules_of

US, NONE = rules_of(TaxRulesName.US), rules_of(TaxRulesName.NONE)
Gains = dict[int, tuple[Decimal, Decimal]]


def gains(**years: tuple[int, int]) -> Gains:
    return {int(name[1:]): (Decimal(s), Decimal(n)) for name, (s, n) in years.items()}


def carried(year: TaxYear) -> tuple[int, int]:
    return int(year.carried_short), int(year.carried_long)


def test_a_large_loss_is_used_up_by_three_thousand_a_year_and_by_gains() -> None:
    """2021: short −9,000, long 1,000. 8,000 less 3,000 leave 5,000; 2022 gains 1,500 long: 500 are left."""
    years = chain_of_years(US, {}, gains(y2021=(-9000, 1000), y2022=(0, 1500)), 2024)
    assert [each.year for each in years] == [2021, 2022, 2023, 2024]
    assert [carried(each.figures) for each in years] == [(0, 0), (5000, 0), (500, 0), (0, 0)]
    assert not any(each.is_told for each in years)


def test_short_and_long_losses_keep_their_character_and_the_offset_takes_short_ones_first() -> None:
    years = chain_of_years(US, {}, gains(y2021=(-2000, -6000)), 2023)
    assert [carried(each.figures) for each in years] == [(0, 0), (0, 5000), (0, 2000)]


def test_an_amount_that_was_told_stands_and_what_was_before_it_no_longer_matters() -> None:
    told = {
        2020: ToldYear(2020, (Decimal(9), Decimal(9))),
        2022: ToldYear(2022, (Decimal(100), Decimal(4000)), (Decimal(-50), Decimal(0))),
    }
    years = chain_of_years(US, told, gains(y2021=(-90_000, 0), y2022=(150, 0)), 2023)
    assert [each.year for each in years] == [2022, 2023]
    assert years[0].is_told
    assert years[0].figures == TaxYear(Decimal(100), Decimal(0), Decimal(100), Decimal(4000))
    assert carried(years[1].figures) == (0, 1000)


def test_nothing_known_is_an_empty_year_and_rules_without_tax_carry_nothing() -> None:
    (only,) = chain_of_years(US, {}, {}, 2024)
    assert only.figures == TaxYear()
    assert chain_of_years(NONE, {}, gains(y2021=(-9000, 0)), 2022)[-1].figures == TaxYear()


@given(
    st.dictionaries(
        st.integers(2018, 2024),
        st.tuples(st.integers(-20_000, 20_000), st.integers(-20_000, 20_000)),
        max_size=5,
    )
)
def test_no_more_is_carried_than_was_lost_and_all_of_it_but_what_gains_and_income_took(
    by_year: dict[int, tuple[int, int]],
) -> None:
    amounts = {year: (Decimal(s), Decimal(n)) for year, (s, n) in by_year.items()}
    years = chain_of_years(US, {}, amounts, 2025)
    for before, after in pairwise(years):
        net = before.figures.net_short + before.figures.net_long
        left = sum(carried(after.figures))
        assert left == max(-net - 3000, 0)
