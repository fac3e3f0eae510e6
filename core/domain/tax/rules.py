"""The tax rules there are, by name, and what a plan adds to a year's tax under them."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from core.domain.tax.base import TaxRules
from core.domain.tax.none import NoTax
from core.domain.tax.us import UsTax
from core.domain.tax.year import TaxRates, TaxYear


class TaxRulesName(StrEnum):
    """Whose tax rules hold for a person."""

    NONE = "none"
    US = "us"


_RULES: dict[TaxRulesName, TaxRules] = {TaxRulesName.NONE: NoTax(), TaxRulesName.US: UsTax()}


def rules_of(name: TaxRulesName) -> TaxRules:
    """Return the rules of a name."""
    return _RULES[name]


def estimate(
    rules: TaxRules, year: TaxYear, rates: TaxRates, short: Decimal, long: Decimal
) -> Decimal:
    """Return what further gains (losses below 0) add to a year's tax: the tax with them less the tax without them.

    Below 0 only as far as losses meet gains of the same year, or other income that the rules let them offset.
    """
    return rules.tax(year.plus(short, long), rates) - rules.tax(year, rates)
