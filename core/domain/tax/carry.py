"""Losses carried from year to year, each keeping its term (United States: Internal Revenue Code § 1212(b))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.domain.money import ZERO
from core.domain.tax.base import TaxRules
from core.domain.tax.us import MOST_OFFSET
from core.domain.tax.year import TaxRates, TaxYear

BY_LAW = TaxRates(ZERO, ZERO, MOST_OFFSET)
"""What a net loss sets against other income comes off what is carried, whether or not a plan counts its saving."""


@dataclass(frozen=True, slots=True)
class ToldYear:
    """What a person said of one year: losses carried in (None: to be calculated), and what it brought elsewhere.

    ``carried`` and ``elsewhere`` are short-term and long-term amounts; losses carried in are 0 or more, losses made
    elsewhere below 0.
    """

    year: int
    carried: tuple[Decimal, Decimal] | None = None
    elsewhere: tuple[Decimal, Decimal] = (ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class YearInChain:
    """One year with all that is known of it; ``is_told``: the losses carried in are what the person said."""

    year: int
    figures: TaxYear
    is_told: bool


def chain_of_years(
    rules: TaxRules,
    told: Mapping[int, ToldYear],
    gains: Mapping[int, tuple[Decimal, Decimal]],
    this_year: int,
) -> tuple[YearInChain, ...]:
    """Return the years up to this one, each with the losses that the one before left; the last one is this year.

    It begins with the latest year whose losses carried in were told, or else with the first of which anything is known.
    ``gains`` are short-term and long-term gains by year.
    """
    stated = [year for year, each in told.items() if each.carried is not None and year <= this_year]
    known = [year for year in (*told, *gains) if year <= this_year]
    first = max(stated, default=min(known, default=this_year))
    years: list[YearInChain] = []
    carried = (ZERO, ZERO)
    for year in range(first, this_year + 1):
        said = told.get(year, ToldYear(year))
        short, long = gains.get(year, (ZERO, ZERO))
        figures = TaxYear(
            short + said.elsewhere[0], long + said.elsewhere[1], *(said.carried or carried)
        )
        years.append(YearInChain(year, figures, said.carried is not None))
        after = rules.carried_after(figures, BY_LAW)
        carried = after.carried_short, after.carried_long
    return tuple(years)
